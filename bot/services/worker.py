"""The loop that every worker runs: take what is due under a lease, act on it, give the lease back with the next taking.

Leases are renewed while their steps run, in one round trip for all. A step whose lease is somebody else's by now, or
that has not been renewed in time (the server does not answer, the machine slept), is stopped: another worker may be
taking it already. What it wrote before that stands; what it would write later, the store refuses.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.clock import within
from bot.domain.errors import HarkError
from bot.domain.ports import Clock, Due, Ended, WorkerQueue
from bot.telemetry import Metrics

RETRY = timedelta(seconds=5)
RENEWALS = 3
"""How often a lease is renewed within its length: two renewals may fail before it ends."""
AT_ONCE = 128
"""Ids acted on beside each other: they share their round trips to the server, so that each costs less."""
IDLE_S = 0.05
LONGEST_IDLE_S = 0.25
"""How long to rest when nothing is due: longer and longer, until something is, or somebody here says so."""
FAILED_S = 1.0

Act = Callable[[Due], Awaitable[datetime | None]]
"""Acts on one due id; answers when it should come again, or None when it is done with."""


@dataclass(slots=True)
class Step:
    """One step under way: what it holds, and until when (monotonic seconds) that is certain to be its own."""

    due: Due
    until: float
    task: asyncio.Task[datetime | None]


@dataclass(frozen=True, slots=True)
class Hand:
    """A free hand of a worker, with the lease under which it would act: to be begun once the lease is stored."""

    due: Due
    lease: timedelta
    begin: Callable[[Act], None]


class QueueWorker:
    """Works one queue off, `at_once` ids at a time. Whatever goes wrong with one id, it comes again; none is lost.

    The queue is asked again and again, because other processes put things into it too; `wake` is set by whoever puts
    something in from here, so that it is taken at once.
    """

    def __init__(
        self,
        name: str,
        queue: WorkerQueue,
        act: Act,
        clock: Clock,
        metrics: Metrics,
        lease: timedelta,
        at_once: int = AT_ONCE,
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
        self._busy: set[asyncio.Task[datetime | None]] = set()
        self._ended: list[Ended] = []
        self._steps: dict[str, Step] = {}
        self._promised = 0
        self._rests_long = False
        self._stopping = False
        self._group: asyncio.TaskGroup | None = None
        self._log = structlog.get_logger(f"hark.{name}")

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is under way is finished first. A slow step holds up nothing but itself."""
        async with asyncio.TaskGroup() as group:
            over = asyncio.Event()
            group.create_task(self._keep(over))
            self._group = group
            try:
                await self._work(stop)
                await self._finish()
            finally:
                self._group = None
            over.set()

    async def _work(self, stop: asyncio.Event) -> None:
        rest = IDLE_S
        while not stop.is_set():
            self._wake.clear()
            begun = await self._turn()
            if not self._free:
                await self._wake.wait()
            elif not begun:
                rest = await self._rest(rest)
                continue
            rest = IDLE_S

    async def _finish(self) -> None:
        """Let what is under way, or promised, come to its end."""
        self._stopping = True
        while self._busy or self._ended or self._promised:
            self._wake.clear()
            await self._exchange(0)
            if self._busy or self._promised:
                await self._wake.wait()

    @property
    def _free(self) -> int:
        """How many hands are free; what is promised has taken one."""
        return max(0, self._at_once - len(self._busy) - self._promised)

    @contextmanager
    def promise(self, id_: str, priority: int) -> "Iterator[Hand | None]":
        """A hand for an id that is about to be put under a lease of its own; None when there is none free for it.

        The lease counts from now. A worker that is to stop waits for what it has promised.
        """
        at_work = self._group is not None and not self._stopping
        due = self._queue.hold(id_, priority) if at_work and self._free else None
        if due is None:
            yield None
            return
        self._promised += 1
        try:
            yield Hand(due, self._lease, partial(self._begin, due, self._lease_end()))
        finally:
            awaited = self._stopping or not self._free
            self._promised -= 1
            if awaited:
                self._wake.set()

    async def _rest(self, seconds: float) -> float:
        """Rest until somebody in this process puts something into the queue; how long to rest the next time.

        A rest ends when the clock comes to a multiple of its length: so all idle queues ask in the same round trip.
        """
        left = seconds - self._clock.monotonic() % seconds
        self._rests_long = seconds > IDLE_S
        woken = await within(self._wake, left)
        return IDLE_S if woken or self._busy or self._ended else min(LONGEST_IDLE_S, seconds * 2)

    async def _turn(self) -> int:
        """Give back what is over, take what is due as far as there are hands free, and begin to act on it.

        Answers how many ids were taken.
        """
        until = self._lease_end()
        due = await self._exchange(self._free)
        for each in due:
            # After a pause (a machine that slept) a lease may have ended while its step is still under way here: the
            # step is not begun again beside itself, and gives the newer lease back when it is over.
            under_way = self._steps.get(each.id)
            if under_way:
                under_way.due, under_way.until = each, until
            else:
                self._begin(each, until, self._act)
        return len(due)

    async def _exchange(self, limit: int) -> list[Due]:
        """One round trip to the queue. When it fails, the leases that were to go back do so with the next one, if there
        is one; else they end by themselves."""
        ended, self._ended = self._ended, []
        try:
            return await self._queue.exchange(ended, self._clock.now(), limit, self._lease) if ended or limit else []
        except HarkError as error:
            self._ended += [] if self._stopping else ended
            self._fail("queue", error)
            await self._clock.sleep(FAILED_S)
            return []

    def _begin(self, due: Due, until: float, act: Act) -> None:
        """Begin a step. A worker that has failed begins nothing, and what is under way is not begun twice: then the
        lease ends by itself."""
        if self._group is None or due.id in self._steps:
            return
        task = self._group.create_task(self._again(due, act))
        step = self._steps[due.id] = Step(due, until, task)
        self._busy.add(task)
        task.add_done_callback(lambda _: self._over(step))

    def _over(self, step: Step) -> None:
        """A step has ended; the next exchange with the queue gives its lease back.

        That is asked for at once if hands are scarce or the rest is long. Else it comes within `IDLE_S` anyway, and one
        round trip does for all that have ended by then. One that was stopped gives back what is still its own, if only
        the server did not answer: it came to an end, and nobody died of it.
        """
        hurried = self._rests_long or self._stopping or not self._free
        self._busy.discard(step.task)
        if self._steps.get(step.due.id) is step:
            del self._steps[step.due.id]
        self._ended.append((step.due, self._clock.now() if step.task.cancelled() else step.task.result()))
        if hurried:
            self._wake.set()

    async def _keep(self, over: asyncio.Event) -> None:
        """Renew the leases until the last step is over; stop the steps that are not ours any more."""
        while not await within(over, self._lease.total_seconds() / RENEWALS):
            steps = list(self._steps.values())
            try:
                lost = await self._renew(steps)
            except HarkError as error:
                self._fail("leases", error)
                lost = [step for step in steps if step.until <= self._clock.monotonic()]
            for step in lost:
                if self._steps.get(step.due.id) is step:  # else it has ended meanwhile, and gives its lease back
                    self._stop(step)

    def _stop(self, step: Step) -> None:
        """Stop a step that is not ours any more, once: it may still have to look at what became of its last call."""
        del self._steps[step.due.id]
        self._log.warning("lease lost, step stopped", id=step.due.id)
        self._metrics.failures.labels(self._name).inc()
        step.task.cancel()

    async def _renew(self, steps: list[Step]) -> list[Step]:
        """Renew the leases of these steps; those whose lease is lost. Not a step that took a newer one meanwhile."""
        until, asked = self._lease_end(), [step.due for step in steps]
        lost = await self._queue.renew(asked, self._lease) if asked else []
        for step, due in zip(steps, asked, strict=True):
            if step.due is due and due not in lost:
                step.until = until
        return [step for step, due in zip(steps, asked, strict=True) if due in lost and step.due is due]

    def _lease_end(self) -> float:
        """When a lease that is asked for now ends at the earliest."""
        return self._clock.monotonic() + self._lease.total_seconds()

    async def _again(self, due: Due, act: Act) -> datetime | None:
        """Act; when to come again, which after whatever went wrong is soon."""
        try:
            return await act(due)
        except HarkError as error:
            self._fail(due.id, error)
        except Exception as error:  # noqa: BLE001 - a defect must not stop the queue: logged, counted, tried again
            self._log.exception("step failed", id=due.id, error=repr(error))
            self._metrics.failures.labels(self._name).inc()
        return self._clock.now() + RETRY

    def _fail(self, what: str, error: HarkError) -> None:
        self._metrics.failures.labels(self._name).inc()
        self._log.warning("step failed, comes again", id=what, error=str(error))
