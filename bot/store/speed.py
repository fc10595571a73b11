"""How fast customers were answered, as the commits counted it, and who waits now, as the lists of cases tell.

No case is loaded: when Hark saw the words of each who waits stands in the list of its account, and what they wait for
in small lists beside `waiting`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from bot.domain.agenda import SAID, WAITING, open_list
from bot.domain.counting import Count
from bot.domain.speed import Queue, Stage, Waiter
from bot.domain.topics import Said
from bot.store.connect import Link
from bot.store.keys import Keys, instant, millis

MOST: Final = 10_000
"""So many of those who wait are looked at one by one, the first due first."""
TOGETHER: Final = 500

Score = bytes | float | None


class Scores(NamedTuple):
    """One who waits, in the lists that say more: since when they are seen, again, acknowledged; a promise broken."""

    seen: Score
    again: Score
    word: Score
    broken: Score


@dataclass(frozen=True, slots=True)
class RedisSpeed:
    """All of it. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    most: int = MOST

    async def counts(self, days: Sequence[str]) -> dict[Count, int]:
        """What was counted on these days."""
        named = ((Count.named(name), amount) for name, amount in (await self._days(days)).items())
        return {count: amount for count, amount in named if count is not None and amount > 0}

    async def said(self, days: Sequence[str]) -> dict[Said, int]:
        """What customers wrote about on these days."""
        named = ((Said.named(name), amount) for name, amount in (await self._days(days)).items())
        return {said: amount for said, amount in named if said is not None and amount > 0}

    async def _days(self, days: Sequence[str]) -> Counter[str]:
        hashes = [("HGETALL", self.keys.speed(shard, day)) for shard in range(self.keys.shards) for day in days]
        found: Counter[str] = Counter()
        for answer in await self.link.many(hashes):
            for name, amount in answer.items():
                found[name.decode()] += int(amount)
        return found

    async def queue(self, accounts: Sequence[tuple[str, str]], now: datetime) -> Queue:
        """Who waits now. `accounts` are networks with account: of a case in none of them no network is known."""
        shards = [await self._shard(shard, accounts, now) for shard in range(self.keys.shards)]
        return Queue(
            waiters=[waiter for each in shards for waiter in each.waiters],
            unseen=sum(each.unseen for each in shards),
            unseen_overdue=sum(each.unseen_overdue for each in shards),
        )

    async def _shard(self, shard: int, accounts: Sequence[tuple[str, str]], now: datetime) -> Queue:
        waiting, at = self.keys.index(shard, WAITING), millis(now)
        flat, total, overdue = await self.link.many(
            [
                ("ZRANGE", waiting, 0, self.most // self.keys.shards - 1, "WITHSCORES"),
                ("ZCARD", waiting),
                ("ZCOUNT", waiting, "-inf", f"({at}"),
            ]
        )
        due = [(id_, int(float(score))) for id_, score in zip(flat[::2], flat[1::2], strict=True)]
        waiters: list[Waiter] = []
        for start in range(0, len(due), TOGETHER):
            waiters += await self._some(shard, accounts, due[start : start + TOGETHER], at)
        seen_overdue = sum(waiter.overdue for waiter in waiters)
        return Queue(waiters, max(0, total - len(waiters)), max(0, overdue - seen_overdue))

    async def _some(
        self, shard: int, accounts: Sequence[tuple[str, str]], due: Sequence[tuple[bytes, int]], now_ms: int
    ) -> list[Waiter]:
        """Those with these ids and due times, in one round trip."""
        ids = [id_ for id_, _ in due]
        lists = (*SAID, *(open_list(network, account) for network, account in accounts))
        again, word, broken, *seen = await self.link.many(
            [("ZMSCORE", self.keys.index(shard, each), *ids) for each in lists]
        )
        waiters = []
        for n, (_, due_ms) in enumerate(due):
            homes = ((each[n], network) for each, (network, _) in zip(seen, accounts, strict=True))
            since, network = next((home for home in homes if home[0] is not None), (None, ""))
            waiters.append(_waiter(network, Scores(since, again[n], word[n], broken[n]), due_ms, now_ms))
        return waiters


def _waiter(network: str, scores: Scores, due_ms: int, now_ms: int) -> Waiter:
    """One who waits. Where it is not known since when, it is at least since what they wait for was due.

    What was said before the cycle began counts for nothing: the version before leaves cases in lists unknown to it.
    """
    began, overdue = _ms(scores.seen) or 0, due_ms < now_ms
    again, word, broken = (at if at is not None and at >= began else None for at in map(_ms, scores[1:]))
    if again is not None:
        return Waiter(network, instant(again), Stage.AGAIN, overdue)
    if word is not None:
        return Waiter(network, instant(began or word), Stage.ANSWER, overdue, broken is not None)
    return Waiter(network, instant(began or min(due_ms, now_ms)), Stage.WORD, overdue, broken is not None)


def _ms(score: Score) -> int | None:
    return None if score is None else int(float(score))
