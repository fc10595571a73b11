"""A worker of one queue at work, and queues that do not do as they should."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Due, Ended, WorkerQueue
from bot.services.worker import Act, QueueWorker
from bot.store.due import RedisDueQueue
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.stores import TestClock

LEASE = timedelta(seconds=30)


@asynccontextmanager
async def running(
    queue: WorkerQueue,
    act: Act,
    clock: TestClock,
    at_once: int = 4,
    lease: timedelta = LEASE,
    stop: asyncio.Event | None = None,
    metrics: Metrics | None = None,
) -> AsyncIterator[QueueWorker]:
    """A worker at work, stopped with the block."""
    stop = stop or asyncio.Event()
    worker = QueueWorker("test", queue, act, clock, metrics or Metrics(), lease, at_once)
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(stop))
        await asyncio.sleep(0)  # it has begun
        try:
            yield worker
        finally:
            stop.set()


def an_open_gate() -> asyncio.Event:
    """One that nobody has to wait at."""
    gate = asyncio.Event()
    gate.set()
    return gate


@dataclass
class Torn:
    """A queue whose line breaks at the first giving back; `then` is called after each exchange that went well.

    Renewals wait at the gate on their way to the server; each that was tried is counted. A `silent` server answers none
    of them; one that is `away` answers nothing at all.
    """

    queue: WorkerQueue
    breaks: int = 1
    silent: bool = False
    away: bool = False
    exchanges: int = 0
    renewals: int = 0
    gate: asyncio.Event = field(default_factory=an_open_gate)
    then: Callable[[], None] = field(default=lambda: None)

    async def exchange(self, ended: Sequence[Ended], now: datetime, limit: int, lease: timedelta) -> list[Due]:
        """Fail at the first giving back."""
        self.exchanges += 1
        if self.away:
            raise StoreUnavailable("away")
        if ended and self.breaks:
            self.breaks -= 1
            raise StoreUnavailable("gone")
        found = await self.queue.exchange(ended, now, limit, lease)
        self.then()
        return found

    async def renew(self, held: Sequence[Due], lease: timedelta) -> list[Due]:
        """As the queue does, unless it is silent."""
        self.renewals += 1
        await self.gate.wait()
        if self.silent or self.away:
            raise StoreUnavailable("silent")
        return await self.queue.renew(held, lease)

    def hold(self, id_: str, priority: int) -> Due | None:
        """As the queue does."""
        return self.queue.hold(id_, priority)


async def gone(queue: RedisDueQueue) -> bool:
    """Whether a queue is empty."""
    return await queue.depth() == 0


async def held(store: Store) -> bool:
    """Whether something is held."""
    return bool(await store.link.do("ZCARD", store.cards.keys.leases(0, "cards")))
