"""What is no case's own message is posted once, too: notices, the hourly message, the end of an outage, the card of a
storm, and what was gathered for somebody. Whoever sleeps, dies or hears nothing meanwhile doubles none of them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

import pytest

from bot.domain.ports import Due
from bot.services.notices import NOTICE
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from tests.support.queue_worker import running
from tests.support.tellers import KIND, TELLERS, DyingGateway, Notice, Room, Slept, SlowGateway, Teller, a_room
from tests.support.waiting import wait_until

LEASE = timedelta(seconds=1)


@pytest.fixture(params=TELLERS, ids=lambda each: each.__name__)
async def room(request: pytest.FixtureRequest, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """Something to tell, and two workers."""
    monkeypatch.setattr("bot.services.once.LOOKS_S", (0.0, 0.3))
    teller: type[Teller] = request.param
    async with a_room(redis_url, teller) as made:
        yield made


async def test_it_is_told_once(room: Room) -> None:
    """However many turns are taken."""
    for _ in range(3):
        await room.awake()
    assert len(room.told()) == 1


@pytest.mark.parametrize("where", Slept)
async def test_a_worker_that_slept_doubles_nothing(room: Room, where: Slept) -> None:
    """Wherever it slept while another one told it, one message stands, and the next turn finds nothing to tell."""
    await room.sleeping(where)
    assert len(room.told()) == 1
    await room.awake()
    assert len(room.told()) == 1


@pytest.mark.parametrize("where", [Slept.BEFORE_NOTING, Slept.NOTED])
async def test_who_slept_over_its_note_does_not_post(room: Room, where: Slept) -> None:
    """Another has told it by then: nothing is posted that would have to be taken away."""
    await room.sleeping(where)
    assert room.posts() == 1


async def test_who_comes_second_does_not_post(room: Room) -> None:
    """However short its sleep was: what another has noted since is not written over."""
    await room.sleeping(Slept.BEFORE_NOTING, nap=timedelta(0))
    assert len(room.told()) == room.posts() == 1


async def test_what_another_worker_found_stays(room: Room) -> None:
    """Its own call was carried out, and another noted where it stands before it woke: that is no surplus message."""
    await room.sleeping(Slept.POSTED)
    assert room.posts() == 1
    assert room.slack.calls_of("chat.delete") == []


async def test_a_process_that_dies_after_its_call_doubles_nothing(room: Room) -> None:
    """The next turn finds the message."""
    await room.awake(DyingGateway(room.gateway, posted=True))
    await room.awake()
    assert len(room.told()) == room.posts() == 1


async def test_a_process_that_dies_before_its_call_loses_nothing(room: Room) -> None:
    """The next turn looks in vain, and posts."""
    await room.awake(DyingGateway(room.gateway, posted=False))
    await room.awake()
    assert len(room.told()) == room.posts() == 1


@pytest.mark.parametrize("where", [Slept.CALLING, Slept.UNHEARD, Slept.LATE, Slept.STOPPED, Slept.UNNOTED])
async def test_what_nobody_looks_for_any_more_is_taken_away(room: Room, where: Slept) -> None:
    """Another worker looked in vain, noted an attempt of its own and died: whoever comes next looks for that one."""
    await room.sleeping(where, lambda: room.awake(DyingGateway(room.gateway, posted=False)))
    assert room.told() == []
    await room.awake()
    assert len(room.told()) == 1


async def nothing() -> None:
    """Nobody else is there."""


async def test_a_second_look_finds_what_came_after_the_first(room: Room) -> None:
    """The one who took over has looked in vain, but notes an attempt of its own only after the sleeper's first look."""
    await room.sleeping(Slept.LATE, nothing, later=lambda: room.awake(SlowGateway(room.gateway, blind=True)))
    assert room.posts() == 2
    assert len(room.told()) == 1


async def test_a_worker_that_slept_while_nobody_else_worked_is_heard(room: Room) -> None:
    """No answer came to it, and its message stands: that is the one which the next turn finds."""
    await room.sleeping(Slept.UNHEARD, nothing)
    await room.awake()
    assert len(room.told()) == room.posts() == 1


async def test_who_takes_over_and_looks_for_long_keeps_its_turn(redis_url: str) -> None:
    """A look through a busy channel outlasts a lease, which is renewed: nobody else looks meanwhile, or posts."""
    async with a_room(redis_url, Notice) as room:
        await room.awake(DyingGateway(room.gateway, posted=False))
        await room.stores[0].timers.put(f"{NOTICE}/{KIND}", room.clock.now())
        slow = SlowGateway(room.gateway, LEASE.total_seconds() * 2)

        def worker(store: Store) -> AbstractAsyncContextManager[object]:
            act = partial(turn, room, store, slow)
            return running(store.timers, act, room.clock, lease=LEASE)

        async with worker(room.stores[0]), worker(room.stores[1]):
            await wait_until(room.told, "it is told")
        assert slow.looks == room.posts() == 1


async def turn(room: Room, store: Store, gateway: SlackGateway, _due: Due) -> datetime | None:
    """One turn of a worker."""
    again = await room.teller.tells(store, gateway, room.clock)
    assert again is None or isinstance(again, datetime)
    return again
