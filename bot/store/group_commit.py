"""Many callers, one write: whoever comes while a write is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from bot.domain.errors import StoreUnavailable

T = TypeVar("T")

BATCH = 256
MOST_WAITING = 10_000
TIMEOUT_S = 10.0


@dataclass(slots=True)
class GroupCommit(Generic[T]):
    """Collects things and writes them with one batch under way at a time.

    `write` stores a batch and answers one value for each thing; a StoreUnavailable among them fails that one alone.
    With nobody else about, a thing is written at once: there is no waiting for company.
    """

    write: Callable[[Sequence[T]], Awaitable[Sequence[Any]]]
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
        try:
            async with asyncio.timeout(self.timeout_s):
                await stored
        except TimeoutError as error:
            msg = f"a delivery was not stored within {self.timeout_s:g} s"
            raise StoreUnavailable(msg) from error

    async def close(self) -> None:
        """Wait until everything that was put is stored or refused."""
        if self._writer is not None:
            await asyncio.wait((self._writer,))

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self.batch], self._waiting[self.batch :]
            # Who was cancelled or gave up has told nobody that it was stored.
            batch = [(thing, stored) for thing, stored in batch if not stored.done()]
            if batch:
                await self._write_batch(batch)

    async def _write_batch(self, batch: "Sequence[tuple[T, asyncio.Future[None]]]") -> None:
        answers: Sequence[Any] = ()
        try:
            answers = await self.write([thing for thing, _ in batch])
        except StoreUnavailable as error:
            answers = [error] * len(batch)
        finally:
            for (_, stored), answer in zip(batch, answers or [_Interrupted()] * len(batch), strict=True):
                _settle(stored, answer)


class _Interrupted(StoreUnavailable):
    """The writer was stopped in the middle of a batch."""


def _settle(stored: "asyncio.Future[None]", answer: object) -> None:
    if stored.done():
        return
    if isinstance(answer, StoreUnavailable):
        stored.set_exception(StoreUnavailable(str(answer) or "the write was interrupted"))
    else:
        stored.set_result(None)
