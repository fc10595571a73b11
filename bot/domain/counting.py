"""What a case adds to the counts of a day, from which it is told how fast customers were answered (docs/decisions/016).

One customer counts once in each care episode (cycle): with the first human word, with the first answer, and with
whether every promise was kept. All of it follows from the case. So what a change adds to the counts, and takes away
again where an answer did not arrive or the case turns out to be not for us, is the difference between two cases.

Two clocks: the desk's counts business time since Hark saw the words, the customer's all time since they were posted.

Beside it stands what customers write about, by the first words of each care episode (`bot/domain/topics.py`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from bot.domain.case import NOT_FOR_US, Case, Cycle
from bot.domain.models import EARLIEST
from bot.domain.percentiles import bucket
from bot.domain.topics import Said

Counts = Mapping[str, Mapping[str, int]]
"""By day (of UTC, such as 2026-03-04), how much is added to each count."""
NOTHING: Final[Counts] = {}


class What(StrEnum):
    """What is counted. After a time stands its bucket."""

    WORD_DESK = "word-desk"
    WORD_CUSTOMER = "word-customer"
    ANSWER_DESK = "answer-desk"
    ANSWER_CUSTOMER = "answer-customer"
    KEPT = "kept"  # answered, with every promise kept
    BROKEN = "broken"  # answered, closed, or the words taken back, with a promise broken
    LEFT = "left"  # closed on purpose while the customer waited for the first answer


KNOWN = frozenset(What)


class Count(NamedTuple):
    """One count of a network. It names no case and no customer: counts outlive both."""

    network: str
    what: What
    bucket: int = 0

    @property
    def name(self) -> str:
        """As it is stored."""
        return f"{self.network}:{self.what}:{self.bucket}"

    @classmethod
    def named(cls, name: str) -> "Count | None":
        """The count of that name; None for one that only a newer version knows."""
        network, what, number = name.split(":", 2)
        return cls(network, What(what), int(number)) if what in KNOWN else None


def changes(before: Case | None, after: Case) -> Counts:
    """What a change of a case adds to the counts; below zero for what it takes away."""
    if before is not None and before.cycle is after.cycle and before.wait is after.wait:
        return NOTHING
    added = Counter(_entries(after))
    if before is not None and before.cycle.n == after.cycle.n:
        added.subtract(_entries(before))
    days: dict[str, dict[str, int]] = {}
    for (day, count), amount in added.items():
        if amount:
            days.setdefault(day, {})[count.name] = amount
    return days


def day_of(at: datetime) -> str:
    """The day on which something is counted."""
    return at.astimezone(UTC).date().isoformat()


def _entries(case: Case) -> Iterator[tuple[str, Count | Said]]:
    """The counts in which a case stands, once in each, with their days."""
    cycle, network = case.cycle, case.key.network
    if not case.is_open and case.close_reason == NOT_FOR_US:
        return
    for said in Said.of(network, cycle.said):
        yield day_of(cycle.seen_at), said
    posted_at = _posted(cycle)
    if cycle.acknowledged_at and cycle.acknowledged_desk_s is not None:
        day, took = day_of(cycle.acknowledged_at), cycle.acknowledged_at - posted_at
        yield day, Count(network, What.WORD_DESK, bucket(cycle.acknowledged_desk_s))
        yield day, Count(network, What.WORD_CUSTOMER, bucket(took.total_seconds()))
    if cycle.answered_at and cycle.answered_desk_s is not None:
        day, took = day_of(cycle.answered_at), cycle.answered_at - posted_at
        yield day, Count(network, What.ANSWER_DESK, bucket(cycle.answered_desk_s))
        yield day, Count(network, What.ANSWER_CUSTOMER, bucket(took.total_seconds()))
        yield day, Count(network, What.BROKEN if cycle.missed else What.KEPT)
    elif cycle.left and cycle.closed_at:
        day = day_of(cycle.closed_at)
        yield day, Count(network, What.LEFT)
        if cycle.missed:
            yield day, Count(network, What.BROKEN)
    elif cycle.gone_at and case.wait is None:  # who waits again is among those who wait
        yield day_of(cycle.gone_at), Count(network, What.BROKEN)


def _posted(cycle: Cycle) -> datetime:
    """When the words were posted; when Hark saw them, where the network tells no such instant, or one to come."""
    return cycle.posted_at if EARLIEST < cycle.posted_at <= cycle.seen_at else cycle.seen_at
