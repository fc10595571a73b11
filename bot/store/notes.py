"""Small shared records: signatures, drafts, recent wordings, digests, signs of life and the time. All of them live in
shard 0 but drafts, which live with their case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.case import Person
from bot.domain.ports import Clock
from bot.store.connect import Link
from bot.store.keys import EPOCH, MS, Keys, as_text, millis
from bot.store.scripts import Scripts

DRAFT_TTL = timedelta(days=7)
RECENT_TTL = timedelta(days=30)
RECENT_CAP = 200
DIGEST_TTL = timedelta(days=3)
BEAT_TTL = timedelta(seconds=30)
STAMP_DIGITS = 13


@dataclass(frozen=True, slots=True)
class RedisNotes:
    """All notes. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    scripts: Scripts
    clock: Clock

    async def person(self, user: str) -> Person | None:
        """Name and signature of a member of staff."""
        doc = await self.link.do("GET", self.keys.person(user))
        return None if doc is None else Person.model_validate_json(doc)

    async def save_person(self, person: Person) -> None:
        """Keep them for good."""
        await self.link.do("SET", self.keys.person(person.id), person.model_dump_json())

    async def draft(self, case_id: str, user: str, *, private: bool) -> str:
        """The unsent words of that person in that case, for the public or in private; or nothing."""
        draft = await self.link.do("GET", self._draft(case_id, user, private))
        return "" if draft is None else as_text(draft)

    async def save_draft(self, case_id: str, user: str, text: str, *, private: bool) -> None:
        """Keep a draft for 7 days; an empty text forgets it."""
        key = self._draft(case_id, user, private)
        await (self.link.do("SET", key, text, "PX", DRAFT_TTL // MS) if text else self.link.do("DEL", key))

    async def forget_drafts(self, case_id: str, user: str) -> None:
        """Forget both of that person's drafts in that case."""
        await self.link.do("DEL", self.keys.draft(case_id, user), self.keys.draft_private(case_id, user))

    def _draft(self, case_id: str, user: str, private: bool) -> str:
        return self.keys.draft_private(case_id, user) if private else self.keys.draft(case_id, user)

    async def recent(self, what: str) -> list[str]:
        """The last 200 texts noted under that name within 30 days, the newest last; each text once."""
        since = millis(self.clock.now() - RECENT_TTL)
        texts = await self.link.do("ZRANGE", self.keys.recent(what), since, "+inf", "BYSCORE")
        return [as_text(text) for text in texts]

    async def note_recent(self, what: str, text: str) -> None:
        """Note that this text was used now."""
        key, now = self.keys.recent(what), self.clock.now()
        await self.link.many(
            [
                ("ZADD", key, millis(now), text),
                ("PEXPIRE", key, RECENT_TTL // MS),
                ("ZREMRANGEBYSCORE", key, "-inf", f"({millis(now - RECENT_TTL)}"),
                ("ZREMRANGEBYRANK", key, 0, -RECENT_CAP - 1),
            ]
        )

    async def first_time(self, name: str, ttl: timedelta) -> bool:
        """Whether this name was not seen within `ttl`; it is now."""
        return bool(await self.link.do("SET", self.keys.once(name), "1", "NX", "PX", _ttl(ttl)))

    async def hold(self, name: str, holder: str, ttl: timedelta) -> bool:
        """Whether a turn is this holder's: free until now, or theirs already. Then it is for `ttl` from now."""
        return bool(await self.link.run(self.scripts.hold, (self.keys.once(name),), (holder, _ttl(ttl))))

    async def get(self, name: str) -> str | None:
        """A small shared value, or None when there is none (any more)."""
        return (await self.get_many((name,)))[0]

    async def get_many(self, names: Sequence[str]) -> list[str | None]:
        """Small shared values in the order of their names, in one round trip."""
        values = await self.link.many([("GET", self.keys.note(name)) for name in names])
        return [None if value is None else as_text(value) for value in values]

    async def set(self, name: str, value: str, ttl: timedelta) -> None:
        """Keep a small value for `ttl`."""
        await self.link.do("SET", self.keys.note(name), value, "PX", _ttl(ttl))

    async def agree(self, name: str, value: str, ttl: timedelta) -> str:
        """Keep a small value unless there is one; the value that stands, the same for all, kept for `ttl` from now."""
        key = self.keys.note(name)
        _, standing = await self.link.many(
            [("SET", key, value, "NX", "PX", _ttl(ttl)), ("GETEX", key, "PX", _ttl(ttl))]
        )
        return value if standing is None else as_text(standing)

    async def swap(self, name: str, before: str, after: str, ttl: timedelta) -> str:
        """Keep another small value in place of the one that was read, unless it has changed; the one that stands."""
        return as_text(await self.link.run(self.scripts.swap, (self.keys.note(name),), (before, after, _ttl(ttl))))

    async def count(self, name: str, by: int, ttl: timedelta) -> int:
        """Add to a number that all processes share, and keep it for `ttl` from now; the new value."""
        key = self.keys.note(name)
        value, _ = await self.link.many([("INCRBY", key, by), ("PEXPIRE", key, _ttl(ttl))])
        return int(value)

    async def add_to_digest(self, hour: str, id_: str, line: str) -> None:
        """Note one quiet interaction for the digest of that hour; the same id counts once. Kept 3 days."""
        key = self.keys.digest(hour)
        stamped = f"{millis(self.clock.now()):0{STAMP_DIGITS}d}{line}"
        await self.link.many([("HSETNX", key, id_, stamped), ("PEXPIRE", key, DIGEST_TTL // MS)])

    async def digest(self, hour: str) -> list[str]:
        """The lines of that hour, oldest first."""
        return [digest_line(stamped) for stamped in sorted(await self.link.do("HVALS", self.keys.digest(hour)))]

    async def beat(self, role: str, instance: str) -> None:
        """Say that this process is alive (kept 30 s, by the server's clock)."""
        await self.link.run(self.scripts.beat, (self.keys.beat(role),), (BEAT_TTL // MS, instance))

    async def alive(self, role: str) -> int:
        """How many processes of that role gave a sign of life within 30 s."""
        alive: int = await self.link.run(self.scripts.beat, (self.keys.beat(role),), (BEAT_TTL // MS, ""))
        return alive

    async def time(self) -> datetime:
        """The server's clock (of a cluster: that of the node of shard 0, which all processes ask)."""
        seconds, micros = await self.link.run(self.scripts.time, (self.keys.beat("time"),), ())
        return EPOCH + timedelta(seconds=int(seconds), microseconds=int(micros))


def digest_line(stamped: bytes) -> str:
    """A line of a digest as it was noted, without the instant that stands before it."""
    return as_text(stamped)[STAMP_DIGITS:]


def _ttl(ttl: timedelta) -> int:
    """Whole milliseconds, at least one: Redis refuses to keep anything for no time."""
    return max(1, ttl // MS)
