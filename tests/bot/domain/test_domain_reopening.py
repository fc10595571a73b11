"""Closing by mistake costs nothing: what was owed then is owed again after Reopen."""

from datetime import datetime, timedelta

import pytest

from bot.domain.case import Case, Purpose, SendState
from bot.domain.decisions import Refused
from bot.domain.lifecycle import close, dismiss, reopen
from bot.domain.models import Sent
from bot.domain.reading import Reading
from bot.domain.receiving import receive
from bot.domain.replying import Draft, Outgoing, queue, undo
from bot.domain.sending import begin, failed, sent
from tests.support.cases import ANA, BEN, NOON, a_case, an_item
from tests.support.decisions import case_of
from tests.support.policies import a_policy

POLICY = a_policy()
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
ASKS = Reading(intent="question", question=True)
THANKS = Reading(intent="praise", sentiment="positive")
REPLY = Draft(id="reply", purpose=Purpose.REPLY, private=False, text="On its way ^AK")
WORD = Draft(id="word", purpose=Purpose.NOTICE, private=False, text="Sorted ^AK", closes_loop=True)


def queued(case: Case, draft: Draft, at: datetime) -> Case:
    """Ana presses Send."""
    return case_of(queue(case, Outgoing(by=ANA, drafts=(draft,)), at, POLICY))


def stands(case: Case, draft: Draft, at: datetime) -> Case:
    """The network takes it."""
    return case_of(sent(case_of(begin(case, draft.id, at)), draft.id, Sent(id="there"), at, POLICY))


def writes(case: Case, text: str, reading: Reading, at: datetime) -> Case:
    """The customer writes again."""
    item = an_item(text, id=f"post-{case.item_count + 1}", posted_at=at, seen_at=at)
    return receive(case, item, reading, POLICY).case


def answered() -> Case:
    """A case with an answer that stands."""
    return stands(queued(a_case(), REPLY, NOON), REPLY, NOON + MINUTE)


def closed(case: Case, at: datetime) -> Case:
    """Ben closes it by mistake."""
    return case_of(close(case, BEN, "solved", at))


def back(case: Case, at: datetime) -> Case:
    """Ben opens it again."""
    return case_of(reopen(case, BEN, at, POLICY))


def gone_private() -> Case:
    """A case whose public thread waits for a closing word."""
    return a_case(loop_open=True, wait=None)


def test_who_wrote_again_after_the_answer_waits_again() -> None:
    """The first answer did not answer the last words."""
    case = closed(writes(answered(), "And now?", ASKS, NOON + 10 * MINUTE), NOON + 11 * MINUTE)
    assert case.wait is None
    case = back(case, NOON + 12 * MINUTE)
    assert case.wait is not None
    assert (case.wait.since, case.wait.ack_due) == (NOON + 12 * MINUTE, None)


def test_a_case_that_was_closed_unanswered_is_as_it_was() -> None:
    """Its cycle is neither over nor given up, and the network's window for an answer counts again."""
    asked = an_item(reply_until=NOON + 90 * MINUTE)
    shut = closed(a_case(items=(asked,)), NOON)
    assert (shut.cycle.closed_at, shut.cycle.left) == (NOON, True)
    case = back(shut, NOON + 5 * MINUTE)
    assert (case.cycle.closed_at, case.cycle.left, case.close_reason) == (None, False, "")
    assert case.wait is not None
    assert case.wait.answer_due == NOON + 30 * MINUTE


def test_a_question_before_the_thanks_is_still_owed_an_answer() -> None:
    """Only the newest words are known to want none."""
    case = writes(writes(answered(), "And now?", ASKS, NOON + 10 * MINUTE), "Thanks!", THANKS, NOON + 11 * MINUTE)
    assert back(closed(case, NOON + 12 * MINUTE), NOON + 13 * MINUTE).wait is not None


@pytest.mark.parametrize("thanked", [False, True])
def test_who_was_answered_does_not_wait(thanked: bool) -> None:
    """Neither does who said thank you since."""
    case = answered()
    if thanked:
        case = writes(case, "Thank you!", THANKS, NOON + 10 * MINUTE)
    assert back(closed(case, NOON + 11 * MINUTE), NOON + 12 * MINUTE).wait is None


def test_an_answer_that_went_out_after_closing_counts() -> None:
    """It was queued when the case was closed."""
    case = writes(answered(), "And now?", ASKS, NOON + 10 * MINUTE)
    second = REPLY.model_copy(update={"id": "second"})
    case = closed(queued(case, second, NOON + 11 * MINUTE), NOON + 11 * MINUTE)
    case = stands(case, second, NOON + 12 * MINUTE)
    assert back(case, NOON + 13 * MINUTE).wait is None


def test_a_closing_word_that_did_not_go_out_is_asked_for_again() -> None:
    """Taken back or refused: the public thread still waits for it, also when the customer comes back."""
    case = closed(queued(gone_private(), WORD, NOON), NOON)
    for undone in (undo(case, "word", ANA, NOON + SECOND), failed(case, "word", "they have blocked us", NOON + SECOND)):
        again = back(case_of(undone), NOON + MINUTE)
        assert again.loop_open
        refused = close(again, BEN, "solved", NOON + 2 * MINUTE)
        assert isinstance(refused, Refused)
        assert refused.code == "loop_open"
        assert writes(case_of(undone), "It broke again", ASKS, NOON + MINUTE).loop_open


def test_a_closing_word_that_stands_or_that_nobody_wants_ends_it() -> None:
    """After that, nothing is asked for any more."""
    case = stands(closed(queued(gone_private(), WORD, NOON), NOON), WORD, NOON + MINUTE)
    assert case.sends[0].state is SendState.SENT
    waived = case_of(close(gone_private(), BEN, "solved", NOON, waive_loop=True))
    for each in (case, waived):
        assert not back(each, NOON + 2 * MINUTE).loop_open


def test_not_for_us_by_mistake_forgets_no_closing_word() -> None:
    """Setting a case aside is undone by Reopen as a whole."""
    assert back(case_of(dismiss(gone_private(), BEN, NOON)), NOON + MINUTE).loop_open
