"""Hark as its users run it: `python -m bot ...` as a process, against the local Slack, the square and a real Redis."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot import accounts
from bot.app import Service, open_service
from bot.domain.ports import Clock
from bot.roles import Role, serve
from sandbox.demo import Sandbox, environment, open_sandbox
from sandbox.slack.config import SandboxConfig
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 30.0
STOP_S = 25.0
CALM = SandboxConfig(rate_limits=False)


@asynccontextmanager
async def a_sandbox(redis_url: str, config: SandboxConfig = CALM) -> AsyncIterator[tuple[Sandbox, dict[str, str]]]:
    """The local Slack and the square on a free port, and the environment of a bot that lives in them."""
    with tempfile.TemporaryDirectory(prefix="hark-test-") as folder:
        async with open_sandbox(None, 0, lambda _: None, config) as sandbox:
            env = environment(sandbox, Path(folder)) | {
                "REDIS_URL": redis_url,
                "HARK_POLL_SECONDS": "0.2",
                "HARK_UNDO_SECONDS": "0",
                "HARK_LOG_LEVEL": "info",
                "HARK_LOG_FORMAT": "json",
            }
            yield sandbox, env


@asynccontextmanager
async def serving(env: Mapping[str, str], role: Role, clock: Clock | None = None) -> AsyncIterator[tuple[Service, int]]:
    """One process's worth of Hark inside the test: the service, and the port of its web server (0 for a worker)."""
    async with AsyncExitStack() as stack:
        settings, found = accounts.settings_of(env)
        service = await stack.enter_async_context(open_service(settings, found, env, clock))
        stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def ready(port: int) -> None:
            bound.set_result(port)

        async with asyncio.TaskGroup() as group:
            running = group.create_task(serve(service, role, stop, ready))
            try:
                if Role.WEB in role:
                    await asyncio.wait({bound, running}, return_when=asyncio.FIRST_COMPLETED)
                yield service, bound.result() if Role.WEB in role else 0
            finally:
                stop.set()


@dataclass(slots=True)
class BotProcess:
    """A running `python -m bot`; everything that it says on both outputs is in `said`."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        """The whole output so far."""
        return "".join(self.lines)

    async def says(self, words: str) -> None:
        """Wait for these words; a process that ends without them fails with all that it said."""
        await wait_until(lambda: words in self.said or self.process.returncode is not None, words, within_s=WAIT_S)
        assert words in self.said, self.said

    async def ends(self, within_s: float = WAIT_S) -> int:
        """Its exit code, once it has ended."""
        async with asyncio.timeout(within_s):
            return await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code within 25 s."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ends(STOP_S)

    async def read(self) -> None:
        """Collect the output to its end."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace"))


@asynccontextmanager
async def bot(env: Mapping[str, str], *arguments: str) -> AsyncIterator[BotProcess]:
    """Run `python -m bot <arguments>` with exactly this environment; killed at the end if it still runs."""
    process = await _start(env, arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    running = BotProcess(process)
    async with asyncio.TaskGroup() as group:
        group.create_task(running.read())
        try:
            yield running
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _start(
    env: Mapping[str, str], arguments: Sequence[str], stdout: int, stderr: int
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "PYTHONWARNINGS": "error", **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        limit=2**24,
    )


async def run_bot(env: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Run one command to its end: its exit code, and all that it said."""
    async with bot(env, *arguments) as running:
        code = await running.ends()
    return code, running.said


async def run_unread(env: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Run one command whose output nobody reads, as in `... | true`: its exit code, and what it said on stderr."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = await _start(env, arguments, stdout=writing, stderr=asyncio.subprocess.PIPE)
    finally:
        os.close(writing)
    _, said = await process.communicate()
    return await process.wait(), said.decode(errors="replace")


def children(pid: int) -> list[int]:
    """The processes that a process has started and that are still there."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it ended meanwhile
        if parent == pid:
            found.append(int(folder.name))
    return found
