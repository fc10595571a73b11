"""When a worker gives back the leases of what is over."""

import asyncio

import pytest

from bot.domain.ports import Due
from bot.services.worker import QueueWorker
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import NOON
from tests.support.queue_worker import LEASE, Torn, gone, held, running
from tests.support.stores import TestClock, a_store
from tests.support.waiting import wait_until


async def test_what_ends_within_a_rest_goes_back_together(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten steps that end one after the other cost one exchange, and their news is taken up with it."""
    async with a_store(redis_url) as store:
        queue, seen, turns = Torn(store.cards, breaks=0), list[str](), [asyncio.Event() for _ in range(10)]

        async def act(due: Due) -> None:
            seen.append(due.id)
            if len(seen) <= len(turns):
                await turns[int(due.id)].wait()

        for number in range(10):
            await store.cards.put(str(number), NOON)
        async with running(queue, act, TestClock(), at_once=11):
            await wait_until(lambda: len(seen) == 10, "all are under way")
            monkeypatch.setattr("bot.services.worker.IDLE_S", 0.5)
            asked = queue.exchanges
            await wait_until(lambda: queue.exchanges > asked, "the rest has become long")
            await store.cards.put("3", NOON)
            asked = queue.exchanges
            for turn in turns:
                turn.set()
                await asyncio.sleep(0)
            await wait_until(lambda: seen.count("3") == 2, "the news is taken up")
            assert queue.exchanges <= asked + 2
            await wait_until(lambda: gone(store.cards), "all are given back")


async def test_what_is_over_is_given_back_without_a_rest_where_more_waits(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backlog is worked off at once, by a single hand too, however long an idle worker rests."""
    monkeypatch.setattr("bot.services.worker.IDLE_S", 60.0)
    async with a_store(redis_url) as store:
        seen = list[str]()

        async def act(due: Due) -> None:
            seen.append(due.id)

        for number in range(5):
            await store.cards.put(str(number), NOON)
        stop, wake = asyncio.Event(), asyncio.Event()
        worker = QueueWorker("test", store.cards, act, TestClock(), Metrics(), LEASE, at_once=1, wake=wake)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run(stop))
            await wait_until(lambda: gone(store.cards), "all are done and given back")
            stop.set()
            wake.set()
        assert seen == ["0", "1", "2", "3", "4"]


async def test_a_worker_that_rests_long_gives_back_at_once(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody hands it a step in the middle of a long rest: news of it does not wait for the rest's end."""
    async with a_store(redis_url) as store:
        stop, wake, seen = asyncio.Event(), asyncio.Event(), list[str]()

        async def act(due: Due) -> None:
            seen.append(due.id)

        queue = Torn(store.cards, breaks=0, then=lambda: monkeypatch.setattr("bot.services.worker.IDLE_S", 0.05))
        monkeypatch.setattr("bot.services.worker.IDLE_S", 60.0)
        worker = QueueWorker("test", queue, act, TestClock(), Metrics(), LEASE, wake=wake)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run(stop))
            await wait_until(lambda: queue.exchanges == 1, "it has looked, and rests for a minute")
            with worker.promise("case", 2) as hand:
                assert hand is not None
                await store.cards.put("case", NOON)
                hand.begin(act)
            await wait_until(lambda: seen == ["case", "case"], "it was done, and then taken from the queue")
            stop.set()
            wake.set()


async def test_while_it_stops_what_is_over_goes_back_at_once(redis_url: str) -> None:
    """A slow step that is still to be finished keeps no other's lease."""
    async with a_store(redis_url) as store:
        stop, release, quick = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def act(due: Due) -> None:
            await (release if due.id == "slow" else quick).wait()

        for name in ("slow", "quick"):
            await store.cards.put(name, NOON)
        worker = QueueWorker("test", store.cards, act, TestClock(), Metrics(), LEASE, 4)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run(stop))
            await wait_until(lambda: held(store), "both are begun")
            stop.set()
            quick.set()
            await wait_until(lambda: only_slow(store), "the quick one is given back")
            release.set()
        assert await store.cards.depth() == 0


async def only_slow(store: Store) -> bool:
    """Whether the slow one alone is left."""
    return await store.cards.depth() == 1
