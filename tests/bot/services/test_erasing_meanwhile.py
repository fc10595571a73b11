"""Erasing a customer takes minutes, in which others work on, and the process may be killed: nothing stays for good."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import redis.asyncio

from bot.domain.erasing import Remains
from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Commit, Due
from bot.domain.storm import Problem, Weather, changed_problem
from bot.services.casework import Casework
from bot.store.erasing import RedisErasing
from bot.store.storms import RedisStorms
from sandbox.slack.workspace import ANA, CARE
from tests.support.boards import Board, a_board
from tests.support.cases import CARLA, NOON, a_card, a_case, a_key, an_item
from tests.support.erasing import DORA, erase, meanwhile, saying
from tests.support.keyspace import holding


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """Carla's case, which wants a card."""
    async with a_board(redis_url) as board:
        yield board


async def test_a_line_that_came_to_stand_after_slack_was_looked_through_goes(board: Board) -> None:
    """Looking takes minutes, and the customer wrote once more in somebody else's case."""
    hers = an_item("Same here, in Ulm since May", id="post-2", seq=2, author=CARLA)
    case = a_case(
        key=a_key("dora"), author=DORA, items=(an_item("Where is it?", author=DORA), hers), item_count=2,
        posts=(a_card(channel=CARE),),
    )  # fmt: skip
    store, due = board.store, Due(case.id, 0, "token", 2)
    await store.cases.commit(Commit(before=None, after=case, at=NOON))
    await board.worker().act(due)
    casework = Casework(store.cases, board.clock)

    async def says_more() -> None:
        for number, line in enumerate(("Dora: Where is it?", "Carla: Same here, in Ulm since May"), 1):
            await casework.apply(case.id, saying(number, line))
            await board.worker().act(due)

    report, _ = await erase(board, erasing_store=meanwhile(board, looked=[says_more]))
    assert (report.deleted, report.trouble) == (1, "")
    said = [each.text for each in board.slack.messages(CARE) if each.thread_ts and each.ts != each.thread_ts]
    assert said == ["Dora: Where is it?"]


async def test_a_case_that_a_colleague_changes_at_that_moment_goes_all_the_same(board: Board) -> None:
    """It is read anew."""
    case = await board.case()

    async def changes() -> None:
        after = case.model_copy(update={"likes": 3})
        assert await board.store.cases.commit(Commit(case, after, NOON)) == "committed"

    report, _ = await erase(board, erasing_store=meanwhile(board, read_it=[changes]))
    assert report.trouble == ""
    assert await board.store.cases.load(case.id) is None


async def test_no_list_and_no_draft_leads_to_the_case_any_more(board: Board, redis: "redis.asyncio.Redis") -> None:
    """Also a draft that a colleague wrote while Slack was looked through."""
    case, store = await board.case(), board.store
    await store.rings.gather(ANA, case.id, NOON)
    await store.storms.stand(CARE, "p1", case.id, NOON)

    async def writes() -> None:
        await store.notes.save_draft(case.id, ANA, "Dear Carla", private=False)

    report, _ = await erase(board, erasing_store=meanwhile(board, looked=[writes]))
    assert report.trouble == ""
    assert await holding(redis, case.id, "Dear Carla") == []


@dataclass(frozen=True, slots=True)
class Killed(RedisErasing):
    """A store that goes away as soon as the cases are erased."""

    async def remains(self, keys: Sequence[str]) -> list[Remains]:
        """Fail."""
        raise StoreUnavailable(f"Redis: gone, with {len(keys)} notes")


async def test_what_only_the_cases_led_to_is_gone_before_they_are(board: Board, redis: "redis.asyncio.Redis") -> None:
    """Killed after that, the next run knows no more than the handle that was typed: not their id, not their name."""
    store = board.store
    await store.notes.add_to_digest("2026-03-04T12", f"square:main:at://{CARLA.id}/like/1", "Carla liked (Square)")
    await store.notes.note_recent("thanks", "Thank you, Carla!")
    ours = store.erasing
    report, _ = await erase(board, erasing_store=Killed(ours.link, ours.keys, ours.scripts))
    assert report.trouble.startswith("Redis: gone")
    report, _ = await erase(board)
    assert report.trouble == ""
    assert await holding(redis, CARLA.id, "Carla") == []


@dataclass(frozen=True, slots=True)
class Busy(RedisStorms):
    """Known problems that somebody else changes at each moment."""

    async def swap(self, channel: str, before: Weather, after: Weather) -> bool:
        """Come too late."""
        other = changed_problem(before, "p", title=before.problems[0].title + "!")
        await RedisStorms.swap(self, channel, before, other)
        return await RedisStorms.swap(self, channel, before, after)


async def test_words_that_a_known_problem_keeps_are_not_left_there_in_silence(board: Board) -> None:
    """Nothing leads to them once the cases are gone: the whole is left for another run, and said so."""
    problem = Problem(id="p", title="Parcels", opened_at=NOON, samples=("my parcel is late where is it",))
    storms = board.store.storms
    await storms.swap(CARE, Weather(), Weather(problems=(problem,)))
    report, _ = await erase(board, storms=Busy(storms.link, storms.keys, storms.scripts))
    assert "changed under" in report.trouble
    assert (await board.case()).is_open
    await erase(board)
    (left,) = (await storms.weather(CARE)).problems
    assert left.samples == ()
