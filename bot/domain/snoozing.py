"""Snoozing a case: somebody has it brought back to mind at a time, because nothing else would.

It stops no clock and hides nothing: who waits for an answer is due as ever. It is over at its time, when the customer
writes and waits for an answer, when the case is closed, or when somebody wakes it.
"""

from datetime import datetime, timedelta

from bot.domain.alerts import SNOOZED
from bot.domain.case import STAND_IN, Case, LogEntry, Person, Snooze
from bot.domain.decisions import Decision, Refused, changed
from bot.domain.overtaking import Seen, wrote_meanwhile
from bot.domain.policy import Policy
from bot.domain.posting import with_alert

LONGEST = timedelta(days=90)
USUAL = timedelta(hours=24)
SOON = timedelta(days=7)
"""So far ahead the desk's next opening is a likely time; a desk that opens later is on holiday."""


def snooze(case: Case, wanted: Snooze, policy: Policy, *, seen: Seen | None = None) -> Decision:
    """Set the case's one snooze, or another in its place. Anybody may.

    Refused: `closed`; `time` (not ahead, or too far); `overtaken` (the customer wrote something that was not `seen`).
    """
    if not case.is_open:
        return Refused(code="closed", text="This case was closed meanwhile. Reopen it first.")
    if wanted.until <= wanted.at:
        return Refused(code="time", text="This time is over. Choose one that is still ahead.")
    if wanted.until > wanted.at + LONGEST:
        return Refused(code="time", text=f"This is too far ahead. Choose a time within {LONGEST.days} days.")
    if news := wrote_meanwhile(case, seen):
        return Refused(code="overtaken", text=news)
    until = policy.calendar.local(wanted.until)
    entry = LogEntry(at=wanted.at, what=f"snoozed until {until:%Y-%m-%d %H:%M %Z}", by=wanted.by.id, detail=wanted.note)
    return changed(case, entry, snooze=wanted)


def wake(case: Case, by: Person, now: datetime) -> Decision:
    """End the snooze before its time. Anybody may."""
    if case.snooze is None:
        return Refused(code="not_snoozed", text="This case is not snoozed any more.")
    return changed(case, LogEntry(at=now, what="woke the case", by=by.id), snooze=None)


def snooze_passes(case: Case, now: datetime) -> tuple[Case, tuple[LogEntry, ...]]:
    """What time does to a snooze: whoever has the case by then is told, else whoever snoozed it."""
    over = case.snooze
    if over is None or now < over.until:
        return case, ()
    log, case = ended(case, now), case.model_copy(update={"snooze": None})
    if not case.is_open:  # the version before closed it, and knows of no snooze
        return case, log
    user, name = case.claim.by.id if case.claim else over.by.id, f"{case.cycle.n}:{int(over.until.timestamp())}"
    return with_alert(case, user, _headline(over, user), f"{SNOOZED}{name}"), log


def ended(case: Case, at: datetime) -> tuple[LogEntry, ...]:
    """What the audit log says once a snooze is over without anybody's doing; nothing where there is none."""
    return (LogEntry(at=at, what="the snooze ended", detail=case.snooze.note),) if case.snooze else ()


def suggested(case: Case, now: datetime, policy: Policy) -> datetime:
    """What a form begins with: what is set already, else when the desk opens next, else the same time tomorrow."""
    if case.snooze and case.snooze.until > now:
        return case.snooze.until
    tomorrow = (now + USUAL).replace(second=0, microsecond=0)
    return policy.calendar.next_opening(now, SOON) or tomorrow


def _headline(over: Snooze, user: str) -> str:
    who = "" if over.by.id == user else f" by {over.by.name or STAND_IN}"
    return f"Snoozed{who} until now: {over.note}" if over.note else f"Snoozed{who} until now. What is next?"
