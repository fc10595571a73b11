"""A network that delivers signed webhooks under load, sends again what was not taken, and counts answers."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from zlib import crc32

import aiohttp

from bot.clock import SystemClock
from bot.store.store import Store
from tests.support.waiting import wait_until
from tests.support.webhook_rig import SECRET, signed

ACCOUNTS = ("main", *(f"desk{n}" for n in range(7)))
"""The deliveries of each account live in a shard of their own."""
ENV = {"WEBHOOK_SECRET" if name == "main" else f"WEBHOOK_SECRET__{name.upper()}": SECRET for name in ACCOUNTS}
"""What makes a bot take them."""
AGAIN_S = 0.1
AT_ONCE = 8


@dataclass
class Network:
    """`taken` are the ids that were answered with a 2xx, `answers` all statuses; 0 stands for a broken connection."""

    port: int
    http: aiohttp.ClientSession
    taken: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    without_pause: int = 0

    async def deliver(self, id_: str) -> None:
        """One event, sent again until it is taken."""
        if not await self._try(id_):
            await asyncio.sleep(AGAIN_S)
            await self.deliver(id_)

    async def flood(self, ids: list[str], at: int, trouble: Callable[[], Awaitable[None]]) -> None:
        """Deliver all of them, a few at a time; once `at` of them are taken the trouble begins."""
        waiting = iter(ids)

        async def one() -> None:
            for id_ in waiting:
                await self.deliver(id_)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(one())
            await wait_until(lambda: len(self.taken) >= at, f"{at} are taken", within_s=60)
            await trouble()

    async def _try(self, id_: str) -> bool:
        event = {"id": id_, "text": f"My bag {id_} is lost", "author": {"id": f"u-{id_}"}}
        body = json.dumps({"type": "comment.created", "data": event}).encode()
        headers = signed(f"msg-{id_}", SystemClock().now(), body)
        try:
            account = ACCOUNTS[crc32(id_.encode()) % len(ACCOUNTS)]
            url = f"http://127.0.0.1:{self.port}/webhooks/webhook/{account}"
            async with self.http.post(url, data=body, headers=headers) as answer:
                status, told = answer.status, "Retry-After" in answer.headers
        except (aiohttp.ClientError, TimeoutError):
            status, told = 0, True
        self.answers[status] += 1
        self.without_pause += status == 503 and not told
        if 200 <= status < 300:
            self.taken.add(id_)
        return 200 <= status < 300


async def all_are_cases(store: Store, count: int, within_s: float = 60) -> None:
    """Wait until so many cases are open, of the square too, and the inbox is empty; not one more."""

    async def how_many() -> int:
        found = [("bluesky", "main"), *(("webhook", account) for account in ACCOUNTS)]
        return sum([await store.cases.count_open(*each) for each in found])

    async def done() -> bool:
        return await how_many() >= count and await store.inbox.depth() == 0

    await wait_until(done, f"{count} cases are open", within_s=within_s)
    assert await how_many() == count
