"""Notes: small shared records that go away by themselves."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.case import Person
from bot.store.keys import MS
from bot.store.store import Store
from tests.support.cases import ANA, BEN, a_case
from tests.support.stores import TestClock, forget

DAY = timedelta(days=1)


async def test_people_are_remembered(store: Store) -> None:
    """A signature stays until it is changed."""
    assert await store.notes.person(ANA.id) is None
    await store.notes.save_person(ANA)
    await store.notes.save_person(BEN)
    await store.notes.save_person(Person(id=ANA.id, name="Ana", signature="- Ana"))
    assert await store.notes.person(ANA.id) == Person(id=ANA.id, name="Ana", signature="- Ana")
    assert await store.notes.person(BEN.id) == BEN


async def test_drafts_belong_to_one_person_in_one_case(store: Store) -> None:
    """A draft comes back exactly; an empty one forgets it. What is for the public and what is private stay apart."""
    case_id, notes = a_case().id, store.notes
    text = "Half a sent\r\n\x00 👩‍👩‍👧 \ud800"
    await notes.save_draft(case_id, ANA.id, text, private=False)
    await notes.save_draft(case_id, ANA.id, "Between us", private=True)
    assert await notes.draft(case_id, ANA.id, private=False) == text
    assert await notes.draft(case_id, ANA.id, private=True) == "Between us"
    assert await notes.draft(case_id, BEN.id, private=False) == ""
    await notes.save_draft(case_id, ANA.id, "", private=False)
    assert await notes.draft(case_id, ANA.id, private=False) == ""
    await notes.save_draft(case_id, ANA.id, text, private=False)
    await notes.forget_drafts(case_id, ANA.id)
    assert [await notes.draft(case_id, ANA.id, private=private) for private in (False, True)] == ["", ""]


async def test_recent_texts_are_capped_in_number_and_age(store: Store, clock: TestClock) -> None:
    """The last 200 of the last 30 days, the newest last."""
    await store.notes.note_recent("thanks", "old")
    clock.advance(20 * DAY)
    for n in range(200):
        clock.advance(timedelta(seconds=1))
        await store.notes.note_recent("thanks", f"text {n}")
    assert await store.notes.recent("thanks") == [f"text {n}" for n in range(200)]
    assert await store.notes.recent("others") == []
    clock.advance(29 * DAY)
    await store.notes.note_recent("thanks", "text 7")
    assert (await store.notes.recent("thanks"))[-2:] == ["text 199", "text 7"]
    clock.advance(2 * DAY)
    assert await store.notes.recent("thanks") == ["text 7"]


async def test_the_first_time_is_told_to_one(store: Store) -> None:
    """Of many who ask at once, one is told that it is the first; after the time to live it is new again."""
    answers = await asyncio.gather(*(store.notes.first_time("event-1", DAY) for _ in range(30)))
    assert answers.count(True) == 1
    assert await store.notes.first_time("event-2", timedelta(milliseconds=1))
    async with asyncio.timeout(5):
        while not await store.notes.first_time("event-2", timedelta(0)):
            pass


async def test_values_are_kept_as_they_are(store: Store) -> None:
    """A value comes back exactly, under any name."""
    for name in ("hour", "", "{1}:x", "a b"):
        assert await store.notes.get(name) is None
        await store.notes.set(name, f"value of {name}", DAY)
        assert await store.notes.get(name) == f"value of {name}"


async def test_a_value_is_swapped_only_while_it_is_as_it_was_read(store: Store) -> None:
    """Whoever read it before another changed it is told how it stands; to put the same in its place keeps it longer."""
    assert await store.notes.swap("message", "", "one", DAY) == "one"
    assert await store.notes.swap("message", "", "two", DAY) == "one"
    assert await store.notes.swap("message", "one", "one", 2 * DAY) == "one"
    assert await store.link.do("PTTL", store.notes.keys.note("message")) > DAY // MS
    assert await store.notes.swap("message", "one", "", DAY) == ""
    assert await store.notes.swap("message", "one", "two", DAY) == ""
    assert await store.notes.get("message") == ""


async def test_of_many_who_swap_at_once_one_is_first(store: Store) -> None:
    """All others are told of its value."""
    answers = await asyncio.gather(*(store.notes.swap("message", "", f"{n}", DAY) for n in range(30)))
    assert set(answers) == {await store.notes.get("message")}


async def test_a_digest_counts_each_id_once_and_keeps_the_order(store: Store, clock: TestClock) -> None:
    """The same like twice is one line, as first noted; hours do not mix."""
    for n in range(150):
        clock.advance(timedelta(milliseconds=1))
        await store.notes.add_to_digest("2026-03-04T12", f"id-{n}", f"line {n}")
        await store.notes.add_to_digest("2026-03-04T12", "id-0", "another line")
    assert await store.notes.digest("2026-03-04T12") == [f"line {n}" for n in range(150)]
    assert await store.notes.digest("2026-03-04T13") == []


async def test_processes_are_counted_by_role(store: Store) -> None:
    """Each instance counts once for its own role."""
    for instance in ("one", "two", "one"):
        await store.notes.beat("worker", instance)
    assert await store.notes.alive("worker") == 2
    assert await store.notes.alive("web") == 0


async def test_a_silent_process_is_not_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life lapses by itself, while others of the same role live on."""
    with monkeypatch.context() as short:
        short.setattr("bot.store.notes.BEAT_TTL", timedelta(milliseconds=20))
        await store.notes.beat("worker", "silent")
    await store.notes.beat("worker", "lively")
    async with asyncio.timeout(5):
        while await store.notes.alive("worker") != 1:
            pass


async def test_a_shared_number_loses_nothing(store: Store) -> None:
    """However many add to it at once; it is read like any small value, and goes away by itself."""
    assert await store.notes.get("spent") is None
    await asyncio.gather(*(store.notes.count("spent", each, DAY) for each in range(50)))
    assert await store.notes.count("spent", 5, DAY) == sum(range(50)) + 5
    assert await store.notes.get("spent") == str(sum(range(50)) + 5)


async def test_all_agree_on_what_was_said_first(store: Store) -> None:
    """Whoever comes later is told, for as long as anybody asks."""
    week = timedelta(days=7)
    assert await store.notes.agree("which", "ours", week) == "ours"
    await forget(store, timedelta(days=6))
    assert await store.notes.agree("which", "theirs", week) == "ours"
    await forget(store, timedelta(days=6))
    assert await store.notes.agree("which", "theirs", week) == "ours"
