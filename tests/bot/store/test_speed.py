"""How fast customers were answered: what commits count, exactly once, and who waits now."""

import asyncio
from datetime import datetime, timedelta

import pytest
import redis.asyncio

from bot.domain.agenda import SAID
from bot.domain.case import Case, Cycle, MarkName, Purpose, SendState
from bot.domain.counting import Count, What
from bot.domain.decisions import Change
from bot.domain.lifecycle import close, dismiss
from bot.domain.models import Sent
from bot.domain.percentiles import bucket
from bot.domain.ports import Commit, Conflict
from bot.domain.reading import Reading
from bot.domain.receiving import deleted, receive
from bot.domain.sending import sent
from bot.domain.speed import Queue, Stage, Waiter, speed
from bot.services.casework import Casework
from bot.store.keys import millis
from bot.store.store import Store
from tests.support.cases import ANA, NOON, a_case, a_key, a_send, a_wait, an_item
from tests.support.keyspace import holding
from tests.support.policies import a_policy
from tests.support.stores import TestClock

POLICY = a_policy()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TODAY = "2026-03-04"
ACCOUNTS = [("square", "hark.example"), ("square", "help.example"), ("harbour", "hark")]


def asked(
    conversation: str = "post-1", hours_ago: float = 0, *, network: str = "square", account: str = "hark.example"
) -> Case:
    """A case that came so long before noon, with an answer on its way."""
    since = NOON - hours_ago * HOUR
    return a_case(
        key=a_key(conversation, network=network, account=account),
        items=(an_item(posted_at=since, seen_at=since),),
        cycle=Cycle(n=1, posted_at=since, seen_at=since),
        wait=a_wait(since),
        sends=(a_send(state=SendState.SENDING, created_at=since),),
    )


async def stored(store: Store, *cases: Case) -> list[Case]:
    """The cases as they stand in the store."""
    for case in cases:
        assert await store.cases.commit(Commit(None, case, NOON)) == "committed"
    return [case.model_copy(update={"version": 1}) for case in cases]


def answer(case: Case, minutes: float = 20, purpose: Purpose = Purpose.REPLY) -> Commit:
    """Its answer stands."""
    send = case.sends[0].model_copy(update={"purpose": purpose})
    case = case.model_copy(update={"sends": (send,)})
    at = case.cycle.seen_at + minutes * MINUTE
    change = sent(case, send.id, Sent(id="there"), at, POLICY)
    assert isinstance(change, Change)
    return Commit(case, change.case, at)


async def test_an_answer_is_counted_with_its_commit(store: Store) -> None:
    """By both clocks, on the day on which it was given; the counts of other days are others."""
    cases = await stored(store, *(asked(f"post-{n}") for n in range(5)), asked("post-9", network="harbour"))
    for n, case in enumerate(cases):
        assert await store.cases.commit(answer(case, 20 if n < 3 else 59)) == "committed"
    counts = await store.speed.counts([TODAY, "2026-03-03"])
    quick, slow = (bucket(60 * minutes) for minutes in (20, 59))
    for what in (What.WORD_DESK, What.WORD_CUSTOMER, What.ANSWER_DESK, What.ANSWER_CUSTOMER):
        assert counts[Count("square", what, quick)] == 3
        assert counts[Count("square", what, slow)] == 2
        assert counts[Count("harbour", what, slow)] == 1
    assert (counts[Count("square", What.KEPT)], sum(counts.values())) == (5, 30)
    assert await store.speed.counts(["2026-03-03", "2026-03-05"]) == {}


async def test_a_replayed_or_beaten_commit_counts_nothing(store: Store) -> None:
    """Fifty workers find the same answer standing: one of them counts it."""
    (case,) = await stored(store, asked())
    results = await asyncio.gather(*(store.cases.commit(answer(case)) for _ in range(50)))
    assert sorted(isinstance(each, Conflict) for each in results) == [False] + [True] * 49
    assert sum((await store.speed.counts([TODAY])).values()) == 5


async def test_a_known_name_counts_nothing(store: Store) -> None:
    """A duplicate changes nothing, the counts included; nor does what was taken back."""
    (case,) = await stored(store, asked())
    commit = answer(case)
    once = Commit(commit.before, commit.after, commit.at, dedupe=["report-1"])
    assert await store.cases.commit(once) == "committed"
    assert await store.cases.commit(once) == "duplicate"
    await store.cases.take_back("report-2")
    gone = Commit(commit.before, commit.after, commit.at, dedupe=["report-2"])
    assert await store.cases.commit(gone) == "gone"
    assert sum((await store.speed.counts([TODAY])).values()) == 5


async def test_a_commit_that_counts_does_all_the_rest(store: Store) -> None:
    """Log lines, dedupe names and lists stand where they belong beside the counts of two days."""
    (case,) = await stored(store, asked())
    word = answer(case, 10, Purpose.ACKNOWLEDGE)
    assert await store.cases.commit(word) == "committed"
    late = word.after.model_copy(update={"version": 2, "sends": (a_send(id="send-2", state=SendState.SENDING),)})
    change = sent(late, "send-2", Sent(id="there"), NOON + 24 * HOUR, POLICY)
    assert isinstance(change, Change)
    full = Commit(late, change.case, NOON + 24 * HOUR, log=change.log, draw=1, dedupe=["report-1"])
    assert await store.cases.commit(full) == "committed"
    dismissed = dismiss(change.case.model_copy(update={"version": 3}), ANA, NOON + 25 * HOUR)
    assert isinstance(dismissed, Change)
    two_days = Commit(
        change.case.model_copy(update={"version": 3}), dismissed.case, NOON, log=dismissed.log, draw=1, dedupe=["x"]
    )
    assert await store.cases.commit(two_days) == "committed"
    assert await store.speed.counts([TODAY, "2026-03-05"]) == {}
    assert await store.cases.history(case.id) == [*change.log, *dismissed.log]
    assert await store.cases.commit(two_days) == "duplicate"
    assert await store.cases.count_waiting() == 0


async def test_counts_outlive_their_cases_and_name_nobody(store: Store, redis: "redis.asyncio.Redis") -> None:
    """They expire by themselves; nothing in them leads to a case or a customer."""
    (case,) = await stored(store, asked())
    await store.cases.commit(answer(case))
    shard = store.cases.keys.shard_of(case.id)
    key = store.cases.keys.speed(shard, TODAY)
    assert key not in await holding(redis, case.id, "carla", "Carla", "post-1", ANA.id)
    left = timedelta(milliseconds=await redis.pttl(key))
    assert timedelta(days=39) < left <= timedelta(days=40)


async def test_what_a_newer_version_counts_is_left_out(store: Store) -> None:
    """And what is below zero, because one version counted and the other took away."""
    key = store.cases.keys.speed(0, TODAY)
    await store.link.do("HSET", key, "square:smiles:0", 3, "square:kept:0", -1, "square:left:0", 2)
    await store.link.do("PEXPIRE", key, 10_000)
    assert await store.speed.counts([TODAY]) == {Count("square", What.LEFT): 2}


async def test_who_waits_is_told_without_loading_a_case(store: Store) -> None:
    """Since when, on which network, for what, and whether it is too late."""
    await stored(
        store,
        asked("a", 5),
        asked("b", 0.5, account="help.example"),
        asked("c", 1.5, network="harbour", account="hark"),
        a_case(key=a_key("closed"), wait=None),
    )
    queue = await store.speed.queue(ACCOUNTS, NOON)
    assert sorted(queue.waiters) == [
        Waiter("harbour", NOON - 1.5 * HOUR, Stage.WORD, overdue=True),
        Waiter("square", NOON - 5 * HOUR, Stage.WORD, overdue=True),
        Waiter("square", NOON - 0.5 * HOUR, Stage.WORD, overdue=False),
    ]
    assert (queue.unseen, queue.unseen_overdue) == (0, 0)


async def test_after_a_first_word_they_wait_for_the_answer(store: Store) -> None:
    """Still since they wrote; once they are answered they wait no more, and stand in no list."""
    (case,) = await stored(store, asked(hours_ago=1))
    word = answer(case, 10, Purpose.ACKNOWLEDGE)
    assert await store.cases.commit(word) == "committed"
    queue = await store.speed.queue(ACCOUNTS, NOON)
    assert queue.waiters == [Waiter("square", NOON - HOUR, Stage.ANSWER, overdue=False)]
    later = word.after.model_copy(update={"version": 2, "sends": (a_send(id="send-2", state=SendState.SENDING),)})
    assert await store.cases.commit(answer(later, 50)) == "committed"
    assert await store.speed.queue(ACCOUNTS, NOON) == Queue([], 0, 0)
    assert not [key for key in await store.link.do("KEYS", "*") if b"acknowledged" in key or b"again" in key]


async def test_after_an_answer_they_wait_again_since_they_wrote_again(store: Store) -> None:
    """Their first answer is counted already."""
    (case,) = await stored(store, asked(hours_ago=9))
    commit = answer(case)
    assert await store.cases.commit(commit) == "committed"
    since = NOON - HOUR
    item = an_item("And now?", id="post-2", posted_at=since, seen_at=since)
    casework = Casework(store.cases, TestClock())
    assert (await casework.apply(case.id, lambda case: receive(case, item, Reading(), POLICY))).done
    queue = await store.speed.queue(ACCOUNTS, NOON)
    assert queue.waiters == [Waiter("square", since, Stage.AGAIN, overdue=False)]


async def test_a_case_of_an_account_that_was_removed_waits_too(store: Store) -> None:
    """Since when is not known: at least since what they wait for was due."""
    cases = await stored(store, asked("old", 5), asked("said", 5), asked("new", 0.5))
    await store.cases.commit(answer(cases[1], 30, Purpose.ACKNOWLEDGE))
    assert sorted((await store.speed.queue([], NOON)).waiters) == [
        Waiter("", NOON - 5 * HOUR, Stage.ANSWER, overdue=True),
        Waiter("", NOON - 4 * HOUR, Stage.WORD, overdue=True),
        Waiter("", NOON, Stage.WORD, overdue=False),
    ]


@pytest.mark.parametrize("said", SAID)
async def test_what_the_version_before_left_in_a_list_counts_for_nothing(store: Store, said: str) -> None:
    """It knows nothing of the list: the word was said in an earlier cycle."""
    (case,) = await stored(store, asked(hours_ago=1))
    shard = store.cases.keys.shard_of(case.id)
    await store.link.do("ZADD", store.cases.keys.index(shard, said), millis(NOON - 2 * HOUR), case.id)
    queue = await store.speed.queue(ACCOUNTS, NOON)
    assert queue.waiters == [Waiter("square", NOON - HOUR, Stage.WORD, overdue=False)]
    await store.link.do("DEL", store.cases.keys.index(shard, said))


@pytest.mark.parametrize("said", SAID)
async def test_a_closed_case_stands_in_no_list_whoever_changed_it_last(store: Store, said: str) -> None:
    """The version before answered it, and left it in a list that it does not know."""
    case = asked().model_copy(update={"wait": None})
    await stored(store, case)
    key = store.cases.keys.index(store.cases.keys.shard_of(case.id), said)
    await store.link.do("ZADD", key, 1, case.id)
    casework = Casework(store.cases, TestClock())
    assert (await casework.apply(case.id, lambda case: close(case, ANA, "solved", NOON))).done
    assert await store.link.do("EXISTS", key) == 0


async def test_of_more_than_can_be_looked_at_the_rest_is_counted(store: Store) -> None:
    """The first due are looked at; what is known of the others is how many, and how many of them are overdue."""
    await stored(store, *(asked(f"post-{n}", hours_ago=n) for n in range(30)))
    few = type(store.speed)(store.speed.link, store.speed.keys, most=12)
    queue, all_of_them = await few.queue(ACCOUNTS, NOON), await store.speed.queue(ACCOUNTS, NOON)
    assert len(queue.waiters) + queue.unseen == len(all_of_them.waiters) == 30
    assert queue.unseen >= 18
    overdue = sum(waiter.overdue for waiter in queue.waiters) + queue.unseen_overdue
    assert overdue == sum(waiter.overdue for waiter in all_of_them.waiters) == 28


async def test_closing_counts_who_left(store: Store) -> None:
    """Also with a promise that was broken, by the timer that said so before."""
    case = asked().model_copy(
        update={"cycle": asked().cycle.model_copy(update={"missed": (MarkName.ACK_BREACH,)})},
    )
    await stored(store, case)
    casework = Casework(store.cases, TestClock())
    assert (await casework.apply(case.id, lambda case: close(case, ANA, "solved", NOON + 2 * HOUR))).done
    assert await store.speed.counts([TODAY]) == {Count("square", What.LEFT): 1, Count("square", What.BROKEN): 1}


def late_word(case: Case) -> Commit:
    """A first word after eighty minutes: too late, as a timer said before. The answer is not due yet."""
    update = {"missed": (MarkName.ACK_BREACH,)}
    return answer(case.model_copy(update={"cycle": case.cycle.model_copy(update=update)}), 80, Purpose.ACKNOWLEDGE)


async def promises(store: Store, at: datetime = NOON) -> tuple[int, int]:
    """How many promises were kept, of how many, as the figures say."""
    counts, queue = await store.speed.counts([TODAY]), await store.speed.queue(ACCOUNTS, at)
    total = speed(counts, queue, POLICY.calendar, NOON - 24 * HOUR, at).total
    return total.kept, total.promised


async def test_a_first_word_that_came_late_is_a_broken_promise_at_once(store: Store) -> None:
    """Not only when the answer stands; and once, though the answer is late as well. What is not due is not overdue."""
    (case,) = await stored(store, asked(hours_ago=1.5))
    word = late_word(case)
    assert await store.cases.commit(word) == "committed"
    assert await promises(store) == (0, 1)
    queue = await store.speed.queue(ACCOUNTS, NOON)
    assert queue.waiters == [Waiter("square", NOON - 1.5 * HOUR, Stage.ANSWER, overdue=False, broken=True)]
    assert queue.overdue == 0
    assert (await store.speed.queue([], NOON)).waiters[0].broken, "of an account that was removed, too"
    assert await promises(store, NOON + 5 * HOUR) == (0, 1)
    later = word.after.model_copy(update={"sends": (a_send(id="send-2", state=SendState.SENDING),)})
    assert await store.cases.commit(answer(later, 85)) == "committed"
    assert await promises(store) == (0, 1)
    assert not [key for key in await store.link.do("KEYS", "*") if b"broken" in key]


async def test_of_many_who_wait_those_with_a_late_word_hide_nobody_who_is_overdue(store: Store) -> None:
    """They are counted by themselves; of those whom nobody looked at, all who are overdue are."""
    cases = await stored(store, *(asked(f"post-{n}", hours_ago=1.5 if n < 6 else 5) for n in range(18)))
    for case in cases[:6]:
        assert await store.cases.commit(late_word(case)) == "committed"
    few = type(store.speed)(store.speed.link, store.speed.keys, most=1)
    queue, all_of_them = await few.queue(ACCOUNTS, NOON), await store.speed.queue(ACCOUNTS, NOON)
    assert queue.overdue == all_of_them.overdue == 12
    most = type(store.speed)(store.speed.link, store.speed.keys, most=15 * store.speed.keys.shards)
    assert (await most.queue(ACCOUNTS, NOON)).overdue == 12


async def test_taking_words_back_is_counted_once_whoever_tells_of_it(store: Store) -> None:
    """Fifty workers find them gone, one of them after a crash: one promise was broken, and nobody waits."""
    (case,) = await stored(store, asked(hours_ago=1.5))
    change = deleted(case, case.latest.id, NOON)
    assert isinstance(change, Change)
    before = await promises(store)
    results = await asyncio.gather(*(store.cases.commit(Commit(case, change.case, NOON)) for _ in range(50)))
    assert sorted(isinstance(each, Conflict) for each in results) == [False] + [True] * 49
    assert before == await promises(store) == (0, 1)
    assert (await store.speed.queue(ACCOUNTS, NOON)).total == 0
    casework = Casework(store.cases, TestClock())
    assert not (await casework.apply(case.id, lambda each: deleted(each, case.latest.id, NOON + HOUR))).done
    assert await promises(store) == (0, 1)
