"""A batch is looked up before it is taken in, in one round trip; what becomes untrue meanwhile does no harm."""

from collections.abc import Iterator

import pytest

from bot.domain.case import Case
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Deleted, Event, Raw
from bot.domain.ports import Notes
from bot.services.intake import BATCH, Intake
from bot.store.store import Store
from tests.support.cases import NOON, a_key, an_interaction
from tests.support.intake import an_intake, eventful, takes_in, told
from tests.support.stores import a_store


def posts(raw: Raw) -> Iterator[Event]:
    """A delivery is a list of words: "jo:1" is Jo's first post, "jo:-1" its removal."""
    for word in raw.body.decode().split():
        name, number = word.split(":")
        words = an_interaction(f"post {word}", id=f"{name}-{number.strip('-')}", key=a_key(name))
        yield Deleted(id=words.id, key=words.key, at=NOON) if number.startswith("-") else words


def a_worker(store: Store, notes: Notes | None = None) -> Intake:
    """A process that takes in."""
    return an_intake(store, told(posts), notes=notes)


async def stored(store: Store, name: str) -> Case | None:
    """The case of somebody's conversation."""
    return await store.cases.load(a_key(name).id)


async def texts(store: Store, name: str) -> list[str]:
    """The words in somebody's case."""
    case = await stored(store, name)
    return [item.text for item in case.items if not item.deleted] if case else []


async def test_a_batch_is_looked_up_in_two_looks(redis_url: str) -> None:
    """One before, one after, however many customers wrote; a second post in a conversation looks for itself."""
    async with a_store(redis_url) as store:
        notes = eventful(store)
        await takes_in(a_worker(store, notes), store, "ann:1", "ben:1", "cid:1 cid:2")
        assert notes.looks == [3, 1, 4]
        assert [await texts(store, name) for name in ("ann", "ben", "cid")] == [
            ["post ann:1"],
            ["post ben:1"],
            ["post cid:1", "post cid:2"],
        ]


async def test_a_flood_in_one_delivery_is_not_looked_up_in_one_piece(redis_url: str) -> None:
    """Beyond the size of a batch, words look for themselves; nobody's case is missing."""
    async with a_store(redis_url) as store:
        notes, names = eventful(store), [f"n{number}" for number in range(BATCH + 2)]
        await takes_in(a_worker(store, notes), store, " ".join(f"{name}:1" for name in names))
        assert notes.looks == [BATCH, 1, 1, BATCH, 2]
        assert all([await texts(store, name) == [f"post {name}:1"] for name in names])


async def test_a_case_that_another_worker_opens_after_the_look_is_joined(redis_url: str) -> None:
    """No case stood there when we looked; now one does: our words go into it, as the second ones."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "ann:1")

        await takes_in(a_worker(store, eventful(store, other)), store, "ann:2")
        assert await texts(store, "ann") == ["post ann:1", "post ann:2"]


async def test_words_that_another_worker_takes_in_after_the_look_stand_once(redis_url: str) -> None:
    """The network has delivered them twice, to both of us."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "ann:1")

        worker = a_worker(store, eventful(store, other))
        await takes_in(worker, store, "ann:1")
        assert await texts(store, "ann") == ["post ann:1"]
        assert await store.inbox.buried(10) == []


async def test_a_case_that_changes_after_the_look_keeps_the_change(redis_url: str) -> None:
    """It stood there when we looked, and got another post meanwhile: both are in it."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "ann:2")

        await takes_in(a_worker(store), store, "ann:1")
        await takes_in(a_worker(store, eventful(store, other)), store, "ann:3")
        assert await texts(store, "ann") == ["post ann:1", "post ann:2", "post ann:3"]


async def test_of_a_batch_only_the_words_that_were_taken_back_go(redis_url: str) -> None:
    """One removal was told before, one comes to another worker between the look and the storing."""
    async with a_store(redis_url) as store:

        async def other() -> None:
            await takes_in(a_worker(store), store, "cid:-1")

        await takes_in(a_worker(store), store, "ben:-1")
        await takes_in(a_worker(store, eventful(store, other)), store, "ann:1", "ben:1", "cid:1", "dot:1")
        assert [await texts(store, name) for name in ("ann", "ben", "cid", "dot")] == [
            ["post ann:1"],
            [],
            [],
            ["post dot:1"],
        ]
        assert await stored(store, "ben") is None


async def test_a_worker_that_dies_before_the_second_look_is_followed_by_one_who_removes(redis_url: str) -> None:
    """The removal came to another worker in between and found no case; the words come again with their delivery."""
    async with a_store(redis_url) as store:

        async def removed() -> None:
            await takes_in(a_worker(store), store, "ann:-1")

        async def dies() -> None:
            raise StoreUnavailable("no answer")

        with pytest.raises(StoreUnavailable):
            await takes_in(a_worker(store, eventful(store, removed, dies)), store, "ann:1")
        assert await texts(store, "ann") == ["post ann:1"]
        await takes_in(a_worker(store), store, "ann:1")
        assert await texts(store, "ann") == []
        case = await stored(store, "ann")
        assert case is not None
        assert "post ann" not in case.model_dump_json()


async def test_a_removal_noted_in_other_words_counts(redis_url: str) -> None:
    """Another version noted it, in words that this one cannot read: the words are not shown, the others come in."""
    async with a_store(redis_url) as store:
        await takes_in(a_worker(store), store, "ben:-1")
        note = await store.link.do("KEYS", "*gone:*")
        await store.link.do("SET", note[0], "yesterday", "KEEPTTL")
        await takes_in(a_worker(store), store, "ann:1", "ben:1")
        assert [await texts(store, name) for name in ("ann", "ben")] == [["post ann:1"], []]
        assert await store.inbox.buried(10) == []


async def test_a_case_that_only_a_newer_version_can_read_holds_up_nobody_else(redis_url: str) -> None:
    """Its words go to the dead letter, to be replayed after the deploy; the others of the batch become cases."""
    async with a_store(redis_url) as store:
        await takes_in(a_worker(store), store, "ann:1")
        keys, id_ = store.cases.keys, a_key("ann").id
        await store.cases.link.do("HSET", keys.case(keys.shard_of(id_), id_), "doc", '{"state": "unheard of"}')
        await takes_in(a_worker(store), store, "ann:2", "ben:1")
        assert await texts(store, "ben") == ["post ben:1"]
        assert [letter.raw.body for letter in await store.inbox.buried(10)] == [b"ann:2"]
        assert await store.cases.load_many([id_, a_key("ben").id, a_key("nobody").id]) == {
            a_key("ben").id: await stored(store, "ben"),
            a_key("nobody").id: None,
        }
