"""An edit is taken in as carefully as the words before it: tidied, masked, cut, and read anew."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import redis.asyncio

from bot.domain.case import Case, HideReason, Item
from bot.domain.models import Author, Edited, Event, Named, Raw
from bot.services.lookups import person
from bot.services.reader import TEXT_GRAPHEMES
from bot.store.store import Store
from tests.support.cases import NOON, a_key, a_raw, an_interaction
from tests.support.intake import an_intake, takes_in, told
from tests.support.keyspace import holding
from tests.support.stores import TestClock, a_store
from tests.support.waiting import wait_until

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """An empty store."""
    async with a_store(redis_url) as opened:
        yield opened


async def says(store: Store, *events: Event) -> Case:
    """These come in one after the other, each in a delivery of its own; the case afterwards."""
    worker = an_intake(store, told(lambda raw: [events[int(raw.body)]]))
    for number in range(len(events)):
        await takes_in(worker, store, str(number))
    case = await store.cases.load(a_key().id)
    assert case is not None
    return case


async def the_words(store: Store, *events: Event) -> Item:
    """The only words of the case, after these."""
    (item,) = (await says(store, *events)).items
    return item


def an_edit(text: str, minutes: int = 1, version: str = "v2", **changes: object) -> Edited:
    """The customer has changed the first words."""
    fields = {"id": "post-1", "key": a_key(), "text": text, "version": version, "at": NOON + minutes * MINUTE}
    return Edited.model_validate(fields | changes)


async def test_a_card_number_that_an_edit_brings_is_masked(store: Store) -> None:
    """Slack must not have it, whenever it was written; the card says that something was masked."""
    item = await the_words(store, an_interaction(), an_edit("Take it from 4111 1111 1111 1111"))
    assert (item.text, item.masked) == ("Take it from [card ••1111]", True)


async def test_of_an_edit_as_much_is_kept_as_of_any_words(store: Store) -> None:
    """And the card says that there is more."""
    item = await the_words(store, an_interaction(), an_edit("No! " * TEXT_GRAPHEMES))
    assert (len(item.text), item.cut) == (TEXT_GRAPHEMES, True)


async def test_an_edit_is_read_anew_and_says_how_it_is_answered(store: Store) -> None:
    """A complaint that becomes a thank-you goes ahead of nobody any more; the answer goes where it belongs now."""
    complaint = an_interaction("This is a scam, I will call my lawyer!", ref={"post": "1"})
    case = await says(store, complaint, an_edit("Thank you, all is well, great service!", ref={"post": "2"}))
    assert (case.reading.intent, case.latest.ref) == ("praise", {"post": "2"})


async def test_an_edit_can_be_a_reason_to_hide_the_words(store: Store) -> None:
    """As triage reads what they say now."""
    item = await the_words(store, an_interaction(hideable=True), an_edit("You are all idiots"))
    assert HideReason.ABUSE in item.signs


async def test_the_same_words_in_a_newer_version_are_an_edit(store: Store) -> None:
    """Some networks announce no edit: what comes again says other words, as a whole, under another version."""
    newer = an_interaction("Found it", version="v2", ref={"post": "2"})
    item = await the_words(store, an_interaction(version="v1", ref={"post": "1"}), newer, newer)
    assert (item.text, item.edited, item.earlier, item.ref) == (
        "Found it",
        True,
        ("My parcel is late. Where is it?",),
        {"post": "2"},
    )


async def test_other_words_without_a_version_are_no_edit(store: Store) -> None:
    """Two doors of a network may tell the same words differently; where it numbers no wordings, the first ones stay."""
    item = await the_words(store, an_interaction(), an_interaction("My parcel is late. Where…"))
    assert (item.text, item.edited) == ("My parcel is late. Where is it?", False)


async def test_of_a_new_case_is_told_once(store: Store) -> None:
    """What comes again, or to a case that stands, is none, nor is what was taken back."""
    noted = list[Case]()
    gone = an_interaction(id="post-3", key=a_key("post-3"))
    await store.cases.take_back(gone.key.counts_as(gone.id))
    events = (an_interaction(), an_interaction(), an_interaction("And now?", id="post-2"), gone)
    worker = an_intake(store, told(lambda raw: [events[int(raw.body)]]), note=noted.append)
    for number in range(len(events)):
        await takes_in(worker, store, str(number))
    assert [case.id for case in noted] == [a_key().id]


async def test_what_a_sweep_reads_is_as_new_as_the_sweep(redis_url: str) -> None:
    """It finds what stands there now; an edit from before, told late by a webhook, does not bring older words back."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:

        def reads(raw: Raw) -> Iterator[Event]:
            yield an_edit("second") if raw.body == b"late" else an_interaction(raw.body.decode(), version=raw.source)

        worker = an_intake(store, told(reads), clock=clock)
        for source, body in (("webhook", b"first"), ("sweep", b"third"), ("webhook", b"late")):
            clock.advance(5 * MINUTE)
            await store.inbox.put(a_raw(body, source=source, received_at=clock.now()))
            await worker.step()
        case = await store.cases.load(a_key().id)
    assert case is not None
    assert (case.latest.text, case.latest.edited_at) == ("third", NOON + 10 * MINUTE)


async def test_a_name_that_comes_later_is_fit_to_be_shown(store: Store) -> None:
    """Also where it is remembered for the next conversation: a phone number in it is masked, nothing unseen is kept."""
    nameless = Author(id="42")
    named = Named(key=a_key(), author=Author(id="42", name="Carla 07700 900123\u200b"))
    item = await the_words(store, an_interaction(author=nameless), named)
    assert item.author is not None
    assert item.author.name == "Carla [phone ••23]"
    other = an_interaction(id="post-2", key=a_key("post-2"), author=nameless, look_up=person("42"))
    await says(store, other)
    second = await store.cases.load(a_key("post-2").id)
    assert second is not None
    assert second.author == item.author


async def test_the_name_of_somebody_who_was_erased_meanwhile_is_not_kept(
    store: Store, redis: "redis.asyncio.Redis"
) -> None:
    """The network was asked for it before, and answers when no case is left."""
    named = Named(key=a_key(), author=Author(id="42", name="Carla"))
    await takes_in(an_intake(store, told(lambda _: [named])), store, "0")

    async def gone() -> bool:
        return await holding(redis, "Carla") == []

    await wait_until(gone, "nothing holds the name")
    other = an_interaction(author=Author(id="42"), look_up=person("42"))
    assert (await the_words(store, other)).author == Author(id="42")


async def test_whoever_was_not_asked_for_in_time_is_asked_for_when_the_words_come_again(store: Store) -> None:
    """The worker died between storing the words and asking: the delivery comes again, and the name is wanted still."""
    words = an_interaction(author=Author(id="42"))
    await says(store, words, words.model_copy(update={"look_up": person("42")}))
    (due,) = await store.polls.take(NOON, 9, MINUTE)
    assert due.id.endswith("lookup:person:42")


async def test_nobody_is_asked_for_whose_words_were_taken_back(store: Store) -> None:
    """A call for a name that no card will show."""
    await store.cases.take_back(a_key("post-2").counts_as("post-2"))
    gone = an_interaction(id="post-2", key=a_key("post-2"), author=Author(id="42"), look_up=person("42"))
    await says(store, an_interaction(), gone)
    assert await store.polls.depth() == 0
