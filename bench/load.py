"""The load generator, a process of its own: `python -m bench.load <plan>` sends what a file holds and tells the times.

With a rate it is an open loop: each request has a time at which it is sent whatever became of the others, and its
latency counts from that time, so that a server that stops for a second is not asked less meanwhile (coordinated
omission). Without a rate it is a closed loop: so many connections, each sending as soon as it has its answer.
"""

import asyncio
import json
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from bench import wire
from bench.processes import ROOT

HEAD = struct.Struct(">I")
LEAD_S = 0.2
"""Between reading the plan and the first request: all that is heavy has been done by then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to send, how fast (0: closed loop), on how many connections at first, and the files in and out.

    Each request is sent `times` times in a row, which is then one measurement.
    """

    port: int
    rate: float
    connections: int
    requests: str
    results: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: when it was due, when it was answered (monotonic seconds), the status (0: no answer)."""

    due: float
    answered: float
    status: int

    @property
    def is_acked(self) -> bool:
        """Whether the other side said that it has it."""
        return 200 <= self.status < 300

    @property
    def ms(self) -> float:
        """From the time at which it was to be sent until its answer."""
        return (self.answered - self.due) * 1000


def pack(requests: Sequence[bytes]) -> bytes:
    """Requests as one file."""
    return b"".join(HEAD.pack(len(each)) + each for each in requests)


def unpack(data: bytes) -> list[bytes]:
    """The requests in a file."""
    found, at = [], 0
    while at < len(data):
        (size,) = HEAD.unpack_from(data, at)
        found.append(data[at + HEAD.size : at + HEAD.size + size])
        at += HEAD.size + size
    return found


async def run(plan: Plan) -> list[Sent]:
    """Carry out a plan; one entry for each request, in their order."""
    requests = unpack(await asyncio.to_thread(Path(plan.requests).read_bytes))
    client = wire.Client(plan.port)
    await client.warm(plan.connections)
    try:
        return await (_open(client, plan, requests) if plan.rate else _closed(client, plan, requests))
    finally:
        client.close()


async def _open(client: wire.Client, plan: Plan, requests: Sequence[bytes]) -> list[Sent]:
    first = time.monotonic() + LEAD_S
    sys.stdout.write(f"{first}\n")
    sys.stdout.flush()
    tasks = []
    async with asyncio.TaskGroup() as group:
        for n, request in enumerate(requests):
            due = first + n / plan.rate
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            tasks.append(group.create_task(_one(client, request, due, plan.times)))
    return [task.result() for task in tasks]


async def _closed(client: wire.Client, plan: Plan, requests: Sequence[bytes]) -> list[Sent]:
    sent: list[Sent | None] = [None] * len(requests)
    numbers = iter(range(len(requests)))

    async def hand() -> None:
        for n in numbers:
            sent[n] = await _one(client, requests[n], time.monotonic(), plan.times)

    async with asyncio.TaskGroup() as group:
        for _ in range(plan.connections):
            group.create_task(hand())
    return [each for each in sent if each is not None]


async def _one(client: wire.Client, request: bytes, due: float, times: int) -> Sent:
    status = wire.LOST
    for _ in range(times):
        status, _ = await client.ask(request)
    return Sent(due, time.monotonic(), status)


@dataclass(frozen=True, slots=True)
class Load:
    """A running generator, and what it sent once it has ended."""

    process: asyncio.subprocess.Process
    plan: Plan

    @classmethod
    async def start(
        cls, folder: Path, requests: Sequence[bytes], port: int, rate: float, connections: int = 32, times: int = 1
    ) -> Self:
        """Begin to send."""
        name = f"load-{time.monotonic_ns()}"
        path = folder / f"{name}.requests"
        await asyncio.to_thread(path.write_bytes, pack(requests))
        plan = Plan(port, rate, connections, str(path), str(folder / f"{name}.json"), times)
        command = (sys.executable, "-m", "bench.load", json.dumps(asdict(plan)))
        return cls(await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE), plan)

    async def begun(self) -> float:
        """Wait until the first request is about to be sent; the time at which it is due (monotonic seconds)."""
        if self.process.stdout is None:
            return 0.0
        return float(await self.process.stdout.readline() or b"0")

    async def result(self) -> list[Sent]:
        """Wait for its end."""
        if await self.process.wait() != 0:
            msg = "the load generator failed"
            raise RuntimeError(msg)
        text = await asyncio.to_thread(Path(self.plan.results).read_text)
        return [Sent(*each) for each in json.loads(text)]


def main() -> int:
    """Carry out the plan in the argument and write the results into its file."""
    plan = Plan(**json.loads(sys.argv[1]))
    sent = asyncio.run(run(plan))
    Path(plan.results).write_text(json.dumps([(each.due, each.answered, each.status) for each in sent]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
