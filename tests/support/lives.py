"""Workers as real processes of their own that stop or die at a named point, with the leases of production.

Unlike `crashing.Mortal` nothing starts them again: a test looks at what the others do meanwhile.
"""

import asyncio
import functools
import inspect
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from bot import accounts
from bot.app import open_service
from bot.roles import Role, serve
from bot.secrecy import set_up_logging
from bot.store.due import RedisDueQueue
from bot.store.inbox import RedisInbox
from connectors.bluesky.connector import BlueskyConnector
from tests.support.crashing import Point
from tests.support.waiting import wait_until

CONTEXT = multiprocessing.get_context("forkserver")
WAIT_S = 40.0
LOST = "no-such-case"
"""An id in a due queue that stands for nothing: whoever takes it is done with it."""


def _taken(queue: str, id_: str = LOST) -> Point:
    """Right after this id was taken from a due queue."""

    def fits(said: Mapping[str, Any], taken: Any) -> bool:
        return said["self"].name == queue and any(due.id == id_ or not id_ for due in taken)

    return Point(RedisDueQueue, "exchange", fits)


POINTS: Mapping[str, Point] = {
    "cards": _taken("cards"),
    "sends": _taken("sends"),
    "timers": _taken("timers"),
    "polls": _taken("polls", ""),
    "inbox": Point(RedisInbox, "take", lambda _said, taken: bool(taken)),
    "page read": Point(
        BlueskyConnector, "poll", lambda _said, page: any(b"parcel" in raw.body for _, raw in page.items)
    ),
}


def live(env: dict[str, str], log: Path, point: str, number: int) -> None:
    """Be a worker: what the new process runs. With a `point` it sends itself that signal there, once."""
    with log.open("ab", buffering=0) as said:
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
    if point:
        _arm(POINTS[point], log.with_suffix(".fired"), number)
    asyncio.run(_serve(env))


async def _serve(env: dict[str, str]) -> None:
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_service(settings, found, env) as service:
        await serve(service, Role.WORKER, stop)


def _arm(point: Point, fired: Path, number: int) -> None:
    original = getattr(point.owner, point.method)
    signature = inspect.signature(original)

    def signal_once() -> None:
        if not fired.exists():
            fired.write_text(str(time.monotonic()))
            os.kill(os.getpid(), number)

    @functools.wraps(original)
    async def deadly(*args: Any, **more: Any) -> Any:
        answer = await original(*args, **more)
        if point.fits(signature.bind(*args, **more).arguments, answer):
            signal_once()
        return answer

    setattr(point.owner, point.method, deadly)


@dataclass(frozen=True)
class Life:
    """One worker."""

    process: ForkServerProcess
    log: Path

    @property
    def said(self) -> str:
        """What it wrote into its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def fired(self) -> Path:
        """This file is there once the worker has reached its point; it holds the monotonic instant."""
        return self.log.with_suffix(".fired")

    async def says(self, *words: str) -> None:
        """Wait for one of these."""
        try:
            await wait_until(lambda: any(each in self.said for each in words), " or ".join(words), within_s=WAIT_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said[-6000:]}") from None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process.pid
        os.kill(self.process.pid, number)

    async def ends(self) -> int:
        """Its exit code, once it has ended (negative: by that signal)."""
        await wait_until(lambda: not self.process.is_alive(), "it has ended", within_s=WAIT_S)
        assert self.process.exitcode is not None
        return self.process.exitcode


@asynccontextmanager
async def a_life(
    env: Mapping[str, str], log: Path, point: str = "", number: int = signal.SIGKILL
) -> AsyncIterator[Life]:
    """A worker, gone with the block whatever happens."""
    CONTEXT.set_forkserver_preload([__name__])
    process = CONTEXT.Process(target=live, args=(dict(env), log, point, int(number)), daemon=True)
    process.start()
    try:
        yield Life(process, log)
    finally:
        process.kill()
        process.join()
        process.close()
