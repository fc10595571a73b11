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
LONGEST_IDLE_S = 0.25
"""How long to rest when nothing is due: longer and longer, until something is, or somebody here says so."""
FAILED_S = 1.0

Act = Callable[[Due], Awaitable[datetime | None]]
"""Acts on one due id; answers when it should come again, or None when it is done with."""


class QueueWorker:
    """Works one queue off, `at_once` ids at a time. Whatever goes wrong with one id, it comes again; none is lost.

    The queue is asked again and again, because other processes put things into it too; `wake` is set by whoever puts
    something in from here, so that it is taken at once.
    """

    def __init__(
        self,
        name: str,
        queue: DueQueue,
        act: Act,
        clock: Clock,
        metrics: Metrics,
        lease: timedelta,
        at_once: int = 32,
        wake: asyncio.Event | None = None,
    ) -> None:
        self._name = name
        self._queue = queue
        self._act = act
        self._clock = clock
        self._metrics = metrics
        self._lease = lease
        self._at_once = at_once
        self._wake = wake or asyncio.Event()
        self._busy: set[asyncio.Task[None]] = set()
        self._leases: dict[str, Due] = {}
        self._log = structlog.get_logger(f"hark.{name}")

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is under way is finished first. A slow step holds up nothing but itself."""
        rest = IDLE_S
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._wake.clear()
                started = await self._start(group)
                if len(self._busy) >= self._at_once:
                    await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
                elif not started:
                    rest = await self._rest(rest)
                    continue
                rest = IDLE_S

    async def _rest(self, seconds: float) -> float:
        """Rest until somebody in this process puts something into the queue; how long to rest the next time."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return min(LONGEST_IDLE_S, seconds * 2)
        return IDLE_S

    async def _start(self, group: asyncio.TaskGroup) -> int:
        """Take what is due now, as far as there are hands free, and begin to act on it; how many ids that were."""
        try:
            due = await self._queue.take(self._clock.now(), self._at_once - len(self._busy), self._lease)
        except HarkError as error:
            self._fail("queue", error)
            await self._clock.sleep(FAILED_S)
            return 0
        for each in due:
            # After a jump of the clock (a machine that slept) a lease may have ended while its step is still under
            # way here: the step is not begun again beside itself, and gives the newer lease back when it is over.
            under_way = each.id in self._leases
            self._leases[each.id] = each
            if not under_way:
                task = group.create_task(self._one(each))
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)
        return len(due)

    async def _one(self, due: Due) -> None:
        again = await self._again(due)
        lease = self._leases.pop(due.id)
        try:
            await (self._queue.done(lease) if again is None else self._queue.later(lease, again))
        except HarkError as error:
            self._fail(due.id, error)  # the lease ends by itself, and the id comes again

    async def _again(self, due: Due) -> datetime | None:
        """Act; when to come again, which after whatever went wrong is soon."""
        try:
            return await self._act(due)
        except HarkError as error:
            self._fail(due.id, error)
        except Exception as error:  # noqa: BLE001 - a defect must not stop the queue: logged, counted, tried again
            self._log.exception("step failed", id=due.id, error=repr(error))
            self._metrics.failures.labels(self._name).inc()
        return self._clock.now() + RETRY

    def _fail(self, what: str, error: HarkError) -> None:
        self._metrics.failures.labels(self._name).inc()
        self._log.warning("step failed, comes again", id=what, error=str(error))
