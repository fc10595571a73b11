"""What a timer of a case does, and when it comes again."""

from datetime import timedelta

from bot.domain.ports import Commit, Due
from tests.support.cases import NOON, a_case
from tests.support.notices import a_notice_desk


async def test_a_timer_that_rings_too_early_comes_again_when_it_is_due(redis_url: str) -> None:
    """Another process's clock, or a claim that was renewed meanwhile: the case is not forgotten by it."""
    async with a_notice_desk(redis_url) as desk:
        case = a_case()
        await desk.store.cases.commit(Commit(before=None, after=case, at=NOON))
        timer = Due(case.id, 0, "", 0)
        assert await desk.timing.act(timer) == NOON + timedelta(minutes=45)
        desk.clock.advance(timedelta(minutes=45))
        assert await desk.timing.act(timer) == NOON + timedelta(minutes=60)
        warned = await desk.store.cases.load(case.id)
        assert warned is not None
        assert warned.wait is not None
        assert warned.wait.warned


async def test_the_timer_of_a_case_that_is_gone_comes_no_more(redis_url: str) -> None:
    """It was erased, or kept for as long as it is to be."""
    async with a_notice_desk(redis_url) as desk:
        assert await desk.timing.act(Due("gone", 0, "", 0)) is None
