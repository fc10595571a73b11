"""Due queues: one holder at a time, nothing forgotten, the urgent first."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Due
from bot.store.due import Turns
from bot.store.keys import BAND, score
from bot.store.store import Store
from tests.support.cases import NOON
from tests.support.real_servers import a_server
from tests.support.stores import a_store, end_leases
from tests.support.waiting import wait_until

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


def ids(taken: list[Due]) -> list[str]:
    """The ids of what was taken, sorted."""
    return sorted(due.id for due in taken)


async def test_what_is_due_is_taken_once(store: Store) -> None:
    """Nothing comes before its time, and nothing twice while it is held."""
    await store.polls.put("a", NOON)
    assert await store.polls.take(NOON - timedelta(milliseconds=1), 10, LEASE) == []
    assert ids(await store.polls.take(NOON, 10, LEASE)) == ["a"]
    assert await store.polls.take(NOON, 10, LEASE) == []


async def test_many_takers_share_the_work(store: Store) -> None:
    """Whatever the number of takers, each id goes to one of them."""
    names = [f"id-{n}" for n in range(60)]
    for name in names:
        await store.cards.put(name, NOON, 2)
    shares = await asyncio.gather(*(store.cards.take(NOON, 12, LEASE) for _ in range(20)))
    assert ids([due for share in shares for due in share]) == sorted(names)


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4, 7])
async def test_never_more_than_the_limit_and_in_the_end_all(store: Store, limit: int) -> None:
    """With any limit above 0 repeated taking brings everything; the limit is never passed."""
    for n in range(10):
        await store.cards.put(f"id-{n}", NOON, n // 2)
    found: list[str] = []
    for _ in range(40):
        taken = await store.cards.take(NOON, limit, LEASE)
        assert len(taken) <= limit
        found += ids(taken)
    assert sorted(found) == ([f"id-{n}" for n in range(10)] if limit else [])


async def test_the_urgent_band_goes_first(redis_url: str) -> None:
    """A breach before a complaint before a like, however long the like has waited."""
    async with a_store(redis_url) as store:
        for priority in (4, 2, 0, 3, 1):
            await store.cards.put(f"p{priority}", NOON - priority * SECOND, priority)
        taken = [due for _ in range(3) for due in await store.cards.take(NOON, 2, LEASE)]
    assert [due.id for due in taken] == ["p0", "p1", "p2", "p3", "p4"]
    assert [due.priority for due in taken] == [0, 1, 2, 3, 4]


async def test_put_twice_is_the_earlier_and_the_more_urgent(store: Store) -> None:
    """Each half of the score keeps its own best: an urgent draw planned for later does not delay the one due now."""
    await store.cards.put("a", NOON, 4)
    await store.cards.put("a", NOON + timedelta(hours=1), 1)
    (due,) = await store.cards.take(NOON, 5, LEASE)
    assert (due.id, due.priority) == ("a", 1)
    await store.cards.done(due)
    assert await store.cards.depth() == 0


@pytest.mark.parametrize("priority", [-1, 5])
async def test_a_band_outside_is_refused(store: Store, priority: int) -> None:
    """There are five bands, 0 to 4."""
    with pytest.raises(ValueError, match="0 to 4"):
        await store.cards.put("a", NOON, priority)
    assert await store.cards.depth() == 0


async def test_an_expired_lease_is_taken_again_in_its_band(store: Store) -> None:
    """When a holder dies, another one gets the id once the lease ends, with a new token."""
    await store.cards.put("a", NOON, 3)
    (first,) = await store.cards.take(NOON, 5, LEASE)
    assert await store.cards.take(NOON, 5, LEASE) == []
    await end_leases(store)
    (second,) = await store.cards.take(NOON, 5, LEASE)
    assert (second.id, second.priority) == ("a", 3)
    assert second.token != first.token


async def test_who_was_let_down_keeps_their_place(redis_url: str) -> None:
    """The holder died while others of the same urgency come in all the time: these are behind it, however often the
    queue is asked meanwhile."""
    async with a_store(redis_url) as store:
        await store.cards.put("z", NOON, 3)
        await store.cards.take(NOON, 1, LEASE)
        await end_leases(store)
        for n in range(1, 4):
            await store.cards.put(f"urgent-{n}", NOON, 0)
            await store.cards.put(f"a-{n}", NOON + (n + 1) * SECOND, 3)
            assert ids(await store.cards.take(NOON + n * SECOND, 1, LEASE)) == [f"urgent-{n}"]
        assert ids(await store.cards.take(NOON + 9 * SECOND, 1, LEASE)) == ["z"]


async def test_a_lease_ends_by_the_servers_clock_alone(store: Store) -> None:
    """A worker whose clock is ahead by a day takes nothing out of another's hands; one behind inherits in time."""
    short = timedelta(milliseconds=200)
    await store.cards.put("a", NOON)
    await store.cards.take(NOON, 5, LEASE)
    assert await store.cards.take(NOON + timedelta(days=1), 5, LEASE) == []
    await store.cards.put("b", NOON)
    await store.cards.take(NOON, 5, short)
    taken: list[Due] = []

    async def inherited() -> bool:
        taken.extend(await store.cards.take(NOON - timedelta(days=1), 5, LEASE))
        return bool(taken)

    await wait_until(inherited, "the lease has ended")
    assert ids(taken) == ["b"]


async def test_a_renewed_lease_counts_from_now(store: Store) -> None:
    """Whoever renews keeps it, an ended lease that nobody took included; who lost it is told so and changes nothing."""
    for name in ("a", "b"):
        await store.cards.put(name, NOON, 3)
    first = sorted(await store.cards.take(NOON, 5, LEASE), key=lambda due: due.id)
    await end_leases(store)
    assert await store.cards.renew(first[:1], LEASE) == []
    (second,) = await store.cards.take(NOON, 5, LEASE)
    assert (second.id, second.priority) == ("b", 3)
    assert await store.cards.renew([*first, second], LEASE) == first[1:]
    assert await store.cards.renew([], LEASE) == []
    assert await store.cards.take(NOON + 60 * SECOND, 5, LEASE) == []
    for due in (first[0], second):
        await store.cards.done(due)
    assert await store.cards.renew([first[0], second], LEASE) == [first[0], second]
    assert await store.cards.depth() == 0


async def test_a_stale_token_changes_nothing(store: Store) -> None:
    """A holder that comes back too late neither ends nor moves the lease of the next one."""
    await store.cards.put("a", NOON)
    (stale,) = await store.cards.take(NOON, 5, LEASE)
    await end_leases(store)
    (fresh,) = await store.cards.take(NOON, 5, LEASE)
    await store.cards.done(stale)
    await store.cards.later(stale, NOON)
    assert await store.cards.take(NOON, 5, LEASE) == []
    await store.cards.done(fresh)
    await store.cards.later(fresh, NOON)
    assert await store.cards.depth() == 0


async def test_what_is_put_while_held_comes_afterwards(store: Store) -> None:
    """A change during a draw means one more draw, never two at the same time."""
    await store.cards.put("a", NOON, 2)
    (held,) = await store.cards.take(NOON, 5, LEASE)
    await store.cards.put("a", NOON + 9 * SECOND, 3)
    await store.cards.put("a", NOON + 5 * SECOND, 4)
    assert await store.cards.take(NOON + 9 * SECOND, 5, LEASE) == []
    await store.cards.done(held)
    assert await store.cards.take(NOON + 4 * SECOND, 5, LEASE) == []
    (due,) = await store.cards.take(NOON + 5 * SECOND, 5, LEASE)
    assert due.priority == 3
    await store.cards.done(due)
    assert await store.cards.depth() == 0


async def test_what_is_put_while_held_survives_the_holder(store: Store) -> None:
    """If the holder dies, the next one inherits what was put meanwhile."""
    await store.cards.put("a", NOON)
    await store.cards.take(NOON, 5, LEASE)
    await store.cards.put("a", NOON + timedelta(minutes=9))
    await end_leases(store)
    (second,) = await store.cards.take(NOON, 5, LEASE)
    await store.cards.done(second)
    assert await store.cards.take(NOON + timedelta(minutes=8), 5, LEASE) == []
    assert ids(await store.cards.take(NOON + timedelta(minutes=9), 5, LEASE)) == ["a"]


async def test_later_is_later_unless_something_sooner_came(store: Store) -> None:
    """A holder may put off what it holds; what was put meanwhile counts if it is earlier."""
    await store.sends.put("a", NOON)
    (held,) = await store.sends.take(NOON, 5, LEASE)
    await store.sends.later(held, NOON + 60 * SECOND)
    assert await store.sends.take(NOON + 59 * SECOND, 5, LEASE) == []
    (held,) = await store.sends.take(NOON + 60 * SECOND, 5, LEASE)
    await store.sends.put("a", NOON + 70 * SECOND)
    await store.sends.later(held, NOON + timedelta(hours=1))
    (held,) = await store.sends.take(NOON + 70 * SECOND, 5, LEASE)
    await store.sends.put("a", NOON + timedelta(hours=1))
    await store.sends.later(held, NOON + 80 * SECOND)
    assert ids(await store.sends.take(NOON + 80 * SECOND, 5, LEASE)) == ["a"]


async def test_an_exchange_gives_back_and_takes(store: Store) -> None:
    """In one round trip: what is over is gone, what comes again does, stale leases stay, and what is due is taken."""
    for name in ("over", "again", "soon", "lost", "kept"):
        await store.cards.put(name, NOON, 2)
    held = {due.id: due for due in await store.cards.take(NOON, 15, LEASE)}
    assert len(held) == 5
    await store.cards.put("over", NOON + 9 * SECOND, 1)
    stale = Due("lost", held["lost"].shard, "somebody else's", 2)
    await store.cards.put("new", NOON, 3)
    ended = [(held["over"], None), (held["again"], NOON), (held["soon"], NOON + 5 * SECOND), (stale, None)]
    taken = [*await store.cards.exchange(ended, NOON, 15, LEASE), *await store.cards.take(NOON, 15, LEASE)]
    assert sorted((due.id, due.priority) for due in taken) == [("again", 2), ("new", 3)]
    later = [due for _ in range(2) for due in await store.cards.take(NOON + 9 * SECOND, 15, LEASE)]
    assert sorted((due.id, due.priority) for due in later) == [("over", 1), ("soon", 2)]
    assert await store.cards.renew([held["lost"], held["kept"]], LEASE) == []
    everything = [(due, None) for due in (*taken, *later, held["lost"], held["kept"])]
    assert await store.cards.exchange(everything, NOON, 0, LEASE) == []
    assert await store.cards.depth() == 0


async def test_queues_do_not_mix(store: Store) -> None:
    """The same id is due in one queue and not in the others."""
    await store.sends.put("a", NOON)
    others = (store.cards, store.timers, store.polls)
    assert [await queue.take(NOON, 5, LEASE) for queue in others] == [[], [], []]
    assert [await queue.depth() for queue in (store.sends, *others)] == [1, 0, 0, 0]


async def test_another_process_sees_the_same_queue(redis_url: str) -> None:
    """State is in Redis: a restarted process holds to the leases of its predecessor."""
    async with a_store(redis_url, shards=2) as store:
        await store.timers.put("a", NOON)
        await store.timers.take(NOON, 5, LEASE)
    async with a_store(redis_url, shards=2) as store:
        assert await store.timers.take(NOON, 5, LEASE) == []
        await end_leases(store)
        assert ids(await store.timers.take(NOON, 5, LEASE)) == ["a"]


@pytest.mark.parametrize("name", ["", "{0}", "a b", "\r\n", "\u202e☃", "\ud800", "x" * 10_000])
async def test_any_text_is_an_id(store: Store, name: str) -> None:
    """Ids come back exactly as they went in."""
    await store.polls.put(name, NOON)
    (due,) = await store.polls.take(NOON, 5, LEASE)
    assert due.id == name
    await store.polls.done(due)
    assert await store.polls.depth() == 0


def test_scores_sort_by_band_and_stay_exact() -> None:
    """Every score is a whole number that a double holds exactly, instants before 1970 and beyond 2286 included."""
    instants = [NOON.replace(year=year) for year in (1, 1969, 2026, 9999)]
    scores = [score(priority, at) for priority in range(5) for at in instants]
    assert scores == sorted(scores)
    assert scores[-1] < 5 * BAND < 2**53
    assert all(int(float(number)) == number for number in scores)


async def test_a_full_server_leaves_every_lease_as_it_was() -> None:
    """Whatever is refused for want of room was not done by half: with room again everything comes out."""
    with a_server() as server, server.client() as admin:
        async with a_store(server.url) as store:
            for name in ("a", "b", "c", "d"):
                await store.cards.put(name, NOON)
            held = await store.cards.take(NOON, 3, LEASE)
            await store.cards.put(held[1].id, NOON + SECOND)
            admin.config_set("maxmemory", 1)
            for refused in (
                store.cards.later(held[0], NOON),
                store.cards.done(held[1]),
                store.cards.renew(held, LEASE),
                store.cards.exchange([(held[2], None), (held[0], NOON)], NOON, 0, LEASE),
                store.cards.take(NOON, 5, LEASE),
                store.cards.put("e", NOON),
            ):
                with pytest.raises(StoreUnavailable, match="maxmemory"):
                    await refused
            # A script whose first write needs no room is carried out to its end.
            assert ids(await store.cards.exchange([(held[2], None)], NOON, 5, LEASE)) == ["d"]
            admin.config_set("maxmemory", 0)
            assert await store.cards.renew(held, LEASE) == held[2:]
            await end_leases(store)
            admin.config_set("maxmemory", 1)
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.cards.take(NOON, 5, LEASE)
            admin.config_set("maxmemory", 0)
            assert len(await store.cards.take(NOON, 5, LEASE)) == 3
            assert await store.link.do("HLEN", store.cards.keys.due(0, "cards")[2]) == 1


@pytest.mark.parametrize(("shards", "limit"), [(1, 5), (3, 1), (3, 2), (4, 9)])
def test_every_shard_gets_its_turn(shards: int, limit: int) -> None:
    """Also where a worker has hands for fewer things than there are shards; it is never given more than those."""
    turns, asked = Turns(shards), Counter[int]()
    for _ in range(shards):
        chosen, each = turns.share(limit)
        asked.update(chosen)
        assert 0 < len(chosen) * each <= limit
    assert set(asked) == set(range(shards))
    assert len(set(asked.values())) == 1
