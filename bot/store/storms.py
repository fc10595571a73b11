"""Storms and gathered rings in Redis: shared by all processes, so that any worker can carry one on.

A channel's weather is one document; what is counted and what is folded lies beside it, all of a channel in one shard.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import ValidationError

from bot.domain.errors import Unreadable
from bot.domain.storm import COMPLAINT_BAND, EXEMPT_BANDS, ROOM, WINDOW, Weather, slot
from bot.domain.storm_ports import STORM, Fold, Jot, Noted, Tally
from bot.store.connect import Link
from bot.store.keys import BAND, LAST_PRIORITY, MS, Keys, as_text, instant, millis, score
from bot.store.scripts import Scripts
from bot.store.trips import Arg

KEEP: Final = timedelta(days=7)
NOTE_KEEP: Final = timedelta(days=1)
TEXTS_KEEP: Final = timedelta(minutes=10)
SLOTS_KEPT: Final = 36
TEXTS_KEPT: Final = 500
PEOPLE_KEPT: Final = 2_000
ADMITTED: Final = timedelta(seconds=20)
LEASED: Final = (LAST_PRIORITY + 1) * BAND
"""From here on stand the cases that somebody has taken, by when their lease ends."""
TAKE_LEASE: Final = timedelta(seconds=30)
WORDS_SHOWN: Final = 8
GATHERED_TTL: Final = timedelta(days=1)
GATHERED_CAP: Final = 2_000


@dataclass(frozen=True, slots=True)
class RedisStorms:
    """All storms. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    scripts: Scripts

    async def weathers(self) -> dict[str, Weather]:
        """The weather of every channel that has any; what only a newer version can read is left out, and to that."""
        found: dict[str, Weather] = {}
        for channel, doc in (await self.link.do("HGETALL", self.keys.weather())).items():
            with suppress(Unreadable):
                found[channel.decode()] = _weather(doc)
        return found

    async def weather(self, channel: str) -> Weather:
        """The weather of one channel. Raises Unreadable."""
        doc = await self.link.do("HGET", self.keys.weather(), channel)
        return Weather() if doc is None else _weather(doc)

    async def swap(self, channel: str, before: Weather, after: Weather) -> bool:
        """Store a channel's weather unless somebody changed it meanwhile; clear weather is forgotten."""
        version = before.version + 1
        doc = "" if after.clear else f"{version}|{after.model_copy(update={'version': version}).model_dump_json()}"
        return bool(
            await self.link.run(self.scripts.storm_swap, (self.keys.weather(),), (channel, before.version, doc))
        )

    async def note(self, channel: str, jot: Jot, now: datetime) -> Noted:
        """Add what one process noticed."""
        parts = ("slots", "recent", "asking", "admitted", "people", "counts", "cards")
        came: list[Arg] = [each for pair in jot.came.items() for each in pair]
        asked: list[Arg] = [each for case, until in jot.asked.items() for each in (case, millis(until))]
        carded: list[Arg] = [each for pair in jot.carded.items() for each in pair]
        args: list[Arg] = [millis(now), NOTE_KEEP // MS, slot(now) - SLOTS_KEPT, int(jot.storming)]
        args += [TEXTS_KEPT, PEOPLE_KEPT, TEXTS_KEEP // MS]
        for values in (came, asked, carded, list(jot.texts)):
            args += (len(values), *values)
        keys = [self.keys.storm(channel, part) for part in parts]
        waiting, window = await self.link.run(self.scripts.storm_note, keys, args)
        since = millis(now - WINDOW)
        said = (as_text(line).partition(" ") for line in window)
        return Noted(waiting, tuple(text for at, _, text in said if int(at) > since))

    async def note_alike(self, channel: str, alike: int, now: datetime) -> None:
        """Remember for `WINDOW` how many near duplicates pour in."""
        value = f"{millis(now + WINDOW)} {alike}"
        await self.link.do("SET", self.keys.storm(channel, "alike"), value, "PX", WINDOW // MS)

    async def fresh(self, channel: str, *, resumed: bool) -> None:
        """A storm begins: those who wait for the budget ask anew, as folded or as exempt ones; what the storm before
        has counted is forgotten, unless this one is `resumed`. Folded cases stay."""
        parts: tuple[str, ...] = ("asking", "admitted")
        if not resumed:
            parts += ("shown", f"counts-{STORM}", f"words-{STORM}", "counts")
        await self.link.do("DEL", *(self.keys.storm(channel, part) for part in parts))

    async def fold(self, channel: str, group: str, fold: Fold, now: datetime) -> Literal["own", "folded"]:
        """Fold a case, or let it have its own card (only a storm admits; a known problem takes all)."""
        args: list[Arg] = [
            fold.case,
            fold.band,
            score(fold.band, fold.at),
            millis(now),
            COMPLAINT_BAND,
            BAND,
            ROOM,
            millis(now + ADMITTED),
            fold.author,
            fold.mood,
            int(fold.complaint),
            KEEP // MS,
            int(group == STORM),
            *fold.words,
        ]
        keys = [self.keys.folded(channel, group)]
        parts = ("shown", "admitted", "people", f"counts-{group}", f"words-{group}")
        keys += (self.keys.storm(channel, part) for part in parts)
        answer = await self.link.run(self.scripts.storm_fold, keys, args)
        return "own" if answer == b"own" else "folded"

    async def take(self, channel: str, group: str, limit: int, now: datetime, *, first_only: bool = False) -> list[str]:
        """The most urgent folded cases, for their own cards; leased until they are dropped."""
        if limit < 1:
            return []
        highest = f"({EXEMPT_BANDS * BAND if first_only else LEASED}"
        admitted = millis(now + ADMITTED) if first_only else ""
        args: list[Arg] = [limit, millis(now), highest, LEASED, TAKE_LEASE // MS, KEEP // MS, admitted]
        parts = (self.keys.storm(channel, part) for part in ("shown", "admitted"))
        keys = (self.keys.folded(channel, group), *parts)
        return [each.decode() for each in await self.link.run(self.scripts.storm_take, keys, args)]

    async def drop(self, channel: str, group: str, ids: Sequence[str], count_as: str) -> None:
        """They are folded no more; each counts once under that name."""
        if ids:
            keys = (self.keys.folded(channel, group), self.keys.storm(channel, f"counts-{group}"))
            await self.link.run(self.scripts.storm_drop, keys, (count_as, KEEP // MS, *ids))

    async def top(self, channel: str, group: str, limit: int) -> list[str]:
        """The most urgent folded cases, which stay folded."""
        ids = await self.link.do("ZRANGE", self.keys.folded(channel, group), 0, limit - 1)
        return [each.decode() for each in ids]

    async def scan(self, channel: str, cursor: str) -> tuple[str, list[str]]:
        """Some of the storm's folded cases, and the cursor for more."""
        return await self._scan(self.keys.folded(channel, STORM), cursor)

    async def carded(self, channel: str, cursor: str) -> tuple[str, list[str]]:
        """Some of those whose first cards were posted within a day, and the cursor for more."""
        return await self._scan(self.keys.storm(channel, "cards"), cursor)

    async def _scan(self, key: str, cursor: str) -> tuple[str, list[str]]:
        after, scored = await self.link.do("ZSCAN", key, cursor, "COUNT", 50)
        return str(after), [member.decode() for member, _ in scored]

    async def stand(self, channel: str, problem: str, case: str, now: datetime, fold: Fold | None = None) -> None:
        """A case of a known problem has a card of its own; it is counted (once) if there is a `fold` to count."""
        keys = (self.keys.standing(channel, problem), self.keys.storm(channel, f"counts-{problem}"))
        counts: list[Arg] = [] if fold is None else [fold.mood, int(fold.complaint), KEEP // MS]
        await self.link.run(self.scripts.storm_stand, keys, [case, millis(now), *counts])

    async def standing(self, channel: str, problem: str, limit: int) -> list[str]:
        """Cases of a known problem that have cards of their own, the first noted first."""
        ids = await self.link.do("ZRANGE", self.keys.standing(channel, problem), 0, limit - 1)
        return [each.decode() for each in ids]

    async def leave(self, channel: str, problem: str, case: str) -> None:
        """A case with a card of its own says by now what became of the problem."""
        await self.link.do("ZREM", self.keys.standing(channel, problem), case)

    async def tally(self, channel: str, group: str, now: datetime) -> Tally:
        """How a channel, or one known problem in it, stands. What is counted lives a week from the last look: a problem
        may be known for longer, with many days on which nobody asks."""
        folded, at = self.keys.folded(channel, group), millis(now)
        part = [
            self.keys.storm(channel, name)
            for name in ("asking", "admitted", "slots", f"counts-{group}", f"words-{group}")
        ]
        waiting, admitted, slots, counts, own, words, all_folded, first, alike, standing, *_ = await self.link.many(
            [
                ("ZCOUNT", part[0], f"({at}", "+inf"),
                ("ZCOUNT", part[1], f"({at}", "+inf"),
                ("HGETALL", part[2]),
                ("HGETALL", part[3]),
                ("HGET", self.keys.storm(channel, "counts"), "own"),
                ("ZRANGE", part[4], 0, WORDS_SHOWN - 1, "REV", "WITHSCORES"),
                ("ZCARD", folded),
                ("ZCOUNT", folded, "-inf", f"({EXEMPT_BANDS * BAND}"),
                ("GET", self.keys.storm(channel, "alike")),
                ("ZCARD", self.keys.standing(channel, group)),
                ("PEXPIRE", part[3], KEEP // MS),
                ("PEXPIRE", part[4], KEEP // MS),
            ]
        )
        return Tally(
            waiting=waiting,
            admitted=admitted,
            folded=all_folded,
            standing=standing,
            first=first,
            slots={int(name): int(value) for name, value in slots.items()},
            counts={**{name.decode(): int(value) for name, value in counts.items()}, "own": int(own or 0)},
            words=tuple(
                (word.decode("utf-8", "replace"), int(float(times)))
                for word, times in zip(words[::2], words[1::2], strict=True)
            ),
            alike=_alike(alike, at),
        )


@dataclass(frozen=True, slots=True)
class RedisRings:
    """Who was rung when, and for whom cases are gathered. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    scripts: Scripts

    async def ring(self, user: str, token: str, now: datetime, every: timedelta) -> timedelta:
        """Take the right to ring that person: zero when granted, else how long to wait."""
        args = (millis(now), every // MS, token)
        wait_ms: int = await self.link.run(self.scripts.ring_take, (self.keys.ring(user),), args)
        return wait_ms * MS

    async def gather(self, user: str, case_id: str, now: datetime) -> None:
        """Tell of that case in one message with others; the newest 2,000 are kept, for a day after the last look."""
        key = self.keys.gathered(user)
        await self.link.many(
            [
                ("ZADD", key, millis(now), case_id),
                ("ZREMRANGEBYRANK", key, 0, -GATHERED_CAP - 1),
                ("PEXPIRE", key, GATHERED_TTL // MS),
            ]
        )

    async def gathered(self, user: str) -> dict[str, datetime]:
        """The cases to tell of and when each was gathered last, oldest first; kept for another day."""
        key = self.keys.gathered(user)
        found, _ = await self.link.many([("ZRANGE", key, 0, -1, "WITHSCORES"), ("PEXPIRE", key, GATHERED_TTL // MS)])
        return {id_.decode(): instant(int(at)) for id_, at in zip(found[::2], found[1::2], strict=True)}

    async def drop(self, user: str, settled: Mapping[str, datetime]) -> None:
        """These are settled, except what was gathered anew since it was read so."""
        if settled:
            args = [part for id_, at in settled.items() for part in (id_, millis(at))]
            await self.link.run(self.scripts.ring_drop, (self.keys.gathered(user),), args)


def _weather(doc: bytes) -> Weather:
    try:
        return Weather.model_validate_json(doc.partition(b"|")[2])
    except ValidationError as error:
        raise Unreadable("a newer version of Hark wrote what holds in a channel") from error


def _alike(value: bytes | None, now: int) -> int:
    """The near duplicates noted last, unless that is long ago by the clock that counts."""
    until, _, alike = (value or b"0 0").partition(b" ")
    return int(alike) if int(until) > now else 0
