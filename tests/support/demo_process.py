"""The demo as a process of its own, as `make demo` starts it, with its words in a file."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.store.embedded import take_lock
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
UP_S = 40.0
DOWN_S = 5.0
Json = dict[str, Any]


class Demo:
    """A running demo. `words` is what it has said so far, on both of its streams."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process, log: Path) -> None:
        """Wrap a process that keeps its data in `folder`."""
        self.folder = folder
        self.process = process
        self._log = log

    @property
    def words(self) -> str:
        """Everything said so far."""
        return self._log.read_text("utf-8")

    @property
    def url(self) -> str:
        """The page's address; empty until the demo is up."""
        found = re.search(r"Hark is up: (http://127\.0\.0\.1:\d+)\n", self.words)
        return found[1] if found else ""

    async def up(self) -> str:
        """Wait until it is up and return the page's address."""
        await wait_until(lambda: self.url or self.has_ended, "the demo is up", within_s=UP_S)
        assert self.url, self.words
        return self.url

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.returncode is not None

    async def end(self, number: int) -> int:
        """Send a signal and return the exit code; fails when the demo takes more than five seconds to end."""
        self.process.send_signal(number)
        async with asyncio.timeout(DOWN_S):
            return await self.process.wait()

    def has_server(self) -> bool:
        """Whether a Redis server, or what looks after it, still holds the data."""
        lock = take_lock(self.folder / "redis" / "server.lock")
        if lock is not None:
            os.close(lock)
        return lock is None

    async def get(self, path: str, **query: str) -> Json:
        """Read as the page does."""
        async with (
            aiohttp.ClientSession(trust_env=False) as http,
            http.get(f"{self.url}{path}", params=query) as response,
        ):
            answer: Json = await response.json()
            return answer

    async def act(self, path: str, **body: Any) -> Json:
        """Do something as the page does."""
        async with (
            aiohttp.ClientSession(trust_env=False) as http,
            http.post(f"{self.url}{path}", json=body) as response,
        ):
            answer: Json = await response.json()
            assert answer["ok"], answer
            return answer


@asynccontextmanager
async def a_demo(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Demo]:
    """Start the demo on a folder; killed at the end if it still runs, which ends its server too."""
    log = folder.with_name(f"{folder.name}-{len(list(folder.parent.iterdir()))}.log")
    kept = {name: value for name, value in os.environ.items() if name != "PORT" and not name.startswith("HARK_")}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "sandbox", "--data", str(folder), *arguments],
            cwd=ROOT,
            env={**kept, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    demo = Demo(folder, process, log)
    try:
        yield demo
    finally:
        if not demo.has_ended:
            process.kill()
        await process.wait()


def is_listening(url: str) -> bool:
    """Whether somebody takes connections at this address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) == 0


@asynccontextmanager
async def a_taken_port() -> AsyncIterator[int]:
    """A loopback port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])
