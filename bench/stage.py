"""The stage of a scenario: a Redis that writes to the disk at once, the fake Slack, and Hark's processes as wanted."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bench import events, wire
from bench.load import Load, Sent
from bench.processes import READY, Child, free_port, running
from bot.clock import SystemClock
from bot.domain.case import Item
from bot.domain.models import CaseKey, Kind
from bot.domain.policy import Policy
from bot.domain.reading import Reading
from bot.domain.receiving import open_case
from bot.services.casework import Casework
from bot.services.tempo import USUAL
from bot.store.embedded import Embedded, read_state
from bot.store.store import Store, open_store

CHANNEL = "C0BENCH001"
SIGNING_SECRET = "bench-signing-secret"  # noqa: S105 - for a server on this machine
LIFTED = 100_000
"""Times Slack's budgets: the buckets are asked as always and never say wait."""

CLOCK = SystemClock()
LOOK_S = 0.02
RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Posts:
    """What the fake Slack was asked since its last reset."""

    calls: dict[str, int]
    limited: int
    posts: list[tuple[float, str, str, list[str]]]
    redrawn: dict[str, float]

    def cards(self) -> dict[int, list[float]]:
        """When each event's card was posted: once each, if all is well.

        A card names one event: lines in threads and messages about several events do not count.
        """
        found: dict[int, list[float]] = {}
        for at, _ts, thread, tokens in self.posts:
            for name in tokens if not thread and len(tokens) == 1 else ():
                found.setdefault(events.number(name), []).append(at)
        return found

    def stamps(self) -> dict[int, str]:
        """The ts of each event's card."""
        return {
            events.number(tokens[0]): ts for _at, ts, thread, tokens in self.posts if len(tokens) == 1 and not thread
        }


@dataclass(slots=True)
class FakeSlack:
    """The fake Slack as the bench speaks with it."""

    port: int
    client: wire.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = wire.Client(self.port)

    @property
    def api(self) -> str:
        """The address for SLACK_API_URL."""
        return f"http://127.0.0.1:{self.port}/api/"

    async def behave(self, **how: float) -> None:
        """Set `limit_per_s` or `delay_s`."""
        await self._ask("set", how)

    async def reset(self) -> None:
        """Forget everything, and how to behave."""
        await self._ask("reset", {})

    async def count(self) -> tuple[int, float]:
        """How many messages were posted, and when the last one (monotonic seconds)."""
        answer = await self._ask("count", {})
        return int(answer["posts"]), float(answer["last"])

    async def report(self) -> Posts:
        """All of it."""
        answer = await self._ask("report", {})
        return Posts(answer["calls"], answer["limited"], [tuple(each) for each in answer["posts"]], answer["redrawn"])

    async def until(self, posts: int, within_s: float) -> bool:
        """Wait for so many messages; whether they came."""
        deadline = time.monotonic() + within_s
        while (await self.count())[0] < posts:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def _ask(self, what: str, content: dict[str, Any]) -> dict[str, Any]:
        request = events.post(self.port, f"/_bench/{what}", json.dumps(content).encode(), {})
        status, body = await self.client.ask(request)
        if status != 200:
            msg = "the fake Slack is gone"
            raise RuntimeError(msg)
        answer: dict[str, Any] = json.loads(body)
        return answer


@dataclass(slots=True)
class Stage:
    """Everything around Hark. Event numbers are never used twice on one stage."""

    folder: Path
    redis_url: str
    redis_pid: int
    slack: FakeSlack
    redis: Redis
    next_event: int = 0
    profile: Path | None = None

    def numbers(self, count: int) -> range:
        """So many new events."""
        self.next_event += count
        return range(self.next_event - count, self.next_event)

    def env(self, port: int = 0) -> dict[str, str]:
        """The environment of one of Hark's processes: HTTP mode, two accounts, everything else as it comes."""
        return {
            "PORT": str(port),
            "REDIS_URL": self.redis_url,
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": self.slack.api,
            "SLACK_CHANNEL": CHANNEL,
            "HARK_DATA_DIR": str(self.folder),
            "HARK_FSYNC": "always",
            "WEBHOOK_SECRET": events.WEBHOOK_SECRET,
        }

    def web_env(self, port: int) -> dict[str, str]:
        """The same with a Facebook Page, for a process that does not poll."""
        return self.env(port) | {
            "META_APP_SECRET": events.META_SECRET,
            "META_VERIFY_TOKEN": "bench-verify",
            "META_GRAPH_URL": f"http://127.0.0.1:{self.slack.port}",
            "FACEBOOK_PAGE_ID": events.PAGE,
            "FACEBOOK_PAGE_TOKEN": "bench-page-token",
        }

    @asynccontextmanager
    async def web(self, port: int = 0) -> AsyncIterator[tuple[Child, int]]:
        """`python -m bot web`, ready, and its port."""
        port = port or free_port()
        command = ["bench.serve", "web", *self._profiled("web")] if self.profile else ["bot", "web"]
        async with running(self.folder, command, self.web_env(port)) as child:
            await child.says(READY)
            yield child, port

    @asynccontextmanager
    async def worker(self, *options: str, pace: int = LIFTED) -> AsyncIterator[Child]:
        """A worker, ready, for whom Slack's budgets are lifted."""
        async with running(
            self.folder, worker_command(*options, *self._profiled("worker"), pace=pace), self.env()
        ) as child:
            await child.says(READY)
            yield child

    @asynccontextmanager
    async def workers(self) -> AsyncIterator[list[Child]]:
        """A worker for each core, as whoever wants the most of a machine starts them."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self.worker()) for _ in range(os.cpu_count() or 1)]

    @asynccontextmanager
    async def baseline(self, kind: str, door: events.Door) -> AsyncIterator[tuple[Child, int]]:
        """One of bench/baselines.py, and its port."""
        address = {"bare": "", "xadd": self.redis_url, "forward": self.slack.api}[kind]
        async with running(self.folder, ["bench.baselines", kind, door, address]) as child:
            yield child, await child.port()

    async def send(
        self, door: events.Door, port: int, numbers: Sequence[int], rate: float = 0, connections: int = 32
    ) -> list[Sent]:
        """Send these events and wait for all answers."""
        return await (await self.begin(door, port, numbers, rate, connections)).result()

    async def begin(
        self,
        door: events.Door,
        port: int,
        numbers: Sequence[int],
        rate: float = 0,
        connections: int = 32,
        texts: Sequence[str] = (),
    ) -> Load:
        """Begin to send these events."""
        requests = await asyncio.to_thread(events.requests, door, port, numbers, CLOCK.now(), texts)
        return await Load.start(self.folder, requests, port, rate, connections)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Hark's store, for looking into it and for what needs no process."""
        store = await open_store(
            self.redis_url,
            shards=1,
            retention=RETENTION,
            instance=f"bench-{time.monotonic_ns()}",
            clock=CLOCK,
            takeover=USUAL.takeover,
        )
        try:
            yield store
        finally:
            await store.close()

    def _profiled(self, role: str) -> list[str]:
        """What makes one of Hark's processes write down where its time went, if that is wanted."""
        return ["--profile", str(self.profile / f"{role}-{time.monotonic_ns()}.pstats")] if self.profile else []

    async def inbox(self) -> int:
        """How many deliveries wait for intake."""
        return int(await self.redis.xlen("hark:{0}:inbox"))


async def a_case(stage: Stage, casework: Casework, policy: Policy) -> str:
    """The id of a new open case without a card."""
    (n,) = stage.numbers(1)
    now = CLOCK.now()
    item = Item(
        seq=1,
        id=f"comment-{events.token(n)}",
        kind=Kind.COMMENT,
        author=None,
        text=events.words(n),
        posted_at=now,
        seen_at=now,
    )
    key = CaseKey(network="webhook", account="main", conversation=events.conversation(n))
    await casework.create(open_case(key, item, Reading(), policy), dedupe=(item.id,))
    return key.id


def worker_command(*options: str, pace: int = LIFTED) -> list[str]:
    """The command of a worker with lifted budgets."""
    return ["bench.serve", "worker", "--pace", str(pace), *options]


@asynccontextmanager
async def open_stage(profile: Path | None = None) -> AsyncIterator[Stage]:
    """A fresh server and a fresh Slack in a folder that is removed afterwards."""
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="hark-bench-", ignore_cleanup_errors=True))
        )
        server = await stack.enter_async_context(Embedded(folder / "redis", appendfsync="always"))
        state = read_state(folder / "redis" / "server.json")
        child = await stack.enter_async_context(running(folder, ["bench.fake_slack"]))
        redis: Redis = Redis.from_url(server.url)
        stack.push_async_callback(redis.aclose)
        pid, slack = state.pid if state else 0, FakeSlack(await child.port())
        yield Stage(folder, server.url, pid, slack, redis, profile=profile)
