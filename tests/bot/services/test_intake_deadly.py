"""A delivery that kills whoever takes it ends as a dead letter; one that a server away holds up does not."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from bot.domain.dead import DEADLY, TRIES
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Event, Raw
from bot.domain.ports import Stored
from bot.store.inbox import RedisInbox
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import a_key, a_raw, an_interaction
from tests.support.intake import Told, an_intake, told
from tests.support.real_servers import a_server
from tests.support.stores import TestClock, a_store, let_lie
from tests.support.waiting import wait_until

TAKEOVER = timedelta(seconds=60)


def post(raw: Raw) -> Iterator[Event]:
    """A customer's post, named by the body, in a conversation of its own."""
    name = raw.body.decode()
    yield an_interaction(f"post {name}", id=name, key=a_key(name))


async def is_a_case(store: Store, name: str) -> bool:
    """Whether that post became one."""
    return await store.cases.load(a_key(name).id) is not None


async def dies_of_it(redis_url: str, number: int) -> None:
    """A process takes what it finds, and is killed by it."""
    async with a_store(redis_url, instance=f"dies-{number}", takeover=TAKEOVER) as store:
        await let_lie(store, TAKEOVER)
        assert len(await store.inbox.take(5, 0)) == 1


async def test_what_its_workers_die_of_is_buried_unread(redis_url: str) -> None:
    """One more worker only buries it. Once the reason is mended it is replayed, as if it had just come."""
    read, metrics = list[bytes](), Metrics()

    def reading(raw: Raw) -> Iterator[Event]:
        read.append(raw.body)
        return post(raw)

    async with a_store(redis_url, takeover=TAKEOVER) as store:
        intake = an_intake(store, told(reading), metrics=metrics)
        await store.inbox.put(a_raw(b"poison"))
        for number in range(TRIES):
            await dies_of_it(redis_url, number)
        await let_lie(store, TAKEOVER)
        assert await intake.step() == 1
        assert (read, await store.inbox.depth()) == ([], 0)
        (letter,) = await store.dead.newest(5)
        assert (letter.raw.body, letter.error) == (b"poison", DEADLY)
        assert metrics.received.labels("square", "malformed")._value.get() == 1
        assert await store.inbox.replay() == 1
        assert await intake.step() == 1
        assert await is_a_case(store, "poison")


async def test_one_death_less_and_it_is_still_taken_in(redis_url: str) -> None:
    """Its workers were killed by something else."""
    async with a_store(redis_url, takeover=TAKEOVER) as store:
        await store.inbox.put(a_raw(b"innocent"))
        for number in range(TRIES - 1):
            await dies_of_it(redis_url, number)
        await let_lie(store, TAKEOVER)
        assert await an_intake(store, told(post)).step() == 1
        assert await is_a_case(store, "innocent")
        assert await store.dead.newest(5) == []


async def test_a_server_that_is_full_for_long_kills_no_delivery() -> None:
    """Taken, refused and left, again and again, by two workers in turn: with room again they become cases."""
    with a_server() as server, server.client() as admin:
        async with (
            a_store(server.url, takeover=TAKEOVER) as one,
            a_store(server.url, instance="other", takeover=TAKEOVER) as other,
        ):
            for name in ("1", "2"):
                await one.inbox.put(a_raw(name.encode()))
            admin.config_set("maxmemory", 1)
            for store in (one, other) * TRIES:
                with pytest.raises(StoreUnavailable, match="maxmemory"):
                    await an_intake(store, told(post)).step()
                assert await store.inbox.take(5, 0) == []
                await let_lie(store, TAKEOVER)
                for each in (one, other):
                    each.inbox._next_takeover = 0.0
            admin.config_set("maxmemory", 0)
            assert await an_intake(one, told(post)).step() == 2
            assert [await is_a_case(one, name) for name in ("1", "2")] == [True, True]
            assert await one.dead.newest(5) == []


async def test_what_was_taken_in_and_could_not_leave_is_no_killer(redis_url: str) -> None:
    """The server is away whenever a delivery is to leave: its case stands, and no dead letter says otherwise."""
    stop, left = asyncio.Event(), list[int]()

    class Sticky(RedisInbox):
        async def done(self, stored: Sequence[Stored]) -> None:
            if stored and len(left) <= TRIES:
                left.append(1)
                raise StoreUnavailable("no answer")
            await RedisInbox.done(self, stored)

    async with a_store(redis_url, takeover=timedelta(milliseconds=50)) as store:
        ours = store.inbox
        inbox = Sticky(ours.link, ours.keys, ours.scripts, ours.clock, ours.instance, ours.turns, ours.takeover)
        await inbox.put(a_raw(b"1"))
        async with asyncio.TaskGroup() as group:
            group.create_task(an_intake(store, told(post), inbox=inbox, clock=TestClock()).run(stop))

            async def is_empty() -> bool:
                return await inbox.depth() == 0

            await wait_until(is_empty, "the delivery has left in the end")
            stop.set()
        assert await is_a_case(store, "1")
        assert await store.dead.newest(5) == []


async def test_a_process_that_ends_by_an_error_counts_like_one_that_was_killed(redis_url: str) -> None:
    """Nothing in it was caught: no excuse is made for that."""

    class Hopeless(Told):
        async def received(self, raw: Raw) -> None:
            raise MemoryError(raw.account)

    raw = a_raw(b"poison")
    async with a_store(redis_url, takeover=TAKEOVER) as store:
        intake = an_intake(store, {(raw.network, raw.account): Hopeless(post)})
        await store.inbox.put(raw)
        for _ in range(TRIES):
            with pytest.raises(MemoryError):
                await intake.step()
            await let_lie(store, TAKEOVER)
            store.inbox._next_takeover = 0.0
        assert await intake.step() == 1
        assert [letter.error for letter in await store.dead.newest(5)] == [DEADLY]
