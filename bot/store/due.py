"""Ids due at a time, taken under a lease: cards to draw, sends to make, timers to fire, sources to poll.

A queue is a sorted set per shard (see `lua/due_lib.lua`). Whoever takes an id holds it until the lease ends; then it
is due again, so that nothing is forgotten when a process dies, and acting must be safe to repeat. Leases are short and
renewed while their holder lives; they end by the server's clock, so that no process's own clock can end one. What is
put while an id is held waits and becomes due when the lease is given back. There is no wake-up call: workers ask again
and again, in one round trip for all shards, and give back what is over in the same one.
"""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from bot.domain.ports import Due, Ended
from bot.store.connect import Call, Link
from bot.store.keys import EPOCH, LAST_PRIORITY, MS, Keys, as_text, millis, score
from bot.store.scripts import Scripts
from bot.store.trips import Arg

NO_TIME = timedelta(0)
MOST_AT_ONCE = 1000
"""More than any worker has hands for; a script's answer and its arguments must have an end."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Which shards come first, so that with small limits all of them get their turn."""

    shards: int
    turn: "count[int]" = field(default_factory=count)

    def share(self, limit: int) -> tuple[list[int], int]:
        """The shards to ask now and how many things to ask each for: never more than `limit` in all."""
        asked = max(1, min(self.shards, limit))
        start = next(self.turn) * asked
        return [(start + n) % self.shards for n in range(asked)], max(1, limit // asked)


@dataclass(frozen=True, slots=True)
class RedisDueQueue:
    """One named queue. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    scripts: Scripts
    name: str
    turns: Turns

    async def put(self, id_: str, at: datetime, priority: int = 0) -> None:
        """Make an id due at `at`, or earlier if it already is, at the more urgent of both priorities (0 to 4)."""
        keys = self.keys.due(self.keys.shard_of(id_), self.name)
        await self.link.run(self.scripts.due_put, keys, (id_, score(priority, at)))

    async def begin(self, id_: str, at: datetime) -> None:
        """Make an id due at `at` unless the queue knows it: one that waits, or is held, stays as it is."""
        waiting, *_ = self.keys.due(self.keys.shard_of(id_), self.name)
        # Who is held stands in the same set, so that this one command sees both.
        await self.link.do("ZADD", waiting, "NX", score(0, at), id_)

    async def exchange(self, ended: Sequence[Ended], now: datetime, limit: int, lease: timedelta) -> list[Due]:
        """Give leases back, and take up to `limit` ids that are due, the most urgent band first, held for `lease`.

        What was put meanwhile stays due. A lease that is somebody else's by now stays so.
        """
        shards, each = self.turns.share(min(limit, MOST_AT_ONCE)) if limit > 0 else ((), 0)
        token = secrets.token_hex(8)
        args: dict[int, list[Arg]] = {shard: [millis(now), each, lease // MS, token] for shard in shards}
        for due, again in ended:
            back = "" if again is None else score(due.priority, again)
            args.setdefault(due.shard, [0, 0, 0, ""]).extend((due.id, due.token, back))
        calls = [
            ((*self.keys.due(shard, self.name), self.keys.leases(shard, self.name)), args[shard]) for shard in args
        ]
        taken: list[Due] = []
        for shard, flat in zip(args, await self.link.run_many(self.scripts.due_exchange, calls), strict=True):
            each_of = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
            taken += (Due(as_text(id_), shard, token, band, lapses) for id_, band, lapses in each_of)
        return sorted(taken, key=lambda due: due.priority)

    async def take(self, now: datetime, limit: int, lease: timedelta) -> list[Due]:
        """Up to `limit` ids that are due, the most urgent band first, held for `lease`."""
        return await self.exchange((), now, limit, lease)

    async def renew(self, held: Sequence[Due], lease: timedelta) -> list[Due]:
        """Hold what is held for `lease` from now; those that are somebody else's by now come back."""
        by_shard: defaultdict[int, list[Due]] = defaultdict(list)
        for due in held:
            by_shard[due.shard].append(due)
        calls: list[Call] = []
        for shard, dues in by_shard.items():
            keys = (*self.keys.due(shard, self.name)[:2], self.keys.leases(shard, self.name))
            calls.append((keys, [lease // MS, *(part for due in dues for part in (due.id, due.token))]))
        answers = await self.link.run_many(self.scripts.due_renew, calls) if calls else []
        lost = {as_text(name) for names in answers for name in names}
        return [due for due in held if due.token + due.id in lost]

    def hold(self, id_: str, priority: int) -> Due:
        """A lease that a commit may take on an id."""
        return Due(id_, self.keys.shard_of(id_), secrets.token_hex(8), priority)

    async def done(self, due: Due) -> None:
        """Give the lease back; what was put meanwhile stays due. A lease that is somebody else's by now stays so."""
        await self.exchange(((due, None),), EPOCH, 0, NO_TIME)

    async def later(self, due: Due, at: datetime) -> None:
        """Give the lease back and make the id due at `at`, or when it was put meanwhile, if earlier."""
        await self.exchange(((due, at),), EPOCH, 0, NO_TIME)

    async def depth(self) -> int:
        """How many ids the queue knows, held ones and those of the future included."""
        sets = [("ZCARD", self.keys.due(shard, self.name)[0]) for shard in range(self.keys.shards)]
        return sum(await self.link.many(sets))

    async def waiting(self, until: datetime) -> int:
        """How many ids are due by `until`, whatever their priority; held ones count with the end of their lease."""
        ends = [(score(band, EPOCH), score(band, until)) for band in range(LAST_PRIORITY + 1)]
        counts = [
            ("ZCOUNT", self.keys.due(shard, self.name)[0], first, last)
            for shard in range(self.keys.shards)
            for first, last in ends
        ]
        return sum(await self.link.many(counts))
