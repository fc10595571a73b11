"""What nobody waits for goes along with others' writes: when it sets out, and that it always does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisClusterException, RedisError
from redis.exceptions import TimeoutError as NoAnswer

from bot.store import trips
from bot.store.lane import Lanes
from bot.store.trips import Command, Trips
from tests.support.waiting import wait_until

NAME = "hark:{0}:note:trips"
READ, WRITE, LATER = [("GET", NAME)], [("APPEND", NAME, "a")], [("APPEND", NAME, "b")]
NEVER = 60.0


@dataclass(slots=True)
class Seen:
    """A way to a real server, which notes what went together. `meanwhile` happens while a round trip is under way; it
    lasts until the `way` is clear, and ends with the `fault`, once."""

    lanes: Lanes
    together: list[list[Command]] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None
    way: asyncio.Event | None = None
    fault: Exception | None = None

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        """One round trip."""
        self.together.append(list(commands))
        if self.meanwhile:
            self.meanwhile()
        if self.way:
            await self.way.wait()
        if self.fault:
            fault, self.fault = self.fault, None
            raise fault
        return await self.lanes.pipelined(commands)

    async def close(self) -> None:
        """Close the connections."""
        await self.lanes.close()


@asynccontextmanager
async def some_trips(url: str, timeout_s: float = 5.0) -> AsyncIterator[tuple[Trips, Seen]]:
    """Trips to the server at `url`, and what went together; closed with the block."""
    client = Redis.from_url(url)
    seen = Seen(Lanes(client, timeout_s))
    ours = Trips(seen)
    try:
        yield ours, seen
    finally:
        await ours.close()
        await client.delete(NAME)
        await client.aclose()


async def test_who_goes_away_on_the_way_takes_nobodys_answer_along(redis_url: str) -> None:
    """Each gets the answers to its own commands, however many those of the others are."""
    async with some_trips(redis_url) as (ours, seen):
        first, gone, last = (asyncio.ensure_future(ours.ask(each)) for each in (READ + WRITE, WRITE + READ, READ))
        seen.meanwhile = gone.cancel
        assert (await first, await last) == ([None, 1], [b"aa"])
        assert gone.cancelled()
        assert seen.together == [[*READ, *WRITE, *WRITE, *READ, *READ]]


async def test_two_are_under_way_at_once_and_the_others_go_together(redis_url: str) -> None:
    """A second one need not wait for the first; a third would make each of them smaller."""
    async with some_trips(redis_url) as (ours, seen):
        seen.way = asyncio.Event()
        asked = [asyncio.ensure_future(ours.ask(READ))]
        await wait_until(lambda: len(seen.together) == 1, "the first is under way")
        asked.append(asyncio.ensure_future(ours.ask(READ)))
        await wait_until(lambda: len(seen.together) == 2, "so is the second")
        for _ in range(2):
            asked.append(asyncio.ensure_future(ours.ask(READ)))
            await asyncio.sleep(0)
        seen.way.set()
        await asyncio.gather(*asked)
        assert seen.together == [READ, READ, READ * 2]


async def test_of_a_crowd_so_many_go_together_at_most(redis_url: str) -> None:
    """Whoever comes first does not wait for the answers of all."""
    async with some_trips(redis_url) as (ours, seen):
        await asyncio.gather(*(ours.ask(READ) for _ in range(trips.TOGETHER + 1)))
        assert [len(each) for each in seen.together] == [trips.TOGETHER, 1]


@pytest.mark.parametrize(
    ("fault", "is_stuck"),
    [
        (NoConnection("broken off"), False),
        (RedisClusterException("no node has this slot"), False),
        (ConnectionRefusedError("nobody listens"), False),
        (NoAnswer("no answer"), True),
        (TimeoutError("no answer"), True),
    ],
)
async def test_a_fault_is_the_answer_and_of_a_stuck_server_also_to_those_behind(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, fault: Exception, *, is_stuck: bool
) -> None:
    """They would wait as long again; after any other fault the next round trip may well come through."""
    monkeypatch.setattr(trips, "CARRIERS", 1)
    async with some_trips(redis_url) as (ours, seen):
        seen.way, seen.fault = asyncio.Event(), fault
        first = asyncio.ensure_future(ours.ask(READ))
        await wait_until(lambda: seen.together, "it is under way")
        behind = asyncio.ensure_future(ours.ask(READ))
        seen.way.set()
        assert await first == [fault]
        assert await behind == ([fault] if is_stuck else [None])


async def test_whoever_is_stopped_on_the_way_leaves_nobody_without_an_answer(redis_url: str) -> None:
    """Everything ends, in the middle of a round trip: nobody knows what became of it."""
    async with some_trips(redis_url) as (ours, seen):
        seen.way = asyncio.Event()
        asked = asyncio.ensure_future(ours.ask(READ))
        await wait_until(lambda: seen.together, "it is under way")
        for carrier in ours._carriers:
            carrier.cancel()
        (answer,) = await asked
        assert isinstance(answer, RedisError)


async def test_what_is_patient_goes_along_with_the_next_write(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with a read: that would have to wait for the disk. A read beside the write waits for it anyhow."""
    monkeypatch.setattr(trips, "PATIENCE_S", NEVER)
    async with some_trips(redis_url) as (ours, seen):
        waiting = [asyncio.ensure_future(ours.ask(LATER, writes=True, patient=True)) for _ in range(2)]
        assert await ours.ask(READ) == [None]
        assert not any(each.done() for each in waiting)
        read, written = await asyncio.gather(ours.ask(READ), ours.ask(WRITE, writes=True))
        assert (read, written) == ([None], [1])
        assert await asyncio.gather(*waiting) == [[2], [3]]
        assert seen.together == [READ, [*READ, *WRITE, *LATER, *LATER]]
        assert await ours.ask(READ) == [b"abb"]


async def test_what_is_patient_goes_by_itself_when_nobody_comes(redis_url: str) -> None:
    """A moment later, and all that waited together."""
    async with some_trips(redis_url) as (ours, seen):
        for _ in range(2):
            await asyncio.gather(*(ours.ask(LATER, writes=True, patient=True) for _ in range(3)))
        assert seen.together == [[*LATER] * 3] * 2


async def test_what_is_patient_waits_no_longer_for_those_who_come_after_it(redis_url: str) -> None:
    """However many they are: each has its patience from when it asked."""
    async with some_trips(redis_url) as (ours, _):
        asked = [asyncio.ensure_future(ours.ask(LATER, writes=True, patient=True))]

        def one_more() -> bool:
            asked.append(asyncio.ensure_future(ours.ask(LATER, writes=True, patient=True)))
            return asked[0].done()

        await wait_until(one_more, "the first is answered", within_s=2)
        await asyncio.gather(*asked)


async def test_closing_waits_for_what_is_patient(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not until its patience ends."""
    monkeypatch.setattr(trips, "PATIENCE_S", NEVER)
    async with some_trips(redis_url) as (ours, _):
        waiting = asyncio.ensure_future(ours.ask(LATER, writes=True, patient=True))
    assert await waiting == [1]


async def test_who_gives_up_while_it_is_patient_has_asked_nothing(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has told nobody that it was done."""
    monkeypatch.setattr(trips, "PATIENCE_S", NEVER)
    async with some_trips(redis_url) as (ours, _):
        given_up = asyncio.ensure_future(ours.ask(LATER, writes=True, patient=True))
        given_up.cancel()
        assert await ours.ask(WRITE, writes=True) == [1]
        assert await ours.ask(READ) == [b"a"]


async def test_what_is_patient_does_not_ask_a_server_that_is_stuck(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wait as long again as whoever has just waited in vain."""
    monkeypatch.setattr(trips, "PATIENCE_S", NEVER)
    async with some_trips(redis_url, timeout_s=0.2) as (ours, seen):
        with redis.Redis.from_url(redis_url) as admin:
            admin.client_pause(600, all=True)
        waiting = asyncio.ensure_future(ours.ask(LATER, writes=True, patient=True))
        (answer,) = await ours.ask(READ)
        assert isinstance(answer, NoAnswer)
        assert [type(each) for each in await waiting] == [NoAnswer]
        assert seen.together == [READ]
