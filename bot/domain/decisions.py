"""The two answers a decision can give."""

from collections.abc import Callable
from typing import Any

from bot.domain.case import Case, LogEntry
from bot.domain.models import Model


class Change(Model):
    """The new state, and what the audit log says about it. `redraw` is false when no card can look different."""

    case: Case
    log: tuple[LogEntry, ...] = ()
    redraw: bool = True


class Refused(Model):
    """Nothing changes. `code` is for programs, `text` a polite sentence for the person who asked."""

    code: str
    text: str


Decision = Change | Refused
Decide = Callable[[Case], Decision]


def changed(case: Case, *log: LogEntry, **update: Any) -> Change:
    """A change of some fields of the case."""
    return Change(case=case.model_copy(update=update), log=log)
