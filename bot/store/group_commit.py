"""Many callers, one write: whoever comes while a write is under way shares the next one.

A crowd is written in halves. Whoever is answered comes back with the next thing: if all shared one write, this process
would have nothing to do while the server writes, nor the server while this process reads.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.domain.errors import StoreUnavailable

T = TypeVar("T")

BATCH = 256
CROWD = 8
"""Fewer than these share a write in any case: a write costs as much as taking in two deliveries."""
MOST_WAITING = 10_000
TIMEOUT_S = 10.0


@dataclass(slots=True)
class GroupCommit(Generic[T]):
    """Collects things and writes them with one batch under way at a time.

    `write` stores a batch or raises StoreUnavailable. With nobody else about, a thing is written at once: there is no
    waiting for company. When a write fails, those who wait for the next one are told so too: they would only wait as
    long again.
    """

    write: Callable[[Sequence[T]], Awaitable[None]]
    batch: int = BATCH
    most_waiting: int = MOST_WAITING
    timeout_s: float = TIMEOUT_S
    _waiting: "list[tuple[T, asyncio.Future[None]]]" = field(default_factory=list, init=False)
    _writer: "asyncio.Task[None] | None" = field(default=None, init=False)

    async def put(self, thing: T) -> None:
        """Return once the thing is stored. Raises StoreUnavailable: it may or may not have been."""
        if len(self._waiting) >= self.most_waiting:
            msg = f"more than {self.most_waiting} deliveries wait to be stored"
            raise StoreUnavailable(msg)
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._waiting.append((thing, stored))
        if self._writer is None or self._writer.done():
            # A task of its own, kept here, because a caller that is cancelled must not take the others' write along.
            self._writer = loop.create_task(self._write_all())
        await stored

    async def close(self) -> None:
        """Wait until everything that was put is stored or refused."""
        if self._writer is not None:
            await asyncio.wait((self._writer,))

    async def _write_all(self) -> None:
        before = 0
        while self._waiting:
            half = (len(self._waiting) + before + 1) // 2
            together = min(self.batch, max(CROWD, half))
            batch, self._waiting = self._waiting[:together], self._waiting[together:]
            before = len(batch)
            # Who was cancelled meanwhile has told nobody that it was stored.
            batch = [(thing, stored) for thing, stored in batch if not stored.done()]
            failure: StoreUnavailable | None = StoreUnavailable("the write was interrupted")
            try:
                failure = await self._write_batch([thing for thing, _ in batch])
            finally:
                if failure is not None:
                    batch, self._waiting = batch + self._waiting, []
                for _, stored in batch:
                    _settle(stored, failure)

    async def _write_batch(self, things: Sequence[T]) -> StoreUnavailable | None:
        """Store a batch, or say why it may not have been."""
        try:
            async with asyncio.timeout(self.timeout_s):
                await self.write(things)
        except TimeoutError:
            return StoreUnavailable(f"a delivery was not stored within {self.timeout_s:g} s")
        except StoreUnavailable as error:
            return error
        return None


def _settle(stored: "asyncio.Future[None]", failure: StoreUnavailable | None) -> None:
    if stored.done():
        return
    if failure is None:
        stored.set_result(None)
    else:
        stored.set_exception(StoreUnavailable(str(failure)))
