"""What was heard through each door, and what is learned from it: arrivals by the minute, rhythms, field names.

Workers only count (one HINCRBY each, no script); the chore that learns is one at a time, under its lease.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.canary import Arrival, Stream
from bot.store.connect import Link
from bot.store.keys import MS, Keys, instant, millis
from bot.store.trips import Arg

HEARD_TTL = timedelta(days=8)
RHYTHM_TTL = timedelta(days=60)
SHAPE_TTL = timedelta(days=90)
SHAPE_CAP = 2000
SWEPT = "swept"


@dataclass(frozen=True, slots=True)
class RedisHeard:
    """All of it. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys

    async def add(self, arrivals: Mapping[str, Sequence[Arrival]]) -> None:
        """Count arrivals of several streams."""
        key = self.keys.heard()
        commands: list[Sequence[Arg]] = [
            ("HINCRBY", key, _field(stream, arrival), arrival.count)
            for stream, each in arrivals.items()
            for arrival in each
        ]
        if commands:
            await self.link.many([*commands, ("PEXPIRE", key, HEARD_TTL // MS)])

    async def waiting(self) -> dict[str, list[Arrival]]:
        """What was counted and not yet learned from, by stream."""
        found: dict[str, list[Arrival]] = {}
        for field, count in _pairs(await self.link.do("HGETALL", self.keys.heard())):
            stream, minute, *swept = field.split("\n")
            found.setdefault(stream, []).append(Arrival(at=instant(int(minute)), count=int(count), swept=bool(swept)))
        return found

    async def learned(self, arrivals: Mapping[str, Sequence[Arrival]]) -> None:
        """These were learned from. What is counted in the same minute afterwards is heard as nothing new."""
        fields = [_field(stream, arrival) for stream, each in arrivals.items() for arrival in each]
        if fields:
            await self.link.do("HDEL", self.keys.heard(), *fields)

    async def rhythms(self) -> dict[str, Stream]:
        """What is known of every stream."""
        pairs = _pairs(await self.link.do("HGETALL", self.keys.rhythm()))
        return {stream: Stream.model_validate_json(doc) for stream, doc in pairs}

    async def keep(self, streams: Mapping[str, Stream], gone: Sequence[str] = ()) -> None:
        """Keep what is known; forget streams that are gone."""
        key = self.keys.rhythm()
        commands: list[Sequence[Arg]] = [("HSET", key, name, each.model_dump_json()) for name, each in streams.items()]
        commands += [("HDEL", key, *gone)] if gone else []
        if commands:
            await self.link.many([*commands, ("PEXPIRE", key, RHYTHM_TTL // MS)])

    async def shape(self, network: str, now: datetime) -> tuple[datetime, int]:
        """Since when a network's fields are learned, and from how many deliveries, this one included."""
        key = self.keys.shape(network)
        _, since, samples, _ = await self.link.many(
            [
                ("HSETNX", key, "#since", millis(now)),
                ("HGET", key, "#since"),
                ("HINCRBY", key, "#samples", 1),
                ("PEXPIRE", key, SHAPE_TTL // MS),
            ]
        )
        return instant(int(since)), samples

    async def add_fields(self, network: str, fields: Sequence[str], weight: int) -> dict[str, int]:
        """Count fields with a weight; how often each was seen by now. A network has at most 2,000 of them."""
        key = self.keys.shape(network)
        if await self.link.do("HLEN", key) > SHAPE_CAP:
            return {}
        counts = await self.link.many([("HINCRBY", key, field, weight) for field in fields])
        await self.link.do("PEXPIRE", key, SHAPE_TTL // MS)
        return dict(zip(fields, counts, strict=True))


def _field(stream: str, arrival: Arrival) -> str:
    return "\n".join((stream, str(millis(arrival.at)), *((SWEPT,) if arrival.swept else ())))


def _pairs(fields: Mapping[bytes, bytes]) -> list[tuple[str, str]]:
    return [(field.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for field, value in fields.items()]
