"""Cases: one commit script, all or nothing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import redis.asyncio

from bot.domain.case import Case, Cycle, HideState, Status
from bot.domain.dead import KEPT
from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Commit, CommitResult, Conflict
from bot.store.keys import Keys
from bot.store.store import Store
from tests.support.card_cases import a_hiding_case
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_claim, a_key, a_log_entry, a_send, a_wait, an_item
from tests.support.real_servers import a_server
from tests.support.stores import RETENTION, a_store, end_leases

LEASE = timedelta(seconds=30)
LATE = NOON + timedelta(days=1)


async def everything(store: Store) -> dict[bytes, object]:
    """Every key but the empty streams of the inbox, with its serialised value."""
    found = [key for key in await store.link.do("KEYS", "*") if not key.endswith(b":inbox")]
    return {key: await store.link.do("DUMP", key) for key in sorted(found)}


async def test_a_case_is_loaded_as_it_was_committed(store: Store) -> None:
    """What was committed comes back the same, one version on: also that nobody knows who wrote one of its items."""
    items = (an_item(), an_item(seq=2, id="post-2", author=None))
    case = a_case(sends=(a_send(),), claim=a_claim(), items=items)
    assert await store.cases.commit(Commit(before=None, after=case, at=NOON)) == "committed"
    assert await store.cases.load(case.id) == case.model_copy(update={"version": 1})


async def test_an_unknown_case_is_none(store: Store) -> None:
    """A case that never was is no error, nor does it hide the others; they come in the order that was asked for."""
    assert await store.cases.load("aaaaaaaaaaaaaaaa") is None
    ids = [a_case(key=a_key(f"post-{n}")).id for n in range(3)]
    for n in (0, 2):
        await store.cases.commit(Commit(before=None, after=a_case(key=a_key(f"post-{n}")), at=NOON))
    found = await store.cases.load_many(ids)
    assert list(found) == ids
    assert [case and case.id for case in found.values()] == [ids[0], None, ids[2]]


async def test_a_full_server_refuses_a_commit_whole() -> None:
    """Nothing is written before the server can say that it has no room, nor is anything taken away to make some:
    a case that closes keeps its lists and its timers."""
    with a_server() as server, server.client() as admin:
        async with a_store(server.url) as store:
            new = Commit(before=None, after=a_case(), at=NOON, dedupe=["post-1"])
            admin.config_set("maxmemory", 1)
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.cases.commit(new)
            assert await store.cases.load(a_case().id) is None
            admin.config_set("maxmemory", 0)
            assert await store.cases.commit(new) == "committed"
            before, as_it_was = await store.cases.load(a_case().id), await everything(store)
            admin.config_set("maxmemory", 1)
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.cases.commit(Commit(before=before, after=a_case(status=Status.CLOSED, wait=None), at=NOON))
            assert await everything(store) == as_it_was


async def test_of_two_racing_commits_one_wins(store: Store) -> None:
    """Fifty people claim the same case at once: one is told yes, and that is the one who stands there."""
    await store.cases.commit(Commit(before=None, after=a_case(), at=NOON))
    before = await store.cases.load(a_case().id)
    assert before
    people = [ANA.model_copy(update={"id": f"U{n:08d}"}) for n in range(50)]

    async def claim(n: int) -> CommitResult:
        after = before.model_copy(update={"claim": a_claim(by=people[n])})
        return await store.cases.commit(Commit(before=before, after=after, at=NOON))

    results = await asyncio.gather(*(claim(n) for n in range(50)))
    stored = await store.cases.load(before.id)
    assert [each for each in results if each != "committed"] == [Conflict(stored)] * 49
    assert stored is not None
    assert stored.claim is not None
    assert stored.claim.by == people[results.index("committed")]
    assert stored.version == 2


async def test_a_conflict_leaves_nothing_behind(store: Store) -> None:
    """A commit on an old version changes no key at all: no log line, no timer, no dedupe name."""
    case = a_case()
    await store.cases.commit(Commit(before=None, after=case, at=NOON, log=[a_log_entry()]))
    before = await everything(store)
    after = case.model_copy(update={"claim": a_claim(), "sends": (a_send(),)})
    change = Commit(before=None, after=after, at=NOON, log=[a_log_entry("claimed")], draw=0, dedupe=["post-2"])
    assert await store.cases.commit(change) == Conflict(await store.cases.load(case.id))
    assert await everything(store) == before


async def test_a_duplicate_leaves_nothing_behind(store: Store) -> None:
    """If one of the dedupe names is used up, the whole commit is a duplicate and the new names stay free."""
    case = a_case()
    await store.cases.commit(Commit(before=None, after=case, at=NOON, dedupe=["post-1"]))
    stored = await store.cases.load(case.id)
    before = await everything(store)
    again = Commit(before=stored, after=case, at=NOON, log=[a_log_entry()], draw=1, dedupe=["post-2", "post-1"])
    assert await store.cases.commit(again) == "duplicate"
    assert await everything(store) == before
    assert await store.cases.commit(Commit(before=stored, after=case, at=NOON, dedupe=["post-2"])) == "committed"


async def test_what_comes_again_is_remembered_anew(store: Store, redis: "redis.asyncio.Redis") -> None:
    """A network that repeats itself for longer than names are kept opens nothing twice: a week longer than a letter."""
    new = Commit(before=None, after=a_case(), at=NOON, dedupe=["post-1", "post-2"])
    await store.cases.commit(new)
    keys, whole = Keys(store.cases.keys.shards), (KEPT + timedelta(days=7)).total_seconds()
    names = [keys.seen(keys.shard_of(a_case().id), a_case().id, name) for name in new.dedupe]
    for name in names:
        assert whole - 60 < await redis.ttl(name) <= whole
        await redis.expire(name, 60)
    assert await store.cases.commit(new) == "duplicate"
    assert [whole - 60 < await redis.ttl(name) <= whole for name in names] == [True, True]


async def test_a_duplicate_is_told_before_a_conflict(store: Store) -> None:
    """A redelivery to a case that moved on is final at once, so nobody loads and tries again."""
    await store.cases.commit(Commit(before=None, after=a_case(), at=NOON, dedupe=["post-1"]))
    again = Commit(before=None, after=a_case(), at=NOON, dedupe=["post-1"])
    assert await store.cases.commit(again) == "duplicate"


async def test_what_was_taken_back_comes_in_no_more(store: Store) -> None:
    """Neither as a new case nor into one that stands there, and nothing is left behind; others come in."""
    await store.cases.take_back("post-1")
    before = await everything(store)
    assert await store.cases.commit(Commit(before=None, after=a_case(), at=NOON, dedupe=["post-2", "post-1"])) == "gone"
    assert await everything(store) == before
    assert await store.cases.commit(Commit(before=None, after=a_case(), at=NOON, dedupe=["post-2"])) == "committed"
    stored = await store.cases.load(a_case().id)
    assert await store.cases.commit(Commit(before=stored, after=a_case(), at=NOON, dedupe=["post-1"])) == "gone"


async def test_that_words_were_taken_back_is_told_before_that_they_are_known(store: Store) -> None:
    """Whoever hears of a duplicate may complete what stands there; of what is gone, nothing is completed."""
    await store.cases.commit(Commit(before=None, after=a_case(), at=NOON, dedupe=["post-1"]))
    await store.cases.take_back("post-1")
    assert await store.cases.commit(Commit(before=None, after=a_case(), at=NOON, dedupe=["post-1"])) == "gone"


async def test_a_conflict_with_a_case_that_is_no_longer_kept(store: Store) -> None:
    """There is nothing to go by."""
    gone = a_case().model_copy(update={"version": 1})
    assert await store.cases.commit(Commit(before=gone, after=gone, at=NOON)) == Conflict(None)


async def test_two_cases_cannot_be_mixed(store: Store) -> None:
    """Before and after must be the same case."""
    other = a_case(key=a_key("post-2"))
    with pytest.raises(ValueError, match="one case"):
        await store.cases.commit(Commit(before=a_case(), after=other, at=NOON))


async def test_timers_and_sends_follow_the_case(store: Store) -> None:
    """Each commit sets both to what the case says, and takes away what it no longer says."""
    case = a_case(sends=(a_send(due_at=NOON + timedelta(seconds=15)),))
    await store.cases.commit(Commit(before=None, after=case, at=NOON))
    assert await store.sends.take(NOON + timedelta(seconds=14), 5, LEASE) == []
    assert await store.timers.take(NOON + timedelta(minutes=44), 5, LEASE) == []
    assert [due.id for due in await store.timers.take(NOON + timedelta(minutes=45), 5, LEASE)] == [case.id]
    stored = await store.cases.load(case.id)
    quiet = case.model_copy(update={"wait": None, "sends": ()})
    await store.cases.commit(Commit(before=stored, after=quiet, at=NOON))
    assert await store.sends.take(LATE, 5, LEASE) == []
    assert await store.sends.depth() == 0


async def test_what_is_put_off_is_due_no_sooner(store: Store) -> None:
    """A later time takes the place of the one before, in both."""
    soon, late = NOON + timedelta(minutes=1), NOON + timedelta(minutes=30)
    first = a_case(sends=(a_send(due_at=soon),), wait=a_wait(NOON - timedelta(minutes=44)))
    await store.cases.commit(Commit(before=None, after=first, at=NOON))
    then = a_case(sends=(a_send(due_at=late),), wait=a_wait(NOON - timedelta(minutes=15)))
    await store.cases.commit(Commit(before=await store.cases.load(first.id), after=then, at=NOON))
    for queue in (store.sends, store.timers):
        assert await queue.take(late - timedelta(milliseconds=1), 5, LEASE) == []
        assert [due.id for due in await queue.take(late, 5, LEASE)] == [first.id]


async def test_a_timer_set_while_it_fires_comes_afterwards(store: Store) -> None:
    """The worker that fires a timer commits the next one under its own lease, and gives the lease back after."""
    case = a_case()
    await store.cases.commit(Commit(before=None, after=case, at=NOON))
    at = NOON + timedelta(minutes=45)
    (held,) = await store.timers.take(at, 5, LEASE)
    stored = await store.cases.load(case.id)
    assert stored is not None
    assert stored.wait is not None
    fired = stored.model_copy(update={"wait": stored.wait.model_copy(update={"marks": stored.wait.marks[1:]})})
    await store.cases.commit(Commit(before=stored, after=fired, at=at))
    await store.timers.done(held)
    assert await store.timers.take(NOON + timedelta(minutes=59), 5, LEASE) == []
    assert len(await store.timers.take(NOON + timedelta(minutes=60), 5, LEASE)) == 1


async def test_a_case_that_closes_while_its_timer_fires_has_none(store: Store) -> None:
    """What a commit takes away under a lease is gone when the lease is given back."""
    case = a_case()
    await store.cases.commit(Commit(before=None, after=case, at=NOON))
    (held,) = await store.timers.take(LATE, 5, LEASE)
    stored = await store.cases.load(case.id)
    for wait in (case.wait, None):
        after = case.model_copy(update={"wait": wait})
        assert await store.cases.commit(Commit(before=stored, after=after, at=LATE)) == "committed"
        stored = await store.cases.load(case.id)
    await store.timers.done(held)
    assert await store.timers.depth() == 0


async def test_a_draw_is_due_in_its_band(store: Store) -> None:
    """A redraw carries its priority and its delay; no priority means no redraw."""
    case = a_case()
    draw_after = timedelta(seconds=2)
    await store.cases.commit(Commit(before=None, after=case, at=NOON, draw=3, draw_after=draw_after))
    assert await store.cards.take(NOON + timedelta(seconds=1), 5, LEASE) == []
    (due,) = await store.cards.take(NOON + draw_after, 5, LEASE)
    assert (due.id, due.priority) == (case.id, 3)
    await store.cards.done(due)
    await store.cases.commit(Commit(before=await store.cases.load(case.id), after=case, at=NOON))
    assert await store.cards.depth() == 0


async def test_a_draw_that_waits_is_put_off_by_no_other(store: Store) -> None:
    """A like that may wait does not hold up the broken promise that was to be drawn already; it goes along."""
    case = a_case()
    await store.cases.commit(Commit(before=None, after=case, at=NOON, draw=1))
    stored, later = await store.cases.load(case.id), timedelta(minutes=1)
    await store.cases.commit(Commit(before=stored, after=case, at=NOON, draw=4, draw_after=later))
    assert [(due.id, due.priority) for due in await store.cards.take(NOON, 5, LEASE)] == [(case.id, 1)]


async def test_a_closed_case_expires_and_a_reopened_one_stays(store: Store, redis: "redis.asyncio.Redis") -> None:
    """Closing sets the retention on case and log; reopening lifts it."""
    keys = Keys(store.cases.keys.shards)
    case = a_case(status=Status.CLOSED, wait=None)
    names = [keys.case(keys.shard_of(case.id), case.id), keys.log(keys.shard_of(case.id), case.id)]
    await store.cases.commit(Commit(before=None, after=case, at=NOON, log=[a_log_entry("closed")]))
    seconds = RETENTION.total_seconds()
    assert [seconds - 60 < await redis.ttl(name) <= seconds for name in names] == [True, True]
    reopened = a_case()
    await store.cases.commit(Commit(before=await store.cases.load(case.id), after=reopened, at=NOON))
    assert [await redis.ttl(name) for name in names] == [-1, -1]


async def test_those_who_wait_are_counted(store: Store) -> None:
    """All of them, and those that were owed a first word before an instant: not the one that is due just then."""
    for n in range(3):
        wait = a_wait(NOON + timedelta(minutes=n))
        case = a_case(key=a_key(f"post-{n}"), wait=wait, items=(an_item(id=f"post-{n}"),))
        await store.cases.commit(Commit(before=None, after=case, at=NOON))
    await store.cases.commit(Commit(before=None, after=a_case(key=a_key("answered"), wait=None), at=NOON))
    assert await store.cases.count_waiting() == 3
    due = NOON + timedelta(hours=1)
    minutes = (0, 1, 2, 3)
    queues = [await store.speed.queue([], due + timedelta(minutes=n)) for n in minutes]
    assert [queue.overdue for queue in queues] == [0, 1, 2, 3]


async def test_lists_follow_the_case(store: Store) -> None:
    """A case stands in the lists that fit it, and in no other once it changed."""
    case = a_case(claim=a_claim(by=ANA))
    await store.cases.commit(Commit(before=None, after=case, at=NOON))
    stored = await store.cases.load(case.id)
    assert stored
    assert await store.cases.claimed_by(ANA.id, 10) == [stored]
    assert await store.cases.waiting(10) == [stored]
    assert await store.cases.open_in("square", "hark.example", 10) == [stored]
    assert await store.cases.count_open("square", "hark.example") == 1
    handed_over = stored.model_copy(update={"claim": a_claim(by=BEN), "wait": None})
    await store.cases.commit(Commit(before=stored, after=handed_over, at=NOON))
    assert await store.cases.claimed_by(ANA.id, 10) == []
    assert await store.cases.waiting(10) == []
    assert len(await store.cases.claimed_by(BEN.id, 10)) == await store.cases.count_claimed_by(BEN.id) == 1
    assert await store.cases.count_claimed_by(ANA.id) == 0
    stored = await store.cases.load(case.id)
    closed = handed_over.model_copy(update={"status": Status.CLOSED, "claim": None})
    await store.cases.commit(Commit(before=stored, after=closed, at=NOON))
    assert await store.cases.open_in("square", "hark.example", 10) == []
    assert await store.cases.claimed_by(BEN.id, 10) == []
    assert await store.cases.count_open("square", "hark.example") == 0


async def test_lists_are_sorted_over_all_shards_and_cut(store: Store) -> None:
    """The earliest due or refused first, the newest account entries first, never more than asked for."""
    cases = []
    for n in range(12):
        at = NOON + timedelta(minutes=(n * 5) % 12)
        wait, cycle = a_wait(ack_due=None, answer_due=at), Cycle(n=1, posted_at=NOON, seen_at=at)
        made: dict[str, Any] = {
            "claim": a_claim(),
            "sends": (a_send(due_at=at),),
            "posts": (a_card(error="is_archived"),),
        }
        cases.append(a_case(key=a_key(f"post-{n}"), wait=wait, cycle=cycle, **made))
        await store.cases.commit(Commit(before=None, after=cases[-1], at=NOON))
    by_due = [case.id for case in sorted(cases, key=lambda case: case.cycle.seen_at)]
    claimed = await store.cases.claimed_by(ANA.id, 5)
    for few in (await store.cases.waiting(5), claimed, await store.cases.misplaced(5), await store.cases.sending(5)):
        assert [case.id for case in few] == by_due[:5]
    assert [case.id for case in await store.cases.open_in("square", "hark.example", 100)] == by_due[::-1]
    assert await store.cases.waiting(0) == []
    assert await store.cases.count_open("square", "hark.example") == 12


async def test_open_cases_are_read_on_from_a_place(store: Store) -> None:
    """Part by part, each once, in one order: also those that came in the same millisecond."""
    here = ("square", "hark.example")
    for n in range(8):
        cycle = Cycle(n=1, posted_at=NOON, seen_at=NOON + timedelta(minutes=n // 4))
        await store.cases.commit(Commit(before=None, after=a_case(key=a_key(f"post-{n}"), cycle=cycle), at=NOON))
    read, place = list[tuple[str, Case | None]](), ""
    while part := await store.cases.open_after(*here, place, 3):
        assert len(part) <= 3
        read, place = read + part, part[-1][0]
    assert read == await store.cases.open_after(*here, "", 100)
    assert [case and case.id for _, case in read] == [case.id for case in await store.cases.open_in(*here, 100)]


async def test_the_log_is_kept_in_order_and_capped(store: Store) -> None:
    """History comes oldest first; of more than a thousand lines the newest stay."""
    case = a_case()
    first = [a_log_entry(f"line {n}") for n in range(999)]
    await store.cases.commit(Commit(before=None, after=case, at=NOON, log=first))
    more = [a_log_entry(f"line {n}", by=ANA.id, detail="x" * 50) for n in range(999, 1002)]
    await store.cases.commit(Commit(before=await store.cases.load(case.id), after=case, at=NOON, log=more))
    assert await store.cases.history(case.id) == [*first[2:], *more]
    assert await store.cases.history("aaaaaaaaaaaaaaaa") == []


@pytest.mark.parametrize(
    "text",
    ["0", "\x00\r*1\r$4\rPING", "{0}:{1}", "-1", "'\"]] return 1 --", "\u202e\u200b👩‍👩‍👧", "x" * 2_047],
    ids=["short", "protocol", "hash tag", "number", "quotes", "invisible", "long"],
)
async def test_hostile_names_are_only_names(store: Store, text: str) -> None:
    """Accounts, conversations and dedupe names hold anything at all and are told apart exactly."""
    case = a_case(key=a_key(text, account=text, network=text))
    other = a_case(key=a_key(text + "x", account=text + "x", network=text))
    for one in (case, other):
        commit = Commit(before=None, after=one, at=NOON, log=[a_log_entry(text)], dedupe=[text, text, "\ud800"])
        assert await store.cases.commit(commit) == "committed"
        assert await store.cases.commit(commit) == "duplicate"
    assert await store.cases.open_in(text, text, 10) == [await store.cases.load(case.id)]


async def test_requests_to_hide_are_listed_until_somebody_decides(store: Store) -> None:
    """The oldest first, closed cases too; decided ones leave the list."""
    for n in (2, 1):
        asked = a_hiding_case().hidings[0].model_copy(update={"at": NOON + timedelta(minutes=n)})
        case = a_hiding_case(key=a_key(f"c{n}"), hidings=(asked,), status=Status.CLOSED if n == 1 else Status.OPEN)
        assert await store.cases.commit(Commit(before=None, after=case, at=NOON)) == "committed"
    first, second = await store.cases.hiding(10)
    assert await store.cases.count_hiding() == 2
    assert [first.key.conversation, second.key.conversation] == ["c1", "c2"]
    assert [case.id for case in await store.cases.hiding(1)] == [first.id]
    decided = first.hidings[0].model_copy(update={"state": HideState.DECLINED})
    after = first.model_copy(update={"hidings": (decided,)})
    assert await store.cases.commit(Commit(before=first, after=after, at=NOON)) == "committed"
    assert [case.id for case in await store.cases.hiding(10)] == [second.id]
    assert await store.cases.count_hiding() == 1


async def test_a_draw_that_is_held_from_the_first_comes_back_in_its_band(store: Store) -> None:
    """Whoever was to post it is gone: others take it in its order, not before everything else."""
    case = a_case()
    hold = (store.cards.hold(case.id, 3), timedelta(seconds=6))
    await store.cases.commit(Commit(before=None, after=case, at=NOON, draw=3, hold=hold))
    assert await store.cards.take(LATE, 10, LEASE) == []
    await end_leases(store)
    assert [(due.id, due.priority) for due in await store.cards.take(LATE, 10, LEASE)] == [(case.id, 3)]


async def test_a_hold_without_a_draw_is_refused_unstored(store: Store) -> None:
    """Whoever holds a case is to draw it; nothing of it is stored otherwise."""
    case = a_case()
    hold = (store.cards.hold(case.id, 2), timedelta(seconds=6))
    with pytest.raises(ValueError, match="not to be drawn"):
        await store.cases.commit(Commit(before=None, after=case, at=NOON, hold=hold))
    assert await store.cases.load(case.id) is None
