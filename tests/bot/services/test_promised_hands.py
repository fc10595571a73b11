"""Hands that a worker promises to who is about to store something: they count as taken, until it is clear that not."""

import asyncio
from datetime import datetime, timedelta

from bot.domain.ports import Due
from bot.services.worker import QueueWorker
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import NOON
from tests.support.queue_worker import LEASE, Torn, gone, held, running
from tests.support.stores import TestClock, a_store
from tests.support.waiting import wait_until


class Acts:
    """Steps that are noted, and end when the test says so."""

    def __init__(self) -> None:
        self.begun = list[str]()
        self.ended = list[str]()
        self.release = asyncio.Event()

    async def __call__(self, due: Due) -> datetime | None:
        """Begin, and wait; `ended` names those that were stopped, too."""
        self.begun.append(due.id)
        try:
            await self.release.wait()
        finally:
            self.ended.append(due.id)
        return None


def refuses(worker: QueueWorker) -> bool:
    """Whether it promises no hand now."""
    with worker.promise("another", 2) as hand:
        return hand is None


async def a_backlog(store: Store, acts: Acts) -> None:
    """Three things to do, of which something is begun."""
    for number in range(3):
        await store.cards.put(f"case-{number}", NOON)
    await wait_until(lambda: acts.begun, "the backlog is begun")


async def test_a_promised_hand_counts_as_taken(redis_url: str) -> None:
    """Two hands, one promised: a backlog gets the other one alone, and nobody else is promised any."""
    async with a_store(redis_url) as store:
        acts = Acts()
        async with running(store.cards, acts, TestClock(), at_once=2) as worker:
            with worker.promise("new", 2) as hand:
                assert hand is not None
                await a_backlog(store, acts)
                assert len(acts.begun) == 1
                assert refuses(worker)
                hand.begin(acts)
            await wait_until(lambda: "new" in acts.begun, "the promise is kept")
            assert len(acts.begun) == 2
            acts.release.set()
            await wait_until(lambda: gone(store.cards), "everything is done")


async def test_a_hand_that_begins_nothing_is_free_again(redis_url: str) -> None:
    """The worker waits for a hand, and takes the next of its backlog as soon as the promise is over."""
    async with a_store(redis_url) as store:
        acts = Acts()
        async with running(store.cards, acts, TestClock(), at_once=2) as worker:
            with worker.promise("new", 2) as hand:
                assert hand is not None
                await a_backlog(store, acts)
            await wait_until(lambda: len(acts.begun) == 2, "the hand is used")
            assert refuses(worker)
            acts.release.set()
            await wait_until(lambda: gone(store.cards), "everything is done")
            assert not refuses(worker)


async def test_a_worker_that_stops_promises_nothing(redis_url: str) -> None:
    """It has hands free and a slow step to finish: what is new is left to others."""
    async with a_store(redis_url) as store:
        acts, stop = Acts(), asyncio.Event()
        await store.cards.put("slow", NOON)
        async with running(store.cards, acts, TestClock(), stop=stop) as worker:
            await wait_until(lambda: acts.begun, "it is begun")
            assert not refuses(worker)
            stop.set()
            await wait_until(lambda: refuses(worker), "it stops", within_s=2)
            acts.release.set()


async def test_a_worker_that_stops_waits_for_a_promise_and_no_longer(redis_url: str) -> None:
    """Nothing came of it: then the worker ends, though no step and no other call wakes it."""
    async with a_store(redis_url) as store:
        stop = asyncio.Event()
        worker = QueueWorker("test", store.cards, Acts(), TestClock(), Metrics(), LEASE)
        run = asyncio.ensure_future(worker.run(stop))
        await asyncio.sleep(0)
        with worker.promise("new", 2) as hand:
            assert hand is not None
            stop.set()
            await wait_until(lambda: refuses(worker), "it stops")
            assert not run.done()
        await asyncio.wait_for(run, 5)


async def test_no_step_is_begun_beside_one_of_the_same_id(redis_url: str) -> None:
    """The queue had it by then: the hand does not double the step, and the step's lease goes back in the end."""
    async with a_store(redis_url) as store:
        acts = Acts()
        async with running(store.cards, acts, TestClock()) as worker:
            with worker.promise("case", 2) as hand:
                assert hand is not None
                await store.cards.put("case", NOON)
                await wait_until(lambda: acts.begun, "it is begun")
                hand.begin(acts)
                await asyncio.sleep(0)
            await wait_until(lambda: not refuses(worker), "the hand is free again")
            acts.release.set()
            await wait_until(lambda: gone(store.cards), "the lease is given back")
            assert not await held(store)
        assert acts.begun == ["case"]


async def test_the_lease_of_a_promise_counts_from_the_promise(redis_url: str) -> None:
    """The server cannot be asked: the step is stopped when that lease may have ended, neither sooner nor later."""
    async with a_store(redis_url) as store:
        clock, acts, queue = TestClock(), Acts(), Torn(store.cards, silent=True)
        async with running(queue, acts, clock, lease=timedelta(seconds=3)) as worker:
            with worker.promise("new", 2) as hand:
                assert hand is not None
                clock.advance(timedelta(seconds=1.5))
                hand.begin(acts)
            await wait_until(lambda: queue.renewals == 1, "the worker tried to renew it")
            await asyncio.sleep(0.05)
            assert (acts.begun, acts.ended) == (["new"], [])
            await wait_until(lambda: queue.renewals == 2, "it tried again")
            await wait_until(lambda: acts.ended, "the step is stopped", within_s=0.5)
