"""A store for tests, and a clock that the test moves."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.store.keys import MS
from bot.store.store import Store, open_store
from tests.support.cases import NOON

RETENTION = timedelta(days=90)


class TestClock:
    """Shows the instant that the test sets; waiting is real, since real servers take real time."""

    __test__ = False

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self._passed = timedelta(0)

    def now(self) -> datetime:
        """The instant that the test set last."""
        return self.at

    def advance(self, by: timedelta) -> datetime:
        """Let time pass; returns the new instant."""
        self.at += by
        self._passed += by
        return self.at

    def monotonic(self) -> float:
        """Real seconds, and those that were let pass."""
        return time.monotonic() + self._passed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait really."""
        await asyncio.sleep(seconds)


@asynccontextmanager
async def a_store(
    url: str,
    *,
    shards: int = 1,
    instance: str = "worker-1",
    clock: TestClock | None = None,
    takeover: timedelta = timedelta(seconds=60),
    tls_verify: bool = True,
) -> AsyncIterator[Store]:
    """A store on the server at `url`, closed with the block."""
    store = await open_store(
        url,
        shards=shards,
        retention=RETENTION,
        instance=instance,
        clock=clock or TestClock(),
        takeover=takeover,
        tls_verify=tls_verify,
    )
    try:
        yield store
    finally:
        await store.close()


async def forget(store: Store, span: timedelta) -> None:
    """Let Redis forget what it would have forgotten after that time, and nothing else."""
    for key in await store.link.do("KEYS", "*"):
        left = timedelta(milliseconds=await store.link.do("PTTL", key))
        if left > span:
            await store.link.do("PEXPIRE", key, (left - span) // timedelta(milliseconds=1))
        elif left >= timedelta(0):
            await store.link.do("DEL", key)


AGE = """
for _, taken in ipairs(redis.call('XPENDING', KEYS[1], 'intake', '-', '+', 9999)) do
  redis.call('XCLAIM', KEYS[1], 'intake', taken[2], 0, taken[1], 'IDLE', ARGV[1], 'JUSTID')
end
"""


async def let_lie(store: Store, span: timedelta) -> None:
    """Let every delivery that was taken, and is not done with, look as if nobody had touched it for so long."""
    for shard in range(store.inbox.keys.shards):
        await store.link.do("EVAL", AGE, 1, store.inbox.keys.inbox(shard), span // MS)


async def end_leases(store: Store) -> None:
    """Let every lease of every due queue end now, whatever the server's clock says."""
    for queue in (store.cards, store.sends, store.timers, store.polls):
        for shard in range(queue.keys.shards):
            key = queue.keys.leases(shard, queue.name)
            for id_ in await store.link.do("ZRANGE", key, 0, -1):
                await store.link.do("ZADD", key, "XX", 1, id_)


async def written_by_a_newer_version(store: Store, case_id: str) -> None:
    """Let a stored case say something that this version has no word for."""
    key = store.cases.keys.case(store.cases.keys.shard_of(case_id), case_id)
    doc = json.loads(await store.link.do("HGET", key, "doc"))
    await store.link.do("HSET", key, "doc", json.dumps({**doc, "status": "parked"}))
