"""Storms and rings in Redis: weather that two change at once, folding, taking, dropping, counting, ringing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.storm import COMPLAINT_BAND, QUESTION_BAND, ROOM, WINDOW, Problem, Storm, Weather, slot
from bot.domain.storm_ports import STORM, Fold, Jot
from bot.store.store import Store
from tests.support.cases import NOON
from tests.support.stores import a_store, forget

CHANNEL, OTHER = "C0CARE0001", "C0OTHER001"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
STORMY = Weather(storm=Storm(id="s1", began_at=NOON, because="wait"))


def a_fold(case: str, band: int = QUESTION_BAND, **changes: Any) -> Fold:
    """A question that is due at noon."""
    fields: dict[str, Any] = {"author": "", "mood": "neutral", "words": ("ferry",), "complaint": False, "at": NOON}
    return Fold(case=case, band=band, **(fields | changes))


async def fold(store: Store, case: str, band: int = QUESTION_BAND, **changes: Any) -> str:
    """Fold one case into the storm at noon."""
    return await store.storms.fold(CHANNEL, STORM, a_fold(case, band, **changes), NOON)


async def test_of_two_changes_at_once_one_is_made(store: Store) -> None:
    """Whoever saw older weather is told so; two channels do not meet; clear weather leaves nothing."""
    before = await store.storms.weather(CHANNEL)
    assert before == Weather()
    both = await asyncio.gather(*(store.storms.swap(CHANNEL, before, STORMY) for _ in range(2)))
    assert sorted(both) == [False, True]
    stored = await store.storms.weather(CHANNEL)
    assert stored == STORMY.model_copy(update={"version": 1})
    assert await store.storms.weather(OTHER) == Weather()
    assert await store.storms.weathers() == {CHANNEL: stored}
    assert await store.storms.swap(CHANNEL, stored, Weather())
    assert not await store.storms.swap(CHANNEL, stored, STORMY), "what was forgotten meanwhile does not come back"
    assert await store.storms.weathers() == {}


async def test_weather_keeps_its_problems(store: Store) -> None:
    """What staff and customers wrote comes back letter by letter."""
    problem = Problem(id="p1", title="Käse | 100 %", line="“ok” <!channel>", samples=("ça va",), opened_at=NOON)
    await store.storms.swap(CHANNEL, Weather(), Weather(problems=(problem,)))
    assert (await store.storms.weather(CHANNEL)).problems == (problem,)


async def test_folding_counts_once(store: Store) -> None:
    """A case that comes again is the same case; its urgency is the newest."""
    assert await fold(store, "a") == "folded"
    assert await fold(store, "a", at=NOON - MINUTE, mood="angry") == "folded"
    assert await fold(store, "b", complaint=True, mood="angry", words=("ferry", "late")) == "folded"
    tally = await store.storms.tally(CHANNEL, STORM, NOON)
    assert (tally.folded, tally.first) == (2, 0)
    assert tally.counts == {"folded": 2, "neutral": 1, "angry": 1, "complaints": 1, "own": 0}
    assert dict(tally.words) == {"ferry": 2, "late": 1}
    assert await store.storms.top(CHANNEL, STORM, 5) == ["a", "b"]
    assert (await store.storms.tally(OTHER, STORM, NOON)).folded == 0


async def test_there_is_room_for_a_few_exempt_cases_and_the_rest_stand_in_order(store: Store) -> None:
    """ROOM of them ask for posts; the next are folded first in line, and nobody overtakes them."""
    answers = [await fold(store, f"c{n}", COMPLAINT_BAND, at=NOON + n * SECOND) for n in range(ROOM + 2)]
    assert answers == ["own"] * ROOM + ["folded"] * 2
    assert await fold(store, "c0", COMPLAINT_BAND) == "own"
    assert await fold(store, "q") == "folded"
    tally = await store.storms.tally(CHANNEL, STORM, NOON)
    assert (tally.admitted, tally.first, tally.folded) == (ROOM, 2, 3)
    await store.storms.note(CHANNEL, Jot(carded={"c0": "", "c1": ""}, storming=True), NOON)
    assert await fold(store, "late", COMPLAINT_BAND, at=NOON + MINUTE) == "folded"
    assert await store.storms.take(CHANNEL, STORM, 10, NOON, first_only=True) == [f"c{ROOM}", f"c{ROOM + 1}", "late"]
    assert await fold(store, f"c{ROOM}", COMPLAINT_BAND) == "own"
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).admitted == ROOM + 1
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).counts["own"] == 2


async def test_an_admitted_case_that_never_asks_again_loses_its_room(store: Store) -> None:
    """Twenty seconds later its place is free."""
    for n in range(ROOM):
        await fold(store, f"c{n}", COMPLAINT_BAND)
    later = NOON + timedelta(seconds=21)
    assert await store.storms.fold(CHANNEL, STORM, a_fold("new", COMPLAINT_BAND), later) == "own"


async def test_somebody_who_has_a_card_gets_the_next_one_too(store: Store) -> None:
    """The customer is known by their cards of the last day, whatever they write now."""
    await store.storms.note(CHANNEL, Jot(carded={"old": "square:carla"}), NOON)
    assert await fold(store, "new", author="square:carla") == "own"
    assert await fold(store, "other", author="square:dan") == "folded"
    assert await store.storms.fold(OTHER, STORM, a_fold("x", author="square:carla"), NOON) == "folded"
    tomorrow = NOON + timedelta(days=1, seconds=1)
    await store.storms.note(CHANNEL, Jot(), tomorrow)
    assert await store.storms.fold(CHANNEL, STORM, a_fold("next", author="square:carla"), tomorrow) == "folded"


async def test_a_question_that_becomes_a_complaint_leaves_those_who_wait(store: Store) -> None:
    """It is given its own card, and is counted as waiting no more."""
    assert await fold(store, "a") == "folded"
    assert await fold(store, "a", COMPLAINT_BAND) == "own"
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).folded == 0


async def test_where_there_is_no_room_a_known_customer_stands_among_the_first(store: Store) -> None:
    """Before all others who ask something, and behind those who complained earlier."""
    await store.storms.note(CHANNEL, Jot(carded={"old": "square:carla"}), NOON)
    for n in range(ROOM + 1):
        await fold(store, f"c{n}", COMPLAINT_BAND)
    await fold(store, "early", at=NOON - MINUTE)
    assert await fold(store, "hers", at=NOON + MINUTE, author="square:carla") == "folded"
    assert await store.storms.top(CHANNEL, STORM, 9) == [f"c{ROOM}", "hers", "early"]
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).first == 2


async def test_who_was_let_out_and_asks_again_keeps_the_room(store: Store) -> None:
    """As long as Slack's budget makes it wait nobody else is let out in its place."""
    for n in range(ROOM + 1):
        await fold(store, f"c{n}", COMPLAINT_BAND)
    late = NOON + 19 * SECOND
    (last,) = await store.storms.take(CHANNEL, STORM, 1, NOON, first_only=True)
    assert await store.storms.fold(CHANNEL, STORM, a_fold(last, COMPLAINT_BAND), late) == "own"
    assert (await store.storms.tally(CHANNEL, STORM, late + 10 * SECOND)).admitted == 1


async def test_a_known_problem_admits_nobody(store: Store) -> None:
    """Its complaints are folded too, and counted apart from the storm's."""
    answer = await store.storms.fold(CHANNEL, "p1", a_fold("c", COMPLAINT_BAND, complaint=True), NOON)
    assert answer == "folded"
    assert (await store.storms.tally(CHANNEL, "p1", NOON)).counts["complaints"] == 1
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).folded == 0


async def test_what_is_taken_comes_again_until_it_is_dropped(store: Store) -> None:
    """Two who take at once take different cases; a crash in between loses none; nothing is folded again."""
    for n in range(6):
        await fold(store, f"q{n}", at=NOON + n * SECOND)
    first, second = await asyncio.gather(*(store.storms.take(CHANNEL, STORM, 2, NOON) for _ in range(2)))
    assert sorted(first + second) == ["q0", "q1", "q2", "q3"]
    assert await fold(store, "q0") == "own"
    await store.storms.drop(CHANNEL, STORM, first, "shown")
    assert await store.storms.take(CHANNEL, STORM, 9, NOON) == ["q4", "q5"]
    assert await store.storms.take(CHANNEL, STORM, 9, NOON + 29 * SECOND) == []
    again = await store.storms.take(CHANNEL, STORM, 9, NOON + 31 * SECOND)
    assert sorted(again) == sorted([*second, "q4", "q5"])
    await store.storms.drop(CHANNEL, STORM, [*again, "unknown"], "settled")
    tally = await store.storms.tally(CHANNEL, STORM, NOON)
    assert (tally.folded, tally.counts["shown"], tally.counts["settled"]) == (0, 2, 4)
    assert await store.storms.take(CHANNEL, STORM, 0, NOON) == []


async def test_of_very_many_words_those_that_most_customers_use_are_kept(store: Store) -> None:
    """Four hundred at most: what one customer says goes, what all of them say stays."""
    for n in range(70):
        await fold(store, f"q{n}", words=("ferry", *(f"word{n}x{each}" for each in range(11))))
    words = store.storms.keys.storm(CHANNEL, f"words-{STORM}")
    assert await store.link.do("ZCARD", words) <= 400
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).words[0] == ("ferry", 70)


async def test_a_scan_sees_every_folded_case(store: Store) -> None:
    """However many there are, the cursor comes back to the beginning after all of them."""
    for n in range(300):
        await fold(store, f"q{n}")
    seen: set[str] = set()
    cursor, rounds = "0", 0
    while rounds == 0 or cursor != "0":
        cursor, ids = await store.storms.scan(CHANNEL, cursor)
        seen |= set(ids)
        rounds += 1
    assert len(seen) == 300


async def test_what_processes_notice_adds_up(store: Store) -> None:
    """Waiting cases are counted once and forgotten when carded or late; slots add; old ones go."""
    this = slot(NOON)
    asked = {"a": NOON + 5 * SECOND, "b": NOON + 60 * SECOND}
    noted = await store.storms.note(CHANNEL, Jot(came={this: 2, this - 100: 9}, asked=asked), NOON)
    assert (noted.waiting, noted.window) == (2, ())
    noted = await store.storms.note(CHANNEL, Jot(came={this: 1}, asked={"b": NOON + 50 * SECOND}), NOON)
    assert noted.waiting == 2
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).slots == {this: 3}
    assert (await store.storms.note(CHANNEL, Jot(), NOON + 10 * SECOND)).waiting == 1
    assert (await store.storms.note(CHANNEL, Jot(carded={"b": ""}), NOON)).waiting == 0


async def test_cards_of_a_storm_are_counted_while_it_holds(store: Store) -> None:
    """What is posted before it, and after it, is no card that somebody had meanwhile."""
    for storming in (False, True, False):
        await store.storms.note(CHANNEL, Jot(carded={f"a{storming}": ""}, storming=storming), NOON)
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).counts["own"] == 1


async def test_the_newest_two_thousand_cards_of_a_channel_are_known(store: Store) -> None:
    """And as many customers: a busy day does not fill the server."""
    for minute in range(3):
        cards = {f"c{n}": f"square:{n}" for n in range(minute * 900, minute * 900 + 900)}
        await store.storms.note(CHANNEL, Jot(carded=cards), NOON + minute * MINUTE)
    for part, oldest in (("cards", "c0"), ("people", "square:0")):
        key = store.storms.keys.storm(CHANNEL, part)
        assert await store.link.do("ZCARD", key) == 2_000
        assert await store.link.do("ZSCORE", key, oldest) is None


async def test_words_of_customers_go_after_ten_minutes(store: Store) -> None:
    """What else was counted stays for a day."""
    await store.storms.note(CHANNEL, Jot(came={slot(NOON): 1}, texts=("my secret",)), NOON)
    await forget(store, 10 * MINUTE)
    assert await store.link.do("EXISTS", store.storms.keys.storm(CHANNEL, "recent")) == 0
    assert (await store.storms.tally(CHANNEL, STORM, NOON)).slots == {slot(NOON): 1}


async def test_the_window_of_texts_slides_and_is_bounded(store: Store) -> None:
    """Two minutes and 500 texts at most; only who brings texts is given the window."""
    assert (await store.storms.note(CHANNEL, Jot(texts=("one", "two words")), NOON)).window == ("two words", "one")
    assert (await store.storms.note(CHANNEL, Jot(), NOON)).window == ()
    later = NOON + WINDOW + SECOND
    assert (await store.storms.note(CHANNEL, Jot(texts=("three",)), later)).window == ("three",)
    many = await store.storms.note(CHANNEL, Jot(texts=tuple(f"text {n}" for n in range(700))), later)
    assert len(many.window) == 500


async def test_likeness_is_remembered_for_two_minutes(store: Store) -> None:
    """By the clock of whoever asks."""
    await store.storms.note_alike(CHANNEL, 14, NOON)
    assert (await store.storms.tally(CHANNEL, STORM, NOON + WINDOW - SECOND)).alike == 14
    assert (await store.storms.tally(CHANNEL, STORM, NOON + WINDOW)).alike == 0


@pytest.mark.parametrize("resumed", [True, False])
async def test_a_new_storm_counts_afresh_and_keeps_who_is_folded(store: Store, resumed: bool) -> None:
    """Counts of the storm before go, unless it resumes; those who wait for the budget ask anew."""
    await fold(store, "a")
    await fold(store, "shown")
    await store.storms.drop(CHANNEL, STORM, await store.storms.take(CHANNEL, STORM, 1, NOON), "shown")
    await fold(store, "angry", COMPLAINT_BAND)
    await store.storms.note(CHANNEL, Jot(asked={"b": NOON + MINUTE}, carded={"c": ""}, storming=True), NOON)
    await store.storms.fresh(CHANNEL, resumed=resumed)
    tally = await store.storms.tally(CHANNEL, STORM, NOON)
    assert (tally.folded, tally.waiting, tally.admitted) == (1, 0, 0)
    assert (tally.counts.get("folded"), tally.counts["own"], tally.words) == (
        (2, 1, (("ferry", 2),)) if resumed else (None, 0, ())
    )
    assert await fold(store, "a") == ("own" if resumed else "folded")


async def test_one_ring_in_five_minutes_whoever_asks(store: Store) -> None:
    """Of many at once one may ring, again and again until its message stands; others are told how long to wait."""
    every = timedelta(minutes=5)
    waits = await asyncio.gather(*(store.rings.ring("U1", f"case-{n}", NOON, every) for n in range(20)))
    assert waits.count(timedelta(0)) == 1
    winner = f"case-{waits.index(timedelta(0))}"
    assert await store.rings.ring("U1", winner, NOON + MINUTE, every) == timedelta(0)
    assert await store.rings.ring("U1", "late", NOON + MINUTE, every) == timedelta(minutes=4)
    assert await store.rings.ring("U2", "late", NOON + MINUTE, every) == timedelta(0)
    assert await store.rings.ring("U1", "late", NOON + every, every) == timedelta(0)
    await forget(store, every - SECOND)
    assert await store.rings.ring("U1", "later", NOON + 2 * every - SECOND, every) == SECOND


async def test_what_is_gathered_is_kept_once_and_can_be_settled(store: Store) -> None:
    """Per person, the oldest first."""
    await store.rings.gather("U1", "a", NOON)
    await store.rings.gather("U1", "b", NOON + SECOND)
    await store.rings.gather("U1", "a", NOON + 2 * SECOND)
    gathered = await store.rings.gathered("U1")
    assert [*gathered.items()] == [("b", NOON + SECOND), ("a", NOON + 2 * SECOND)]
    assert await store.rings.gathered("U2") == {}
    await store.rings.drop("U1", {"b": gathered["b"]})
    await store.rings.drop("U1", {})
    assert [*await store.rings.gathered("U1")] == ["a"]


async def test_what_is_gathered_anew_meanwhile_is_not_dropped(store: Store) -> None:
    """One worker found it settled; another has something new to tell of it before the first one says so."""
    await store.rings.gather("U1", "a", NOON)
    settled = await store.rings.gathered("U1")
    await store.rings.gather("U1", "a", NOON + timedelta(milliseconds=1))
    await store.rings.drop("U1", settled)
    assert [*await store.rings.gathered("U1")] == ["a"]


async def test_of_very_many_gathered_cases_the_newest_are_kept(store: Store) -> None:
    """Two thousand for one person, who reads five of them."""
    key = store.rings.keys.gathered("U1")
    await store.link.do("ZADD", key, *(part for n in range(2_000) for part in (n, f"c{n}")))
    await store.rings.gather("U1", "newest", NOON)
    gathered = [*await store.rings.gathered("U1")]
    assert (len(gathered), gathered[0], gathered[-1]) == (2_000, "c1", "newest")


async def test_another_process_sees_the_same(redis_url: str) -> None:
    """Nothing is remembered outside Redis."""
    async with a_store(redis_url) as one, a_store(redis_url, instance="worker-2") as two:
        await one.storms.swap(CHANNEL, Weather(), STORMY)
        await one.storms.fold(CHANNEL, STORM, a_fold("a"), NOON)
        assert (await two.storms.weather(CHANNEL)).storming
        assert await two.storms.take(CHANNEL, STORM, 1, NOON) == ["a"]
