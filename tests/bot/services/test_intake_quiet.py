"""A like is told of once: on the card of its conversation or in the digest, however often and late it comes again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.case import Status
from bot.domain.decisions import changed
from bot.domain.models import Author, Deleted, Event, Kind, Raw
from bot.domain.ports import LINK, Notes
from bot.services.casework import Casework
from bot.services.hourly import HOUR_NAME
from bot.services.intake import Intake
from bot.store.store import Store
from tests.support.cases import NOON, a_key, an_interaction
from tests.support.intake import an_intake, eventful_notes, takes_in, told
from tests.support.stores import TestClock, a_store


def a_post_or_its_like(raw: Raw) -> Iterator[Event]:
    """A delivery names what happened: words, or a like of them."""
    if raw.body == b"like":
        yield an_interaction("", id="like-1", kind=Kind.REACTION)
    else:
        yield an_interaction(id="post-1")


def a_worker(store: Store, notes: Notes | None = None) -> Intake:
    """A process that takes in."""
    return an_intake(store, told(a_post_or_its_like), notes=notes)


async def taken_in(store: Store, *bodies: str) -> tuple[int, int]:
    """How many likes the case counts and the digest tells of, after these deliveries."""
    worker = a_worker(store)
    for body in bodies:
        await takes_in(worker, store, body)
    case = await store.cases.load(a_key().id)
    digest = await store.notes.digest(NOON.strftime(HOUR_NAME))
    return (case.likes if case else 0), len(digest)


async def test_a_like_before_its_conversation_stays_in_the_digest(redis_url: str) -> None:
    """It comes again once the conversation has a case: it is not counted there as well."""
    async with a_store(redis_url) as store:
        assert await taken_in(store, "like", "words", "like") == (0, 1)


@pytest.mark.parametrize(
    ("before_the_hour", "told_at"),
    [
        (timedelta(minutes=1, seconds=1), "13"),
        (timedelta(minutes=1), "14"),
        (timedelta(seconds=-1), "14"),
    ],
)
async def test_a_like_belongs_to_a_message_that_is_still_to_be_written(
    redis_url: str, before_the_hour: timedelta, told_at: str
) -> None:
    """It was received at noon and waited for a worker until shortly before or after one o'clock."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        worker = an_intake(store, told(a_post_or_its_like), clock=clock)
        clock.advance(timedelta(hours=1) - before_the_hour)
        await takes_in(worker, store, "like")
        hours = {f"{hour}": await store.notes.digest(f"{NOON:%Y-%m-%d}T{hour - 1}") for hour in (13, 14)}
    assert [hour for hour, lines in hours.items() if lines] == [told_at]


@pytest.mark.parametrize("before", ["words", "nothing"])
async def test_a_like_that_was_taken_back_first_is_told_of_nowhere(redis_url: str, before: str) -> None:
    """Neither on its case nor in the digest: the two deliveries crossed on their way."""

    def reads(raw: Raw) -> Iterator[Event]:
        if raw.body == b"unlike":
            yield Deleted(id="like-1", key=a_key(), at=NOON)
        elif raw.body != b"nothing":
            yield from a_post_or_its_like(raw)

    async with a_store(redis_url) as store:
        for body in (before, "unlike", "like"):
            await takes_in(an_intake(store, told(reads)), store, body)
        assert await taken_in(store) == (0, 0)


async def test_a_like_of_nobody_known_is_somebodys(redis_url: str) -> None:
    """Some networks tell that there was one, and not whose."""
    async with a_store(redis_url) as store:
        like = an_interaction("", id="like-1", kind=Kind.REACTION, author=None, url="")
        await takes_in(an_intake(store, told(lambda _: [like])), store, "like")
        assert await store.notes.digest(NOON.strftime(HOUR_NAME)) == ["someone liked (Square)"]


async def test_a_like_of_a_known_conversation_is_counted_on_its_case(redis_url: str) -> None:
    """It comes twice, and counts once."""
    async with a_store(redis_url) as store:
        assert await taken_in(store, "words", "like", "like") == (1, 0)


async def test_a_like_that_two_workers_take_in_as_its_case_is_opened_counts_once(redis_url: str) -> None:
    """One of them found no case, the other one did a moment later: they agree on one place."""
    async with a_store(redis_url) as store:
        other = a_worker(store)
        notes = eventful_notes(store, lambda: takes_in(other, store, "words", "like"))
        await takes_in(a_worker(store, notes), store, "like")
        assert await taken_in(store) == (1, 0)


async def test_a_like_that_comes_again_after_its_case_was_closed_is_not_told_of_again(redis_url: str) -> None:
    """It was counted on the case while that was open."""
    async with a_store(redis_url) as store:
        await taken_in(store, "words", "like")
        await Casework(store.cases, TestClock()).apply(a_key().id, lambda case: changed(case, status=Status.CLOSED))
        assert await taken_in(store, "like") == (1, 0)


async def test_a_like_of_a_closed_conversation_goes_to_the_digest(redis_url: str) -> None:
    """Nobody looks at its card any more; opened again, it does not count the same like."""
    async with a_store(redis_url) as store:
        await taken_in(store, "words")
        casework = Casework(store.cases, TestClock())
        await casework.apply(a_key().id, lambda case: changed(case, status=Status.CLOSED))
        assert await taken_in(store, "like") == (0, 1)
        await casework.apply(a_key().id, lambda case: changed(case, status=Status.OPEN))
        assert await taken_in(store, "like") == (0, 1)


async def test_a_number_in_a_name_is_masked_in_the_digest_too(redis_url: str) -> None:
    """As on a card: small firms and some people have their phone number there."""
    carla = Author(id="carla", name="Carla 07700 900123\nCleaning", handle="carla")
    async with a_store(redis_url) as store:
        like = an_interaction("", id="like-1", kind=Kind.REACTION, author=carla, url="")
        await takes_in(an_intake(store, told(lambda _: [like])), store, "like")
        assert await store.notes.digest(NOON.strftime(HOUR_NAME)) == ["Carla [phone ••23] Cleaning liked (Square)"]


@pytest.mark.parametrize(
    ("profile", "leads_to"),
    [("https://square.example/carla", "https://square.example/carla"), ("", "https://square.example/post-1")],
)
async def test_the_digest_leads_to_who_liked_or_followed(redis_url: str, profile: str, leads_to: str) -> None:
    """Somebody may want to thank them: to their profile, else to what the network names."""
    carla = Author(id="carla", name="Carla\tDiaz", handle="carla", url=profile)
    async with a_store(redis_url) as store:
        follow = an_interaction("", id="follow-1", kind=Kind.FOLLOW, author=carla)
        await takes_in(an_intake(store, told(lambda _: [follow])), store, "follow")
        assert await store.notes.digest(NOON.strftime(HOUR_NAME)) == [f"Carla Diaz followed (Square){LINK}{leads_to}"]


@pytest.mark.parametrize(
    ("told_of", "shown"),
    [
        ("😡", "Carla reacted with 😡 (Square)"),
        ("👎🏽", "Carla reacted with 👎🏽 (Square)"),
        ("love", "Carla liked (Square)"),
        ("", "Carla liked (Square)"),
        ("\u202e\u200b", "Carla liked (Square)"),
    ],
)
async def test_an_angry_face_is_not_told_as_a_like(redis_url: str, told_of: str, shown: str) -> None:
    """A messenger tells the emoji; a network that tells a word of its own has told that it is kind."""
    async with a_store(redis_url) as store:
        reaction = an_interaction(told_of, id="reaction-1", kind=Kind.REACTION, url="")
        await takes_in(an_intake(store, told(lambda _: [reaction])), store, "reaction")
        assert await store.notes.digest(NOON.strftime(HOUR_NAME)) == [shown]
