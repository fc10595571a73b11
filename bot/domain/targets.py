"""Response-time promises: when they fall due, and which instants they leave behind.

The desk clock counts business time from the moment Hark saw the customer's words; the customer clock (posted to
answered, around the clock) is kept in the cycle's instants. A miss stays a miss, however good the late answer is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain.case import Case, Cycle, Mark, MarkName, Wait
from bot.domain.policy import Policy

WINDOW_MARGIN = timedelta(hours=1)
SECOND = timedelta(seconds=1)
TOOK = {"acknowledged_at": "acknowledged_desk_s", "answered_at": "answered_desk_s"}
"""The instants that are measured, and where the time until them is kept."""
ACK_MARKS = frozenset({MarkName.ACK_WARNING, MarkName.ACK_BREACH})
BREACHES = frozenset({MarkName.ACK_BREACH, MarkName.ANSWER_BREACH})
WARNINGS = frozenset({MarkName.ACK_WARNING, MarkName.ANSWER_WARNING})


def start_wait(since: datetime, policy: Policy, *, with_ack: bool, window: datetime | None = None) -> Wait:
    """The promise to a customer who waits since `since`; an answer is due an hour before `window` closes."""
    answer_due = policy.calendar.after(since, policy.answer_target)
    if window is not None:
        answer_due = max(since, min(answer_due, window - WINDOW_MARGIN))
    marks = [
        Mark(name=MarkName.ANSWER_WARNING, at=_warning(since, answer_due, policy.answer_target, policy)),
        Mark(name=MarkName.ANSWER_BREACH, at=answer_due),
        Mark(name=MarkName.ESCALATION, at=policy.calendar.after(answer_due, policy.escalate_after)),
    ]
    ack_due = None
    if with_ack:
        ack_due = min(policy.calendar.after(since, policy.ack_target), answer_due)
        marks[:0] = [
            Mark(name=MarkName.ACK_WARNING, at=_warning(since, ack_due, policy.ack_target, policy)),
            Mark(name=MarkName.ACK_BREACH, at=ack_due),
        ]
    return Wait(since=since, ack_due=ack_due, answer_due=answer_due, marks=tuple(marks))


def within(wait: Wait, window: datetime, policy: Policy) -> Wait:
    """The same promise, due earlier if a window closes before it. What has fallen due already does not do so again."""
    if wait.answer_due <= max(wait.since, window - WINDOW_MARGIN):
        return wait
    sooner = start_wait(wait.since, policy, with_ack=wait.ack_due is not None, window=window)
    ahead = {mark.name for mark in wait.marks}
    marks = tuple(mark for mark in sooner.marks if mark.name in ahead)
    return sooner.model_copy(update={"marks": marks, "warned": wait.warned, "breached": wait.breached})


def acknowledged(wait: Wait) -> Wait:
    """The customer has had a first human word: the acknowledgement marks are gone, the answer marks stay."""
    rest = tuple(mark for mark in wait.marks if mark.name not in ACK_MARKS)
    ahead = {mark.name for mark in rest}
    update = {
        "ack_due": None,
        "marks": rest,
        "warned": MarkName.ANSWER_WARNING not in ahead,
        "breached": MarkName.ANSWER_BREACH not in ahead,
    }
    return wait.model_copy(update=update)


def due_marks(case: Case, now: datetime) -> tuple[Mark, ...]:
    """The marks that have fallen due by now."""
    return () if case.wait is None else tuple(mark for mark in case.wait.marks if mark.at <= now)


def fire(wait: Wait, cycle: Cycle, due: tuple[Mark, ...]) -> tuple[Wait, Cycle]:
    """Take the due marks out of the wait and note breaches as misses of the cycle."""
    names = [mark.name for mark in due]
    missed = [name for name in names if name in BREACHES and name not in cycle.missed]
    left = wait.model_copy(
        update={
            "marks": tuple(mark for mark in wait.marks if mark not in due),
            "warned": wait.warned or any(name in WARNINGS for name in names),
            "breached": wait.breached or any(name in BREACHES for name in names),
        }
    )
    return left, cycle.model_copy(update={"missed": (*cycle.missed, *missed)})


def stamped(case: Case, instants: Mapping[str, datetime | None], policy: Policy) -> Cycle:
    """The cycle of a case with new instants, each with the time that the desk took until it, where that was owed.

    Who waits is owed it, or waited when the case was closed: an answer may still be on its way then. What came without
    a promise is not measured, nor is a later answer that takes the place of such a one.
    """
    before = case.cycle
    cycle = before.model_copy(update=dict(instants))
    update: dict[str, int | None] = {}
    for name, took in TOOK.items():
        then, now = getattr(before, name), getattr(cycle, name)
        owed = case.wait is not None or before.left if then is None else getattr(before, took) is not None
        if now != then:
            update[took] = policy.calendar.between(cycle.seen_at, now) // SECOND if owed and now is not None else None
    return cycle.model_copy(update=update) if update else cycle


def _warning(since: datetime, due: datetime, target: timedelta, policy: Policy) -> datetime:
    """Where the warning stands: at the same share of the target in business time, but always before `due`."""
    at = policy.calendar.after(since, target * policy.warn_at)
    return at if at < due else since + (due - since) * policy.warn_at
