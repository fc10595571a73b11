"""Deliveries of which nobody comes to an end: they are taken alone, and what is not their doing does not count."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from secrets import token_hex

import pytest

from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Stored
from bot.store.store import Store
from tests.support.cases import a_raw
from tests.support.real_servers import a_server
from tests.support.stores import a_store, let_lie

TAKEOVER = timedelta(seconds=60)


@asynccontextmanager
async def a_life(redis_url: str, shards: int = 1) -> AsyncIterator[Store]:
    """A worker's life, which begins when everything that another one held lies there for long enough."""
    instance = f"life-{token_hex(4)}"
    async with a_store(redis_url, shards=shards, instance=instance, takeover=TAKEOVER) as store:
        await let_lie(store, TAKEOVER)
        yield store


async def turns(store: Store, limit: int = 100) -> list[list[Stored]]:
    """What a worker takes turn by turn, until there is nothing left."""
    found = list[list[Stored]]()
    while taken := await store.inbox.take(limit, 0):
        found.append(taken)
    return found


def bodies(taken: Sequence[Stored]) -> list[bytes]:
    """Which ones."""
    return [one.raw.body for one in taken]


async def lives_and_dies(redis_url: str, shards: int = 1) -> list[list[Stored]]:
    """A worker takes all that there is, and comes to no end."""
    async with a_life(redis_url, shards) as store:
        return await turns(store)


@pytest.mark.parametrize("shards", [1, 3])
async def test_after_two_deaths_each_is_taken_alone_and_the_guilty_one_last(redis_url: str, shards: int) -> None:
    """Six were taken together twice. One of them kills its worker again: the other five get through before it."""
    async with a_store(redis_url, shards=shards) as store:
        await asyncio.gather(*(store.inbox.put(a_raw(b"%d" % n, account=f"a{n}")) for n in range(6)))
    for life in range(2):
        together = await lives_and_dies(redis_url, shards)
        assert sorted(one.tries for turn in together for one in turn) == [life] * 6
        assert len(together) <= shards
    async with a_life(redis_url, shards) as store:
        (guilty,) = await store.inbox.take(100, 0)
        assert guilty.tries == 2
    async with a_life(redis_url, shards) as store:
        seen = list[bytes]()
        while taken := await store.inbox.take(100, 0):
            (alone,) = taken
            seen.append(alone.raw.body)
            assert alone.tries == (3 if alone.raw == guilty.raw else 2)
            await store.inbox.done(taken)
        assert len(seen) == 6
        if shards == 1:
            assert seen[-1] == guilty.raw.body
        assert await store.inbox.depth() == 0


async def test_a_suspect_waits_for_those_of_its_time_that_are_none(redis_url: str) -> None:
    """What was left once goes first, all of it together; then the suspect alone; then what is new."""
    async with a_store(redis_url) as store:
        await store.inbox.put(a_raw(b"suspect"))
        for _ in range(2):
            await lives_and_dies(redis_url)
        for n in range(2):
            await store.inbox.put(a_raw(b"left %d" % n))
            assert len(await store.inbox.take(1, 0)) == 1
    async with a_life(redis_url) as store:
        await store.inbox.put(a_raw(b"new"))
        assert [bodies(turn) for turn in await turns(store)] == [[b"left 0", b"left 1"], [b"suspect"], [b"new"]]


async def test_what_is_left_just_as_a_suspect_is_taken_does_not_come_with_it(redis_url: str) -> None:
    """Between the look at all that was left and the taking of the suspect, another worker dies."""
    async with a_store(redis_url) as store:
        await store.inbox.put(a_raw(b"suspect"))
        for _ in range(2):
            await lives_and_dies(redis_url)
        await store.inbox.put(a_raw(b"left"))
        assert len(await store.inbox.take(1, 0)) == 1
    async with a_life(redis_url) as store:
        taken, _ = await store.inbox._look_left({0: b""}, 5, None, alone=True)
        assert bodies(taken) == [b"suspect"]


async def test_suspects_do_not_wait_for_each_other(redis_url: str) -> None:
    """More of them than a worker looks at in one go: one after the other, without a rest in between."""
    async with a_store(redis_url) as store:
        for n in range(5):
            await store.inbox.put(a_raw(b"%d" % n))
    for _ in range(2):
        await lives_and_dies(redis_url)
    async with a_life(redis_url) as store:
        assert [bodies(turn) for turn in await turns(store, limit=2)] == [[b"%d" % n] for n in range(5)]


async def test_a_suspect_of_an_unknown_account_is_left_to_others(redis_url: str) -> None:
    """Suspected or not, a worker that does not know its account does not take it."""
    async with a_store(redis_url) as store:
        await store.inbox.put(a_raw())
    for _ in range(2):
        await lives_and_dies(redis_url)
    async with a_life(redis_url) as store:
        assert await store.inbox.take(5, 0, [("square", "somebody else")]) == []


async def test_what_is_left_to_others_hides_nothing_behind_it(redis_url: str) -> None:
    """However little a worker looks at in one go: it goes on behind what it does not take, without a rest."""
    async with a_store(redis_url) as store:
        for account in ("elsewhere", "elsewhere", "here"):
            await store.inbox.put(a_raw(account=account))
        assert len(await store.inbox.take(5, 0)) == 3
    async with a_life(redis_url) as store:
        looks = [await store.inbox.take(1, 0, [("square", "here")]) for _ in range(3)]
        assert [[one.raw.account for one in taken] for taken in looks] == [[], [], ["here"]]


async def test_an_excused_taking_does_not_count(redis_url: str) -> None:
    """The server was full, ten times over: they are no suspects, and still known to have been in hands before."""
    async with a_store(redis_url) as store:
        for n in range(2):
            await store.inbox.put(a_raw(b"%d" % n))
    for life in range(10):
        async with a_life(redis_url) as store:
            taken = await store.inbox.take(5, 0)
            assert [(one.raw.body, one.tries) for one in taken] == [(b"0", min(life, 1)), (b"1", min(life, 1))]
            store.inbox.let_go(taken, excused=True)
            assert await store.inbox.take(5, 0) == []


async def test_an_excuse_is_for_one_taking(redis_url: str) -> None:
    """The same worker takes it again and hangs each time: that counts, whatever it was excused for before."""
    async with a_life(redis_url) as store:
        await store.inbox.put(a_raw())
        tries = list[int]()
        for turn in range(5):
            (taken,) = await store.inbox.take(5, 0)
            tries.append(taken.tries)
            store.inbox.let_go([taken], excused=turn == 2)
            assert await store.inbox.take(5, 0) == []
            await let_lie(store, TAKEOVER)
            store.inbox._next_takeover = 0.0
        assert tries == [0, 1, 2, 2, 3]


async def test_an_excuse_that_comes_while_another_one_is_on_its_way_is_not_lost(redis_url: str) -> None:
    """What is over leaves beside the next taking, or does not: it goes with the taking after that."""
    async with a_store(redis_url) as store:
        for n in range(2):
            await store.inbox.put(a_raw(b"%d" % n))
    await lives_and_dies(redis_url)
    async with a_life(redis_url) as store:
        first, second = await store.inbox.take(5, 0)
        store.inbox.let_go([first], excused=True)
        taking = asyncio.ensure_future(store.inbox.take(5, 0))
        await asyncio.sleep(0)
        store.inbox.let_go([second], excused=True)
        assert await taking == await store.inbox.take(5, 0) == []
    async with a_life(redis_url) as store:
        assert [one.tries for one in await store.inbox.take(5, 0)] == [1, 1]


async def test_what_another_one_has_by_now_stays_its_own(redis_url: str) -> None:
    """It was taken over before the excuse came: the heir keeps it, and for as long as if nothing had been said."""
    async with a_life(redis_url) as ours:
        await ours.inbox.put(a_raw())
        taken = await ours.inbox.take(5, 0)
        ours.inbox.let_go(taken, excused=True)
        async with a_life(redis_url) as heir:
            assert len(await heir.inbox.take(5, 0)) == 1
            await let_lie(heir, TAKEOVER / 2)
            assert await ours.inbox.take(5, 0) == []
            script = "return redis.call('XPENDING', KEYS[1], 'intake', '-', '+', 9)"
            ((_, owner, idle, delivered),) = await heir.link.do("EVAL", script, 1, heir.inbox.keys.inbox(0))
            assert (owner.decode(), delivered) == (heir.inbox.instance, 1)
            assert idle >= TAKEOVER.total_seconds() * 500


async def test_an_excuse_waits_for_the_server() -> None:
    """It could not be said while the server was away, which is what there was to excuse."""
    with a_server("--appendfsync", "always") as server:
        async with a_store(server.url) as store:
            await store.inbox.put(a_raw())
        await lives_and_dies(server.url)
        async with a_life(server.url) as store:
            (taken,) = await store.inbox.take(5, 0)
            assert taken.tries == 1
            store.inbox.let_go([taken], excused=True)
            server.kill()
            with pytest.raises(StoreUnavailable):
                await store.inbox.take(5, 0)
            server.start()
            await store.inbox.take(5, 0)
        async with a_life(server.url) as store:
            (again,) = await store.inbox.take(5, 0)
            assert again.tries == 1
