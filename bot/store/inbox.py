"""Raw deliveries on their way to intake: one stream per shard, shared by all workers through a consumer group.

A delivery is stored before anybody is told that it arrived. It leaves the stream when its worker is done with it; a
worker renews what it works on, and what a dead one left behind is taken over, so a delivery may be seen twice. What was
taken twice without an end is taken alone from then on: it may be what the workers died of. A worker that does not know
a delivery's account lets it go for one that does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.dead import KEPT, SUSPECT
from bot.domain.errors import LeaseLost, StoreUnavailable
from bot.domain.models import Raw
from bot.domain.network import UNKNOWN_FOR
from bot.domain.ports import Clock, Due, Stored
from bot.store.connect import GroupMissing, Link
from bot.store.deliveries import FIELDS, from_fields, from_pairs, letter_address, to_fields, to_values
from bot.store.due import Turns
from bot.store.group_commit import GroupCommit
from bot.store.keys import MS, POLLS, Keys, as_text, millis
from bot.store.scripts import Scripts
from bot.store.trips import Arg

GROUP = "intake"
SEEN_TTL = timedelta(days=8)
CURSOR_TTL = timedelta(days=90)
DEAD_STREAM_TTL = KEPT + timedelta(days=1)
"""Longer than any letter is kept, so that each is counted when it goes."""
DEAD_CAP = 10_000
REPLAY_AT_ONCE = 100
WORKER_GONE = timedelta(days=1)
RENEWED_S = 60.0
"""How long a delivery is renewed at most: a worker that hangs on one must not keep it for ever."""
PAUSE_S = 0.02
"""How often several shards are looked at while nothing comes; one stream alone is waited for by the server."""
LONGEST_BLOCK_MS = 2_000
"""Less than the answer timeout of the connection."""


@dataclass(slots=True)
class RedisInbox:
    """The inbox as one worker sees it. Every method raises StoreUnavailable. `instance` names this process."""

    link: Link
    keys: Keys
    scripts: Scripts
    clock: Clock
    instance: str
    turns: Turns
    takeover: timedelta
    writes: GroupCommit[Raw] = field(init=False)
    _next_takeover: float = field(default=0.0, init=False)
    _taken: dict[tuple[int, str], float] = field(default_factory=dict, init=False)
    _looked_at: dict[int, bytes] = field(default_factory=dict, init=False)
    _excused: set[tuple[int, str]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.writes = GroupCommit(self._write)

    async def open(self) -> None:
        """Make the consumer groups that are missing."""
        shards = range(self.keys.shards)
        creations = [("XGROUP", "CREATE", self.keys.inbox(shard), GROUP, "0", "MKSTREAM") for shard in shards]
        for answer in await self.link.each(creations):
            if isinstance(answer, StoreUnavailable) and "BUSYGROUP" not in str(answer):
                raise answer

    async def put(self, raw: Raw) -> None:
        """Store one delivery; concurrent calls share a write. Raises StoreUnavailable: nothing was acknowledged."""
        await self.writes.put(raw)

    async def put_page(
        self, items: Sequence[tuple[str, Raw]], cursor_name: str, cursor: str | None, lease: Due | None = None
    ) -> int:
        """Store the new ones of a polled page and its cursor together; returns how many were new.

        An item's key is remembered for 8 days, for this cursor name alone. No cursor leaves the old one in place.
        `lease` is that of the poll, whose id is the cursor's name. Raises LeaseLost when another one holds it by now.
        """
        shard = self.keys.shard_of(cursor_name)
        keys = [self.keys.inbox(shard), self.keys.cursor(cursor_name), self.keys.due(shard, POLLS)[1]]
        keys += (self.keys.paged(cursor_name, key) for key, _ in items)
        args: list[Arg] = [cursor or "", int(cursor is not None), CURSOR_TTL // MS, SEEN_TTL // MS, len(FIELDS) * 2]
        args += [cursor_name, lease.token if lease else ""]
        for _, raw in items:
            args += to_fields(raw)
        new: int = await self.link.run(self.scripts.inbox_page, keys, args)
        if new < 0:
            raise LeaseLost(f"{cursor_name} is polled by another worker by now")
        return new

    async def cursor(self, cursor_name: str) -> str | None:
        """Where polling stands, or None at the first time and after 90 days of silence."""
        cursor = await self.link.do("GET", self.keys.cursor(cursor_name))
        return None if cursor is None else as_text(cursor)

    async def take(self, limit: int, wait_ms: int, accounts: Collection[tuple[str, str]] | None = None) -> list[Stored]:
        """Deliveries for this worker, those that others left included; waits up to `wait_ms` for the first.

        Of what was left it takes what is of these `accounts` (of any without them), and what nobody took in
        `UNKNOWN_FOR`. What was taken `SUSPECT` times before comes alone.
        """
        if limit < 1:
            return []
        try:
            await self._excuse()
            taken = await self._take(limit, wait_ms, accounts)
        except GroupMissing:
            await self.open()
            return []
        until = self.clock.monotonic() + RENEWED_S
        self._taken |= {(one.shard, one.id): until for one in taken}
        return taken

    async def renew(self) -> None:
        """Say that what was taken is still being worked on."""
        now = self.clock.monotonic()
        self._taken = {name: until for name, until in self._taken.items() if until > now}
        ids = by_shard(self._taken)
        calls = [((self.keys.inbox(shard),), (GROUP, self.instance, *of_shard)) for shard, of_shard in ids.items()]
        if calls:
            await self.link.run_many(self.scripts.inbox_renew, calls)

    def let_go(self, stored: Sequence[Stored], *, excused: bool = False) -> None:
        """Renew these no more: the work on them failed, and whoever comes first shall take them again.

        `excused`: it was not their doing, and this taking is not to count. The server hears of it with the next taking.
        """
        for one in stored:
            self._taken.pop((one.shard, one.id), None)
            if excused:
                self._excused.add((one.shard, one.id))

    async def done(self, stored: Sequence[Stored]) -> None:
        """Take deliveries out of the inbox, in a moment: with others' writes."""
        self.let_go(stored)
        commands: list[Sequence[Arg]] = []
        for shard, of_shard in by_shard((one.shard, one.id) for one in stored).items():
            # Deleted first: should nothing more be carried out, whoever looks for what was left sees that it is gone.
            # The other way round it would be nobody's, and stand there for ever.
            commands += [("XDEL", self.keys.inbox(shard), *of_shard)]
            commands += [("XACK", self.keys.inbox(shard), GROUP, *of_shard)]
        if commands:
            await self.link.many(commands, patient=True)

    async def bury(self, raw: Raw, error: str) -> None:
        """Keep what could not be used in the dead letter: the newest 10,000 per shard, until it expires (30 days)."""
        trouble: list[Arg] = ["error", error, "buried_at", millis(self.clock.now())]
        args: list[Arg] = [DEAD_CAP, DEAD_STREAM_TTL // MS, *to_fields(raw), *trouble]
        shard = self._shard(raw)
        await self.link.run(self.scripts.inbox_bury, (self.keys.dead(shard), self.keys.dead_gone(shard)), args)

    async def replay(self, ids: Sequence[str] | None = None) -> int:
        """Put dead letters (all of them without `ids`) back into the inbox; returns how many. Unknown ids are none."""
        if ids is None:
            return sum([await self._replay_all(shard) for shard in range(self.keys.shards)])
        back = 0
        for shard, entry in filter(None, [letter_address(id_, self.keys.shards) for id_ in ids]):
            back += await self._replay(shard, (entry, entry, 1))
        return back

    async def depth(self) -> int:
        """How many deliveries are not done with."""
        return sum(await self.link.many([("XLEN", self.keys.inbox(shard)) for shard in range(self.keys.shards)]))

    async def close(self) -> None:
        """Wait for the writes that are under way."""
        await self.writes.close()

    async def _write(self, raws: Sequence[Raw]) -> None:
        of_shard: defaultdict[int, list[Arg]] = defaultdict(lambda: [len(FIELDS), *FIELDS])
        for raw in raws:
            of_shard[self._shard(raw)] += to_values(raw)
        calls = [((self.keys.inbox(shard),), args) for shard, args in of_shard.items()]
        await self.link.run_many(self.scripts.inbox_put, calls)

    async def _take(self, limit: int, wait_ms: int, accounts: Collection[tuple[str, str]] | None) -> list[Stored]:
        if left := await self._take_over(limit, accounts):
            return left
        deadline = self.clock.monotonic() + wait_ms / 1000
        while True:
            left_ms = int((deadline - self.clock.monotonic()) * 1000)
            found = await (self._wait(limit, left_ms) if self.keys.shards == 1 else self._look(limit))
            left_ms = int((deadline - self.clock.monotonic()) * 1000)
            if found or left_ms <= 0:
                return found
            if self.keys.shards > 1:
                await self.clock.sleep(min(PAUSE_S, left_ms / 1000))

    async def _take_over(self, limit: int, accounts: Collection[tuple[str, str]] | None) -> list[Stored]:
        """What others left behind: a part of it at each call, and all of it a few times per `takeover`.

        One that is suspected of having killed its workers comes alone, after all others of the same part.
        """
        if not self._may_take_over():
            return []
        shards, each = self.turns.share(limit)
        began = {shard: self._looked_at.get(shard, b"") for shard in shards}
        found, suspected = await self._look_left(began, each, accounts, alone=False)
        if not found and suspected:
            # The same part is looked at again the next time: for the other suspects in it.
            shard = suspected[0]
            found, _ = await self._look_left({shard: began[shard]}, each, accounts, alone=True)
            self._looked_at[shard] = began[shard]
        if not found and not any(self._looked_at.values()):
            self._next_takeover = self.clock.monotonic() + self.takeover.total_seconds() / 4
        return found

    async def _look_left(
        self, after: Mapping[int, bytes], limit: int, accounts: Collection[tuple[str, str]] | None, *, alone: bool
    ) -> tuple[list[Stored], list[int]]:
        """What others left of these shards after an id each, and the shards in which there are suspects."""
        patience = 0 if accounts is None else UNKNOWN_FOR // MS
        args: list[Arg] = [GROUP, self.instance, self.takeover // MS, limit, WORKER_GONE // MS, patience]
        known = ["/".join(account) for account in accounts or ()]
        calls = [
            ((self.keys.inbox(shard),), [*args, first, SUSPECT, int(alone), *known]) for shard, first in after.items()
        ]
        found, suspected = list[Stored](), list[int]()
        for shard, answer in zip(after, await self.link.run_many(self.scripts.inbox_takeover, calls), strict=True):
            self._looked_at[shard], entries, suspects = answer
            found += [
                Stored(id_.decode(), shard, from_pairs(id_, pairs), delivered - 1) for id_, pairs, delivered in entries
            ]
            suspected += [shard] if suspects else []
        return found, suspected

    async def _excuse(self) -> None:
        """Take back the takings that are not to count. Should the answer be lost, they count for even less."""
        excused = set(self._excused)
        ids = by_shard(excused)
        calls = [((self.keys.inbox(shard),), (GROUP, *of_shard)) for shard, of_shard in ids.items()]
        if calls:
            await self.link.run_many(self.scripts.inbox_excuse, calls)
            self._excused -= excused

    def _may_take_over(self) -> bool:
        return self.clock.monotonic() >= self._next_takeover

    async def _wait(self, limit: int, wait_ms: int) -> list[Stored]:
        block = ("BLOCK", min(wait_ms, LONGEST_BLOCK_MS)) if wait_ms > 0 else ()
        streams = ("STREAMS", self.keys.inbox(0), ">")
        read = ("XREADGROUP", "GROUP", GROUP, self.instance, "COUNT", limit, *block, *streams)
        (reply,) = await self.link.alone((read,))
        return [
            Stored(id_.decode(), 0, from_fields(id_, fields), 0)
            for _, entries in reply or ()
            for id_, fields in entries
        ]

    async def _look(self, limit: int) -> list[Stored]:
        shards, each = self.turns.share(limit)
        calls = [((self.keys.inbox(shard),), (GROUP, self.instance, each)) for shard in shards]
        return [
            Stored(id_.decode(), shard, from_pairs(id_, pairs), 0)
            for shard, entries in zip(shards, await self.link.run_many(self.scripts.inbox_read, calls), strict=True)
            for id_, pairs in entries
        ]

    async def _replay_all(self, shard: int) -> int:
        """All letters that are there now; those that come back meanwhile wait for the next time."""
        newest = await self.link.do("XREVRANGE", self.keys.dead(shard), "+", "-", "COUNT", 1)
        total = 0
        while newest and (back := await self._replay(shard, ("-", newest[0][0], REPLAY_AT_ONCE))):
            total += back
        return total

    async def _replay(self, shard: int, letters: tuple[str, Arg, int]) -> int:
        keys = (self.keys.dead(shard), self.keys.inbox(shard))
        back: int = await self.link.run(self.scripts.inbox_replay, keys, (len(FIELDS) * 2, *letters))
        return back

    def _shard(self, raw: Raw) -> int:
        return self.keys.shard_of(raw.network, raw.account)


def by_shard(names: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    """The ids of deliveries, shard by shard."""
    ids: defaultdict[int, list[str]] = defaultdict(list)
    for shard, id_ in names:
        ids[shard].append(id_)
    return ids
