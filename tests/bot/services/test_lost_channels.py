"""A storm or a known problem whose channel takes nothing any more is seen, and solved, elsewhere."""

import pytest

from bot.domain.storm import Problem
from bot.services.storm_desk import Told
from bot.services.storm_messages import LOOK_AGAIN
from tests.support.cases import ANA
from tests.support.storm_lab import CHANNEL, MAIN, Lab, Worker, a_customer, a_lab, pass_time

FERRY = Told("Ferry cancelled", "Storm at sea", "It goes tomorrow.", "ferry cancelled")
CARD = "Known problem: Ferry cancelled"


@pytest.fixture
def lab(redis_url: str) -> Lab:
    """Noon, and nobody has written yet."""
    return a_lab(redis_url)


async def ask(lab: Lab, worker: Worker, first: int, many: int) -> None:
    """Customers ask about a ferry."""
    for n in range(first, first + many):
        await worker.take_in(a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock))
    await worker.work()


async def a_problem(lab: Lab, worker: Worker) -> Problem:
    """A known problem with a dozen cases, whose card stands."""
    opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
    assert isinstance(opened, Problem)
    await pass_time(lab, worker, seconds=5)
    await ask(lab, worker, 0, 12)
    await pass_time(lab, worker, seconds=20)
    assert places(lab, CARD) == [CHANNEL]
    return opened


def places(lab: Lab, words: str) -> list[str]:
    """Where messages with these words were posted."""
    return [channel for _, channel, text, _ in lab.slack.posts if words in text]


def ts_of(lab: Lab, channel: str, words: str) -> str:
    """The message that was posted there last."""
    return max(f"{n}.0" for n, each in enumerate(lab.slack.posts, start=1) if each[1] == channel and words in each[2])


def edits(lab: Lab, ts: str) -> list[str]:
    """What a message was edited to; the empty text where it was taken away."""
    return [text for _, where, text in lab.slack.edits if where == ts]


async def test_a_problem_of_a_lost_channel_is_solved_in_the_main_channel(lab: Lab) -> None:
    """One copy, which is edited as the card would be; once it says that all is told the problem is forgotten."""
    async with lab.worker() as worker:
        opened = await a_problem(lab, worker)
        lab.slack.archived.add(CHANNEL)
        await ask(lab, worker, 20, 5)
        await pass_time(lab, worker, seconds=20)
        assert places(lab, CARD) == [CHANNEL, MAIN]
        await ask(lab, worker, 30, 5)
        await pass_time(lab, worker, seconds=600, step=5)
        assert places(lab, CARD) == [CHANNEL, MAIN]
        assert "22 cases" in edits(lab, ts_of(lab, MAIN, CARD))[-1]
        assert await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        await pass_time(lab, worker, seconds=240, step=2)
        assert "solved" in edits(lab, ts_of(lab, MAIN, CARD))[-1]
        assert (await worker.store.storms.weather(CHANNEL)).problems == ()


async def test_it_goes_home_when_its_channel_is_back(lab: Lab) -> None:
    """The card is edited again, and the copy is taken away."""
    async with lab.worker() as worker:
        await a_problem(lab, worker)
        lab.slack.archived.add(CHANNEL)
        await ask(lab, worker, 20, 5)
        await pass_time(lab, worker, seconds=60)
        copy = ts_of(lab, MAIN, CARD)
        lab.slack.archived.clear()
        await pass_time(lab, worker, seconds=320, step=5)
        assert "17 cases" in edits(lab, ts_of(lab, CHANNEL, CARD))[-1]
        assert edits(lab, copy)[-1] == ""
        (problem,) = (await worker.store.storms.weather(CHANNEL)).problems
        assert problem.copies == {}


async def test_where_the_main_channel_is_lost_too_people_on_call_have_it(lab: Lab) -> None:
    """Until the main channel takes it: then the direct message gives way."""
    async with lab.worker() as worker:
        await a_problem(lab, worker)
        lab.slack.archived |= {CHANNEL, MAIN}
        await ask(lab, worker, 20, 5)
        await pass_time(lab, worker, seconds=60)
        assert places(lab, CARD) == [CHANNEL, ANA.id]
        lab.slack.archived.discard(MAIN)
        await pass_time(lab, worker, seconds=320, step=5)
        assert places(lab, CARD) == [CHANNEL, ANA.id, MAIN]
        assert edits(lab, ts_of(lab, ANA.id, CARD))[-1] == ""


async def test_a_quiet_problem_is_missed_within_the_hour(lab: Lab) -> None:
    """Nobody writes any more, so nothing changes on its card: its cases would wait behind it for ever."""
    async with lab.worker() as worker:
        await a_problem(lab, worker)
        lab.slack.archived.add(CHANNEL)
        await pass_time(lab, worker, seconds=60, step=5)
        assert places(lab, CARD) == [CHANNEL]
        lab.clock.advance(LOOK_AGAIN)
        await pass_time(lab, worker, seconds=10)
        assert places(lab, CARD) == [CHANNEL, MAIN]


async def test_a_storm_of_a_lost_channel_is_seen_in_the_main_channel(lab: Lab) -> None:
    """Those whom it holds back are behind a card that somebody can press; it is forgotten when all is told."""
    async with lab.worker() as worker:
        await ask(lab, worker, 0, 45)
        await pass_time(lab, worker, seconds=20)
        lab.slack.archived.add(CHANNEL)
        await ask(lab, worker, 50, 30)
        await pass_time(lab, worker, seconds=70)
        assert places(lab, "Storm ·") == [CHANNEL, MAIN]
        assert await worker.calm.desk.show_next(CHANNEL, "storm") == 10
        await pass_time(lab, worker, seconds=1800, step=5)
        assert "The storm is over" in edits(lab, ts_of(lab, MAIN, "Storm ·"))[-1]
        assert (await worker.store.storms.weather(CHANNEL)).storm is None
