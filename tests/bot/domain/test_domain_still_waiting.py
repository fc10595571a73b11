"""Who still waits once an answer stands: whoever wrote after the last answer, and nobody else."""

from datetime import datetime, timedelta

import pytest

from bot.domain.agenda import QUICK_CHECKS
from bot.domain.case import Case, Purpose
from bot.domain.decisions import Change
from bot.domain.models import Sent
from bot.domain.passing import pass_time
from bot.domain.reading import Reading
from bot.domain.receiving import deleted, receive
from bot.domain.sending import begin, sent, unknown
from bot.domain.targets import BREACHES
from tests.support.cases import NOON, a_case, a_send, an_item
from tests.support.decisions import case_of
from tests.support.policies import a_policy

POLICY = a_policy()
MINUTE = timedelta(minutes=1)
ASKS = Reading(intent="question", question=True)


def writes(case: Case, at: datetime) -> Case:
    """The customer asks once more."""
    item = an_item("And now?", id=f"post-{case.item_count + 1}", posted_at=at, seen_at=at)
    return receive(case, item, ASKS, POLICY).case


def begun(case: Case, id_: str, at: datetime) -> Case:
    """Ana answers, and the network is being asked."""
    case = case.model_copy(update={"sends": (*case.sends, a_send(id=id_, created_at=at, due_at=at))})
    return case_of(begin(case, id_, at))


def stands(case: Case, id_: str, at: datetime) -> Case:
    """The answer is there."""
    return case_of(sent(case, id_, Sent(id=f"there-{id_}"), at, POLICY))


def test_words_that_were_deleted_meanwhile_want_no_answer() -> None:
    """Written while the answer was on its way, and taken back before it stood."""
    case = writes(begun(a_case(), "send-1", NOON), NOON + MINUTE)
    case = case_of(deleted(case, "post-2", NOON + 2 * MINUTE))
    assert stands(case, "send-1", NOON + 3 * MINUTE).wait is None


def test_an_answer_that_is_found_late_does_not_undo_a_later_one() -> None:
    """The words that the later one answered do not wait again; who has written since waits since then."""
    case = begun(a_case(), "send-1", NOON)
    for _ in range(QUICK_CHECKS + 1):
        case = case_of(unknown(case, "send-1", NOON + MINUTE))
    case = writes(case, NOON + 10 * MINUTE)
    case = stands(begun(case, "send-2", NOON + 20 * MINUTE), "send-2", NOON + 21 * MINUTE)
    assert case.wait is None
    case = stands(writes(case, NOON + 180 * MINUTE), "send-1", NOON + 181 * MINUTE)
    assert case.wait is not None
    assert case.wait.since == NOON + 180 * MINUTE


@pytest.mark.parametrize("purpose", [Purpose.REPLY, Purpose.ACKNOWLEDGE])
def test_a_late_word_is_a_miss_although_its_timer_comes_later_still(purpose: Purpose) -> None:
    """After hours without a worker replies and timers are due together, and nobody knows which goes first."""
    late = NOON + 121 * MINUTE
    case = a_case(sends=(a_send(id="s1", purpose=purpose, created_at=NOON, due_at=NOON),))
    case = stands(case_of(begin(case, "s1", late)), "s1", late)
    assert set(case.cycle.missed) == BREACHES
    later = pass_time(case, late, POLICY)
    assert isinstance(later, Change) is (purpose is Purpose.ACKNOWLEDGE)  # whose customer waits for the answer still
