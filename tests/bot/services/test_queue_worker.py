"""The loop of every worker, on a real queue."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Due
from bot.services.worker import RETRY
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import NOON
from tests.support.queue_worker import LEASE, Torn, gone, held, running
from tests.support.stores import TestClock, a_store, end_leases
from tests.support.waiting import wait_until


async def test_a_slow_step_holds_up_nothing_else(redis_url: str) -> None:
    """While one step hangs, what falls due afterwards is worked off, more than fits at once included."""
    async with a_store(redis_url) as store:
        seen: list[str] = []
        release = asyncio.Event()

        async def act(due: Due) -> None:
            if due.id == "slow":
                await release.wait()
            seen.append(due.id)

        await store.cards.put("slow", NOON)
        async with running(store.cards, act, TestClock(), at_once=2):
            for number in range(5):
                await store.cards.put(f"quick-{number}", NOON)
            await wait_until(lambda: len(seen) == 5, "the quick ones are done")
            assert "slow" not in seen
            release.set()
        assert seen[-1] == "slow"
        assert await store.cards.depth() == 0


async def test_what_cannot_be_given_back_is_given_back_later(redis_url: str) -> None:
    """The server goes away between a step and its end: what was done is not done again."""
    async with a_store(redis_url) as store:
        seen = list[str]()

        async def act(due: Due) -> None:
            seen.append(due.id)

        await store.cards.put("case", NOON)
        torn = Torn(store.cards)
        async with running(torn, act, TestClock()):
            await wait_until(lambda: gone(store.cards), "it is given back")
        assert (seen, torn.breaks) == (["case"], 0)


async def test_a_worker_that_stops_gives_back_once(redis_url: str) -> None:
    """Where the server is away then, the lease ends by itself: nobody waits for it."""
    async with a_store(redis_url) as store:
        release, torn = asyncio.Event(), Torn(store.cards)

        async def act(_due: Due) -> None:
            await release.wait()

        await store.cards.put("case", NOON)
        async with running(torn, act, TestClock()):
            await wait_until(lambda: held(store), "it is begun")
            torn.breaks = 1000
            release.set()
        assert await store.cards.depth() == 1


async def test_a_pause_does_not_double_a_step_under_way(redis_url: str) -> None:
    """The machine slept, the lease is over, the step is not: it is not begun again beside itself."""
    async with a_store(redis_url) as store:
        clock, begun, release = TestClock(), list[str](), asyncio.Event()

        async def act(due: Due) -> None:
            begun.append(due.id)
            if due.id == "case":
                await release.wait()

        await store.cards.put("case", NOON)
        async with running(store.cards, act, clock):
            await wait_until(lambda: begun == ["case"], "the step is begun")
            await end_leases(store)
            await store.cards.put("other", clock.now())
            await wait_until(lambda: "other" in begun, "the worker went on")
            assert begun.count("case") == 1
            release.set()
            await wait_until(lambda: gone(store.cards), "the newer lease is given back, too")


async def test_a_long_step_keeps_its_lease(redis_url: str) -> None:
    """A step may take many times the lease: nobody else gets its id meanwhile, and its end is its own."""
    async with a_store(redis_url) as store, a_store(redis_url, instance="other") as other:
        release, ended = asyncio.Event(), list[str]()

        async def act(due: Due) -> None:
            await release.wait()
            ended.append(due.id)

        await store.cards.put("case", NOON)
        async with running(store.cards, act, TestClock(), lease=timedelta(seconds=1)):
            began = time.monotonic()
            await wait_until(lambda: held(store), "the step is begun")
            while time.monotonic() < began + 1.5:
                assert await other.cards.take(NOON, 5, LEASE) == []
                await asyncio.sleep(0.02)
            release.set()
            await wait_until(lambda: gone(store.cards), "it is done")
        assert ended == ["case"]


async def test_a_step_whose_lease_is_lost_is_stopped(redis_url: str) -> None:
    """Somebody else has taken it: it is not carried on beside them, and the other's lease is left alone."""
    async with a_store(redis_url) as store, a_store(redis_url, instance="other") as other:
        stopped = asyncio.Event()

        async def act(_due: Due) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        await store.cards.put("case", NOON)
        async with running(store.cards, act, TestClock(), lease=timedelta(seconds=1), at_once=1):
            await wait_until(lambda: held(store), "the step is begun")
            await end_leases(store)
            (theirs,) = await other.cards.take(NOON, 5, LEASE)
            await wait_until(stopped.is_set, "the step is stopped")
        assert await other.cards.renew([theirs], LEASE) == []


async def test_a_stopped_step_may_look_at_what_became_of_its_call(redis_url: str) -> None:
    """It is stopped once, however long it then takes, and another step for the same id does not wait for it."""
    async with a_store(redis_url) as store:
        begun, stops, looked = list[str](), list[str](), asyncio.Event()

        async def act(due: Due) -> None:
            begun.append(due.id)
            if len(begun) > 1:
                return
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            try:
                stops.append(due.id)
                await looked.wait()
                stops.append("looked")
            except asyncio.CancelledError:
                stops.append("stopped again")
                raise

        lease = timedelta(milliseconds=300)
        torn = Torn(store.cards, breaks=0)
        await store.cards.put("case", NOON)
        async with running(torn, act, TestClock(), lease=lease):
            await wait_until(lambda: held(store), "the step is begun")
            torn.silent = True
            await wait_until(lambda: bool(stops), "it is stopped")
            await asyncio.sleep(lease.total_seconds())  # long enough to be stopped again
            torn.silent = False
            await wait_until(lambda: len(begun) == 2, "its id is taken again")
            looked.set()
            await wait_until(lambda: len(stops) == 2, "it has ended")
            await wait_until(lambda: gone(store.cards), "the other's lease is given back")
        assert stops == ["case", "looked"]


async def test_a_worker_that_cannot_renew_stops_before_another_begins(redis_url: str) -> None:
    """The server does not answer it any more: when its lease may have ended, it does not go on."""
    async with a_store(redis_url) as store:
        stopped, release, lease = asyncio.Event(), asyncio.Event(), timedelta(seconds=1)
        torn = Torn(store.cards, silent=True)

        async def act(_due: Due) -> None:
            try:
                await release.wait()
            finally:
                stopped.set()

        await store.cards.put("case", NOON)
        async with running(torn, act, TestClock(), lease=lease):
            await wait_until(lambda: held(store), "the step is begun")
            began = time.monotonic()
            await wait_until(stopped.is_set, "the step is stopped")
            assert time.monotonic() - began > 0.5
            torn.silent = False
            await wait_until(lambda: held(store), "it is begun again")
            release.set()
            await wait_until(lambda: gone(store.cards), "it is done")


async def test_what_is_over_goes_back_with_the_next_taking(redis_url: str) -> None:
    """Many short steps take few round trips, and none of them is forgotten or done twice."""
    async with a_store(redis_url) as store:
        torn, seen = Torn(store.cards, breaks=0), list[str]()

        async def act(due: Due) -> datetime | None:
            seen.append(due.id)
            return NOON + timedelta(hours=1) if due.id == "later" else None

        for number in range(30):
            await store.cards.put(f"case-{number}", NOON)
        await store.cards.put("later", NOON)
        async with running(torn, act, TestClock(), at_once=10):
            await wait_until(lambda: nothing_held(store), "everything is given back")
            assert torn.exchanges <= 8
        assert (len(seen), len(set(seen))) == (31, 31)
        assert await store.cards.depth() == 1


async def test_idle_queues_ask_together(redis_url: str) -> None:
    """Workers that began at different times share their round trips once there is nothing to do."""
    async with a_store(redis_url) as store, AsyncExitStack() as stack:

        async def act(_due: Due) -> None:
            """Nothing is due."""

        queues = [Torn(queue) for queue in (store.cards, store.sends, store.timers, store.polls)]
        for queue in queues:
            began = asks(queues)
            await stack.enter_async_context(running(queue, act, TestClock()))
            await wait_until(partial(asked, queues, began + 3), "it has asked")
        await wait_until(lambda: asks(queues) >= 24, "they have become slow")
        began, before = asks(queues), await received(store)
        await wait_until(lambda: asks(queues) >= began + 24, "they have asked six times each")
        assert await received(store) - before <= (asks(queues) - began) // 2


def asks(queues: Sequence[Torn]) -> int:
    """How often these queues were asked."""
    return sum(queue.exchanges for queue in queues)


def asked(queues: Sequence[Torn], times: int) -> bool:
    """Whether they were asked so often."""
    return asks(queues) >= times


async def received(store: Store) -> int:
    """How often the server has read from its connections; this question is among them."""
    return int((await store.link.do("INFO", "stats"))["total_reads_processed"])


async def nothing_held(store: Store) -> bool:
    """Whether everything has been taken once, and is given back."""
    return not await held(store) and await store.cards.waiting(NOON) == 0


@pytest.mark.parametrize(
    ("error", "level"), [(ZeroDivisionError(), "error"), (StoreUnavailable("no answer"), "warning")]
)
async def test_a_step_that_fails_comes_again_soon(redis_url: str, error: Exception, level: str) -> None:
    """Neither trouble nor a defect is the end of the queue, or of that id. It is counted; a defect is told loudly."""
    async with a_store(redis_url) as store:
        clock, tries, metrics = TestClock(), list[str](), Metrics()

        async def act(due: Due) -> None:
            tries.append(due.id)
            if len(tries) == 1:
                raise error

        await store.cards.put("case", NOON)
        with capture_logs() as lines:
            async with running(store.cards, act, clock, metrics=metrics):
                await wait_until(lambda: len(tries) == 1, "the first try failed")
                clock.advance(RETRY)
                await wait_until(lambda: len(tries) == 2, "the second try came")
        assert await store.cards.depth() == 0
    assert [line["log_level"] for line in lines if line["event"].startswith("step failed")] == [level]
    assert metrics.registry.get_sample_value("hark_failures_total", {"step": "test"}) == 1
