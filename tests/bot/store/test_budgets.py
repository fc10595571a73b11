"""Token buckets: bursts, refills, pauses."""

import asyncio
from datetime import timedelta

import pytest

from bot.store.store import Store
from tests.support.cases import NOON
from tests.support.stores import TestClock, forget

SECOND = timedelta(seconds=1)


async def test_a_burst_then_the_rate(store: Store) -> None:
    """A full bucket grants its burst at once and then says exactly how long the next token takes."""
    assert [await store.budgets.take("b", 2.0, 3, NOON) for _ in range(4)] == [0, 0, 0, 0.5]
    assert await store.budgets.take("b", 2.0, 3, NOON + 0.499 * SECOND) == pytest.approx(0.501)
    assert await store.budgets.take("b", 2.0, 3, NOON + 0.5 * SECOND) == 0
    assert await store.budgets.take("b", 2.0, 3, NOON + 0.5 * SECOND) == 0.5


@pytest.mark.parametrize("rate", [50 / 60, 0.7, 3.0])
async def test_waiting_as_told_is_enough(store: Store, rate: float) -> None:
    """Whoever waits as long as the answer says gets a token, at odd rates too."""
    now = NOON
    for _ in range(40):
        wait = await store.budgets.take("b", rate, 2, now)
        now += wait * SECOND
        if wait:
            assert await store.budgets.take("b", rate, 2, now) == 0


async def test_who_looks_often_gets_no_more_and_no_less(store: Store) -> None:
    """A crowd that asks every few milliseconds has its token when it is due, and not before."""
    assert await store.budgets.take("b", 50 / 60, 1, NOON) == 0
    waits = [await store.budgets.take("b", 50 / 60, 1, NOON + n * SECOND / 1000) for n in range(1, 1200, 7)]
    assert 0 not in waits
    assert await store.budgets.take("b", 50 / 60, 1, NOON + 1.2 * SECOND) == 0


async def test_a_slow_bucket_is_not_forgotten_before_it_is_full(store: Store) -> None:
    """Whoever is told to wait for longer than others ever are comes in time, and no token is given twice meanwhile."""
    minute = timedelta(minutes=1)
    assert [await store.budgets.take("b", 1 / 300, 2, NOON) for _ in range(3)] == [0, 0, 300]
    await forget(store, 9 * minute)
    assert await store.budgets.take("b", 1 / 300, 2, NOON + 4 * minute) == 60
    assert await store.budgets.take("b", 1 / 300, 2, NOON + 5 * minute) == 0


async def test_a_bucket_never_holds_more_than_its_burst(store: Store) -> None:
    """A quiet hour does not save up tokens."""
    assert await store.budgets.take("b", 1.0, 2, NOON) == 0
    later = NOON + timedelta(hours=1)
    assert [await store.budgets.take("b", 1.0, 2, later) for _ in range(3)] == [0, 0, 1]


async def test_many_processes_share_one_bucket(store: Store) -> None:
    """A hundred takers at the same moment get the burst and no more."""
    waits = await asyncio.gather(*(store.budgets.take("b", 1.0, 10, NOON) for _ in range(100)))
    assert waits.count(0) == 10


async def test_a_pause_holds_everybody(store: Store, clock: TestClock) -> None:
    """Before its end nobody gets a token and everybody is told the same end; a shorter pause changes nothing."""
    await store.budgets.pause("b", NOON + 30 * SECOND)
    await store.budgets.pause("b", NOON + 5 * SECOND)
    assert await store.budgets.take("b", 1.0, 5, NOON) == 30
    assert await store.budgets.take("b", 1.0, 5, NOON + 29 * SECOND) == 1
    assert await store.budgets.take("b", 1.0, 5, NOON + 30 * SECOND) == 0
    assert await store.budgets.take("other", 1.0, 5, NOON) == 0


async def test_a_shorter_pause_does_not_make_a_longer_one_forgotten(store: Store) -> None:
    """It ends when it was to end, and not as soon as the shorter one may be forgotten."""
    await store.budgets.pause("b", NOON + timedelta(hours=1))
    await store.budgets.pause("b", NOON + SECOND)
    await forget(store, timedelta(minutes=30))
    assert await store.budgets.take("b", 1.0, 5, NOON) == timedelta(hours=1) / SECOND


async def test_asking_during_a_pause_does_not_make_it_forgotten(store: Store) -> None:
    """What is kept of a bucket outlives its pause, whoever looks at it meanwhile."""
    key = store.budgets.keys.bucket("b")
    await store.budgets.pause("b", NOON + timedelta(hours=9))
    assert await store.budgets.take("b", 1.0, 5, NOON) == timedelta(hours=9) / SECOND
    assert await store.link.do("PTTL", key) > timedelta(hours=9) / timedelta(milliseconds=1)


async def test_a_clock_that_is_behind_gains_nothing(store: Store) -> None:
    """Machines disagree about the time: a later look by a slower clock neither refills nor fails, nor does it make a
    minute of the moment until somebody looks who is not behind."""
    assert await store.budgets.take("b", 1.0, 1, NOON) == 0
    assert await store.budgets.take("b", 1.0, 1, NOON - timedelta(minutes=1)) == 1
    assert await store.budgets.take("b", 1.0, 1, NOON) == 2
    assert await store.budgets.take("b", 1.0, 1, NOON + SECOND) == 0


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
async def test_senseless_buckets_are_refused(store: Store, rate: float, burst: int) -> None:
    """A bucket that can never grant is a mistake in the code that asks."""
    with pytest.raises(ValueError, match="rate above 0"):
        await store.budgets.take("b", rate, burst, NOON)


async def test_a_crowd_is_sent_to_one_token_each(store: Store) -> None:
    """Whoever is refused is told to come for a token of its own, a minute later at most; a grant starts afresh."""
    assert await store.budgets.take("crowd", 1.0, 1, NOON) == 0
    waits = [await store.budgets.take("crowd", 1.0, 1, NOON) for _ in range(70)]
    assert waits[:4] == pytest.approx([1.0, 2.0, 3.0, 4.0])
    assert waits[-1] == pytest.approx(60.0)
    assert await store.budgets.take("crowd", 1.0, 1, NOON + SECOND) == 0
    assert await store.budgets.take("crowd", 1.0, 1, NOON + SECOND) == pytest.approx(1.0)


async def test_who_leaves_tokens_for_others_takes_no_place_either(store: Store) -> None:
    """The last token is not for who asks so, and a no makes nobody else wait longer."""
    one = [await store.budgets.take_some("b", 1.0, 3, NOON, 1, left=1) for _ in range(4)]
    assert one == [(1, 0), (1, 0), (0, 0.001), (0, 0.001)]
    assert await store.budgets.take("b", 1.0, 3, NOON) == 0
    assert await store.budgets.take_some("b", 1.0, 3, NOON, 1, left=1) == (0, 0.001)
    assert await store.budgets.take("b", 1.0, 3, NOON) == 1
    assert await store.budgets.take_some("b", 1.0, 3, NOON + SECOND, 1, left=1) == (0, 0.001)
    assert await store.budgets.take("b", 1.0, 3, NOON + SECOND) == 0


async def test_several_tokens_at_once_are_as_many_as_one_after_the_other(store: Store) -> None:
    """As far as they go, those for others left; and a bucket that is paused has none."""
    assert await store.budgets.take_some("b", 1.0, 9, NOON, 5, left=1) == (5, 0)
    assert await store.budgets.take_some("b", 1.0, 9, NOON, 5, left=1) == (3, 0.001)
    assert await store.budgets.take_some("b", 1.0, 9, NOON, 5, left=0) == (1, 0.001)
    assert await store.budgets.take_some("b", 1.0, 9, NOON, 5, left=0) == (0, 1)
    await store.budgets.pause("b", NOON + 30 * SECOND)
    assert await store.budgets.take_some("b", 1.0, 9, NOON + 20 * SECOND, 5, left=1) == (0, 10)
