"""A card that somebody deleted in Slack is posted again, and is no late card for that."""

from datetime import timedelta

import pytest

from bot.domain.case import Cycle
from bot.domain.lifecycle import close
from bot.domain.ports import Commit, Posted
from bot.services.casework import Casework
from sandbox.slack.workspace import CARE
from tests.support.boards import a_board
from tests.support.cases import ANA, a_claim


@pytest.mark.parametrize("returned", [False, True])
async def test_a_card_that_is_posted_again_says_nothing_of_how_late_staff_heard(
    redis_url: str, *, returned: bool
) -> None:
    """Three days later the case changes; so too in a return, which the old card showed: one lag, that of the first."""
    async with a_board(redis_url) as board:
        board.clock.advance(timedelta(seconds=3))
        await board.worker().act(board.due)
        first = await board.stands_at()
        if returned:
            case = await board.case()
            cycle = Cycle(n=2, posted_at=board.clock.now(), seen_at=board.clock.now())
            after = case.model_copy(update={"cycle": cycle, "claim": a_claim()})
            await board.store.cases.commit(Commit(case, after, board.clock.now()))
            await board.worker().act(board.due)
            assert len(board.slack.calls_of("chat.update")) == 1
        await board.gateway.delete(Posted(CARE, first))
        now = board.clock.advance(timedelta(days=3))
        casework = Casework(board.store.cases, board.clock)
        assert (await casework.apply(board.first.id, lambda case: close(case, ANA, "solved", now))).done
        await board.worker().act(board.due)
        await board.worker().act(board.due)
        (card,) = board.slack.messages(CARE)
        assert await board.stands_at() == card.ts != first
        value = board.metrics.registry.get_sample_value
        assert value("hark_card_lag_seconds_count", {"network": "square"}) == 1
        assert value("hark_card_lag_seconds_sum", {"network": "square"}) == 3
