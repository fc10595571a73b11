"""Cases in Redis: one document each, changed only by the `commit` script."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from pydantic import ValidationError

from bot.domain import agenda
from bot.domain.case import Case, LogEntry
from bot.domain.counting import changes
from bot.domain.dead import REMEMBERED, TAKEN_BACK
from bot.domain.errors import Unreadable
from bot.domain.ports import Commit, CommitResult, Conflict
from bot.store.brief import brief, full
from bot.store.connect import Link
from bot.store.keys import CARDS, MS, SENDS, TIMERS, Keys, millis, score
from bot.store.scripts import Scripts
from bot.store.trips import Arg, Command

NO_TIME = timedelta(0)
LOG_CAP = 1000
COUNTS_TTL = timedelta(days=40)
ALL_OPEN = "open"
"""A list of all open cases, which earlier versions kept beside those of the agenda; each change takes its case out."""
OLDER = ("BYSCORE", "REV", "LIMIT")
"""How a sorted set is read backwards from a place on."""
RESULTS: dict[bytes, CommitResult] = {b"committed": "committed", b"duplicate": "duplicate", b"gone": "gone"}


@dataclass(frozen=True, slots=True)
class RedisCases:
    """All cases. Every method raises StoreUnavailable. `retention` is how long a closed case is kept."""

    link: Link
    keys: Keys
    scripts: Scripts
    retention: timedelta

    async def load(self, case_id: str) -> Case | None:
        """The case as it is now, or None if it never was or has expired. Raises Unreadable."""
        doc = await self.link.do("HGET", self.keys.case(self.keys.shard_of(case_id), case_id), "doc")
        return None if doc is None else read_case(doc)

    async def load_many(self, case_ids: Sequence[str]) -> dict[str, Case | None]:
        """Cases as they are now, by their ids in this order, in one round trip.

        Those that only a newer version can read are left out: one of them must not hide the others.
        """
        reads = [("HGET", self.keys.case(self.keys.shard_of(case_id), case_id), "doc") for case_id in case_ids]
        cases: dict[str, Case | None] = {}
        for case_id, doc in zip(case_ids, await self.link.many(reads), strict=True):
            with suppress(Unreadable):
                cases[case_id] = None if doc is None else read_case(doc)
        return cases

    async def commit(self, commit: Commit) -> CommitResult:
        """Apply one change, all or nothing. Dedupe names count within their case, for 37 days after the last try.

        Raises ValueError when before and after are different cases, or a case is held that is not to be drawn, and
        Unreadable when there is a conflict with what only a newer version can read.
        """
        if commit.before is not None and commit.before.id != commit.after.id:
            msg = f"a commit changes one case, not {commit.before.id} into {commit.after.id}"
            raise ValueError(msg)
        if commit.hold is not None and commit.draw is None:
            msg = f"who holds {commit.after.id} is to draw it, and it is not to be drawn"
            raise ValueError(msg)
        keys, args = self._commit_call(commit)
        answer = await self.link.run(self.scripts.commit, keys, args, patient=commit.patient)
        if isinstance(answer, bytes):
            return RESULTS[answer]
        _, doc = answer
        return Conflict(None if doc is None else read_case(doc))

    async def take_back(self, name: str) -> None:
        """From now on no commit brings in what has this dedupe name, for 67 days: its customer took it back."""
        shards = range(self.keys.shards)
        await self.link.many([("SET", self.keys.gone(shard, name), 1, "PX", TAKEN_BACK // MS) for shard in shards])

    async def is_taken_back(self, name: str) -> bool:
        """Whether what has this dedupe name was taken back within 67 days."""
        return bool(await self.link.do("EXISTS", self.keys.gone(0, name)))

    async def history(self, case_id: str) -> list[LogEntry]:
        """The audit log of a case, oldest first; the newest 1,000 lines are kept."""
        lines = await self.link.do("LRANGE", self.keys.log(self.keys.shard_of(case_id), case_id), 0, -1)
        return [LogEntry.model_validate_json(line) for line in lines]

    async def waiting(self, limit: int) -> list[Case]:
        """Open cases in which a customer waits, the earliest due first."""
        return await self._listed(agenda.WAITING, limit)

    async def claimed_by(self, user: str, limit: int) -> list[Case]:
        """Open cases claimed by that Slack user, the earliest due first."""
        return await self._listed(agenda.claimed_list(user), limit)

    async def open_in(self, network: str, account: str, limit: int) -> list[Case]:
        """Open cases of one account, the newest first."""
        return await self._listed(agenda.open_list(network, account), limit, newest_first=True)

    async def open_after(self, network: str, account: str, place: str, limit: int) -> list[tuple[str, Case | None]]:
        """Open cases of one account behind a place in their order, the newest first, each with its own place.

        Those that came in the same millisecond as the place are looked through by their ids.
        """
        lists = [self.keys.index(shard, agenda.open_list(network, account)) for shard in range(self.keys.shards)]
        at, _, last = place.partition(" ")
        since = f"({at}" if at else "+inf"
        reads: list[Command] = [("ZRANGE", each, since, "-inf", *OLDER, 0, limit, "WITHSCORES") for each in lists]
        reads += [("ZRANGE", each, at, at, "BYSCORE", "WITHSCORES") for each in lists if at]
        found = [pair for flat in await self.link.many(reads) for pair in _scored(flat)]
        behind = sorted((pair for pair in found if not at or pair < (float(at), last)), reverse=True)[:limit]
        cases = await self.load_many([case_id for _, case_id in behind])
        return [(f"{int(ms)} {case_id}", cases.get(case_id)) for ms, case_id in behind]

    async def hiding(self, limit: int) -> list[Case]:
        """Cases in which a request to hide a comment waits for a second person, the oldest first."""
        return await self._listed(agenda.HIDING, limit)

    async def misplaced(self, limit: int) -> list[Case]:
        """Open cases of which Slack refused a message, the oldest first."""
        return await self._listed(agenda.MISPLACED, limit)

    async def sending(self, limit: int) -> list[Case]:
        """Cases of all accounts with sends to come, closed ones too, those whose turn comes first."""
        return await self._ranked([self.keys.due(shard, SENDS)[0] for shard in range(self.keys.shards)], limit)

    async def count_open(self, network: str, account: str) -> int:
        """How many cases of one account are open."""
        return await self._count(agenda.open_list(network, account))

    async def count_waiting(self) -> int:
        """In how many open cases a customer waits."""
        return await self._count(agenda.WAITING)

    async def count_claimed_by(self, user: str) -> int:
        """How many open cases that Slack user has claimed."""
        return await self._count(agenda.claimed_list(user))

    async def count_hiding(self) -> int:
        """In how many cases a request to hide a comment waits for a second person."""
        return await self._count(agenda.HIDING)

    async def _count(self, name: str) -> int:
        lists = (self.keys.index(shard, name) for shard in range(self.keys.shards))
        return sum(await self.link.many([("ZCARD", each) for each in lists]))

    async def _listed(self, name: str, limit: int, *, newest_first: bool = False) -> list[Case]:
        lists = [self.keys.index(shard, name) for shard in range(self.keys.shards)]
        return await self._ranked(lists, limit, newest_first=newest_first)

    async def _ranked(self, lists: Sequence[str], limit: int, *, newest_first: bool = False) -> list[Case]:
        """The first cases of sorted sets, one in each shard."""
        if limit < 1:
            return []
        order = ("REV",) if newest_first else ()
        ranges = [("ZRANGE", each, 0, limit - 1, *order, "WITHSCORES") for each in lists]
        found: list[tuple[float, str]] = []
        for flat in await self.link.many(ranges):
            found += _scored(flat)
        found.sort(reverse=newest_first)
        cases = await self.load_many([case_id for _, case_id in found[:limit]])
        return [case for case in cases.values() if case is not None]

    def _commit_call(self, commit: Commit) -> tuple[list[str], list[Arg]]:
        """Keys and arguments, in the order that commit.lua names."""
        before, after = commit.before, commit.after
        case_id = after.id
        shard = self.keys.shard_of(case_id)
        joins = agenda.indexes(after)
        leaves = [name for name in _lists(before, after) if name not in joins]
        counts = changes(before, after)
        keys = [self.keys.case(shard, case_id), self.keys.log(shard, case_id), *_queues(self.keys, shard)]
        keys += [self.keys.index(shard, name) for name in (*joins, *leaves)]
        keys += [self.keys.seen(shard, case_id, name) for name in commit.dedupe]
        keys += [self.keys.gone(shard, name) for name in commit.dedupe]
        keys += [self.keys.speed(shard, day) for day in counts]
        due, lease = commit.hold or (None, NO_TIME)
        args: list[Arg] = [
            case_id,
            "" if before is None else before.version,
            brief(after),
            "" if after.is_open else self.retention // MS,
            _score(agenda.next_timer(after)),
            _score(agenda.next_send(after)),
            "" if commit.draw is None else score(commit.draw, commit.at + commit.draw_after),
            len(joins),
            len(leaves),
            REMEMBERED // MS,
            LOG_CAP,
            due.token if due else "",
            lease // MS,
            len(counts),
            COUNTS_TTL // MS,
            *[millis(at) for at in joins.values()],
            *[_added(amounts) for amounts in counts.values()],
            *[entry.model_dump_json(exclude_defaults=True) for entry in commit.log],
        ]
        return keys, args


@cache
def _queues(keys: Keys, shard: int) -> tuple[str, ...]:
    """The keys of the queues that a commit may touch, the same for all cases of a shard."""
    queues = [key for queue in (TIMERS, SENDS, CARDS) for key in keys.due(shard, queue)]
    return *queues, keys.leases(shard, CARDS)


def read_case(doc: bytes) -> Case:
    """A stored case. Raises Unreadable for one that a newer version wrote in words that this one does not know."""
    try:
        return full(Case.model_validate_json(doc))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"a case was written by a newer version of Hark ({where}: {first['type']})") from error


def _lists(before: Case | None, after: Case) -> Sequence[str]:
    """The lists in which a case may stand before a change. Of a closed one it is made sure, whoever changed it last."""
    if before is None:
        return ()
    return (*agenda.indexes(before), ALL_OPEN, *(() if after.is_open else agenda.SAID))


def _scored(flat: Sequence[bytes]) -> Iterator[tuple[float, str]]:
    """The members of a sorted set with their scores, as the server lists them."""
    return ((float(at), member.decode()) for member, at in zip(flat[::2], flat[1::2], strict=True))


def _added(amounts: Mapping[str, int]) -> str:
    return " ".join(f"{name} {amount}" for name, amount in amounts.items())


def _score(at: datetime | None) -> int | str:
    return "" if at is None else score(0, at)
