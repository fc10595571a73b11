"""Processes that a scenario starts: how they begin, are watched and end, and what /proc says about them."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
STOP_S = 30.0
LOOK_S = 0.005
TICKS = os.sysconf("SC_CLK_TCK")
READY = b'"ready"'


@dataclass(slots=True)
class Child:
    """One process; what it says is in its log."""

    process: asyncio.subprocess.Process
    log: Path
    started: float

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def says(self, words: bytes) -> float:
        """Wait for words in the log; the seconds since the start. Raises RuntimeError when they do not come."""
        while words not in self.log.read_bytes():
            if self.process.returncode is not None or time.monotonic() - self.started > START_S:
                tail = self.log.read_text(errors="replace")[-2000:]
                msg = f"the process did not say {words.decode()}:\n{tail}"
                raise RuntimeError(msg)
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - self.started

    async def port(self) -> int:
        """The port that a helper of the bench names in its first line."""
        await self.says(b"\n")
        return int(self.log.read_bytes().splitlines()[0])

    async def kill(self) -> None:
        """SIGKILL: no goodbye."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL for one that does not end."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
        except TimeoutError:
            await self.kill()


async def start(folder: Path, arguments: list[str], env: Mapping[str, str] | None = None) -> Child:
    """Start `python -m <arguments>`."""
    began = time.monotonic()
    log = folder / f"{'-'.join(arguments[:2])}-{time.monotonic_ns()}.log".replace("/", "_")
    given = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **(env or {})}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            cwd=ROOT,
            env=given,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    return Child(process, log, began)


@asynccontextmanager
async def running(folder: Path, arguments: list[str], env: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
    """A process for as long as the block lasts; ended with SIGTERM."""
    child = await start(folder, arguments, env)
    try:
        yield child
    finally:
        await child.stop()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_ms(pid: int) -> float:
    """The processor time that a process has used, user and system, in ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def rss_mb(pid: int) -> float:
    """The memory that a process holds, in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
