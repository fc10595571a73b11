"""Known problems as workers live them: who belongs to one, who is told that it is solved; with real Redis."""

from datetime import timedelta

import pytest

from bot.domain.case import Case, Status
from bot.domain.decisions import Change, Refused
from bot.domain.reading import Reading
from bot.domain.storm import Problem
from bot.services.casework import Casework
from bot.services.storm_desk import ProblemForm
from bot.services.storms import folding
from tests.support.cases import ANA, a_claim
from tests.support.stores import forget
from tests.support.storm_lab import CHANNEL, Lab, Worker, a_customer, a_lab, cards, folded, pass_time

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FERRY = ProblemForm("Ferry cancelled", "Storm at sea", "It goes tomorrow.", "ferry cancelled")


@pytest.fixture
def lab(redis_url: str) -> Lab:
    """Noon, and nobody has written yet."""
    return a_lab(redis_url)


@pytest.mark.parametrize(
    ("intent", "sentiment", "mood"),
    [
        ("complaint", "positive", "angry"),
        ("question", "negative", "angry"),
        ("praise", "neutral", "happy"),
        ("question", "positive", "happy"),
        ("question", "neutral", "neutral"),
    ],
)
def test_how_people_feel_is_counted_by_what_they_want_and_how_they_say_it(
    lab: Lab, intent: str, sentiment: str, mood: str
) -> None:
    """A complaint in kind words is no happy customer; and private words are not looked through for what they say."""
    reading = Reading.model_validate({"intent": intent, "sentiment": sentiment, "language": "en"})
    case = a_customer(1, "The ferry to Hvar", lab.clock, reading=reading)
    assert (folding(case).mood, "ferry" in folding(case).words) == (mood, True)
    private = case.model_copy(update={"items": (case.latest.model_copy(update={"private": True}),)})
    assert folding(private).words == ()


async def known_of(worker: Worker, case: Case) -> tuple[bool, str] | None:
    """Whether the problem to which a case belongs is solved, and what to say; None when it belongs to none."""
    stored = await worker.store.cases.load(case.id)
    assert stored is not None
    return None if stored.known is None else (stored.known.solved, stored.known.line)


async def a_problem(lab: Lab, worker: Worker) -> tuple[list[Case], Problem]:
    """Forty-five people ask about a ferry, a storm folds them, and somebody opens it as a known problem."""
    asked = [a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock) for n in range(45)]
    for case in asked:
        await worker.take_in(case)
    await worker.work()
    await pass_time(lab, worker, seconds=66, step=3)
    opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
    assert isinstance(opened, Problem)
    return asked, opened


async def test_a_known_problem_from_opening_to_solved(lab: Lab) -> None:
    """The storm's own go over to it, new ones join at once, a claimed one does not; solved, all waiting get cards."""
    async with lab.worker() as worker:
        _, opened = await a_problem(lab, worker)
        assert isinstance(await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY), Refused)
        angry = a_customer(800, "My ferry was CANCELLED, awful", lab.clock, intent="complaint")
        mine = a_customer(801, "Ferry cancelled?", lab.clock, claim=a_claim())
        await pass_time(lab, worker, seconds=4)
        await worker.take_in(angry)
        await worker.take_in(mine)
        await pass_time(lab, worker, seconds=10)
        assert await folded(worker) == 0
        assert await known_of(worker, angry) == (False, "It goes tomorrow.")
        of_problem = await folded(worker, opened.id)
        assert cards(lab) + of_problem == 47
        assert await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        assert isinstance(await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, ""), Refused)
        await pass_time(lab, worker, seconds=2.5 * of_problem, step=2)
        assert cards(lab) == 47
        assert await known_of(worker, angry) == (True, "It goes again.")
        await pass_time(lab, worker, seconds=30, step=5)
        assert (await worker.store.storms.weather(CHANNEL)).problems == ()


async def test_without_words_a_problem_takes_what_says_nearly_the_same(lab: Lab) -> None:
    """Opened from the storm card with no word named: its largest group is what new cases are told by."""
    async with lab.worker() as worker:
        for n in range(45):
            await worker.take_in(a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock))
        await worker.work()
        await pass_time(lab, worker, seconds=66, step=3)
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, ProblemForm("Ferry", "", "It goes tomorrow.", ""))
        assert isinstance(opened, Problem)
        await pass_time(lab, worker, seconds=10)
        same = a_customer(800, "Is the evening ferry 9 to Hvar cancelled today??", lab.clock)
        other = a_customer(801, "Is there a ferry for bicycles?", lab.clock)
        for case in (same, other):
            await worker.take_in(case)
        await pass_time(lab, worker, seconds=10)
        assert await known_of(worker, same) == (False, "It goes tomorrow.")
        assert await known_of(worker, other) is None


async def test_cards_that_stand_already_join_a_problem_and_are_told_when_it_is_solved(lab: Lab) -> None:
    """Whoever complained first has a card long before the problem has a name; they are told like all others."""
    async with lab.worker() as worker:
        early = a_customer(900, "My ferry was CANCELLED, awful", lab.clock, intent="complaint")
        other = a_customer(901, "The bread was cold and the table sticky", lab.clock, intent="complaint")
        for case in (early, other):
            await worker.take_in(case)
        await pass_time(lab, worker, seconds=10)
        asked, opened = await a_problem(lab, worker)
        await pass_time(lab, worker, seconds=60)
        assert await known_of(worker, early) == (False, "It goes tomorrow.")
        assert await known_of(worker, other) is None
        assert any(f"card {early.id}" in text and text.endswith("· known") for _, _, text in lab.slack.edits)
        tally = await worker.store.storms.tally(CHANNEL, opened.id, lab.clock.now())
        assert tally.counts["folded"] + tally.counts["standing"] == 46
        assert tally.counts["complaints"] == 1
        shown = (await worker.store.storms.top(CHANNEL, opened.id, 10))[:10]
        assert await worker.calm.desk.show_next(CHANNEL, opened.id) == 10
        await pass_time(lab, worker, seconds=20)
        (problem,) = (await worker.store.storms.weather(CHANNEL)).problems
        assert problem.combed_cards == "done"
        before = len(lab.slack.edits)
        assert await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        await pass_time(lab, worker, seconds=150, step=2)
        edits = [(at, text.split()[1]) for at, _, text in lab.slack.edits[before:] if text.endswith("· solved")]
        assert {early.id, *shown} <= {case_id for _, case_id in edits}
        for case in (early, *asked):
            assert await known_of(worker, case) == (True, "It goes again.")
        assert max(sum(at <= each < at + MINUTE for each, _ in edits) for at, _ in edits) <= 25
        assert (await worker.store.storms.weather(CHANNEL)).problems == ()
        assert await worker.store.storms.standing(CHANNEL, opened.id, 1) == []


async def test_many_cards_hear_of_a_problem_by_and_by(lab: Lab) -> None:
    """Forty cards leave room for what staff change; closed ones rest; a worker that dies counts nobody twice."""
    async with lab.worker() as worker:
        angry = [a_customer(n, f"Ferry {n} CANCELLED, awful", lab.clock, intent="complaint") for n in range(40)]
        for case in angry:
            await worker.take_in(case)
            await pass_time(lab, worker, seconds=1.5, step=1.5)
        assert cards(lab) == len(angry)
        casework = Casework(worker.store.cases, lab.clock)
        gone, leaving, halfway = angry[0], angry[1], angry[2]
        await casework.apply(gone.id, closing)
        told = ProblemForm("Ferry cancelled", "", "It goes tomorrow.", "ferry cancelled")
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, told)
        assert isinstance(opened, Problem)
        await worker.store.storms.stand(CHANNEL, opened.id, halfway.id, lab.clock.now(), folding(halfway))
        await pass_time(lab, worker, seconds=180)
        assert [await known_of(worker, case) for case in (gone, leaving, halfway)] == [
            None,
            *[(False, "It goes tomorrow.")] * 2,
        ]
        tally = await worker.store.storms.tally(CHANNEL, opened.id, lab.clock.now())
        assert (tally.standing, tally.counts["standing"], tally.counts["complaints"]) == (39, 39, 39)
        await casework.apply(leaving.id, closing)
        assert await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        await pass_time(lab, worker, seconds=180)
        for word, redrawn in (("known", 39), ("solved", 38)):
            edits = [at for at, _, text in lab.slack.edits if text.endswith(f"· {word}")]
            assert len(edits) == redrawn
            assert max(sum(at <= each < at + MINUTE for each in edits) for at in edits) <= 24
        assert await known_of(worker, leaving) == (True, "It goes again.")
        assert (await worker.store.storms.weather(CHANNEL)).problems == ()


async def test_a_problem_that_is_quiet_for_weeks_still_says_how_many_it_has(lab: Lab) -> None:
    """Nobody asks any more, and it is not solved: its card goes on telling what was counted."""
    async with lab.worker() as worker:
        for n in range(45):
            await worker.take_in(a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock))
        await worker.work()
        await pass_time(lab, worker, seconds=66, step=3)
        told = ProblemForm("Ferry cancelled", "Storm at sea", "It goes tomorrow.", "ferry cancelled")
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, told)
        assert isinstance(opened, Problem)
        await pass_time(lab, worker, seconds=60)
        before = await worker.store.storms.tally(CHANNEL, opened.id, lab.clock.now())
        assert before.counts["folded"] > 0
        assert before.words
        for _ in range(15):
            await forget(worker.store, DAY)
            lab.clock.advance(DAY)
            await pass_time(lab, worker, seconds=10, step=5)
        after = await worker.store.storms.tally(CHANNEL, opened.id, lab.clock.now())
        assert after.words == before.words
        assert after.counts == {**before.counts, "own": after.counts["own"]}
        assert " 0 cases" not in lab.slack.edits[-1][2]


def closing(case: Case) -> Change:
    """The case closed, as if a colleague had."""
    return Change(case=case.model_copy(update={"status": Status.CLOSED}), redraw=False)
