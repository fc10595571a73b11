"""What a network answers to a send is kept, whatever becomes of the store or of the worker's step in that moment: of a
network that cannot be asked again, nobody else would ever learn it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoConnection

from bot.domain.case import Send, SendState
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Sent
from bot.domain.ports import Due
from bot.store.trips import Command, Road
from tests.bot.services.test_sending import Desk, a_desk
from tests.support.cases import a_send
from tests.support.scripted import Scripted


@dataclass(slots=True)
class TornRoad:
    """A way to the server on which the answers to some round trips are lost: the `lost` ones, counted from one. None
    sets out before it is `open`."""

    road: Road
    lost: Collection[int]
    trips: "count[int]" = field(default_factory=lambda: count(1))
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        """Ask the server, and perhaps do not hear the answer."""
        self.asked.set()
        await self.open.wait()
        answers = await self.road.pipelined(commands)
        if next(self.trips) in self.lost:
            raise NoConnection("broken off")
        return answers

    async def close(self) -> None:
        """As the road does."""
        await self.road.close()


class Tearing(Scripted):
    """A network that takes the send, and cannot be asked about it; from then on the way to the store is another one."""

    def __init__(self, desk: Desk, lost: Collection[int]) -> None:
        super().__init__(desk.network.deps.http, desk.clock, desk.store.notes, read_back=False)
        self._trips = desk.store.link._trips
        self.road = TornRoad(self._trips.road, lost)

    async def send(self, send: Send) -> Sent:
        """Take it."""
        proof = await super().send(send)
        self._trips.road = self.road
        return proof


@pytest.mark.parametrize("lost", [(1,), (2,), (1, 2, 3)])
async def test_lost_answers_of_the_store_do_not_lose_what_the_network_said(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, lost: Collection[int]
) -> None:
    """Of the load, of the commit, or of several: the send is known to stand."""
    monkeypatch.setattr("bot.services.once.PAUSE_S", 0.01)
    async with a_desk(redis_url) as desk:
        network = Tearing(desk, lost)
        network.road.open.set()
        case_id = await desk.wants(a_send())
        await desk.worker(network).act(Due(case_id, 0, "token", 0))
        assert (await desk.send(case_id)).state is SendState.SENT


async def test_a_step_that_is_stopped_notes_what_the_network_said(redis_url: str) -> None:
    """Its lease was lost while the store did not answer: whoever holds it now could only tell that nobody knows."""
    async with a_desk(redis_url) as desk:
        network = Tearing(desk, ())
        case_id = await desk.wants(a_send())
        async with asyncio.TaskGroup() as group:
            step = group.create_task(desk.worker(network).act(Due(case_id, 0, "token", 0)))
            await network.road.asked.wait()
            step.cancel()
            network.road.open.set()
        assert step.cancelled()
        assert (await desk.send(case_id)).state is SendState.SENT


async def test_the_send_stands_though_what_was_learnt_of_its_account_cannot_be_noted(redis_url: str) -> None:
    """The case comes first."""
    async with a_desk(redis_url) as desk:
        network = Tearing(desk, (3,))
        network.road.open.set()
        case_id = await desk.wants(a_send())
        with pytest.raises(StoreUnavailable):
            await desk.worker(network).act(Due(case_id, 0, "token", 0))
        assert (await desk.send(case_id)).state is SendState.SENT
