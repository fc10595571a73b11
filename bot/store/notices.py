"""Notices in Redis: one hash for each kind of trouble. Everybody may count; only who holds its lease writes the rest.

Counting is one HINCRBY, so no count is lost when several processes meet the same trouble at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.notices import Notice, Told, Words
from bot.store.connect import Link
from bot.store.keys import MS, Keys, as_text, instant, millis
from bot.store.scripts import Scripts

NOTICE_TTL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RedisNotices:
    """All notices. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    scripts: Scripts

    async def add(self, kind: str, words: Words, count: int, at: datetime) -> None:
        """Count the trouble; the words and the instant of the first one since the last telling are kept."""
        key = self.keys.notice(kind)
        await self.link.many(
            [
                ("HSETNX", key, "since", millis(at)),
                ("HSETNX", key, "words", words.model_dump_json()),
                ("HDEL", key, "over"),
                ("HINCRBY", key, "untold", count),
                ("PEXPIRE", key, NOTICE_TTL // MS),
            ]
        )

    async def end(self, kind: str, words: Words) -> bool:
        """Note that the trouble is over; false when there is no such notice, and then nothing is noted."""
        key = self.keys.notice(kind)
        if not await self.link.do("EXISTS", key):
            return False
        await self.link.many([("HSET", key, "over", words.model_dump_json()), ("PEXPIRE", key, NOTICE_TTL // MS)])
        return True

    async def read(self, kind: str) -> Notice:
        """The notice as it stands; an empty one when there is none."""
        fields: Mapping[bytes, bytes] = await self.link.do("HGETALL", self.keys.notice(kind))
        words, over, told = (fields.get(name) for name in (b"words", b"over", b"told"))
        return Notice(
            kind=kind,
            untold=max(0, int(fields.get(b"untold", b"0"))),
            words=Words.model_validate_json(words) if words else None,
            since=instant(int(fields[b"since"])) if b"since" in fields else None,
            over=Words.model_validate_json(over) if over else None,
            told=Told.model_validate_json(told) if told else Told(),
            stored=as_text(told) if told else "",
        )

    async def save(self, kind: str, told: Told, before: str) -> str:
        """Keep what is about to be said, unless that has changed since it was read as `before`; what is stored now."""
        args = (before, told.model_dump_json(), NOTICE_TTL // MS, "told")
        return as_text(await self.link.run(self.scripts.swap, (self.keys.notice(kind),), args))

    async def settle(self, kind: str, told: Told, count: int, before: str) -> str:
        """The telling stands: `count` of the trouble are told now, and so is the end if there was one, unless something
        else has been noted since `before` was read. What is stored now.

        A crash before this repeats the telling's search, not the telling. A count that comes in between stays.
        """
        fields = ("since", "words", *(() if told.open else ("over",)))
        args = (before, told.model_dump_json(), count, NOTICE_TTL // MS, *fields)
        return as_text(await self.link.run(self.scripts.notice_settle, (self.keys.notice(kind),), args))
