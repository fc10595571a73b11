"""Closing, setting aside and reopening a case."""

from datetime import datetime

from bot.domain.answering import unanswered, with_misses
from bot.domain.case import IN_VAIN, NOT_FOR_US, Case, LogEntry, Person, Status
from bot.domain.claims import claim_line, claimed
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.overtaking import Seen, wrote_meanwhile
from bot.domain.policy import Policy
from bot.domain.receiving import needs_answer
from bot.domain.targets import start_wait

REASONS = {
    "solved": "solved",
    "answered": "answered elsewhere",
    "no_reply": "no reply needed",
    "private": "moved to private",
    "duplicate": "duplicate of another case",
    "other": "other",
}


def close(
    case: Case, by: Person, reason: str, now: datetime, *, waive_loop: bool = False, seen: Seen | None = None
) -> Decision:
    """Close with a reason. After going private the public thread needs a closing word, or somebody who waives it.

    Refused as `overtaken` if the customer wrote something since that, and nobody read it.
    """
    refused = _why_not(case, seen)
    if refused is not None:
        return refused
    if case.loop_open and not waive_loop and not _has_closing_word(case):
        text = "The public thread still waits for a closing word. Write one, or tick that none is needed."
        return Refused(code="loop_open", text=text)
    return _closed(case, by, reason, now, loop_open=case.loop_open and not waive_loop)


def dismiss(case: Case, by: Person, now: datetime, *, seen: Seen | None = None) -> Decision:
    """Set aside what is not for us; such cases are left out of every figure. Refused as with `close`."""
    return _why_not(case, seen) or _closed(case, by, NOT_FOR_US, now, loop_open=case.loop_open)


def reopen(case: Case, by: Person, now: datetime, policy: Policy) -> Decision:
    """Open the same cycle again, in the hands of whoever reopened it; an unanswered customer waits again.

    That is also who wrote again after an answer. Closing words that did not go out are still owed, too.
    """
    if case.is_open:
        return Refused(code="open", text="This case is open already.")
    wait = None
    if _owes_answer(case):
        wait = start_wait(now, policy, with_ack=case.cycle.acknowledged_at is None, window=case.latest.reply_until)
    update = {
        "status": Status.OPEN,
        "wait": wait,
        "close_reason": "",
        "cycle": case.cycle.model_copy(update={"closed_at": None, "left": False}),
    }
    reopened = claimed(case.model_copy(update=update), by, now, policy)
    return Change(case=reopened, log=(LogEntry(at=now, what="reopened", by=by.id), claim_line(by, now)))


def _has_closing_word(case: Case) -> bool:
    """Whether a closing word of this cycle stands in public, or is on its way there."""
    said = (send for send in case.sends if send.closes_loop and send.created_at >= case.cycle.seen_at)
    return any(send.state not in IN_VAIN for send in said)


def _why_not(case: Case, seen: Seen | None) -> Refused | None:
    """Why the case is not put away now. Words that nobody has read would wait for an answer with no clock running."""
    if not case.is_open:
        return Refused(code="closed", text="This case is closed already.")
    news = wrote_meanwhile(case, seen)
    return Refused(code="overtaken", text=f"{news}. Open the form again if it fits all the same.") if news else None


def _owes_answer(case: Case) -> bool:
    """Whether there is no answer in this cycle, or none to the customer's last words: a mere thank-you wants none."""
    if case.cycle.answered_at is None:
        return True
    words = unanswered(case)
    if words == [case.latest]:
        return needs_answer(case.cycle, case.latest, case.reading)
    return bool(words)


def _closed(case: Case, by: Person, reason: str, now: datetime, *, loop_open: bool) -> Change:
    """The closed case. The public loop stays open until its closing word stands, be it on its way or not."""
    case = with_misses(case, now)
    left = case.wait is not None and case.cycle.answered_at is None
    update = {
        "status": Status.CLOSED,
        "close_reason": reason,
        "wait": None,
        "claim": None,
        "writing": None,
        "snooze": None,
        "loop_open": loop_open,
        "cycle": case.cycle.model_copy(update={"closed_at": now, "left": left}),
    }
    return Change(case=case.model_copy(update=update), log=(LogEntry(at=now, what=f"closed: {reason}", by=by.id),))
