"""Work that its workers die of."""

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.domain.dead import SUSPECT, TRIES
from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Due
from bot.services.deadly import WORK, telling
from bot.services.worker import QueueWorker
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import NOON
from tests.support.notices import a_notice_desk
from tests.support.stores import TestClock, a_store, end_leases
from tests.support.waiting import wait_until

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
KIND = "deadly/cards/bad"


class Lives:
    """Workers of the cards, one after the other: each dies with all that it has in hands, if "bad" is among it."""

    def __init__(self, store: Store, clock: TestClock) -> None:
        self._store = store
        self._clock = clock

    async def one(self) -> dict[str, int]:
        """One life: what it had in hands, each with the lives before this one that ended with it."""
        hands, goes_on = dict[str, int](), asyncio.Event()

        async def act(due: Due) -> None:
            hands[due.id] = due.lapses
            await goes_on.wait()

        stop = asyncio.Event()
        worker = QueueWorker("cards", self._store.cards, act, self._clock, Metrics(), LEASE)
        run = asyncio.ensure_future(worker.run(stop))
        await wait_until(lambda: hands, "something is begun")
        if "bad" in hands:
            run.cancel()
        goes_on.set()
        stop.set()
        await asyncio.wait({run})
        await end_leases(self._store)
        return hands


async def test_what_kills_does_so_alone_and_ever_more_seldom(redis_url: str) -> None:
    """Two lives end with all that was in hands; then each of these has a life of its own, and only the guilty dies."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        lives = Lives(store, clock)
        for name in ("a", "bad", "c"):
            await store.cards.put(name, NOON)
        for before in range(SUSPECT):
            assert await lives.one() == {"a": before, "bad": before, "c": before}
        alone = list[dict[str, int]]()
        for _ in range(3):
            alone.append(await lives.one())
            clock.advance(SECOND)
        assert alone == [{"a": SUSPECT}, {"bad": SUSPECT}, {"c": SUSPECT}]
        for before in range(SUSPECT + 1, TRIES):
            clock.advance(MINUTE - 2 * SECOND)
            assert await store.cards.take(clock.now(), 9, LEASE) == []
            clock.advance(2 * SECOND)
            assert await lives.one() == {"bad": before}
        for before in (TRIES, TRIES + 1):
            await store.cards.put("fresh", clock.now())
            assert await lives.one() == {"fresh": 0}
            clock.advance(HOUR - SECOND)
            assert await store.cards.take(clock.now(), 9, LEASE) == []
            clock.advance(SECOND)
            assert await lives.one() == {"bad": before}


async def test_whoever_ends_it_clears_its_name(redis_url: str) -> None:
    """A worker that slept gives it back although its lease is over; what comes after that is new."""
    async with a_store(redis_url) as store:
        await store.cards.put("case", NOON, 3)
        await store.cards.take(NOON, 1, LEASE)
        await end_leases(store)
        (slow,) = await store.cards.take(NOON, 1, LEASE)
        await end_leases(store)
        assert await store.cards.renew([slow], LEASE) == []
        await end_leases(store)
        await store.cards.put("urgent", NOON, 0)
        assert [due.id for due in await store.cards.take(NOON, 1, LEASE)] == ["urgent"]  # sees that the lease is over
        await store.cards.later(slow, NOON)
        assert [(due.id, due.lapses) for due in await store.cards.take(NOON, 1, LEASE)] == [("case", 0)]


@pytest.mark.parametrize("lapses", [0, TRIES - 2])
async def test_who_may_be_innocent_is_not_told_of(redis_url: str, lapses: int) -> None:
    """Workers die of other things, too."""
    async with a_notice_desk(redis_url) as desk:

        async def act(_due: Due) -> datetime:
            return NOON

        assert await telling("cards", act, desk.notices)(bad(lapses)) == NOON
        assert await desk.due(KIND) is None
        assert desk.said() == []


@pytest.mark.parametrize("queue", WORK)
async def test_it_is_told_before_it_kills_again_and_once_it_does_not(redis_url: str, queue: str) -> None:
    """The worker that dies of it has said so before; the one that survives says that, too."""
    async with a_notice_desk(redis_url) as desk:

        async def kills(_due: Due) -> datetime | None:
            raise KeyboardInterrupt

        async def ends(_due: Due) -> datetime | None:
            return NOON

        kind = f"deadly/{queue}/bad"
        with pytest.raises(KeyboardInterrupt):
            await telling(queue, kills, desk.notices)(bad(TRIES - 1))
        await desk.due(kind)
        (message,) = desk.said()
        assert f"Workers die of {WORK[queue]}: {TRIES - 1} began with it" in message.text
        assert "bad" in str(message.blocks)
        assert await telling(queue, ends, desk.notices)(bad(TRIES)) == NOON
        await desk.due(kind)
        assert f"No worker died of {WORK[queue]} this time" in desk.said()[-1].text
        assert len(desk.said()) == 2


async def test_what_cannot_be_told_is_not_begun(redis_url: str) -> None:
    """Else it would kill without a word; it comes again."""
    async with a_notice_desk(redis_url) as desk:
        begun = list[Due]()

        async def act(due: Due) -> None:
            begun.append(due)

        await desk.store.link.do("SET", desk.store.cases.keys.notice(KIND), "no hash")
        with pytest.raises(StoreUnavailable):
            await telling("cards", act, desk.notices)(bad(TRIES - 1))
        assert begun == []


def bad(lapses: int) -> Due:
    """It, after so many lives."""
    return Due("bad", 0, "token", 2, lapses)
