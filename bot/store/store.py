"""The whole store, built once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from bot.domain.ports import Clock
from bot.store.budgets import RedisBudgets
from bot.store.cases import RedisCases
from bot.store.connect import Link, connect
from bot.store.dead import RedisDead
from bot.store.due import RedisDueQueue, Turns
from bot.store.erasing import RedisErasing
from bot.store.heard import RedisHeard
from bot.store.inbox import RedisInbox
from bot.store.keys import CARDS, POLLS, SENDS, STORMS, TIMERS, Keys
from bot.store.notes import RedisNotes
from bot.store.notices import RedisNotices
from bot.store.scripts import Scripts
from bot.store.speed import RedisSpeed
from bot.store.storms import RedisRings, RedisStorms

OLDEST = 7


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What `check` says about the server. `old`: it lacks commands that Hark lives by. `eviction` is its policy when
    memory is full; only "noeviction" is safe."""

    version: str
    old: bool
    append_only: bool
    eviction: str

    @property
    def mend(self) -> str:
        """What to do about a server that is too old, or evicts."""
        if self.old:
            return "use Redis 7.0 or newer, or Valkey"
        return "set maxmemory-policy to noeviction: any other forgets claims and timers when memory is full"

    @property
    def safe(self) -> bool:
        """Whether what Redis holds survives a restart and a full memory."""
        return self.append_only and self.eviction == "noeviction"


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that Hark keeps. Every method of every part raises StoreUnavailable when Redis is away."""

    link: Link
    cases: RedisCases
    inbox: RedisInbox
    dead: RedisDead
    cards: RedisDueQueue
    sends: RedisDueQueue
    timers: RedisDueQueue
    polls: RedisDueQueue
    budgets: RedisBudgets
    notes: RedisNotes
    notices: RedisNotices
    heard: RedisHeard
    upkeep: RedisDueQueue
    storms: RedisStorms
    rings: RedisRings
    erasing: RedisErasing
    speed: RedisSpeed

    @classmethod
    def on(
        cls, link: Link, *, shards: int, retention: timedelta, instance: str, clock: Clock, takeover: timedelta
    ) -> Self:
        """The store on an open connection."""
        keys, scripts = Keys(shards), Scripts.read()
        cards, sends, timers, polls, upkeep = (
            RedisDueQueue(link, keys, scripts, name, Turns(shards)) for name in (CARDS, SENDS, TIMERS, POLLS, STORMS)
        )
        return cls(
            link=link,
            cases=RedisCases(link, keys, scripts, retention),
            inbox=RedisInbox(link, keys, scripts, clock, instance, Turns(shards), takeover),
            dead=RedisDead(link, keys, scripts),
            cards=cards,
            sends=sends,
            timers=timers,
            polls=polls,
            budgets=RedisBudgets(link, keys, scripts, clock),
            notes=RedisNotes(link, keys, scripts, clock),
            notices=RedisNotices(link, keys, scripts),
            heard=RedisHeard(link, keys),
            upkeep=upkeep,
            storms=RedisStorms(link, keys, scripts),
            rings=RedisRings(link, keys, scripts),
            erasing=RedisErasing(link, keys, scripts),
            speed=RedisSpeed(link, keys),
        )

    async def ping(self) -> None:
        """Return if the server answers."""
        await self.link.do("PING")

    async def info(self) -> ServerInfo:
        """What the server (of a cluster: one of its nodes) says about itself."""
        says = await self.link.do("INFO")
        major = int(str(says["redis_version"]).partition(".")[0])  # Valkey tells the Redis that it stands for, too
        return ServerInfo(
            old=major < OLDEST,
            version=f"Valkey {says['valkey_version']}"
            if "valkey_version" in says
            else f"Redis {says['redis_version']}",
            append_only=says.get("aof_enabled") == 1,
            eviction=says.get("maxmemory_policy", "unknown"),
        )

    async def close(self) -> None:
        """Finish the writes that are under way and close the connections."""
        await self.inbox.close()
        await self.link.close()


async def open_store(
    url: str,
    *,
    shards: int,
    retention: timedelta,
    instance: str,
    clock: Clock,
    takeover: timedelta,
    tls_verify: bool = True,
) -> Store:
    """Connect to Redis and make ready what must exist. `instance` is a name that no other live process has.

    `retention` is how long closed cases are kept; `takeover` how long a worker may be silent about a delivery before
    another one takes it. Raises StoreUnavailable.
    """
    link = await connect(url, tls_verify=tls_verify)
    store = Store.on(link, shards=shards, retention=retention, instance=instance, clock=clock, takeover=takeover)
    try:
        await store.inbox.open()
    except BaseException:
        await link.close()
        raise
    return store
