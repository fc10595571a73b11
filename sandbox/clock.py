"""The sandbox's clock: real time plus what has been skipped. All of it lives by this one."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.clock import SystemClock

MAX_SKIP = timedelta(days=7)


class Time(Protocol):
    """Where the local Slack and the square read the time: `now` (aware UTC) for what people see, `monotonic` (seconds
    that never jump) for limits and deadlines."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


class SandboxClock:
    """Time that can skip ahead, never back. Has the methods of `bot.domain.ports.Clock`.

    With a `state_file`, the skipped time is kept over a restart, so that stored times never lie in the future.
    Use one clock per event loop.
    """

    def __init__(self, state_file: Path | None = None, *, system: SystemClock | None = None) -> None:
        """Read the skipped time from `state_file` when it is there; an unreadable file counts as nothing skipped."""
        self._system = system or SystemClock()
        self._state_file = state_file
        self._offset = _kept_offset(state_file, self._system.now())
        self._started_with = self._offset
        self._sleepers: set[asyncio.Event] = set()
        self._listeners: list[Callable[[], None]] = []

    @property
    def offset(self) -> timedelta:
        """How far the sandbox is ahead of the machine."""
        return self._offset

    def now(self) -> datetime:
        """The present in the sandbox, as aware UTC."""
        return self._system.now() + self._offset

    def monotonic(self) -> float:
        """Seconds that only grow and never jump, not even by a skip: limits and watchdogs go by them."""
        return self._system.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait until the sandbox's clock has moved by that many seconds, by itself or by a skip."""
        until = self._passed() + seconds
        woken = asyncio.Event()
        self._sleepers.add(woken)
        try:
            while (left := until - self._passed()) > 0:
                woken.clear()
                try:
                    async with asyncio.timeout(left):
                        await woken.wait()
                except TimeoutError:
                    continue
            await asyncio.sleep(0)
        finally:
            self._sleepers.discard(woken)

    def skip(self, seconds: float) -> None:
        """Move ahead. Wakes sleepers, then tells the listeners. Raises ValueError unless 0 < seconds <= 7 days."""
        if not 0 < seconds <= MAX_SKIP.total_seconds():
            msg = f"skip between 1 second and {MAX_SKIP.days} days at a time, not {seconds:g} seconds"
            raise ValueError(msg)
        self._offset += timedelta(seconds=seconds)
        self._keep()
        for woken in self._sleepers:
            woken.set()
        for listener in self._listeners:
            listener()

    def on_skip(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each skip."""
        self._listeners.append(listener)

    def _passed(self) -> float:
        """Seconds gone by, those that were skipped included."""
        return self._system.monotonic() + (self._offset - self._started_with).total_seconds()

    def _keep(self) -> None:
        if self._state_file is None:
            return
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        state = {"offset_s": self._offset.total_seconds(), "at": self.now().isoformat()}
        fresh = self._state_file.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(self._state_file)


def _kept_offset(state_file: Path | None, system_now: datetime) -> timedelta:
    """The stored offset, or more when the machine's own clock was set back since: time must not run backwards."""
    if state_file is None:
        return timedelta(0)
    try:
        state = json.loads(state_file.read_text(encoding="utf-8"))
        offset = timedelta(seconds=float(state["offset_s"]))
        at = datetime.fromisoformat(state["at"]).astimezone(UTC)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return timedelta(0)
    return max(offset, at - system_now, timedelta(0))
