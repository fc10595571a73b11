"""Leases that come to their end, or are taken anew, while their steps are under way."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.domain.ports import Due
from bot.services.worker import QueueWorker
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import NOON
from tests.support.queue_worker import LEASE, Torn, gone, held, running
from tests.support.stores import TestClock, a_store, end_leases
from tests.support.waiting import wait_until

BRIEF = timedelta(seconds=3)
"""A lease that ends within a test, and that no busy machine sleeps through."""


class Steps:
    """Steps of one id, each of which ends when the test says so. `stopped` names those that were told to stop; such a
    one still waits, too."""

    def __init__(self) -> None:
        self.begun = 0
        self.stopped = list[int]()
        self.may_end = defaultdict[int, asyncio.Event](asyncio.Event)

    async def __call__(self, _due: Due) -> None:
        """Begin, wait, and end."""
        self.begun += 1
        number = self.begun
        try:
            await self.may_end[number].wait()
        except asyncio.CancelledError:
            self.stopped.append(number)
            await self.may_end[number].wait()
            raise


async def token(store: Store) -> bytes | None:
    """The proof of the lease that somebody has on the one id."""
    found: bytes | None = await store.link.do("HGET", store.cards.keys.due(0, "cards")[1], "case")
    return found


def another(store: Store, before: bytes | None) -> Callable[[], "asyncio.Future[bool]"]:
    """Whether the lease is another one by now."""

    async def is_another() -> bool:
        return await token(store) not in {before, None}

    return lambda: asyncio.ensure_future(is_another())


@asynccontextmanager
async def a_renewal_on_its_way(steps: Steps, queue: Torn) -> AsyncIterator[None]:
    """The first step is begun and the renewal of its lease sets out; it is answered with the end of the block."""
    await wait_until(lambda: steps.begun == 1, "it is begun")
    queue.gate.clear()
    tried = queue.renewals
    await wait_until(lambda: queue.renewals > tried, "its lease is being renewed")
    yield
    queue.gate.set()
    await wait_until(lambda: queue.renewals > tried + 1, "the answer was heard")


async def test_the_end_of_the_newer_lease_counts(redis_url: str) -> None:
    """The worker took its own id again, then the server went silent: the step is stopped when that lease may end."""
    async with a_store(redis_url) as store:
        clock, steps, queue = TestClock(), Steps(), Torn(store.cards, silent=True)
        await store.cards.put("case", NOON)
        async with running(queue, steps, clock, lease=BRIEF):
            await wait_until(lambda: steps.begun, "it is begun")
            before = await token(store)
            clock.advance(timedelta(seconds=1))
            await end_leases(store)
            await wait_until(another(store, before), "it is taken again")
            tried = queue.renewals
            clock.advance(timedelta(seconds=1.5))  # past the end of the first lease, not of the second
            await wait_until(lambda: queue.renewals > tried, "the worker tried to renew it")
            await asyncio.sleep(0.05)
            assert steps.stopped == []
            clock.advance(BRIEF)
            await wait_until(lambda: steps.stopped, "the second lease is over, too")
            steps.may_end[1].set()
            queue.silent = False
            await wait_until(lambda: steps.begun == 2 or gone(store.cards), "somebody goes on")
            steps.may_end[2].set()


async def test_what_was_renewed_outlasts_a_moment_of_silence(redis_url: str) -> None:
    """A step that is long under way is as safe from one lost renewal as a young one."""
    async with a_store(redis_url) as store:
        steps, queue = Steps(), Torn(store.cards)
        await store.cards.put("case", NOON)
        async with running(queue, steps, TestClock(), lease=BRIEF):
            await wait_until(lambda: queue.renewals >= 4, "its first lease would be over")
            queue.silent = True
            tried = queue.renewals
            await wait_until(lambda: queue.renewals > tried, "a renewal was lost")
            queue.silent = False
            await asyncio.sleep(0.05)
            assert (steps.begun, steps.stopped) == (1, [])
            steps.may_end[1].set()


async def test_the_end_of_a_stopped_step_is_not_that_of_the_next_one(redis_url: str) -> None:
    """It looks at what became of its call while the next one is under way, whose lease is kept and given back."""
    async with a_store(redis_url) as store:
        steps, queue = Steps(), Torn(store.cards, breaks=0)
        await store.cards.put("case", NOON)
        async with running(queue, steps, TestClock(), lease=BRIEF):
            await wait_until(lambda: steps.begun == 1, "it is begun")
            queue.away = True
            await wait_until(lambda: steps.stopped == [1], "it is stopped")
            queue.away = False
            await wait_until(lambda: steps.begun == 2, "its id is taken again")
            steps.may_end[1].set()
            tried = queue.renewals
            await wait_until(lambda: queue.renewals > tried + 3, "the second one is long under way")
            assert await held(store)
            steps.may_end[2].set()
            await wait_until(lambda: gone(store.cards), "its lease is given back")
        assert (steps.begun, steps.stopped) == (2, [1])


async def test_who_was_stopped_gives_back_what_nobody_took(redis_url: str) -> None:
    """The server was silent for longer than a lease: its holder lives, so nobody died of it."""
    async with a_store(redis_url) as store:
        begun, stopped, queue = list[Due](), asyncio.Event(), Torn(store.cards, breaks=0)

        async def act(due: Due) -> None:
            begun.append(due)
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        await store.cards.put("case", NOON)
        run = asyncio.ensure_future(QueueWorker("test", queue, act, TestClock(), Metrics(), BRIEF).run(asyncio.Event()))
        await wait_until(lambda: begun, "it is begun")
        queue.away = True
        await wait_until(stopped.is_set, "it is stopped")
        queue.away = False
        await wait_until(lambda: len(begun) == 2, "it is begun again")
        run.cancel()
        await asyncio.wait({run})
        assert [due.lapses for due in begun] == [0, 0]


async def test_a_late_answer_about_an_older_step_stops_no_newer_one(redis_url: str) -> None:
    """While a renewal is on its way its step ends, and news of the same id is begun: that one goes on."""
    async with a_store(redis_url) as store:
        steps, queue = Steps(), Torn(store.cards, breaks=0)
        await store.cards.put("case", NOON)
        async with running(queue, steps, TestClock(), lease=BRIEF):
            async with a_renewal_on_its_way(steps, queue):
                await store.cards.put("case", NOON)
                steps.may_end[1].set()
                await wait_until(lambda: steps.begun == 2, "the next one is begun")
            steps.may_end[2].set()
            await wait_until(lambda: gone(store.cards), "all is done")
        assert (steps.begun, steps.stopped) == (2, [])


async def test_a_late_answer_about_an_older_lease_stops_no_step(redis_url: str) -> None:
    """While a renewal is on its way the worker takes its own id again: the lease that is lost is the old one."""
    async with a_store(redis_url) as store:
        steps, queue = Steps(), Torn(store.cards, breaks=0)
        await store.cards.put("case", NOON)
        async with running(queue, steps, TestClock(), lease=BRIEF):
            async with a_renewal_on_its_way(steps, queue):
                before = await token(store)
                await end_leases(store)
                await wait_until(another(store, before), "it is taken again")
            steps.may_end[1].set()
            await wait_until(lambda: gone(store.cards), "all is done")
        assert (steps.begun, steps.stopped) == (1, [])


async def test_a_worker_that_is_cancelled_ends_in_order(redis_url: str) -> None:
    """What was under way is stopped and has no answer to give; nothing goes wrong beside that."""
    async with a_store(redis_url) as store:
        steps, wrong = Steps(), list[object]()
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
        await store.cards.put("case", NOON)
        worker = QueueWorker("test", store.cards, steps, TestClock(), Metrics(), LEASE)
        run = asyncio.ensure_future(worker.run(asyncio.Event()))
        await wait_until(lambda: steps.begun, "it is begun")
        run.cancel()
        await wait_until(lambda: steps.stopped, "it is told to stop")
        steps.may_end[1].set()
        await asyncio.wait({run})
        await asyncio.sleep(0)
        assert (run.cancelled(), wrong) == (True, [])
        assert await held(store)
