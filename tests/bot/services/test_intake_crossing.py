"""Words are stored at once, and the store says what is in their way; workers that cross each other do no harm."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.case import Case, Cycle
from bot.domain.errors import StoreUnavailable
from bot.domain.models import EARLIEST, Deleted, Event, Hidden, Raw
from bot.domain.ports import Cases, Commit, Notes
from bot.services.intake import Intake
from bot.store.store import Store
from tests.support.cases import NOON, a_case, a_key, a_wait, an_interaction, an_item
from tests.support.intake import an_intake, eventful_cases, eventful_notes, takes_in, told
from tests.support.stores import a_store


def posts(raw: Raw) -> Iterator[Event]:
    """A delivery is a list of words: "jo:1" is Jo's first post, "jo:-1" its removal, "jo:~1" that it was hidden."""
    for word in raw.body.decode().split():
        name, number = word.split(":")
        words = an_interaction(f"post {word}", id=f"{name}-{number.strip('-~')}", key=a_key(name), hideable=True)
        if number.startswith("~"):
            yield Hidden(id=words.id, key=words.key, hidden=True, at=NOON)
        else:
            yield Deleted(id=words.id, key=words.key, at=NOON) if number.startswith("-") else words


def a_worker(store: Store, cases: Cases | None = None, notes: Notes | None = None) -> Intake:
    """A process that takes in."""
    return an_intake(store, told(posts), cases=cases, notes=notes)


async def nothing() -> None:
    """Nothing happens at that moment."""


async def dies() -> None:
    """The worker dies at that moment."""
    raise StoreUnavailable("no answer")


async def stored(store: Store, name: str) -> Case | None:
    """The case of somebody's conversation."""
    return await store.cases.load(a_key(name).id)


async def texts(store: Store, name: str) -> list[str]:
    """The words in somebody's case."""
    case = await stored(store, name)
    return [item.text for item in case.items if not item.deleted] if case else []


async def test_words_ask_the_store_as_seldom_as_can_be(redis_url: str) -> None:
    """Once where they open a case; once more where one stands, which the store shows at the first time."""
    async with a_store(redis_url) as store:
        cases = eventful_cases(store)
        await takes_in(a_worker(store, cases), store, "ann:1")
        assert cases.asked == ["commit"]
        await takes_in(a_worker(store, cases), store, "ann:2")
        assert cases.asked == ["commit"] * 3
        assert await texts(store, "ann") == ["post ann:1", "post ann:2"]


async def test_a_batch_of_several_conversations(redis_url: str) -> None:
    """Each has its case, in which its words stand in their order."""
    async with a_store(redis_url) as store:
        await takes_in(a_worker(store), store, "ann:1", "ben:1", "cid:1 cid:2")
        assert [await texts(store, name) for name in ("ann", "ben", "cid")] == [
            ["post ann:1"],
            ["post ben:1"],
            ["post cid:1", "post cid:2"],
        ]


async def test_a_case_that_another_worker_opens_meanwhile_is_joined(redis_url: str) -> None:
    """We were about to open one: our words go into theirs, as the second ones."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "ann:1")

        await takes_in(a_worker(store, eventful_cases(store, other)), store, "ann:2")
        assert await texts(store, "ann") == ["post ann:1", "post ann:2"]


async def test_words_that_another_worker_takes_in_meanwhile_stand_once(redis_url: str) -> None:
    """The network has delivered them twice, to both of us."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "ann:1")

        worker = a_worker(store, eventful_cases(store, other))
        await takes_in(worker, store, "ann:1")
        assert await texts(store, "ann") == ["post ann:1"]
        assert await store.dead.newest(10) == []


async def test_a_case_that_changes_meanwhile_keeps_the_change(redis_url: str) -> None:
    """The store showed us the case, and it got another post before ours: all are in it."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "ann:2")

        await takes_in(a_worker(store), store, "ann:1")
        cases = eventful_cases(store, nothing, other)
        await takes_in(a_worker(store, cases), store, "ann:3")
        assert cases.before_commit == []
        assert await texts(store, "ann") == ["post ann:1", "post ann:2", "post ann:3"]


async def test_a_case_that_goes_meanwhile_is_opened_anew(redis_url: str) -> None:
    """The store showed us a case whose time was over a moment later."""
    async with a_store(redis_url) as store:

        async def expired() -> None:
            keys, id_ = store.cases.keys, a_key("ann").id
            await store.link.do("DEL", keys.case(keys.shard_of(id_), id_))

        await takes_in(a_worker(store), store, "ann:1")
        await takes_in(a_worker(store, eventful_cases(store, nothing, expired)), store, "ann:2")
        assert await texts(store, "ann") == ["post ann:2"]


async def test_of_a_batch_only_the_words_that_were_taken_back_go(redis_url: str) -> None:
    """One removal was told before, one comes to another worker while the batch is being stored."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "cid:-1")

        await takes_in(a_worker(store), store, "ben:-1")
        cases = eventful_cases(store, nothing, nothing, other)
        await takes_in(a_worker(store, cases), store, "ann:1", "ben:1", "cid:1", "dot:1")
        assert [await texts(store, name) for name in ("ann", "ben", "cid", "dot")] == [
            ["post ann:1"],
            [],
            [],
            ["post dot:1"],
        ]
        assert await stored(store, "ben") is None
        assert await stored(store, "cid") is None


async def test_of_words_that_were_taken_back_no_edit_comes_in_either(redis_url: str) -> None:
    """They come again after they were stored and removed; nothing of them is kept in the case of the others."""
    async with a_store(redis_url) as store:
        await takes_in(a_worker(store), store, "ann:1", "ann:2", "ann:-1", "ann:-1")
        await takes_in(a_worker(store), store, "ann:1")
        assert await texts(store, "ann") == ["post ann:2"]
        case = await stored(store, "ann")
        assert case is not None
        assert "post ann:1" not in case.model_dump_json()


async def test_who_dies_over_a_removal_is_followed_by_one_who_removes(redis_url: str) -> None:
    """It found no such words and noted the removal; the words were stored in between; the removal comes again."""
    async with a_store(redis_url) as store:

        async def words() -> None:
            await takes_in(a_worker(store), store, "ann:1")

        cases = eventful_cases(store)
        cases.before_removal.append(words)
        cases.after_removal.append(dies)
        with pytest.raises(StoreUnavailable):
            await takes_in(a_worker(store, cases), store, "ann:-1")
        assert await texts(store, "ann") == ["post ann:1"]
        await takes_in(a_worker(store), store, "ann:-1")
        assert await texts(store, "ann") == []
        case = await stored(store, "ann")
        assert case is not None
        assert "post ann" not in case.model_dump_json()


async def test_words_that_are_stored_while_their_hiding_finds_none_are_hidden(redis_url: str) -> None:
    """It found no such words; they were stored before it was noted for them."""
    async with a_store(redis_url) as store:

        async def words() -> None:
            await takes_in(a_worker(store), store, "ann:1")

        notes = eventful_notes(store)
        notes.before_set.append(words)
        await takes_in(a_worker(store, notes=notes), store, "ann:~1")
        case = await stored(store, "ann")
        assert case is not None
        assert case.latest.hidden


async def test_a_case_that_only_a_newer_version_can_read_holds_up_nobody_else(redis_url: str) -> None:
    """Its words go to the dead letter, to be replayed after the deploy; the others of the batch become cases."""
    async with a_store(redis_url) as store:
        await takes_in(a_worker(store), store, "ann:1")
        keys, id_ = store.cases.keys, a_key("ann").id
        await store.cases.link.do("HSET", keys.case(keys.shard_of(id_), id_), "doc", '{"state": "unheard of"}')
        await takes_in(a_worker(store), store, "ann:2", "ben:1")
        assert await texts(store, "ben") == ["post ben:1"]
        assert [letter.raw.body for letter in await store.dead.newest(10)] == [b"ann:2"]
        assert await store.cases.load_many([id_, a_key("ben").id, a_key("nobody").id]) == {
            a_key("ben").id: await stored(store, "ben"),
            a_key("nobody").id: None,
        }


async def test_when_words_went_away_is_told_by_our_clock(redis_url: str) -> None:
    """A network may name any instant: the promise of the first word is an hour old, and stays broken."""
    since = NOON - timedelta(hours=2)
    case = a_case(
        key=a_key("ann"),
        items=(an_item(id="ann-1", seen_at=since),),
        cycle=Cycle(n=1, posted_at=since, seen_at=since),
        wait=a_wait(since),
    )
    async with a_store(redis_url) as store:
        assert await store.cases.commit(Commit(None, case, NOON)) == "committed"
        gone = Deleted(id="ann-1", key=case.key, at=EARLIEST)
        await takes_in(an_intake(store, told(lambda _raw: [gone])), store, "ann:-1")
        after = await stored(store, "ann")
    assert after is not None
    assert (after.wait, after.cycle.gone_at) == (None, NOON)
