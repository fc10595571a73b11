"""How fast customers were answered: what the counts of some days say, and those who wait now.

Who still waits is counted since Hark saw the words, by both clocks: they have waited for at least that long.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    """A customer who waits. `network` is empty where the account was removed since; `overdue`: a promise is broken."""

    network: str
    since: datetime
    stage: Stage
    overdue: bool


class Queue(NamedTuple):
    """All who wait. Of more than can be looked at one by one, the last due are `unseen`: they are counted only."""

    waiters: Sequence[Waiter] = ()
    unseen: int = 0
    unseen_overdue: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long something took `customers`, those among them who still wait for it: the percentiles by each clock."""

    customers: int
    desk: tuple[Bounds | None, ...]
    customer: tuple[Bounds | None, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """How fast customers were answered. `waiting` counts those without a first answer. `promised` are those answered,
    or closed or waiting with a promise broken, of whom `kept` had every promise kept. `left` are cases closed while
    their customer waited: they count nowhere else, unless a promise was broken."""

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
    ages = _Ages(calendar, now)
    names = {count.network for count in counts} | {waiter.network for waiter in queue.waiters if waiter.network}
    parts = {
        name: _figures(
            {count: amount for count, amount in counts.items() if count.network == name},
            Queue([waiter for waiter in queue.waiters if waiter.network == name]),
            ages,
        )
        for name in names
    }
    return Speed(
        since=since,
        total=_figures(counts, queue, ages),
        networks=dict(sorted(parts.items(), key=lambda part: (-part[1].answer.customers, part[0]))),
        waiting=len(queue.waiters) + queue.unseen,
        oldest=min((waiter.since for waiter in queue.waiters), default=None),
    )


class _Ages:
    """How long customers have waited by now, by each clock; what the desk's says is worked out once for each bucket."""

    def __init__(self, calendar: Calendar, now: datetime) -> None:
        self._calendar = calendar
        self._now = now
        self._desk: dict[int, int] = {}

    def customer(self, since: Iterable[datetime]) -> Counter[int]:
        """By all time."""
        return Counter(bucket((self._now - at).total_seconds()) for at in since)

    def desk(self, ages: Counter[int]) -> Counter[int]:
        """By business time, of ages by all time: each counts as the youngest of its bucket, for at least so long."""
        desk: Counter[int] = Counter()
        for age, amount in ages.items():
            desk[self._open(age)] += amount
        return desk

    def _open(self, age: int) -> int:
        if age not in self._desk:
            since = self._now - timedelta(seconds=EDGES[age]) - HAIR
            self._desk[age] = bucket(self._calendar.between(since, self._now).total_seconds())
        return self._desk[age]


def _figures(counts: Mapping[Count, int], queue: Queue, ages: _Ages) -> Figures:
    by_what: dict[What, Counter[int]] = {what: Counter() for what in What}
    for count, amount in counts.items():
        by_what[count.what][count.bucket] += amount
    first = [waiter for waiter in queue.waiters if waiter.stage is not Stage.AGAIN]
    no_word = ages.customer(waiter.since for waiter in first if waiter.stage is Stage.WORD)
    no_answer = ages.customer(waiter.since for waiter in first)
    for waiting in (no_word, no_answer):
        waiting[0] += queue.unseen
    kept, broken = by_what[What.KEPT].total(), by_what[What.BROKEN].total()
    overdue = sum(waiter.overdue for waiter in first) + queue.unseen_overdue
    return Figures(
        word=_pace(by_what[What.WORD_DESK], by_what[What.WORD_CUSTOMER], no_word, ages),
        answer=_pace(by_what[What.ANSWER_DESK], by_what[What.ANSWER_CUSTOMER], no_answer, ages),
        answered=by_what[What.ANSWER_CUSTOMER].total(),
        waiting=no_answer.total(),
        kept=kept,
        promised=kept + broken + overdue,
        left=by_what[What.LEFT].total(),
    )


def _pace(desk: Counter[int], customer: Counter[int], waiting: Counter[int], ages: _Ages) -> Pace:
    waiting_desk = ages.desk(waiting)
    return Pace(
        customers=customer.total() + waiting.total(),
        desk=tuple(percentile(percent, desk, waiting_desk) for percent in PERCENTS),
        customer=tuple(percentile(percent, customer, waiting) for percent in PERCENTS),
    )
