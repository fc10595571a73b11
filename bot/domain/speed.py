"""How fast customers were answered: what the counts of some days say, and those who wait now.

Who still waits is counted since Hark saw the words, by both clocks: they have waited for at least that long.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from bot.domain.calendar import Calendar
from bot.domain.counting import Count, What
from bot.domain.percentiles import EDGES, Bounds, bucket, percentile

PERCENTS: Final = (50, 90)
HAIR: Final = timedelta(microseconds=1)
"""Instants are rounded to it: the edge of a bucket must not fall into the one before."""


class Stage(StrEnum):
    """What a customer waits for."""

    WORD = "word"
    ANSWER = "answer"
    AGAIN = "again"  # an answer to what they wrote after the first one


class Waiter(NamedTuple):
    """A customer who waits. `network` is empty where the account was removed since; `overdue`: what they wait for is
    late; `broken`: an earlier promise was, such as that of a first word."""

    network: str
    since: datetime
    stage: Stage
    overdue: bool
    broken: bool = False


class Queue(NamedTuple):
    """All who wait. Of more than can be looked at one by one, the last due are `unseen`: they are counted only."""

    waiters: Sequence[Waiter] = ()
    unseen: int = 0
    unseen_overdue: int = 0

    @property
    def total(self) -> int:
        """How many wait."""
        return len(self.waiters) + self.unseen

    @property
    def overdue(self) -> int:
        """How many of them wait for something that is late."""
        return sum(waiter.overdue for waiter in self.waiters) + self.unseen_overdue

    @property
    def oldest(self) -> datetime | None:
        """Since when the first of them waits."""
        return min((waiter.since for waiter in self.waiters), default=None)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long something took `customers`, those among them who still wait for it: the percentiles by each clock."""

    customers: int
    desk: tuple[Bounds | None, ...]
    customer: tuple[Bounds | None, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """How fast customers were answered. `waiting` counts those without a first answer. `promised` are those answered,
    and those who were closed, took their words back or wait with a promise broken; `kept` had every promise kept.
    `left` are cases closed while their customer waited: they count nowhere else, unless a promise was broken."""

    word: Pace
    answer: Pace
    answered: int
    waiting: int
    kept: int
    promised: int
    left: int


@dataclass(frozen=True, slots=True)
class Speed:
    """The figures from `since` to now. `waiting` counts all who wait, `oldest` is since when the first of them does."""

    since: datetime
    total: Figures
    networks: Mapping[str, Figures]
    waiting: int
    oldest: datetime | None


def speed(counts: Mapping[Count, int], queue: Queue, calendar: Calendar, since: datetime, now: datetime) -> Speed:
    """What the counts since then, and those who wait now, say in all and of each network."""
    waiting = Counter(
        _Group(
            waiter.network, waiter.stage, waiter.overdue or waiter.broken, bucket((now - waiter.since).total_seconds())
        )
        for waiter in queue.waiters
    )
    total = waiting.copy()
    total[_Group("", Stage.WORD, False, 0)] += queue.unseen - queue.unseen_overdue
    total[_Group("", Stage.WORD, True, 0)] += queue.unseen_overdue
    desk = _Desk(calendar, now)
    parts = {
        name: _figures(
            {count: amount for count, amount in counts.items() if count.network == name},
            {group: amount for group, amount in waiting.items() if group.network == name},
            desk,
        )
        for name in ({count.network for count in counts} | {group.network for group in waiting}) - {""}
    }
    return Speed(
        since=since,
        total=_figures(counts, total, desk),
        networks=dict(sorted(parts.items(), key=lambda part: (-part[1].answer.customers, part[0]))),
        waiting=queue.total,
        oldest=queue.oldest,
    )


class _Group(NamedTuple):
    """Customers who wait alike; `broken`: with a promise broken. `age` is the bucket of how long by all time."""

    network: str
    stage: Stage
    broken: bool
    age: int


class _Desk:
    """How long customers have waited by business time, worked out once for each bucket."""

    def __init__(self, calendar: Calendar, now: datetime) -> None:
        self._calendar = calendar
        self._now = now
        self._known: dict[int, int] = {}

    def ages(self, ages: Counter[int]) -> Counter[int]:
        """The same customers by business time: each as the youngest of its bucket, so for at least that long."""
        found: Counter[int] = Counter()
        for age, amount in ages.items():
            found[self._age(age)] += amount
        return found

    def _age(self, age: int) -> int:
        if age not in self._known:
            since = self._now - timedelta(seconds=EDGES[age]) - HAIR
            self._known[age] = bucket(self._calendar.between(since, self._now).total_seconds())
        return self._known[age]


def _figures(counts: Mapping[Count, int], waiting: Mapping[_Group, int], desk: _Desk) -> Figures:
    by_what: dict[What, Counter[int]] = {what: Counter() for what in What}
    for count, amount in counts.items():
        by_what[count.what][count.bucket] += amount
    no_word, no_answer, unkept = Counter[int](), Counter[int](), 0
    for group, amount in waiting.items():
        if group.stage is not Stage.AGAIN:
            no_answer[group.age] += amount
            no_word[group.age] += amount if group.stage is Stage.WORD else 0
            unkept += amount if group.broken else 0
    kept, broken = by_what[What.KEPT].total(), by_what[What.BROKEN].total()
    return Figures(
        word=_pace(by_what[What.WORD_DESK], by_what[What.WORD_CUSTOMER], no_word, desk),
        answer=_pace(by_what[What.ANSWER_DESK], by_what[What.ANSWER_CUSTOMER], no_answer, desk),
        answered=by_what[What.ANSWER_CUSTOMER].total(),
        waiting=no_answer.total(),
        kept=kept,
        promised=kept + broken + unkept,
        left=by_what[What.LEFT].total(),
    )


def _pace(desk: Counter[int], customer: Counter[int], waiting: Counter[int], clock: _Desk) -> Pace:
    waiting_desk = clock.ages(waiting)
    return Pace(
        customers=customer.total() + waiting.total(),
        desk=tuple(percentile(percent, desk, waiting_desk) for percent in PERCENTS),
        customer=tuple(percentile(percent, customer, waiting) for percent in PERCENTS),
    )
