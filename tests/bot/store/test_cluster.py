"""The same store on a real Redis Cluster of three nodes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from bot.domain.case import SendState
from bot.domain.counting import Count, What
from bot.domain.decisions import Change
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Sent
from bot.domain.ports import Commit, Conflict, Stored
from bot.domain.sending import sent
from bot.domain.speed import Stage, Waiter
from bot.store.store import Store
from tests.support.cases import ANA, NOON, a_case, a_key, a_raw, a_send
from tests.support.policies import a_policy
from tests.support.real_servers import RealServer, a_cluster
from tests.support.stores import TestClock, a_store
from tests.support.waiting import wait_until

LEASE = timedelta(seconds=30)
SHARDS = 8


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[RealServer]]:
    """Three nodes that share the slots."""
    with a_cluster() as servers:
        yield servers


@pytest.fixture
async def store(nodes: list[RealServer]) -> AsyncIterator[Store]:
    """An empty store over all of them."""
    for node in nodes:
        with node.client() as client:
            client.flushall()
            client.script_flush()
    async with a_store(nodes[0].url, shards=SHARDS) as opened:
        yield opened


async def test_the_cluster_is_noticed(store: Store) -> None:
    """The address of one node is enough."""
    assert store.link.cluster
    assert not (await store.info()).old
    await store.ping()


async def test_answers_have_the_same_shapes(store: Store, redis_url: str) -> None:
    """What reads pairs need not know whether one node or a cluster gave them."""
    async with a_store(redis_url) as alone:
        for link in (store.link, alone.link):
            await link.do("HSET", "hark:{0}:storm:C0:counts", "own", 2)
            await link.do("ZADD", "hark:{0}:recent:thanks", 1, "a", 2, "b")
            assert await link.do("HGETALL", "hark:{0}:storm:C0:counts") == {b"own": b"2"}
            assert await link.do("HGETALL", "hark:{0}:storm:C1:counts") == {}
            assert await link.do("ZSCAN", "hark:{0}:recent:thanks", "0") == (0, [(b"a", 1.0), (b"b", 2.0)])
            pairs = await link.do("ZRANGE", "hark:{0}:recent:thanks", 0, -1, "WITHSCORES")
            assert pairs == [b"a", b"1", b"b", b"2"]
            await link.many([("DEL", key) for key in ("hark:{0}:storm:C0:counts", "hark:{0}:recent:thanks")])


async def test_cases_of_all_nodes(store: Store, nodes: list[RealServer]) -> None:
    """Commits land on every node; lists gather them in order; dedupe and conflicts work as on one server."""
    cases = [a_case(key=a_key(f"post-{n}")) for n in range(24)]
    for n, case in enumerate(cases):
        assert await store.cases.commit(Commit(None, case, NOON, dedupe=["first"], draw=n % 5)) == "committed"
        assert await store.cases.commit(Commit(None, case, NOON, dedupe=["first"])) == "duplicate"
        assert await store.cases.commit(Commit(None, case, NOON)) == Conflict(case.model_copy(update={"version": 1}))
    await store.cases.take_back("second")
    for case in cases:
        assert await store.cases.commit(Commit(case, case, NOON, dedupe=["second"])) == "gone"
    for node in nodes:
        with node.client() as client:
            assert client.dbsize() > 0
    assert await store.cases.count_open("square", "hark.example") == 24
    assert await store.cases.count_waiting() == 24
    assert {case.id for case in await store.cases.waiting(100)} == {case.id for case in cases}
    assert await store.timers.depth() == 24
    found = {due.id for _ in range(20) for due in await store.cards.take(NOON, 10, LEASE)}
    assert found == {case.id for case in cases}


async def test_leases_of_all_nodes(store: Store) -> None:
    """Taking, giving back and putting off."""
    for n in range(20):
        await store.polls.put(f"id-{n}", NOON)
    held = [due for _ in range(20) for due in await store.polls.take(NOON, 8, LEASE)]
    assert len({due.id for due in held}) == len(held) == 20
    for n, due in enumerate(held):
        await (store.polls.later(due, NOON + LEASE) if n % 2 else store.polls.done(due))
    assert await store.polls.depth() == 10


@pytest.mark.parametrize("shards", [1, SHARDS])
async def test_inbox_of_all_nodes(store: Store, nodes: list[RealServer], shards: int) -> None:
    """Deliveries go in together, come out once, and are taken over, buried and replayed."""
    async with a_store(nodes[1].url, shards=shards, instance="other", takeover=timedelta(0)) as other:
        raws = [a_raw(str(n).encode(), account=f"a{n}") for n in range(50)]
        await asyncio.gather(*(other.inbox.put(raw) for raw in raws))
        assert await other.inbox.put_page([("k", a_raw(b"paged"))] * 2, "cursor", "1") == 1
        taken = {stored.raw.body for stored in await drain(other)}
        assert taken == {raw.body for raw in raws} | {b"paged"}
        assert await other.inbox.depth() == 0
        for raw in raws:
            await other.inbox.bury(raw, "why")
        assert await other.inbox.replay() == 50
        assert len(await drain(other)) == 50
        taking = asyncio.ensure_future(other.inbox.take(5, 20_000))
        await other.inbox.put(raws[0])
        assert [stored.raw for stored in await asyncio.wait_for(taking, 5)] == raws[:1]


async def drain(store: Store) -> list[Stored]:
    """Take everything and be done with it, whatever shard it comes from."""
    found: list[Stored] = []

    async def empty() -> bool:
        taken = await store.inbox.take(20, 0)
        await store.inbox.done(taken)
        found.extend(taken)
        return await store.inbox.depth() == 0

    await wait_until(empty, "the inbox is empty")
    return found


async def test_how_fast_customers_were_answered(store: Store) -> None:
    """A commit counts on the node of its case; counts and lists of all nodes are told together."""
    cases = [a_case(key=a_key(f"post-{n}"), sends=(a_send(state=SendState.SENDING),)) for n in range(24)]
    for n, case in enumerate(cases):
        assert await store.cases.commit(Commit(None, case, NOON)) == "committed"
        change = sent(case, "send-1", Sent(id="there"), NOON, a_policy())
        assert isinstance(change, Change)
        if n % 2:
            before = case.model_copy(update={"version": 1})
            assert await store.cases.commit(Commit(before, change.case, NOON, dedupe=["report"])) == "committed"
    counts = await store.speed.counts(["2026-03-04"])
    assert counts[Count("square", What.KEPT)] == 12
    assert sum(counts.values()) == 5 * 12
    queue = await store.speed.queue([("square", "hark.example")], NOON)
    assert queue.waiters == [Waiter("square", NOON, Stage.WORD, overdue=False)] * 12


async def test_notes_and_budgets(store: Store) -> None:
    """Small records work wherever they live."""
    await store.notes.save_person(ANA)
    await store.notes.note_recent("thanks", "text")
    await store.notes.save_draft(a_case().id, ANA.id, "draft", private=False)
    await store.notes.beat("worker", "one")
    assert await store.notes.person(ANA.id) == ANA
    assert await store.notes.recent("thanks") == ["text"]
    assert await store.notes.alive("worker") == 1
    assert [await store.budgets.take(f"b{n}", 1.0, 1, NOON) for n in range(9)] == [0] * 9


async def test_a_dead_node_takes_only_its_own_along() -> None:
    """Whoever asks for a shard of a killed node is told so soon; after its restart work goes on."""
    with a_cluster() as nodes:
        async with a_store(nodes[0].url, shards=SHARDS, clock=TestClock()) as store:
            nodes[2].kill()
            results = await asyncio.gather(
                *(store.inbox.put(a_raw(account=f"a{n}")) for n in range(40)), return_exceptions=True
            )
            assert {type(result) for result in results} <= {type(None), StoreUnavailable}
            assert any(isinstance(result, StoreUnavailable) for result in results)
            nodes[2].start()

            async def works() -> bool:
                try:
                    await asyncio.gather(*(store.inbox.put(a_raw(account=f"a{n}")) for n in range(40)))
                except StoreUnavailable:
                    return False
                return True

            await wait_until(works, "the cluster works again", within_s=20)
