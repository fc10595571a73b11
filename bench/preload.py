"""Many open cases at once: learned from a genuine one, written with the same keys, checked against another.

`learn` lets a running Hark take in one event and draw its card, and reads back every key that this left behind. A copy
is the same bytes with another case id, token and dedupe name, all of the same length, so that a million copies are a
million replacements in one block of Redis protocol. `same_as_genuine` shows that a copy and a second genuine case
look the same in every key.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from bench import events
from bench.stage import CLOCK, Stage
from bot.domain.models import CaseKey
from bot.store.keys import short

TEXT = "My parcel has not arrived although the page says it was delivered. What should I do now? Order {}."
AT_ONCE = 500
KINDS: dict[object, str] = {each.encode(): each for each in ("hash", "list", "string", "zset", "set", "stream")}
SETTLE_S = 60.0
LOOK_S = 0.05
SAMPLE = 0xF000000
"""Events of samples are numbered from here, out of the way of all others."""

CHANGING = (
    (re.compile(rb"\b\d{13}-[0-9a-f]{8}\b"), b"<attempt>"),
    (re.compile(rb"\b\d{10}\.\d{1,6}\b"), b"<time>"),
    (re.compile(rb'"drawn":"[^"]*"'), b'"drawn":"<digest>"'),
    (re.compile(rb'"followers":\d+'), b'"followers":<n>'),
)
"""What differs between two cases of the same words by the hour alone."""


@dataclass(frozen=True, slots=True)
class Names:
    """What tells one case from another: all have the same length for every event."""

    case: bytes
    token: bytes
    seen: bytes

    @classmethod
    def of(cls, n: int) -> "Names":
        """The names of event `n`."""
        case = CaseKey(network="webhook", account="main", conversation=events.conversation(n)).id
        name = f"webhook:main:comment-{events.token(n)}"
        return cls(case.encode(), events.token(n).encode(), short(case, name).encode())

    def put(self, block: bytes, other: "Names") -> bytes:
        """The block with the other's names instead of these."""
        block = block.replace(self.case, other.case)
        return block.replace(self.token, other.token).replace(self.seen, other.seen)


@dataclass(frozen=True, slots=True)
class Key:
    """One key that a case left behind, or (kind `member`) its place in a sorted set that it shares with others."""

    kind: str
    name: bytes
    value: Any
    ttl_ms: int

    def commands(self) -> list[tuple[bytes | int, ...]]:
        """What writes it. Raises RuntimeError for a kind that no case had when this was written."""
        match self.kind:
            case "hash":
                found: list[tuple[bytes | int, ...]] = [
                    (b"HSET", self.name, *(part for pair in sorted(self.value.items()) for part in pair))
                ]
            case "list":
                found = [(b"RPUSH", self.name, *self.value)]
            case "string":
                found = [(b"SET", self.name, self.value)]
            case "member":
                member, score = self.value
                return [(b"ZADD", self.name, b"%.17g" % score, member)]
            case _:
                msg = f"{self.name!r} is a {self.kind}: the loader cannot copy that"
                raise RuntimeError(msg)
        return [*found, (b"PEXPIRE", self.name, self.ttl_ms)] if self.ttl_ms > 0 else found


@dataclass(frozen=True, slots=True)
class Template:
    """A genuine case."""

    names: Names
    keys: tuple[Key, ...]

    def block(self) -> bytes:
        """All its keys as Redis protocol."""
        return b"".join(packed(command) for key in self.keys for command in key.commands())


def packed(command: Sequence[bytes | int]) -> bytes:
    """One command as Redis protocol."""
    parts = [each if isinstance(each, bytes) else b"%d" % each for each in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in parts)


async def learn(stage: Stage, port: int, n: int) -> Template:
    """Have event `n` taken in and drawn, and read what it left behind."""
    before = set(await _all_keys(stage.redis))
    posted, _ = await stage.slack.count()
    load = await stage.begin("webhook", port, [n], texts=[TEXT.format(events.token(n))])
    (sent,) = await load.result()
    if not sent.is_acked or not await stage.slack.until(posted + 1, SETTLE_S):
        msg = "the event to learn from did not become a card"
        raise RuntimeError(msg)
    await _settle(stage)
    return await read(stage.redis, Names.of(n), before)


async def read(redis: Redis, names: Names, before: set[bytes]) -> Template:
    """Everything that names the case: its own new keys, and its places in sorted sets."""
    found = []
    for name in sorted(await _all_keys(redis)):
        kind = KINDS[await redis.type(name)]
        if kind == "zset":
            score = await redis.zscore(name, names.case)
            found += [] if score is None else [Key("member", name, (names.case, score), -1)]
        elif name not in before and (names.case in name or names.seen in name):
            found.append(Key(kind, name, await _value(redis, kind, name), await redis.pttl(name)))
    return Template(names, tuple(found))


async def load(redis_path: str, template: Template, numbers: range) -> None:
    """Write a copy of the case for each of these events."""
    reader, writer = await asyncio.open_unix_connection(redis_path)
    block = template.block()
    writer.write(packed((b"CLIENT", b"REPLY", b"OFF")))
    for first in range(numbers.start, numbers.stop, AT_ONCE):
        some = range(first, min(numbers.stop, first + AT_ONCE))
        writer.write(b"".join(template.names.put(block, Names.of(n)) for n in some))
        await writer.drain()
    writer.write(packed((b"CLIENT", b"REPLY", b"ON")))
    await writer.drain()
    if await reader.readline() != b"+OK\r\n":
        msg = "the server did not take the copies"
        raise RuntimeError(msg)
    writer.close()
    await writer.wait_closed()


async def same_as_genuine(stage: Stage, port: int, template: Template) -> None:
    """Compare a copy with a second genuine case. Raises RuntimeError that names the first key that differs."""
    before = set(await _all_keys(stage.redis))
    await load(socket_of(stage), template, range(SAMPLE, SAMPLE + 1))
    copied = image(await read(stage.redis, Names.of(SAMPLE), before))
    genuine = image(await learn(stage, port, SAMPLE + 1))
    if copied != genuine:
        wrong = sorted(set(copied.items()) ^ set(genuine.items()))
        msg = f"a copied case differs from a genuine one: {str(wrong[:4])[:1000]}"
        raise RuntimeError(msg)


def image(template: Template) -> dict[bytes, bytes]:
    """Key by key what a case looks like, without what tells it from another one of the same words."""
    same = Names(b"<case>", b"<token>", b"<seen>")
    found = {}
    for key in template.keys:
        ordered = sorted(key.value.items()) if key.kind == "hash" else key.value
        value = b"<score>" if key.kind == "member" else repr(ordered).encode()
        value = template.names.put(value, same)
        for pattern, word in CHANGING:
            value = pattern.sub(word, value)
        name = template.names.put(key.name, same)
        found[name] = key.kind.encode() + (b" ttl " if key.ttl_ms > 0 else b" ") + value
    return found


def socket_of(stage: Stage) -> str:
    """The path of the server's socket."""
    return stage.redis_url.removeprefix("unix://")


async def _settle(stage: Stage) -> None:
    """Wait until nothing is left to be done for what came in."""
    deadline = CLOCK.monotonic() + SETTLE_S
    async with stage.store() as store:
        while True:
            if not await store.inbox.depth() and not await store.cards.depth():
                return
            if CLOCK.monotonic() > deadline:
                msg = "Hark does not come to rest"
                raise RuntimeError(msg)
            await asyncio.sleep(LOOK_S)


async def _value(redis: Redis, kind: str, name: bytes) -> Any:
    if kind == "hash":
        return await redis.hgetall(name)
    if kind == "list":
        return await redis.lrange(name.decode(), 0, -1)
    return await redis.get(name) if kind == "string" else None


async def _all_keys(redis: Redis) -> list[bytes]:
    return [key async for key in redis.scan_iter(count=1000)]
