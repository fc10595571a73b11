"""What erasing a customer takes of Redis. There is no list of cases by customer: the keys are looked through.

Of all keys only those are asked for whose kind may hold something of a person; docs/redis-keys.md says which.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.domain import agenda
from bot.domain.case import Case, LogEntry
from bot.domain.dead import TAKEN_BACK
from bot.domain.erasing import Customer, Remains
from bot.domain.errors import Unreadable
from bot.domain.models import Raw
from bot.store.cases import ALL_OPEN, read_case
from bot.store.connect import Link
from bot.store.deliveries import from_fields
from bot.store.keys import CARDS, MS, POLLS, SENDS, TIMERS, Keys, as_text
from bot.store.notes import digest_line
from bot.store.scripts import Scripts
from bot.store.trips import Arg, Command

KINDS = ("case", "draft", "erasing", "note", "digest", "recent", "gathered", "folded", "standing", "storm")
LOOKED_AT = 2_000
TOGETHER = 200
"""Ids and commands in one round trip."""
DELIVERIES = 25
"""Read in one round trip: each may have four mebibytes."""
CASES = frozenset({"asking", "admitted", "cards"})
"""Parts of a channel's storm that are sorted sets of cases."""

Found = Mapping[str, Sequence[str]]
"""Keys by their kind."""


@dataclass(frozen=True, slots=True)
class RedisErasing:
    """All of it. Every method raises StoreUnavailable. All of it may be done again after a crash."""

    link: Link
    keys: Keys
    scripts: Scripts

    async def look(self) -> Found:
        """Every key that may have to do with a person."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        # One server answers for all shards at once; of a cluster, the node of each shard is asked for that shard.
        for shard in range(self.keys.shards) if self.link.cluster else (None,):
            cursor = "0"
            while True:
                args: list[Arg] = [cursor, LOOKED_AT, "" if shard is None else shard, *KINDS]
                page = await self.link.run(self.scripts.scan, (self.keys.at(shard or 0, "scan"),), args)
                for key in map(as_text, page[1]):
                    found[_parts(key)[2]].append(key)
                cursor = as_text(page[0])
                if cursor == "0":
                    break
        return {kind: sorted(set(keys)) for kind, keys in found.items()}

    async def read(self, keys: Sequence[str], fits: Callable[[str], bool]) -> tuple[list[Case], int]:
        """Those of these cases whose document fits, and how many that fit only a newer version can read."""
        docs = await self.link.many([("HGET", key, "doc") for key in keys])
        cases, unread = [], 0
        for doc in docs:
            if doc is not None and fits(as_text(doc)):
                try:
                    cases.append(read_case(doc))
                except Unreadable:
                    unread += 1
        return cases, unread

    async def forget(self, case: Case, remains: Remains, found: Found) -> bool:
        """Erase a case as it was read, and the drafts for it that were found; note what remains of it in Slack. False
        when it is another by now."""
        shard = self.keys.shard_of(case.id)
        lists = [*agenda.indexes(case), ALL_OPEN, *agenda.SAID]
        keys = [self.keys.case(shard, case.id), self.keys.log(shard, case.id), self.keys.erasing(shard, case.id)]
        for queue in (TIMERS, SENDS, CARDS):
            keys += (*self.keys.due(shard, queue), self.keys.leases(shard, queue))
        keys += (self.keys.index(shard, name) for name in lists)
        args: list[Arg] = [case.id, case.version, remains.model_dump_json(exclude_defaults=True), len(lists)]
        keys += _drafts(found, (case.id,))
        return bool(await self.link.run(self.scripts.forget, keys, args))

    async def remains(self, keys: Sequence[str]) -> list[Remains]:
        """What remains in Slack of cases that are erased already."""
        notes = await self.link.many([("GET", key) for key in keys])
        return [Remains.model_validate_json(note) for note in notes if note is not None]

    async def settled(self, remains: Remains) -> None:
        """Nothing remains of it that Hark may delete."""
        await self.link.do("DEL", self.keys.erasing(self.keys.shard_of(remains.case), remains.case))

    async def reword(self, case_id: str, word: Callable[[LogEntry], LogEntry]) -> None:
        """Word the lines of a case's audit log anew."""
        key = self.keys.log(self.keys.shard_of(case_id), case_id)
        for line in await self.link.do("LRANGE", key, 0, -1):
            entry = LogEntry.model_validate_json(line)
            new = word(entry)
            if new != entry:
                await self.link.run(self.scripts.log_swap, (key,), (line, new.model_dump_json(exclude_defaults=True)))

    async def letters(self, fits: Callable[[Raw], bool]) -> list[tuple[int, str]]:
        """The dead letters that fit: shard and id in its stream."""
        return await self._entries(self.keys.dead, fits)

    async def drop_letters(self, letters: Sequence[tuple[int, str]]) -> None:
        """Delete dead letters. They do not count as gone unused: somebody wanted that."""
        await self.link.many([("XDEL", self.keys.dead(shard), id_) for shard, id_ in letters])

    async def deliveries(self, fits: Callable[[Raw], bool]) -> int:
        """How many deliveries that fit wait for intake."""
        return len(await self._entries(self.keys.inbox, fits))

    async def beside(self, found: Found, one: Customer) -> int:
        """How many likes, names and wordings of the customer's are kept beside the cases."""
        told, _ = await self._notes(found.get("note", ()), one, ())
        return len(told) + len(await self._texts(found, one))

    async def trim(self, found: Found, one: Customer, cases: Sequence[str], words: Collection[str] = ()) -> None:
        """Take the customer, and these cases and normal texts of theirs, out of all that is kept beside the cases."""
        commands = list(_without_cases(found, one, cases))
        told, likes = await self._notes(found.get("note", ()), one, cases)
        shards = range(self.keys.shards)
        commands += [
            ("SET", self.keys.gone(shard, name), 1, "PX", TAKEN_BACK // MS) for name in likes for shard in shards
        ]
        commands += [("DEL", key) for key in told]
        commands += await self._texts(found, one)
        commands += await self._recent_words(found, words)
        commands += await self._lookups(one)
        commands += [("DEL", key) for key in _drafts(found, cases)]
        for first in range(0, len(commands), TOGETHER):
            await self.link.many(commands[first : first + TOGETHER])

    async def _entries(self, stream: Callable[[int], str], fits: Callable[[Raw], bool]) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for shard in range(self.keys.shards):
            last = "-"
            while entries := await self.link.do("XRANGE", stream(shard), last, "+", "COUNT", DELIVERIES):
                found += [(shard, as_text(id_)) for id_, fields in entries if fits(from_fields(id_, fields))]
                last = f"({as_text(entries[-1][0])}"
        return found

    async def _notes(self, keys: Sequence[str], one: Customer, cases: Sequence[str]) -> tuple[list[str], list[str]]:
        """The notes that say where their likes were counted, how they are called, which private conversation led to
        which case; and the dedupe names of the likes, which are to be taken back."""
        told = [key for key in keys if _name(key).startswith(f"told:{one.network}:") and one.is_named_in(key)]
        likes = [_name(key).removeprefix("told:") for key in told]
        read = [key for key in keys if _name(key).startswith(("alias:", f"lookup:{one.network}/"))]
        values = await self.link.many([("GET", key) for key in read])
        erased = set(cases)
        for key, value in zip(read, values, strict=True):
            said = as_text(value or b"")
            if said in erased or (not _name(key).startswith("alias:") and one.is_named_in(f"{key} {said}")):
                told.append(key)
        return told, likes

    async def _texts(self, found: Found, one: Customer) -> list[Command]:
        """Our own lines and wordings that name them."""
        commands: list[Command] = []
        for key in found.get("recent", ()):
            texts = [as_text(each) for each in await self.link.do("ZRANGE", key, 0, -1)]
            commands += [("ZREM", key, each) for each in texts if one.is_shown_in(each)]
        for key in found.get("digest", ()):
            for id_, line in (await self.link.do("HGETALL", key)).items():
                name = as_text(id_)
                theirs = one.is_named_in(name) or one.is_shown_in(digest_line(line))
                if name.startswith(f"{one.network}:") and theirs:
                    commands.append(("HDEL", key, name))
        return commands

    async def _recent_words(self, found: Found, words: Collection[str]) -> list[Command]:
        """What was said in a channel within ten minutes, by which near duplicates are told: their texts, time first."""
        commands: list[Command] = []
        for key in found.get("storm", ()):
            if words and key.endswith(":recent"):
                lines = [as_text(line) for line in await self.link.do("LRANGE", key, 0, -1)]
                commands += [("LREM", key, 0, line) for line in lines if line.partition(" ")[2] in words]
        return commands

    async def _lookups(self, one: Customer) -> list[Command]:
        """Their name is not asked for any more."""
        commands: list[Command] = []
        for shard in range(self.keys.shards):
            queue, held, again = self.keys.due(shard, POLLS)
            for id_ in map(as_text, await self.link.do("ZRANGE", queue, 0, -1)):
                if id_.startswith(f"{one.network}/") and one.is_named_in(id_):
                    commands += [("ZREM", queue, id_), ("HDEL", held, id_), ("HDEL", again, id_)]
                    commands.append(("ZREM", self.keys.leases(shard, POLLS), id_))
        return commands


def _without_cases(found: Found, one: Customer, cases: Sequence[str]) -> Iterator[Command]:
    """The commands that take cases out of the lists of storms, known problems and alerts, and the person with them."""
    people = [f"{one.network}:{each}" for each in one.ids]
    lists = chain(*(found.get(kind, ()) for kind in ("gathered", "folded", "standing")))
    removals: list[tuple[str, str, Sequence[str]]] = [("ZREM", key, cases) for key in lists]
    for key in found.get("storm", ()):
        part = key.rpartition(":")[2]
        if part in CASES:
            removals.append(("ZREM", key, cases))
        elif part == "shown":
            removals.append(("SREM", key, cases))
        elif part == "people":
            removals.append(("ZREM", key, people))
    for command, key, members in removals:
        for first in range(0, len(members), TOGETHER):
            yield (command, key, *members[first : first + TOGETHER])


def _drafts(found: Found, cases: Collection[str]) -> list[str]:
    """The keys of what was being written in these cases."""
    theirs = set(cases)
    return [key for key in found.get("draft", ()) if _parts(key)[3] in theirs]


def _parts(key: str) -> list[str]:
    """hark, the shard, the kind, and what comes after."""
    return key.split(":")


def _name(key: str) -> str:
    """A key without its shard and its kind."""
    return key.split(":", 3)[3]
