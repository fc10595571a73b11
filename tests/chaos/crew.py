"""The processes of a run: started, killed, paused, stopped and started again on purpose, and how each of them ended."""

import asyncio
import functools
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.chaos import hark
from tests.support.real_servers import RealServer

CONTEXT = multiprocessing.get_context("forkserver")
STOP_S = 25.0
AGAIN_S = 0.5
NO_SERVER = "hark: Redis"
"""How a start says that it found no server; whoever runs services starts it again then."""


@dataclass(eq=False)
class Bot:
    """One process of the bot, never two at once. It is started again whenever it was told to end, and when it found no
    server to begin with. `home` is the working copy of another version that it lives in; None for this one."""

    name: str
    env: Mapping[str, str]
    log: Path
    home: Path | None = None
    wrong: list[str] = field(default_factory=list)
    lives: int = 0
    _process: ForkServerProcess | None = None
    _expected: str = ""
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def said(self) -> str:
        """Everything that all its lives wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def start(self) -> None:
        """Begin the next life, unless it has begun: two faults that end it may meet, and each starts it again."""
        if self._process is not None:
            return
        self._expected, self._ended = "", asyncio.Event()
        self.lives += 1
        CONTEXT.set_forkserver_preload(["tests.chaos.hark"])
        role = self.name.rstrip("0123456789")
        live = hark.live if self.home is None else functools.partial(hark.live_elsewhere, self.home)
        self._process = process = CONTEXT.Process(target=live, args=(role, self.env, self.log), daemon=True)
        process.start()
        asyncio.get_running_loop().add_reader(process.sentinel, self._over, process)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    async def kill(self) -> None:
        """End it as `kill -9` does."""
        self._expected = "kill"
        self.signal(signal.SIGKILL)
        await self._gone()

    async def stop(self) -> None:
        """Ask it to end; it must do so in time."""
        self._expected = "stop"
        self.signal(signal.SIGTERM)
        await self._gone()

    async def _gone(self) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                if self._process is not None:
                    await self._ended.wait()
        except TimeoutError:
            self.wrong.append(f"{self.name} did not end within {STOP_S:g} s of being told to")
            self.signal(signal.SIGKILL)
            await self._ended.wait()

    def _over(self, process: ForkServerProcess) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(process.sentinel)
        process.join(STOP_S)
        code = process.exitcode
        process.close()
        self._process = None
        self._ended.set()
        # A process that is told to end before it listens for signals ends by the signal.
        allowed = {"kill": {-signal.SIGKILL, 0}, "stop": {0, -signal.SIGTERM}}.get(self._expected, set())
        if code in allowed:
            return
        if code == 1 and self.said.rstrip().rpartition("\n")[2].startswith(NO_SERVER):
            if not self._expected:
                loop.call_later(AGAIN_S, self._again)
            return
        self.wrong.append(f"{self.name} ended by itself with exit code {code}")
        if not self._expected:
            loop.call_later(AGAIN_S, self._again)

    def _again(self) -> None:
        if self._process is None and not self._expected:
            self.start()

    def end(self) -> None:
        """Leave nothing of it behind."""
        self._expected = "kill"
        if self._process is not None:
            asyncio.get_running_loop().remove_reader(self._process.sentinel)
            self._process.kill()
            self._process.join(STOP_S)
            self._process.close()
            self._process = None


@dataclass(eq=False)
class Memory:
    """The Redis-compatible server: its append-only file is written at each command, as Hark's own server does."""

    server: RealServer
    wrong: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start it on what its folder holds."""
        self.server.start()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.server.process is not None:
            self.server.process.send_signal(number)

    async def kill(self) -> None:
        """End it as `kill -9` does."""
        self.server.kill()

    async def stop(self) -> None:
        """Ask it to end."""
        process = self.server.process
        if process is None:
            return
        process.terminate()
        try:
            code = await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self.wrong.append("the server did not end in time")
            self.server.kill()
            return
        self.server.process = None
        if code != 0:
            self.wrong.append(f"the server ended with exit code {code}")

    def look(self) -> None:
        """Note an end that nobody asked for."""
        process = self.server.process
        if process is not None and process.poll() is not None:
            self.wrong.append(f"the server ended by itself with exit code {process.returncode}")
