"""The dead letters: what could not be used, kept for 30 days.

Burying and replaying are the inbox's; here they are read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.dead import KEPT, DeadCount
from bot.domain.ports import Buried
from bot.store.connect import Link
from bot.store.deliveries import came_at, from_fields, letter_address
from bot.store.keys import Keys, instant, millis
from bot.store.scripts import Scripts
from bot.store.trips import Command


@dataclass(frozen=True, slots=True)
class RedisDead:
    """All dead letters. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    scripts: Scripts

    async def find(self, id_: str) -> Buried | None:
        """One letter by its id; None when it is not there (any more), or for what is no id."""
        address = letter_address(id_, self.keys.shards)
        if address is None:
            return None
        shard, entry = address
        found = await self.link.do("XRANGE", self.keys.dead(shard), entry, entry)
        return _letter(shard, found[0][0], found[0][1]) if found else None

    async def newest(self, limit: int) -> list[Buried]:
        """The newest letters, newest first."""
        if limit < 1:
            return []
        letters = await self._read(
            [("XREVRANGE", self.keys.dead(shard), "+", "-", "COUNT", limit) for shard in range(self.keys.shards)]
        )
        return sorted(letters, key=lambda each: each.at, reverse=True)[:limit]

    async def newer(self, seen: Mapping[int, str], limit: int) -> list[Buried]:
        """Letters that came after those `seen` (the last id of each shard): about `limit`, some of each shard."""
        each = max(1, limit // self.keys.shards)
        return await self._read(
            [
                ("XRANGE", self.keys.dead(shard), f"({seen[shard]}" if shard in seen else "-", "+", "COUNT", each)
                for shard in range(self.keys.shards)
            ]
        )

    async def count(self) -> DeadCount:
        """How many wait, since when the oldest does, and how many were never replayed and are gone."""
        shards = range(self.keys.shards)
        waiting = await self.link.many([("XLEN", self.keys.dead(shard)) for shard in shards])
        gone = await self.link.many([("GET", self.keys.dead_gone(shard)) for shard in shards])
        first = await self.link.many([("XRANGE", self.keys.dead(shard), "-", "+", "COUNT", 1) for shard in shards])
        oldest = [instant(int(entries[0][0].split(b"-")[0])) for entries in first if entries]
        return DeadCount(
            waiting=sum(waiting),
            oldest=min(oldest, default=None),
            gone=sum(int(each or 0) for each in gone),
        )

    async def expire(self, now: datetime) -> None:
        """Take away what is older than 30 days, and count it."""
        oldest = str(millis(now - KEPT))
        calls = [((self.keys.dead(shard), self.keys.dead_gone(shard)), (oldest,)) for shard in range(self.keys.shards)]
        await self.link.run_many(self.scripts.dead_expire, calls)

    async def _read(self, ranges: Sequence[Command]) -> list[Buried]:
        """The letters of these ranges, one of each shard."""
        answers = enumerate(await self.link.many(ranges))
        return [_letter(shard, id_, fields) for shard, entries in answers for id_, fields in entries]


def _letter(shard: int, id_: bytes, fields: Mapping[bytes, bytes]) -> Buried:
    at = came_at(fields.get(b"buried_at", b"").decode("utf-8", "replace"), id_)
    error = fields.get(b"error", b"").decode("utf-8", "replace")
    return Buried(f"{shard}.{id_.decode()}", from_fields(id_, fields), error, at)
