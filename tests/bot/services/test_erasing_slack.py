"""What erasing does where Slack does not do as it is asked: it goes on, says what is left, or waits for another run."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.cards import build
from bot.domain.attempts import new_attempt
from bot.domain.posting import attempting
from bot.services.casework import Casework
from sandbox.slack.messages import delete
from sandbox.slack.workspace import BEN, CARE
from tests.support.boards import Board, a_board
from tests.support.cases import NOON
from tests.support.erasing import erase, meanwhile


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """Carla's case, whose card stands."""
    async with a_board(redis_url) as board:
        await board.gateway.connect()
        await board.worker().act(board.due)
        yield board


def taken_away(board: Board) -> None:
    """A person deletes all that stands in the channel."""
    for message in board.slack.messages(CARE):
        delete(board.slack.hub, board.slack.workspace.conversations[CARE], message)


async def test_a_card_that_somebody_deleted_stops_nothing(board: Board) -> None:
    """Its thread is gone with it."""
    taken_away(board)
    report, _ = await erase(board)
    assert (report.trouble, report.refused) == ("", [])
    assert await board.store.cases.load(board.first.id) is None


async def test_a_card_that_somebody_deletes_meanwhile_is_nothing_to_do_by_hand(board: Board) -> None:
    """It is where it should be."""

    async def somebody() -> None:
        taken_away(board)

    report, _ = await erase(board, erasing_store=meanwhile(board, looked=[somebody]))
    assert (report.trouble, report.refused, report.deleted) == ("", [], 0)


async def test_a_channel_that_slack_closes_to_us_is_named(board: Board) -> None:
    """A person looks there, and deletes there."""
    board.slack.workspace.conversations[CARE].members.discard(board.gateway.bot_user)
    report, _ = await erase(board)
    assert CARE in report.unseen
    assert (report.trouble, report.deleted, len(report.refused)) == ("", 0, 1)


@pytest.mark.parametrize("stands", [False, True])
async def test_what_a_token_that_is_taken_away_leaves_is_for_another_run(redis_url: str, *, stands: bool) -> None:
    """Nothing is by hand that Hark can do once it may again; a card that a worker was just posting is not forgotten."""
    async with a_board(redis_url) as board:
        await board.gateway.connect()
        if stands:
            await board.worker().act(board.due)
        else:
            attempt = new_attempt(board.clock.now())
            await board.gateway.post(CARE, "Carla: where is it?", [], attempt=attempt)
            casework = Casework(board.store.cases, board.clock)
            await casework.apply(board.first.id, lambda case: attempting(case, "card", attempt))
        api, good = board.gateway.api, board.gateway.api.token

        async def revoked() -> None:
            api.token = "xoxb-revoked"

        report, _ = await erase(board, erasing_store=meanwhile(board, looked=[revoked]))
        assert ("invalid_auth" in report.trouble, report.refused) == (True, [])
        api.token = good
        report, _ = await erase(board)
        assert report.trouble == ""
        assert board.slack.messages(CARE) == []


async def test_every_page_of_a_channel_is_looked_through(board: Board) -> None:
    """A card scrolls away within hours."""
    blocks = build.with_ids(board.first.id, [("line", build.section("Carla is back"))]).blocks
    await board.gateway.post(CARE, "Carla is back", blocks, attempt=new_attempt(NOON))
    for number in range(250):
        await board.slack.say(BEN, CARE, f"{number}")
    await board.gateway.post(CARE, "Carla is back again", blocks, attempt=new_attempt(NOON + timedelta(days=1)))
    report, _ = await erase(board)
    assert (report.trouble, report.deleted) == ("", 3)
