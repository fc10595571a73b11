"""A delivery leaves the inbox for good, wherever the connection breaks meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoConnection

from bot.domain.errors import StoreUnavailable
from bot.store.inbox import GROUP
from bot.store.trips import Command, Road, Trips
from tests.support.cases import a_raw
from tests.support.stores import a_store


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
