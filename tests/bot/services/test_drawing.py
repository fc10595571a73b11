"""A draw of a case with several messages: none holds up another, none stands where it does not belong."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.case import Post, PostKind
from bot.domain.ports import Commit
from bot.domain.posting import with_line
from bot.services.slack_budget import POST_BURST, POSTS, POSTS_PER_S
from bot.store.budgets import RedisBudgets
from sandbox.slack.workspace import ANA, CARE
from tests.support.boards import Board, a_board
from tests.support.cases import NOON, a_card

AN_HOUR = timedelta(hours=1)
TOKEN = timedelta(seconds=1 / POSTS_PER_S)
REFUSED: dict[str, Any] = {"error": "is_archived", "retry_at": NOON + AN_HOUR}


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """A case that wants a card."""
    async with a_board(redis_url) as board:
        yield board


async def wants(board: Board, *posts: Post) -> None:
    """These messages are what the case wants."""
    case = await board.case()
    await board.store.cases.commit(Commit(case, case.model_copy(update={"posts": posts}), board.clock.now()))


async def test_the_message_that_may_go_first_says_when_to_come_again(board: Board) -> None:
    """The card waits a second for its channel; an alert that Slack refused rests for an hour, and holds nothing up."""
    alert = Post(id="alert", kind=PostKind.ALERT, channel=ANA, text="Look", **REFUSED)
    await wants(board, a_card(channel=CARE), alert)
    for _ in range(POST_BURST):
        await board.store.budgets.take(f"{POSTS}:{CARE}", POSTS_PER_S, POST_BURST, NOON)
    assert await board.worker().act(board.due) == NOON + TOKEN


async def test_a_line_of_a_thread_waits_for_the_card_above_it(board: Board) -> None:
    """Slack refused the card: what belongs below it is not shown to the whole channel."""
    await wants(board, a_card(channel=CARE, **REFUSED))
    case = await board.case()
    await board.store.cases.commit(Commit(case, with_line(case, "line-1", "Carla wrote again"), board.clock.now()))
    assert await board.worker().act(board.due) == NOON + AN_HOUR
    assert board.slack.messages(CARE) == []
    board.clock.advance(AN_HOUR)
    await board.worker().act(board.due)
    assert len(board.slack.messages(CARE)) == 2
    assert len(board.lines()) == 1


async def test_what_is_wanted_no_more_when_its_turn_comes_is_not_posted(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case was erased while Slack's budget was asked: none of it comes into the channel."""
    ask = RedisBudgets.take_some

    async def meanwhile(
        budgets: RedisBudgets, bucket: str, rate: float, burst: int, now: datetime, wanted: int, left: int
    ) -> tuple[int, float]:
        await board.store.link.do("DEL", board.store.cases.keys.case(0, board.first.id))
        return await ask(budgets, bucket, rate, burst, now, wanted, left)

    monkeypatch.setattr(RedisBudgets, "take_some", meanwhile)
    assert await board.worker().act(board.due) is None
    assert board.slack.calls_of("chat.postMessage") == []
