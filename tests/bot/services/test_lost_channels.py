"""A storm or a known problem whose channel takes nothing any more is seen, and solved, elsewhere."""

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.cards.notice import notice_message
from bot.domain.storm import Problem
from bot.domain.text.privacy import AllowList
from bot.secrecy import masker
from bot.services.misplaced import MISPLACED, Misplaced
from bot.services.notices import Notices
from bot.services.once import Once
from bot.services.storm_desk import ProblemForm
from bot.services.storm_messages import LOOK_AGAIN
from tests.support.cases import ANA
from tests.support.storm_lab import CHANNEL, MAIN, Lab, Worker, a_customer, a_lab, pass_time

OPS = "C0OPS00001"
EVERYWHERE = {CHANNEL, MAIN, ANA.id}
HOUR = timedelta(hours=1)
FERRY = ProblemForm("Ferry cancelled", "Storm at sea", "It goes tomorrow.", "ferry cancelled")
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


async def test_what_no_place_takes_is_tried_ever_more_seldom_and_taken_up_again(lab: Lab) -> None:
    """A night without a place: five minutes, ten, twenty, at last an hour. Then a worker dies in the middle of the post
    that is taken: another one finds it, so one copy stands, and with the next trouble it begins with five minutes."""
    async with lab.worker() as worker, lab.worker("worker-2") as other:
        await a_problem(lab, worker)
        lab.slack.archived |= EVERYWHERE
        await ask(lab, worker, 20, 5)
        await pass_time(lab, worker, other, seconds=6 * 3600, step=60)
        tries = sorted(set(lab.slack.refused))
        gaps = [after - before for before, after in pairwise(tries)]
        assert gaps[:4] == sorted(gaps[:4])
        assert gaps[0] < timedelta(minutes=6)
        assert all(HOUR <= gap <= HOUR + timedelta(minutes=1) for gap in gaps[4:])
        assert len(lab.slack.refused) == 3 * len(tries), "two workers try no more than one"
        lab.slack.archived -= {MAIN}
        lab.slack.losing = 1
        await pass_time(lab, worker, other, seconds=3700, step=60)
        assert places(lab, CARD) == [CHANNEL, MAIN]
        (problem,) = (await worker.store.storms.weather(CHANNEL)).problems
        assert problem.copies[MAIN].refused == 0
        assert "17 cases" in (edits(lab, ts_of(lab, MAIN, CARD)) or [lab.slack.posts[-1][2]])[-1]


async def test_what_no_place_takes_is_told_once_and_named_by_check_and_home(lab: Lab) -> None:
    """With how many wait behind it, and what to do; not while a copy stands, nor once it has come home."""
    async with lab.worker() as worker:
        await a_problem(lab, worker)
        misplaced, notices = watching(lab, worker)
        lab.slack.archived |= {CHANNEL}
        await ask(lab, worker, 20, 5)
        await pass_time(lab, worker, seconds=60)
        assert await misplaced.health() == []
        lab.slack.archived |= EVERYWHERE
        await ask(lab, worker, 30, 5)
        await pass_time(lab, worker, seconds=120, step=2)
        words = f"Slack channel {CHANNEL}: no place takes the card of the known problem “Ferry cancelled”"
        (health,) = [each for each in await misplaced.health() if "the storm" not in each.summary]
        assert health.summary == f"{words}, behind which 22 cases wait, because the channel is archived"
        assert "unarchive it" in health.mend
        for _ in range(3):
            await misplaced.act(MISPLACED)
            for due in await worker.store.timers.take(lab.clock.now(), 10, HOUR):
                await notices.act(due.id)
            lab.clock.advance(24 * HOUR)
        assert places(lab, "of the known problem") == [OPS]
        lab.slack.archived.clear()
        await pass_time(lab, worker, seconds=60)
        assert await misplaced.health() == []


async def test_a_problem_that_stood_nowhere_is_forgotten_once_it_is_over(lab: Lab) -> None:
    """Its channel was lost before anybody saw its card: there is nothing to edit, and nobody to tell."""
    lab.slack.archived |= EVERYWHERE
    async with lab.worker() as worker:
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
        assert isinstance(opened, Problem)
        await pass_time(lab, worker, seconds=20)
        assert len((await worker.store.storms.weather(CHANNEL)).problems) == 1
        assert await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        await pass_time(lab, worker, seconds=60)
        assert (await worker.store.storms.weather(CHANNEL)).problems == ()


def watching(lab: Lab, worker: Worker) -> tuple[Misplaced, Notices]:
    """What looks for such messages, and tells of them in a channel of its own."""
    store, hide = worker.store, masker(AllowList())
    notices = Notices(store.notices, store.timers, Once(lab.slack, lab.clock), notice_message, hide, (OPS,), lab.clock)
    places = ((MAIN,), (ANA.id,))
    return Misplaced(store.cases, store.storms, store.notes, notices, places, lab.clock), notices


async def test_a_problem_that_only_ever_stood_elsewhere_says_there_that_it_is_solved(lab: Lab) -> None:
    """Its own channel was lost before it was opened: who reads the copy is told, before all is forgotten."""
    lab.slack.archived.add(CHANNEL)
    async with lab.worker() as worker:
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
        assert isinstance(opened, Problem)
        await pass_time(lab, worker, seconds=20)
        assert places(lab, CARD) == [MAIN]
        assert await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.") is None
        await pass_time(lab, worker, seconds=120, step=5)
        assert "solved" in edits(lab, ts_of(lab, MAIN, CARD))[-1]
        assert (await worker.store.storms.weather(CHANNEL)).problems == ()
