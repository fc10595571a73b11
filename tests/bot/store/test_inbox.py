"""The inbox: durable before anybody is told so, shared by workers, nothing lost."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.dead import KEPT
from bot.domain.errors import LeaseLost, StoreUnavailable
from bot.domain.models import Raw
from bot.domain.ports import Stored
from bot.store.deliveries import from_fields
from bot.store.inbox import GROUP, RENEWED_S, RedisInbox
from bot.store.keys import instant
from bot.store.store import Store
from bot.store.trips import Arg
from tests.support.cases import NOON, a_raw
from tests.support.real_servers import a_server
from tests.support.stores import TestClock, a_store, end_leases, let_lie
from tests.support.waiting import wait_until

AT_ONCE = timedelta(0)


async def take_all(store: Store, limit: int = 100) -> list[Stored]:
    """Everything that can be taken now."""
    found: list[Stored] = []
    while taken := await store.inbox.take(limit, 0):
        found += taken
    return found


async def test_a_delivery_comes_out_as_it_went_in(store: Store) -> None:
    """The body byte for byte, broken UTF-8 and all; headers and instant too."""
    raw = a_raw(b"\xff\xfe\x00{\r\n\xf0\x9f\x98", headers={"x-signature": "v1=☃", "": ""}, source="search:\r\n{0}")
    await store.inbox.put(raw)
    (stored,) = await take_all(store)
    assert (stored.raw, stored.tries) == (raw, 0)
    assert await store.inbox.depth() == 1
    await store.inbox.done([stored])
    assert await store.inbox.depth() == 0
    assert (await store.link.do("XPENDING", store.inbox.keys.inbox(stored.shard), "intake"))["pending"] == 0
    await store.inbox.done([])


async def test_what_is_done_leaves_while_the_next_is_taken(store: Store) -> None:
    """Batch after batch, as a worker does it: nothing is taken twice, and in the end nothing is left."""
    await asyncio.gather(*(store.inbox.put(a_raw(b"%d" % n, account=f"a{n}")) for n in range(9)))
    seen = list[bytes]()
    async with asyncio.TaskGroup() as finished:
        while batch := await store.inbox.take(3, 0):
            seen += [one.raw.body for one in batch]
            finished.create_task(store.inbox.done(batch))
    assert sorted(seen) == [b"%d" % n for n in range(9)]
    assert await store.inbox.depth() == 0


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.builds(Raw, headers=st.dictionaries(st.text(), st.text(), max_size=3), received_at=st.just(NOON)))
async def test_any_delivery_comes_out_as_it_went_in(redis_url: str, raw: Raw) -> None:
    """Whatever text and bytes a network sends."""
    async with a_store(redis_url) as store:
        await store.inbox.put(raw)
        stored = await take_all(store)
        assert [one.raw for one in stored] == [raw]
        await store.inbox.done(stored)


async def test_a_foreign_entry_does_not_stop_the_worker() -> None:
    """What cannot be read is empty, so that intake buries it instead of failing for ever."""
    raw = from_fields(b"1772625600000-0", {b"headers": b"[", b"received_at": b"\xff", b"network": b"\xff"})
    assert raw == Raw(network="\ufffd", account="", source="", body=b"", received_at=NOON)


async def test_concurrent_deliveries_share_writes_and_all_arrive(store: Store) -> None:
    """A thousand at once are stored in few round trips, each exactly once."""
    bodies = [str(n).encode() for n in range(1000)]
    await asyncio.gather(*(store.inbox.put(a_raw(body, account=f"a{body[-1]}")) for body in bodies))
    assert await store.inbox.depth() == 1000
    assert sorted(stored.raw.body for stored in await take_all(store)) == sorted(bodies)


async def test_workers_share_deliveries(redis_url: str, store: Store) -> None:
    """Each delivery goes to one worker."""
    shards = store.inbox.keys.shards
    await asyncio.gather(*(store.inbox.put(a_raw(str(n).encode(), account=f"a{n}")) for n in range(60)))
    async with a_store(redis_url, shards=shards, instance="worker-2") as other:
        takers = (store, other) * 20
        shares = await asyncio.gather(*(one.inbox.take(6, 0) for one in takers))
    assert all(len(share) <= 6 for share in shares)
    assert len({stored.raw.body for share in shares for stored in share}) == 60
    assert sum(map(len, shares)) == 60


async def test_taking_waits_for_the_first(store: Store) -> None:
    """A worker that waits is woken by the next delivery, long before its time is up."""
    taking = asyncio.ensure_future(store.inbox.take(10, 20_000))
    await wait_until(lambda: not taking.done(), "the worker waits", within_s=1)
    await store.inbox.put(a_raw(b"1"))
    (stored,) = await asyncio.wait_for(taking, 5)
    assert stored.raw.body == b"1"


async def test_taking_nothing_ends(store: Store) -> None:
    """Without deliveries the wait ends in time; a limit of none takes none."""
    async with asyncio.timeout(5):
        assert await store.inbox.take(10, 50) == []
        assert await store.inbox.take(0, 50_000) == []


async def test_a_dead_workers_deliveries_are_taken_over(redis_url: str) -> None:
    """What a worker took and never finished goes to another, which sees that it was tried before."""
    async with a_store(redis_url, instance="dead") as dead:
        await dead.inbox.put(a_raw(b"1"))
        assert len(await dead.inbox.take(10, 0)) == 1
    async with a_store(redis_url, instance="patient") as patient:
        assert await take_all(patient) == []
    async with a_store(redis_url, instance="heir", takeover=AT_ONCE) as heir:
        (stored,) = await heir.inbox.take(10, 0)
        assert (stored.raw.body, stored.tries) == (b"1", 1)
    async with a_store(redis_url, instance="heir's heir", takeover=AT_ONCE) as last:
        (stored,) = await last.inbox.take(10, 0)
        assert (stored.raw.body, stored.tries) == (b"1", 2)
        await last.inbox.done([stored])
        assert await last.inbox.depth() == 0


async def test_what_is_not_in_the_inbox_any_more_is_nobodys_work(redis_url: str, redis: "redis.asyncio.Redis") -> None:
    """A delivery that was deleted while somebody held it is looked at once more, and never again."""
    async with a_store(redis_url, instance="dead") as dead:
        await dead.inbox.put(a_raw(b"1"))
        (stored,) = await dead.inbox.take(10, 0)
        key = dead.inbox.keys.inbox(stored.shard)
        await redis.xdel(key, stored.id)
    async with a_store(redis_url, instance="heir", takeover=AT_ONCE) as heir:
        assert await heir.inbox.take(10, 0) == []
    assert (await redis.xpending(key, GROUP))["pending"] == 0


async def test_workers_that_are_gone_are_forgotten(
    redis_url: str, redis: "redis.asyncio.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that owes nothing and was not seen for a day leaves the group; one that owes something stays."""
    for instance, finishes in (("gone", True), ("owes", False)):
        async with a_store(redis_url, instance=instance) as store:
            await store.inbox.put(a_raw())
            stored = await store.inbox.take(1, 0)
            await store.inbox.done(stored if finishes else [])

    async def seen_by_a_new_one() -> set[str]:
        async with a_store(redis_url, instance="new") as store:
            await store.inbox.take(1, 0)
        return {worker["name"] for worker in await redis.xinfo_consumers("hark:{0}:inbox", "intake")}

    assert await seen_by_a_new_one() >= {"owes", "gone"}, "not a day yet"
    monkeypatch.setattr("bot.store.inbox.WORKER_GONE", timedelta(milliseconds=-1))
    names = await seen_by_a_new_one()
    assert names >= {"owes"}
    assert "gone" not in names


async def test_page_and_cursor_come_together(store: Store) -> None:
    """New items go in once however often the page is read; the cursor moves with them."""
    page = [(f"item-{n}", a_raw(str(n).encode())) for n in range(3)]
    assert await store.inbox.cursor("square:hark:mentions") is None
    assert await store.inbox.put_page(page[:2], "square:hark:mentions", "c\ud8001") == 2
    assert await store.inbox.cursor("square:hark:mentions") == "c\ud8001"
    assert await store.inbox.put_page([*page, page[2]], "square:hark:mentions", "c2") == 1
    assert await store.inbox.put_page([], "square:hark:mentions", None) == 0
    assert await store.inbox.cursor("square:hark:mentions") == "c2"
    assert await store.inbox.put_page(page, "square:hark:mentions", "nothing new") == 0
    assert await store.inbox.cursor("square:hark:mentions") == "nothing new"
    assert [stored.raw.body for stored in await take_all(store)] == [b"0", b"1", b"2"]
    assert await store.inbox.put_page(page, "square:hark:likes", None) == 3
    assert await store.inbox.cursor("square:hark:likes") is None
    keys = store.inbox.keys
    for key, days in ((keys.cursor("square:hark:mentions"), 90), (keys.paged("square:hark:mentions", "item-0"), 8)):
        assert days - 0.01 < await store.link.do("TTL", key) / 86_400 <= days


async def test_a_large_page_is_one_write(store: Store) -> None:
    """Two thousand items fit into one page."""
    page = [(f"item-{n}", a_raw(b"x")) for n in range(2000)]
    assert await store.inbox.put_page(page, "c", "1") == 2000
    assert await store.inbox.depth() == 2000


async def test_a_page_that_redis_refuses_moves_no_cursor() -> None:
    """With a full server nothing of a page is stored, the cursor least of all; with room again it goes in."""
    page = [("item", a_raw(b"x" * 1000))]
    with a_server() as server, server.client() as admin:
        async with a_store(server.url) as store:
            admin.config_set("maxmemory", 1)
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.inbox.put_page(page, "c", "1")
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.inbox.put(page[0][1])
            admin.config_set("maxmemory", 0)
            assert await store.inbox.cursor("c") is None
            assert await store.inbox.put_page(page, "c", "1") == 1


async def test_dead_letters_are_kept_and_replayed(store: Store, clock: TestClock) -> None:
    """A dead letter says what was wrong and when; replay puts it back and takes it out of the dead letters."""
    raws = [a_raw(str(n).encode(), account=f"a{n}", headers={"a": "b"}) for n in range(6)]
    for raw in raws:
        clock.advance(timedelta(seconds=1))
        await store.inbox.bury(raw, f"cannot read {raw.account}")
        await asyncio.sleep(0.002)
    for shard in {store.inbox.keys.shard_of(raw.network, raw.account) for raw in raws}:
        assert await store.link.do("TTL", store.inbox.keys.dead(shard)) > KEPT.total_seconds(), (
            "no letter goes uncounted"
        )
    letters = await store.dead.newest(4)
    oldest = min(int(each.id.partition(".")[2].partition("-")[0]) for each in await store.dead.newest(9))
    assert (await store.dead.count()).oldest == instant(oldest)
    assert [await store.dead.find(each) for each in (letters[0].id, "nonsense", "0.1-1")] == [letters[0], None, None]
    assert [letter.raw for letter in letters] == raws[:1:-1]
    assert (letters[0].error, letters[0].at) == ("cannot read a5", NOON + timedelta(seconds=6))
    assert await store.inbox.replay([letters[0].id, letters[0].id, "nonsense", "0.1-1", "99.1-1", "0.-", "0.²-1"]) == 1
    assert [stored.raw for stored in await take_all(store)] == raws[5:]
    assert await store.inbox.replay() == 5
    assert await store.dead.newest(10) == []
    assert await store.inbox.replay() == 0
    assert sorted(stored.raw.account for stored in await take_all(store)) == [f"a{n}" for n in range(5)]


async def test_a_flushed_server_is_set_up_again(store: Store) -> None:
    """When the server lost everything, the next taking makes the groups anew and work goes on."""
    await store.link.do("FLUSHALL")
    assert await store.inbox.take(10, 0) == []
    await store.inbox.put(a_raw(b"1"))
    assert [stored.raw.body for stored in await take_all(store)] == [b"1"]


async def test_what_was_stored_before_the_groups_were_there_again_is_taken(store: Store) -> None:
    """The server lost everything, and a webhook came before any worker looked: its network was told 200."""
    await store.link.do("FLUSHALL")
    await store.inbox.put(a_raw(b"1"))
    assert [*await take_all(store), *await take_all(store)][0].raw.body == b"1"


async def test_killed_in_the_middle_everybody_hears_the_truth() -> None:
    """SIGKILL during a burst: every caller gets an answer, and whoever was told "stored" is found after the restart."""
    stored: list[bytes] = []
    refused: list[bytes] = []
    with a_server("--appendfsync", "always") as server:
        async with a_store(server.url) as store:

            async def deliver(n: int) -> None:
                body = b"%d" % n
                try:
                    await store.inbox.put(a_raw(body))
                except StoreUnavailable:
                    refused.append(body)
                else:
                    stored.append(body)
                if len(stored) == 500:
                    server.kill()

            async def customer(first: int) -> None:
                for n in range(first, first + 50):
                    await deliver(n)

            async with asyncio.timeout(30):
                await asyncio.gather(*(customer(first * 50) for first in range(40)))
            assert len(stored) >= 500
            assert len(stored) + len(refused) == 2000
            assert refused
            server.start()
            found = [one.raw.body for one in await take_all(store, 1000)]
            assert set(stored) <= set(found)
            assert len(found) == len(set(found))
            await store.inbox.put(a_raw(b"afterwards"))


async def test_a_late_page_is_refused(store: Store) -> None:
    """Whoever lost the lease of a poll writes neither its items nor its cursor over those of the next holder."""
    await store.polls.put("square/a/mentions", NOON)
    (stale,) = await store.polls.take(NOON, 9, timedelta(seconds=30))
    assert await store.inbox.put_page([("k1", a_raw(b"1"))], "square/a/mentions", "cursor 1", stale) == 1
    await end_leases(store)
    assert await store.inbox.put_page([("k2", a_raw(b"2"))], "square/a/mentions", "cursor 2", stale) == 1, "nobody else"
    (fresh,) = await store.polls.take(NOON, 9, timedelta(seconds=30))
    assert await store.inbox.put_page([("k4", a_raw(b"4"))], "square/a/mentions", "cursor 4", fresh) == 1
    for holder_is_there in (True, False):
        with pytest.raises(LeaseLost):
            await store.inbox.put_page([("k3", a_raw(b"3"))], "square/a/mentions", "cursor 3", stale)
        if holder_is_there:
            await store.polls.done(fresh)
    assert await store.inbox.cursor("square/a/mentions") == "cursor 4"
    assert await store.inbox.depth() == 3


async def test_what_is_worked_on_is_not_taken_over(redis_url: str) -> None:
    """A slow worker that renews keeps its deliveries; what it let go, or renews no more, is taken over."""
    takeover = timedelta(milliseconds=400)
    async with (
        a_store(redis_url, takeover=takeover) as slow,
        a_store(redis_url, instance="heir", takeover=takeover) as heir,
    ):
        for n in range(2):
            await slow.inbox.put(a_raw(str(n).encode()))
        (first,), (second,) = [await slow.inbox.take(1, 0) for _ in range(2)]
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            await slow.inbox.renew()
            assert await heir.inbox.take(5, 100) == []
        slow.inbox.let_go([second])
        got: list[Stored] = []

        async def taken() -> bool:
            await slow.inbox.renew()
            got.extend(await heir.inbox.take(5, 0))
            return bool(got)

        await wait_until(taken, "the heir has what was let go")
        assert [(one.id, one.tries) for one in got] == [(second.id, 1)]
        await wait_until(lambda: heir.inbox.take(5, 0), "the heir has the other one, too")
        await slow.inbox.renew()
        script = "return redis.call('XPENDING', KEYS[1], 'intake', '-', '+', 9)"
        pending = await heir.link.do("EVAL", script, 1, heir.inbox.keys.inbox(0))
        assert {owner for _, owner, *_ in pending} == {b"heir"}
        await heir.inbox.renew()
        await slow.inbox.done([first])


async def test_a_worker_that_hangs_does_not_keep_its_deliveries_for_ever(redis_url: str) -> None:
    """It renews them for a minute; then another one may have them, though it renews what it has taken since."""
    clock, takeover = TestClock(), timedelta(seconds=30)
    async with (
        a_store(redis_url, clock=clock, takeover=takeover) as hangs,
        a_store(redis_url, instance="heir", takeover=takeover) as heir,
    ):
        await hangs.inbox.put(a_raw(b"1"))
        assert len(await hangs.inbox.take(5, 0)) == 1
        for passed, taken in ((RENEWED_S - 1, 0), (2, 1)):
            clock.advance(timedelta(seconds=passed))
            await let_lie(hangs, 2 * takeover)
            await hangs.inbox.renew()
            heir.inbox._next_takeover = 0.0
            assert len(await heir.inbox.take(5, 0)) == taken


async def test_what_is_left_behind_is_looked_for_several_times_in_its_time(redis_url: str) -> None:
    """Four times: a customer whose worker died waits for little longer than that is certain."""
    clock, takeover = TestClock(), timedelta(seconds=60)
    async with a_store(redis_url, clock=clock, takeover=takeover) as store:
        assert await store.inbox.take(5, 0) == []
        async with a_store(redis_url, instance="dies") as dies:
            await dies.inbox.put(a_raw(b"1"))
            assert len(await dies.inbox.take(5, 0)) == 1
        await let_lie(store, takeover)
        assert await store.inbox.take(5, 0) == []
        clock.advance(takeover / 4)
        assert len(await store.inbox.take(5, 0)) == 1


@dataclass(slots=True)
class Unmended(RedisInbox):
    """The inbox of a process beside which a worker fails at once at whatever is replayed."""

    async def _replay(self, shard: int, letters: tuple[str, Arg, int]) -> int:
        back = await RedisInbox._replay(self, shard, letters)
        for _ in range(back):
            await self.bury(a_raw(b"again"), "still wrong")
        return back


async def test_what_fails_again_while_it_is_replayed_is_not_replayed_for_ever(redis_url: str) -> None:
    """The command ends, and says how many letters there were."""
    async with a_store(redis_url) as store, asyncio.timeout(10):
        ours = store.inbox
        inbox = Unmended(ours.link, ours.keys, ours.scripts, ours.clock, ours.instance, ours.turns, ours.takeover)
        for n in range(3):
            await inbox.bury(a_raw(b"%d" % n), "wrong")
        assert await inbox.replay() == 3
        assert (await store.dead.count()).waiting == 3


async def test_a_wait_is_one_question(redis_url: str) -> None:
    """The server waits in our place; once it has waited, nobody asks again (a moment that it ended early aside)."""
    async with a_store(redis_url) as store:

        async def asked() -> int:
            says = await store.link.do("INFO", "commandstats")
            return int(says.get("cmdstat_xreadgroup", {"calls": 0})["calls"])

        before = await asked()
        for wait_ms in (0, 200, 200, 200):
            assert await store.inbox.take(5, wait_ms) == []
        assert before + 4 <= await asked() <= before + 5
