"""What an answer does to the clocks of a case, and what it does to them once it is known not to have arrived."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.answering import answered, not_answered
from bot.domain.case import Case, Cycle, Item, MarkName, Purpose, Send, SendState, Status
from bot.domain.models import Kind
from tests.support.cases import NOON, a_case, a_send, an_item
from tests.support.policies import a_policy

POLICY = a_policy()
MINUTE = timedelta(minutes=1)


def at(minutes: int) -> datetime:
    """So many minutes after noon."""
    return NOON + minutes * MINUTE


def an_answer(id_: str, minutes: int, state: SendState = SendState.SENT, **changes: Any) -> Send:
    """An answer that was written and went out so many minutes after noon."""
    return a_send(id=id_, state=state, created_at=at(minutes), sent_at=at(minutes), **changes)


def words(n: int, minutes: int, **changes: Any) -> Item:
    """More of the customer's words, seen so many minutes after noon."""
    return an_item(f"More {n}", id=f"post-{n}", seq=n, posted_at=at(minutes), seen_at=at(minutes), **changes)


def test_whoever_wrote_after_the_answer_waits_since_the_first_of_these_words() -> None:
    """Their window shortens the promise: an answer is due an hour before it closes."""
    send = an_answer("s1", 1)
    later = (words(2, 5, reply_until=at(120)), words(3, 9))
    done = answered(a_case(items=(an_item(), *later), sends=(send,)), send, at(10), POLICY)
    assert done.wait is not None
    assert (done.wait.since, done.wait.ack_due, done.wait.answer_due) == (at(5), None, at(60))


def test_what_a_search_found_since_calls_on_nobody() -> None:
    """The answer stops the clocks, whoever mentions the brand meanwhile."""
    send = an_answer("s1", 1)
    case = a_case(items=(an_item(), words(2, 5, kind=Kind.MATCH)), sends=(send,))
    assert answered(case, send, at(10), POLICY).wait is None


def test_the_first_private_message_dates_the_going_private() -> None:
    """A second one in the same cycle changes nothing of that."""
    first = an_answer("s1", 1, purpose=Purpose.PRIVATE, private=True)
    second = an_answer("s2", 5, purpose=Purpose.PRIVATE, private=True)
    case = answered(a_case(sends=(first,)), first, at(1), POLICY)
    assert case.loop_open
    case = answered(case.model_copy(update={"sends": (first, second)}), second, at(5), POLICY)
    assert case.cycle.private_at == at(1)


def failing(others: tuple[Send, ...] = (), *, measured: bool = True, **changes: Any) -> Case:
    """A case whose first answer, of a minute past noon, is known not to have arrived."""
    cycle = Cycle(
        n=1,
        posted_at=NOON,
        seen_at=NOON,
        acknowledged_at=at(1),
        answered_at=at(1),
        answered_desk_s=60 if measured else None,
        missed=(MarkName.ANSWER_BREACH,),
    )
    lost = an_answer("s1", 1, SendState.FAILED)
    case = a_case(**({"cycle": cycle, "wait": None, "sends": (lost, *others)} | changes))
    return not_answered(case, lost, POLICY)


def test_the_customer_waits_again_since_the_first_words_that_nobody_answered() -> None:
    """Whatever order they stand in (one came late); the window of the newest words shortens the promise."""
    late = words(2, 3, late=True, reply_until=at(100)).model_copy(update={"posted_at": NOON - MINUTE})
    case = failing(items=(late, an_item(reply_until=at(100))))
    assert case.wait is not None
    assert (case.wait.since, case.wait.answer_due) == (NOON, at(40))
    assert case.wait.ack_due is not None


def test_the_first_of_the_answers_that_stand_says_when_the_customer_was_answered() -> None:
    """Two more have gone out since."""
    cycle = failing((an_answer("s2", 5), an_answer("s3", 9))).cycle
    assert (cycle.acknowledged_at, cycle.answered_at) == (at(5), at(5))


@pytest.mark.parametrize(("others", "measured", "left"), [((), True, True), ((), False, False), ((5,), True, False)])
def test_a_closed_case_is_left_if_its_only_answer_is_lost(others: tuple[int, ...], measured: bool, left: bool) -> None:
    """Not where nobody waited for that answer, nor where another one stands."""
    case = failing(tuple(an_answer("s2", each) for each in others), measured=measured, status=Status.CLOSED)
    assert case.cycle.left is left


@pytest.mark.parametrize(("others", "measured", "gone"), [((), True, at(1)), ((), False, None), ((5,), True, None)])
def test_words_that_are_gone_when_the_answer_is_lost(
    others: tuple[int, ...], measured: bool, gone: datetime | None
) -> None:
    """Nobody waits for another one. A broken promise stays broken, if one was owed and no other answer kept it."""
    stand = tuple(an_answer("s2", each) for each in others)
    case = failing(stand, measured=measured, items=(an_item("", deleted=True),))
    assert (case.wait, case.cycle.gone_at) == (None, gone)
