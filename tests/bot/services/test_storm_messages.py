"""The messages of storms and known problems, when workers sleep, die or know too little; with real Redis."""

from datetime import timedelta

import pytest

from bot.domain.decisions import changed
from bot.domain.lifecycle import close
from bot.domain.models import Kind
from bot.domain.ports import Due
from bot.domain.reading import Reading
from bot.domain.storm import Face, Problem, Storm, Weather
from bot.domain.storm_ports import STORM, Jot
from bot.services.casework import Casework
from bot.services.storm_desk import ProblemForm
from bot.services.storms import folding
from tests.support.cases import ANA, NOON, a_claim, an_item
from tests.support.storm_lab import CHANNEL, MAIN, Lab, Worker, a_customer, a_lab, pass_time

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FERRY = ProblemForm("Ferry cancelled", "", "It goes tomorrow.", "ferry cancelled")
DUE = Due(CHANNEL, 0, "token", 2)


@pytest.fixture
def lab(redis_url: str) -> Lab:
    """Noon, and nobody has written yet."""
    return a_lab(redis_url)


async def test_who_slept_while_it_looked_for_a_storm_card_forgets_no_card_that_stands(lab: Lab) -> None:
    """Another worker has posted it meanwhile: there is one card, and it is the one that is edited."""
    storm = Storm(id="s1", began_at=NOON, because="wait", face=Face(attempt="1-a"))
    async with lab.worker() as one, lab.worker("worker-2") as two:
        await one.store.storms.swap(CHANNEL, Weather(), Weather(storm=storm))

        async def asleep() -> None:
            await two.calm.act(DUE)
            lab.clock.advance(10 * SECOND)

        lab.slack.meanwhile = asleep
        await one.calm.act(DUE)
        await pass_time(lab, two, seconds=120, step=5)
        assert len(lab.slack.of("Storm ·")) == 1


async def test_a_copy_of_which_nobody_knows_whether_it_stands_is_taken_away_too(lab: Lab) -> None:
    """No answer came for it, and before anybody looked for it the card's own channel was back."""
    async with lab.worker() as worker:
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
        assert isinstance(opened, Problem)
        lab.slack.archived.add(CHANNEL)
        lab.slack.losing = 1
        await worker.calm.act(DUE)
        assert [channel for _, channel, _, _ in lab.slack.posts] == [MAIN]
        lab.slack.archived.clear()
        lab.clock.advance(6 * MINUTE)
        await worker.calm.act(DUE)
        assert [channel for _, channel, _, _ in lab.slack.posts] == [MAIN, CHANNEL]
        assert [(ts, text) for _, ts, text in lab.slack.edits] == [("1.0", "")]


@pytest.mark.parametrize("stale", [1.5, 60.0])
async def test_a_case_that_comes_as_its_problem_is_solved_gets_its_card(lab: Lab, stale: float) -> None:
    """Another worker has not heard yet that it is solved, or has slept for a minute: nobody waits behind nothing."""
    async with lab.worker() as one, lab.worker("worker-2") as two:
        opened = await one.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
        assert isinstance(opened, Problem)
        await pass_time(lab, one, two, seconds=30)
        assert await one.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        await one.work()
        await pass_time(lab, one, seconds=stale, step=stale / 3)
        await late(lab, two)
        await pass_time(lab, one, two, seconds=30)
        assert len(lab.slack.of("card ")) == 1
        assert (await one.store.storms.weather(CHANNEL)).clear


async def test_a_solved_problem_is_remembered_as_long_as_a_case_waits_for_its_card(lab: Lab) -> None:
    """Others wait for a post meanwhile, so nothing on its card changes: who came with it is not forgotten."""
    async with lab.worker() as worker:
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
        assert isinstance(opened, Problem)
        await pass_time(lab, worker, seconds=12)
        await late(lab, worker)
        busy = Jot(asked={"others": lab.clock.now() + 2 * MINUTE})
        await worker.store.storms.note(CHANNEL, busy, lab.clock.now())
        assert await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        await pass_time(lab, worker, seconds=100, step=2)
        assert len(lab.slack.of("card ")) == 0
        await pass_time(lab, worker, seconds=60, step=2)
        assert len(lab.slack.of("card ")) == 1
        assert (await worker.store.storms.weather(CHANNEL)).clear


async def test_a_storm_card_shows_no_private_words_and_no_insults(lab: Lab) -> None:
    """It stands in a channel for all, and nobody works on what a troll says."""
    troll = Reading(abuse="troll", intent="other", language="en")
    said = an_item("My card was charged twice", kind=Kind.MESSAGE, private=True)
    async with lab.worker() as worker:
        cases = (
            a_customer(1, "Is the pool heated?", lab.clock),
            a_customer(2, "You are all idiots", lab.clock, reading=troll),
            a_customer(3, "", lab.clock, items=(said,)),
        )
        storm = Storm(id="s1", began_at=NOON, because="wait")
        await worker.store.storms.swap(CHANNEL, Weather(), Weather(storm=storm))
        for case in cases:
            await worker.take_in(case)
            await worker.store.storms.fold(CHANNEL, STORM, folding(case), NOON)
        data = await worker.calm.desk.storm(CHANNEL)
        assert data is not None
        assert [case.latest.text for case in data.examples] == ["Is the pool heated?"]


async def test_who_was_claimed_or_settled_from_home_waits_behind_the_storm_card_no_more(lab: Lab) -> None:
    """Colleagues work on the queue while it storms: its card tells of those whom nobody has looked at."""
    async with lab.worker() as worker:
        storm = Storm(id="s1", began_at=NOON, because="wait")
        await worker.store.storms.swap(CHANNEL, Weather(), Weather(storm=storm))
        await worker.work()
        claimed, settled, waiting = (a_customer(n, "Is the pool heated?", lab.clock) for n in range(3))
        for case in (claimed, settled, waiting):
            await worker.take_in(case)
        await worker.work()
        casework = Casework(worker.store.cases, lab.clock)
        await casework.apply(claimed.id, lambda case: changed(case, claim=a_claim()))
        await casework.apply(settled.id, lambda case: close(case, ANA, "x", NOON))
        await pass_time(lab, worker, seconds=10)
        tally = await worker.store.storms.tally(CHANNEL, STORM, lab.clock.now())
        assert (tally.folded, tally.counts["shown"], tally.counts["settled"]) == (1, 1, 1)
        assert [text.split()[1] for _, _, text, _ in lab.slack.posts if text.startswith("card ")] == [claimed.id]
        assert "1 customer waits in one card" in lab.slack.edits[-1][2]


async def late(lab: Lab, worker: Worker) -> None:
    """A customer of the known problem, whose case this worker draws before it hears any news."""
    case = a_customer(1, "Is the evening ferry cancelled?", lab.clock)
    await worker.take_in(case)
    (due,) = await worker.store.cards.take(lab.clock.now(), 1, MINUTE)
    assert await worker.drawing.act(due) is None
    await worker.store.cards.done(due)
