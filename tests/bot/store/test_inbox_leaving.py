"""Deliveries on their way out of the inbox, or back into it: none stays behind, wherever that is broken off."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoConnection

from bot.domain.errors import StoreUnavailable
from bot.store.inbox import GROUP, REPLAY_AT_ONCE
from bot.store.trips import Command, Road, Trips
from tests.support.cases import a_raw
from tests.support.stores import a_store
from tests.support.waiting import wait_until


@dataclass(slots=True)
class BrokenRoad:
    """A way to a real server that breaks off once so many commands were carried out."""

    road: Road
    carried: int

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        """Carry out the first ones; whoever asked hears of none."""
        if self.carried:
            await self.road.pipelined(commands[: self.carried])
        raise NoConnection("broken off")

    async def close(self) -> None:
        """As the road does."""
        await self.road.close()


@pytest.mark.parametrize(("carried", "comes_again"), [(0, True), (1, False), (2, False)])
async def test_what_is_over_leaves_wherever_the_connection_breaks(
    redis_url: str, carried: int, *, comes_again: bool
) -> None:
    """Whoever comes next does it again or finds nothing: it does not stand there as one that nobody is done with."""
    async with a_store(redis_url, instance="broken off") as store:
        await store.inbox.put(a_raw())
        taken = await store.inbox.take(5, 0)
        road, store.link._trips = store.link._road, Trips(BrokenRoad(store.link._road, carried))
        with pytest.raises(StoreUnavailable):
            await store.inbox.done(taken)
        store.link._trips = Trips(road)
    async with a_store(redis_url, instance="heir", takeover=timedelta(0)) as heir:
        left = await heir.inbox.take(5, 0)
        assert bool(left) is comes_again
        await heir.inbox.done(left)
        assert await heir.inbox.depth() == 0
        assert (await heir.link.do("XPENDING", heir.inbox.keys.inbox(0), GROUP))["pending"] == 0


async def test_what_is_over_leaves_with_others_writes(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it, so the server's disk need not be waited for once more (docs/decisions/013)."""
    monkeypatch.setattr("bot.store.trips.PATIENCE_S", 60.0)
    async with a_store(redis_url) as store:
        await store.inbox.put(a_raw())
        leaving = asyncio.ensure_future(store.inbox.done(await store.inbox.take(5, 0)))
        await wait_until(lambda: store.link._trips._patient, "it waits")
        await store.inbox.put(a_raw())
        await leaving
        assert await store.inbox.depth() == 1


async def test_what_is_on_its_way_in_is_stored_before_the_store_is_closed(redis_url: str) -> None:
    """A process that ends tells the network truly whether its delivery is stored."""
    async with a_store(redis_url) as store:
        storing = asyncio.ensure_future(store.inbox.put(a_raw()))
        await asyncio.sleep(0)
    assert storing.done()
    await storing


async def test_of_many_letters_all_are_replayed(redis_url: str) -> None:
    """Also more than go back in one go."""
    async with a_store(redis_url) as store:
        many = 2 * REPLAY_AT_ONCE + 1
        await asyncio.gather(*(store.inbox.bury(a_raw(), "wrong") for _ in range(many)))
        assert await store.inbox.replay() == many
        assert ((await store.dead.count()).waiting, await store.inbox.depth()) == (0, many)
