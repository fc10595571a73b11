"""How fast customers were answered, by the counts of some days and by who waits now."""

from datetime import datetime, time, timedelta

from bot.domain.calendar import Calendar, Span
from bot.domain.counting import Count, What
from bot.domain.percentiles import EDGES, Bounds, bucket
from bot.domain.speed import Queue, Speed, Stage, Waiter, speed
from tests.support.cases import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALWAYS = Calendar()
WEEK = NOON - 7 * DAY


def answered(network: str, minutes: float, customers: int, *, kept: bool = True) -> dict[Count, int]:
    """So many customers who were answered at once, by both clocks."""
    times = (What.WORD_DESK, What.WORD_CUSTOMER, What.ANSWER_DESK, What.ANSWER_CUSTOMER)
    counts = {Count(network, what, bucket(60 * minutes)): customers for what in times}
    return counts | {Count(network, What.KEPT if kept else What.BROKEN): customers}


def waiter(hours: float, stage: Stage = Stage.WORD, network: str = "square", *, overdue: bool = False) -> Waiter:
    """A customer who waits for so long by now."""
    return Waiter(network, NOON - hours * HOUR, stage, overdue)


def told(
    counts: dict[Count, int], *waiters: Waiter, calendar: Calendar = ALWAYS, unseen: tuple[int, int] = (0, 0)
) -> Speed:
    """What they say at noon."""
    return speed(counts, Queue(waiters, *unseen), calendar, WEEK, NOON)


def within(minutes: float) -> Bounds:
    """The bucket of a time that is known."""
    at = bucket(60 * minutes)
    return Bounds(EDGES[at], EDGES[at + 1])


def at_least(hours: float) -> Bounds:
    """Of a time that depends on who still waits."""
    return Bounds(EDGES[bucket(3600 * hours)], None)


def test_nothing_happened() -> None:
    """No customer, no figure."""
    total = told({}).total
    assert (total.word.customers, total.answer.customers, total.promised) == (0, 0, 0)
    assert total.answer.desk == total.answer.customer == (None, None)
    assert (told({}).networks, told({}).oldest) == ({}, None)


def test_those_who_wait_count() -> None:
    """Nine were answered in ten minutes, three wait: the median is known, the 90th percentile at least what it is."""
    counts = answered("square", 10, 9)
    found = told(counts, waiter(2), waiter(5, overdue=True), waiter(1, Stage.ANSWER))
    assert found.total.answer.customer == found.total.answer.desk == (within(10), at_least(2))
    assert (found.total.answer.customers, found.total.answered, found.total.waiting) == (12, 9, 3)
    assert found.total.word.customers == told(counts).total.word.customers + 2
    assert (found.waiting, found.oldest, found.since) == (3, NOON - 5 * HOUR, WEEK)


def test_who_has_had_a_word_waits_for_an_answer_only() -> None:
    """And who has had an answer, for neither: they are among those who wait, but their first answer is counted."""
    found = told({}, waiter(1, Stage.ANSWER), waiter(30, Stage.AGAIN, overdue=True))
    assert (found.total.word.customers, found.total.answer.customers) == (0, 1)
    assert (found.waiting, found.oldest) == (2, NOON - 30 * HOUR)
    assert found.total.promised == 0


def test_a_promise_that_is_broken_while_they_wait_is_broken() -> None:
    """It does not have to be answered first."""
    counts = answered("square", 10, 4) | {Count("square", What.BROKEN): 1, Count("square", What.LEFT): 2}
    total = told(counts, waiter(3, overdue=True), waiter(0.1)).total
    assert (total.kept, total.promised, total.left) == (4, 6, 2)


def test_the_desk_clock_stands_still_while_it_is_closed() -> None:
    """Asked at eleven yesterday evening: thirteen hours for the customer, three for the desk."""
    desk = Calendar(spans=tuple(Span(weekday=day, opens=time(9), closes=time(18)) for day in range(7)))
    answer = told({}, waiter(13), calendar=desk).total.answer
    assert answer.customer[0] == at_least(13)
    assert answer.desk[0] is not None
    assert answer.desk[0].high_s is None
    assert 0.9 * 3 * 3600 < answer.desk[0].low_s <= 3 * 3600


def test_each_network_by_itself_the_busiest_first() -> None:
    """Waiting customers of an account that was removed are in the total only."""
    counts = answered("square", 10, 2) | answered("harbour", 60, 5)
    found = told(counts, waiter(1, network="forum"), waiter(1, network=""))
    assert list(found.networks) == ["harbour", "square", "forum"]
    assert found.networks["harbour"].answer.customer[0] == within(60)
    assert found.networks["forum"].answered == 0
    assert found.total.answer.customers == 9


def test_those_whom_nobody_looked_at_make_nothing_better() -> None:
    """A million wait: most of them are counted only, and a percentile that depends on them is not known."""
    found = told(answered("square", 10, 10), waiter(2, overdue=True), unseen=(89, 20))
    assert found.waiting == 90
    total = found.total
    assert (total.answer.customers, total.waiting, total.promised) == (100, 90, 31)
    assert total.answer.customer == (Bounds(0, None), within(10)._replace(high_s=None))


def test_the_total_is_what_the_networks_are_together() -> None:
    """Whatever is added up."""
    counts = answered("square", 10, 2) | answered("harbour", 60, 5, kept=False)
    found = told(counts, waiter(1), waiter(2, network="harbour", overdue=True))
    parts = found.networks.values()
    assert found.total.answered == sum(part.answered for part in parts) == 7
    assert found.total.promised == sum(part.promised for part in parts) == 8
    assert found.total.waiting == sum(part.waiting for part in parts) == 2


def test_the_clock_of_a_waiter_may_be_ahead() -> None:
    """Seen a moment from now, by another machine's clock."""
    found = speed(
        {},
        Queue([Waiter("square", datetime.max.replace(tzinfo=NOON.tzinfo), Stage.WORD, overdue=False)]),
        ALWAYS,
        WEEK,
        NOON,
    )
    assert found.total.answer.customer[0] == Bounds(0, None)
