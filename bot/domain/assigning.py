"""Bringing a colleague in: a case becomes theirs (assign), or they are called to help with it (escalate).

The practice behind it: know who owns what, and know whom to ask. Assigning is claiming for somebody else; who is called
to help has nothing taken from anybody: the case stays with whoever has it, and its clocks go on.
"""

from datetime import datetime

from bot.domain.alerts import ASSIGN, HELP
from bot.domain.case import Case, LogEntry, Person
from bot.domain.claims import claimed
from bot.domain.decisions import Change, Decision, Refused
from bot.domain.models import Model
from bot.domain.policy import Policy
from bot.domain.posting import with_alert, with_line

CLOSED = Refused(code="closed", text="This case was closed meanwhile. Reopen it first.")


class Call(Model):
    """What one press of the form wants; `id` is made when the form opens."""

    id: str
    by: Person
    to: Person
    note: str = ""


def assign(case: Case, call: Call, now: datetime, policy: Policy) -> Decision:
    """Make a case a colleague's, or one's own; they are told, and so is whoever loses it.

    Refused: `closed`; `theirs` (they have it); `not_yours` (what somebody else has claimed only they or a manager give
    away).
    """
    held, by, to = case.claim, call.by, call.to
    if not case.is_open:
        return CLOSED
    if held and held.by.id == to.id:
        return Refused(code="theirs", text=f"{to.name} has this case already.")
    if held and by.id not in (held.by.id, *policy.manager_users):
        return Refused(code="not_yours", text=f"{held.by.name} has this case. Only they or a manager can assign it.")
    words = f"{by.name} took this over" if to.id == by.id else f"{by.name} assigned this to {to.name}"
    loser = (held.by.id,) if held and held.by.id != by.id else ()
    case = claimed(case, to, now, policy)
    case = with_line(case, f"{ASSIGN}{call.id}:{to.id}", _with_note(words, call), mentions=loser)
    if to.id != by.id:
        headline = _with_note(f"{by.name} assigned this to you", call)
        case = with_alert(case, to.id, headline, f"{ASSIGN}{case.cycle.n}:{call.id}:{to.id}")
    detail = _with_note(to.name, call)
    return Change(case=case, log=(LogEntry(at=now, what="assigned the case", by=by.id, detail=detail),))


def escalate(case: Case, call: Call, now: datetime) -> Decision:
    """Call a colleague to help; the case stays with whoever has it.

    Refused: `closed`; `yourself`; `no_note` (who is called should know what for).
    """
    if not case.is_open:
        return CLOSED
    if call.to.id == call.by.id:
        return Refused(code="yourself", text="Choose somebody else: nobody is called to help themselves.")
    if not call.note:
        return Refused(code="no_note", text="Say what you need of them.")
    words = _with_note(f"{call.by.name} asks {call.to.name} for help", call)
    headline = _with_note(f"{call.by.name} asks for your help", call)
    case = with_line(case, f"{HELP}{call.id}:{call.to.id}", words)
    case = with_alert(case, call.to.id, headline, f"{HELP}{case.cycle.n}:{call.id}:{call.to.id}")
    detail = _with_note(call.to.name, call)
    return Change(case=case, log=(LogEntry(at=now, what="asked for help", by=call.by.id, detail=detail),))


def _with_note(words: str, call: Call) -> str:
    return f"{words}: {call.note}" if call.note else words
