"""A send goes from state to state by certain steps only: whatever comes late, twice or out of order changes nothing."""

from collections.abc import Callable

import pytest

from bot.domain.case import UNSETTLED, Case, Purpose, SendState
from bot.domain.decisions import Change, Decision
from bot.domain.models import Sent
from bot.domain.replying import SENDS_KEPT, kept, look, retry, undo
from bot.domain.sending import (
    BACKOFF,
    LONGEST_HOLD,
    begin,
    confirmed,
    failed,
    held,
    missing,
    postponed,
    sent,
    taken,
    unknown,
    unseen,
)
from tests.support.cases import ANA, NOON, a_case, a_send
from tests.support.decisions import case_of, refused
from tests.support.policies import a_policy

QUEUED, SENDING, SENT, FAILED, UNKNOWN, UNDONE = SendState
POLICY = a_policy()
PROOF = Sent(id="there")
ID = "send-1"

STEPS: dict[str, tuple[Callable[[Case], Decision], set[SendState]]] = {
    "begin": (lambda case: begin(case, ID, NOON), {QUEUED}),
    "undo": (lambda case: undo(case, ID, ANA, NOON), {QUEUED}),
    "unseen": (lambda case: unseen(case, ID, "busy", None, NOON, final=False), {QUEUED}),
    "postponed": (lambda case: postponed(case, ID, "busy", None, NOON), {QUEUED, SENDING}),
    "held": (lambda case: held(case, ID, "away", NOON), {QUEUED, SENDING}),
    "unknown": (lambda case: unknown(case, ID, NOON), {SENDING, UNKNOWN}),
    "missing": (lambda case: missing(case, ID, NOON), {SENDING, UNKNOWN}),
    "retry": (lambda case: retry(case, ID, ANA, NOON), {FAILED, UNKNOWN}),
    "confirmed": (lambda case: confirmed(case, ID, PROOF), {SENT}),
    "sent": (lambda case: sent(case, ID, PROOF, NOON, POLICY), set(SendState) - {SENT}),
    "taken": (lambda case: taken(case, ID, PROOF, NOON, POLICY), set(SendState) - {SENT, FAILED}),
    "failed": (lambda case: failed(case, ID, "no", NOON), set(SendState) - {FAILED, UNDONE}),
}
"""Each step, and the states from which it is taken."""


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_taken_from_its_states_only(step: str) -> None:
    """From every other it is refused, as it is for a send that the case does not keep any more."""
    act, states = STEPS[step]
    assert {each for each in SendState if isinstance(act(a_case(sends=(a_send(state=each),))), Change)} == states
    refused(act(a_case()))


@pytest.mark.parametrize(
    ("before", "state"),
    [(SENT, SENDING), (QUEUED, QUEUED), (SENDING, QUEUED), (UNKNOWN, QUEUED), (FAILED, FAILED), (UNDONE, FAILED)],
)
def test_what_follows_another_send_goes_out_once_that_one_stands(before: SendState, state: SendState) -> None:
    """While its fate is open the other one waits, without a redraw; when it did not go out, neither does the other."""
    first = a_send(purpose=Purpose.PRIVATE, state=before)
    change = begin(a_case(sends=(first, a_send(id="line", after=first.id))), "line", NOON)
    line = case_of(change).sends[1]
    assert line.state is state
    if state is QUEUED:
        assert (line.due_at, line.attempt) == (NOON + BACKOFF, 0)
        assert isinstance(change, Change)
        assert not change.redraw


def test_of_two_that_fail_together_the_first_is_told_and_tried_again() -> None:
    """An alert about the second would take the place of the first one's, which says why; its Retry could not work."""
    first = a_send(id="message", purpose=Purpose.PRIVATE, state=SENDING)
    case = a_case(sends=(first, a_send(id="line", purpose=Purpose.NOTICE, after="message")))
    case = case_of(failed(case, "message", "Carla takes no messages", NOON))
    case = case_of(begin(case, "line", NOON))
    assert [each.state for each in case.sends] == [FAILED, FAILED]
    assert [each.text for each in case.posts] == ["Your private message did not reach Carla: Carla takes no messages"]
    assert "Retry that one first" in refused(retry(case, "line", ANA, NOON)).text
    case = case_of(retry(case, "message", ANA, NOON))
    assert case_of(retry(case, "line", ANA, NOON)).sends[1].state is QUEUED
    doubtful = a_send(id="line", after="message", state=UNKNOWN)
    case = a_case(sends=(a_send(id="message", state=FAILED), doubtful))
    assert case_of(retry(case, "line", ANA, NOON)).sends[1].state is UNKNOWN


def test_a_first_doubt_is_no_further_try_and_every_look_counts() -> None:
    """Else the looks would be over sooner than promised."""
    case = case_of(unknown(case_of(begin(a_case(sends=(a_send(),)), ID, NOON)), ID, NOON))
    assert case.sends[0].attempt == 1
    assert case_of(unknown(case, ID, NOON)).sends[0].attempt == 2


@pytest.mark.parametrize(("state", "attempt", "after"), [(FAILED, 0, 0), (FAILED, 5, 1), (UNKNOWN, 7, 1)])
def test_a_retry_remembers_only_whether_anything_was_tried(state: SendState, attempt: int, after: int) -> None:
    """What was tried is looked for before it goes out again; the tries and looks are counted anew."""
    case = case_of(retry(a_case(sends=(a_send(state=state, attempt=attempt, reason="no"),)), ID, ANA, NOON))
    assert (case.sends[0].attempt, case.sends[0].reason) == (after, "")


def test_to_look_for_a_send_never_sends_what_has_failed_since() -> None:
    """The button stands on a card that is not redrawn yet; whoever presses it wants to know, not to say it again."""
    lost = a_case(sends=(a_send(state=UNKNOWN, attempt=7),))
    assert case_of(look(lost, ID, ANA, NOON)) == case_of(retry(lost, ID, ANA, NOON))
    for state in set(SendState) - {UNKNOWN}:
        assert "nothing to look for" in refused(look(a_case(sends=(a_send(state=state),)), ID, ANA, NOON)).text


@pytest.mark.parametrize(("state", "what"), [(FAILED, "tried a send again"), (UNKNOWN, "looked again for a send")])
def test_history_tells_a_second_try_from_a_second_look(state: SendState, what: str) -> None:
    """Whoever reads a year later how often something was said in public counts the tries, not the looks."""
    change = retry(a_case(sends=(a_send(state=state, text="Hello"),)), ID, ANA, NOON)
    assert isinstance(change, Change)
    assert [(each.what, each.by, each.detail) for each in change.log] == [(what, ANA.id, "Hello")]


def test_a_retry_waits_for_its_network_like_any_send() -> None:
    """Two days later somebody has read it once more and wants it: it fails after a day of its own, not at once."""
    at = NOON + 2 * LONGEST_HOLD
    case = case_of(retry(a_case(sends=(a_send(state=FAILED),)), ID, ANA, at))
    case = case_of(held(case, ID, "X does not answer", at + BACKOFF))
    assert (case.sends[0].state, case.sends[0].reason) == (QUEUED, "X does not answer")
    assert case_of(held(case, ID, "X does not answer", at + LONGEST_HOLD + BACKOFF)).sends[0].state is FAILED


def test_of_many_sends_the_newest_are_kept_and_all_that_may_still_go_out() -> None:
    """A case of years does not grow without end; nothing of which the fate is open is forgotten."""
    states = [*UNSETTLED, *[SENT] * SENDS_KEPT]
    sends = tuple(a_send(id=f"s{n}", state=state) for n, state in enumerate(states))
    assert kept(sends) == (*sends[: len(UNSETTLED)], *sends[2 * len(UNSETTLED) :])
    assert kept(sends[1:5]) == sends[1:5]
