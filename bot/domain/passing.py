"""What the passing of time does to a case. One function, called whenever a timer of the case comes due.

It looks at the case and the clock only, so a timer that fires late, early or twice does the right thing or nothing.
"""

from datetime import datetime

from bot.domain.case import STAND_IN, Case, LogEntry, MarkName
from bot.domain.claims import lease_passes
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.hiding import requests_pass
from bot.domain.policy import Policy
from bot.domain.posting import alert_people, with_line
from bot.domain.snoozing import snooze_passes
from bot.domain.targets import BREACHES, due_marks, fire

WORDS = {
    MarkName.ACK_WARNING: "A first word is due soon",
    MarkName.ANSWER_WARNING: "An answer is due soon",
    MarkName.ACK_BREACH: "The first word is late",
    MarkName.ANSWER_BREACH: "The answer is late",
    MarkName.ESCALATION: "Still no answer",
}
"""What is said of each step, the worst last: of steps that fall due together only the worst is told."""
ESCALATED = "escalation:"
"""Begins the id of the channel's line about an answer that is still missing."""


def pass_time(case: Case, now: datetime, policy: Policy) -> Decision:
    """Everything that is due by now: presence that ends, promises that warn or break, a claim that lapses, requests.

    A snooze comes last: of alerts to one person at once the last one is shown, and the card in it tells all the others.
    """
    before = case
    if case.writing and case.writing.until <= now:
        case = case.model_copy(update={"writing": None})
    case, promise_log = _promises(case, now, policy)
    case, lease_log = lease_passes(case, now)
    case, hide_log = requests_pass(case, now)
    case, snooze_log = snooze_passes(case, now)
    if case == before:
        return Refused(code="nothing_due", text="Nothing is due.")
    return Change(case=case, log=(*promise_log, *lease_log, *hide_log, *snooze_log))


def _promises(case: Case, now: datetime, policy: Policy) -> tuple[Case, tuple[LogEntry, ...]]:
    due = due_marks(case, now)
    if not due or case.wait is None:
        return case, ()
    wait, cycle = fire(case.wait, case.cycle, due)
    worst = max((mark.name for mark in due), key=tuple(WORDS).index)
    case = case.model_copy(update={"wait": wait, "cycle": cycle})
    headline = f"{WORDS[worst]}: {case.author.label if case.author else 'a customer'} is waiting."
    told = _recipients(case, worst, policy)
    case = alert_people(case, told, headline, f"{worst}:{case.cycle.n}:{_stamp(case)}")
    if worst is MarkName.ESCALATION:
        # Whoever has the direct message is not called a second time in the channel.
        named = tuple(user for user in policy.on_call(case) if user not in told)
        line = f"{headline} {_whose(case)}"
        case = with_line(case, f"{ESCALATED}{case.cycle.n}:{_stamp(case)}", line, thread=False, mentions=named)
    return case, tuple(LogEntry(at=now, what=WORDS[mark.name].lower()) for mark in due)


def _recipients(case: Case, mark: MarkName, policy: Policy) -> tuple[str, ...]:
    holder = (case.claim.by.id,) if case.claim else ()
    if mark is MarkName.ESCALATION:
        return (*holder, *(policy.manager_users or policy.on_call(case)))
    if mark in BREACHES:
        return (*holder, *policy.on_call(case))
    return holder or policy.on_call(case)


def _whose(case: Case) -> str:
    """Who has to act: the line stands apart from the card, which says so."""
    return f"{case.claim.by.name or STAND_IN} has claimed this." if case.claim else "Nobody has claimed this."


def _stamp(case: Case) -> int:
    """Tells apart the waits of one cycle, so that each may alert once."""
    return int(case.wait.since.timestamp()) if case.wait else 0
