"""The loop that every worker runs: take what is due under a lease, act on it, give the lease back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import HarkError
from bot.domain.ports import Clock, Due, DueQueue
from bot.telemetry import Metrics

RETRY = timedelta(seconds=5)
IDLE_S = 0.05
FAILED_S = 1.0

Act = Callable[[Due], Awaitable[datetime | None]]
"""Acts on one due id; answers when it should come again, or None when it is done with."""


class QueueWorker:
    """Works one queue off, `at_once` ids at a time. Whatever goes wrong with one id, it comes again; none is lost."""

    def __init__(
        self,
        name: str,
        queue: DueQueue,
        act: Act,
        clock: Clock,
        metrics: Metrics,
        lease: timedelta,
        at_once: int = 16,
    ) -> None:
        self._name = name
        self._queue = queue
        self._act = act
        self._clock = clock
        self._metrics = metrics
        self._lease = lease
        self._at_once = at_once
        self._log = structlog.get_logger(f"hark.{name}")

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is under way is finished first."""
        while not stop.is_set():
            try:
                worked = await self.step()
            except HarkError as error:
                self._fail("queue", error)
                await self._clock.sleep(FAILED_S)
            else:
                if not worked:
                    await self._clock.sleep(IDLE_S)

    async def step(self) -> int:
        """Take what is due now and act on it; how many ids that were."""
        due = await self._queue.take(self._clock.now(), self._at_once, self._lease)
        async with asyncio.TaskGroup() as group:
            for each in due:
                group.create_task(self._one(each))
        return len(due)

    async def _one(self, due: Due) -> None:
        try:
            again = await self._act(due)
        except HarkError as error:
            self._fail(due.id, error)
            again = self._clock.now() + RETRY
        except Exception as error:  # noqa: BLE001 - a defect must not stop the queue: logged, counted, tried again
            self._log.exception("step failed", id=due.id, error=repr(error))
            self._metrics.failures.labels(self._name).inc()
            again = self._clock.now() + RETRY
        if again is None:
            await self._queue.done(due)
        else:
            await self._queue.later(due, again)

    def _fail(self, what: str, error: HarkError) -> None:
        self._metrics.failures.labels(self._name).inc()
        self._log.warning("step failed, comes again", id=what, error=str(error))
