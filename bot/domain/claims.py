"""Claims: a lease on a case by one person, renewed by activity, confirmed when asked, released when it lapses."""

from datetime import datetime

from bot.domain.agenda import lapsing, lease_runs
from bot.domain.alerts import CONFIRM
from bot.domain.case import Case, Claim, LogEntry, Person
from bot.domain.decisions import Change, Decision, Refused, changed
from bot.domain.policy import Policy
from bot.domain.posting import with_alert, with_line


def claim(case: Case, by: Person, now: datetime, policy: Policy) -> Decision:
    """Take the case, unless somebody has it: two people at once, and one is told who won."""
    if not case.is_open:
        return Refused(code="closed", text="This case is closed. Reopen it first.")
    if case.claim and case.claim.by.id == by.id:
        return Refused(code="yours", text="You have already claimed this case.")
    if case.claim:
        return Refused(code="claimed", text=f"{case.claim.by.name} claimed this {_ago(now, case.claim.at)}.")
    return Change(case=claimed(case, by, now, policy), log=(claim_line(by, now),))


def claim_line(by: Person, now: datetime) -> LogEntry:
    """What the audit log says with every `claimed`, whatever made the case theirs."""
    return LogEntry(at=now, what="claimed", by=by.id)


def claimed(case: Case, by: Person, now: datetime, policy: Policy) -> Case:
    """The case with a fresh lease for `by`; the cycle keeps the time of its first claim."""
    cycle = case.cycle.model_copy(update={"claimed_at": case.cycle.claimed_at or now})
    return case.model_copy(update={"claim": _lease(by, now, now, policy), "cycle": cycle})


def release(case: Case, by: Person, now: datetime, policy: Policy) -> Decision:
    """Give the case back. Its holder may, and so may a manager."""
    if case.claim is None:
        return Refused(code="unclaimed", text="Nobody has claimed this case.")
    if case.claim.by.id != by.id and by.id not in policy.manager_users:
        return Refused(code="not_yours", text=f"Only {case.claim.by.name} or a manager can release this claim.")
    return changed(case, LogEntry(at=now, what="released", by=by.id, detail=case.claim.by.name), claim=None)


def confirm(case: Case, by: Person, now: datetime, policy: Policy) -> Decision:
    """The holder says "still on it": the lease starts afresh."""
    if case.claim is None or case.claim.by.id != by.id:
        return Refused(code="not_yours", text="This claim is not yours any more.")
    return Change(case=renewed(case, by, now, policy), log=(LogEntry(at=now, what="confirmed the claim", by=by.id),))


def renewed(case: Case, by: Person, now: datetime, policy: Policy) -> Case:
    """The case after its holder did something: the lease starts afresh. Others' activity changes nothing."""
    if case.claim is None or case.claim.by.id != by.id:
        return case
    return case.model_copy(update={"claim": _lease(by, case.claim.at, now, policy)})


def lease_passes(case: Case, now: datetime) -> tuple[Case, tuple[LogEntry, ...]]:
    """What time does to the claim: ask the holder to confirm, then let it lapse."""
    if case.claim is None or not lease_runs(case):
        return case, ()
    if lapsing(case):
        return _lapse(case, case.claim, now) if case.claim.until <= now else (case, ())
    return _ask(case, case.claim, now) if case.claim.ask_at <= now else (case, ())


def _ask(case: Case, held: Claim, now: datetime) -> tuple[Case, tuple[LogEntry, ...]]:
    # The holder gets the whole notice from now on, even when the asking itself came late (a restart, a full queue).
    until = now + (held.until - held.ask_at)
    asked = held.model_copy(update={"asked": True, "ask_at": now, "until": until})
    case = case.model_copy(update={"claim": asked})
    headline = "Still on it? Press “Still on it”, or your claim lapses and the case goes back to the team."
    case = with_alert(case, held.by.id, headline, f"{CONFIRM}{case.cycle.n}:{int(now.timestamp())}")
    return case, (LogEntry(at=now, what="asked the holder to confirm", detail=held.by.name),)


def _lapse(case: Case, held: Claim, now: datetime) -> tuple[Case, tuple[LogEntry, ...]]:
    case = case.model_copy(update={"claim": None})
    case = with_line(case, f"lapse:{int(now.timestamp())}", f"{held.by.name}'s claim lapsed: this case is free again.")
    return case, (LogEntry(at=now, what="claim lapsed", detail=held.by.name),)


def _lease(by: Person, since: datetime, now: datetime, policy: Policy) -> Claim:
    until = now + policy.claim_lease
    return Claim(by=by, at=since, ask_at=until - policy.claim_notice, until=until)


def _ago(now: datetime, then: datetime) -> str:
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 2:
        return "just now"
    if seconds < 60:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 3600 else f"{seconds // 3600} h ago"
