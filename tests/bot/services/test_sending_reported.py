"""A network that reports what became of a send while it has not answered the call yet."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.case import SendState
from bot.domain.models import SendReport
from bot.domain.sending import reported
from bot.services.casework import Casework
from tests.bot.services.test_sending import Desk, a_desk
from tests.support.cases import a_key, a_send
from tests.support.policies import a_policy
from tests.support.scripted import HANGS
from tests.support.waiting import wait_until

POLICY = a_policy()
SECOND = timedelta(seconds=1)


async def report(desk: Desk, case_id: str, *, ok: bool, after: timedelta) -> None:
    """The network's report, so long after now."""
    told = SendReport(send="send-1", key=a_key("post-1"), ok=ok, reason="undeliverable", at=desk.clock.now() + after)
    await Casework(desk.store.cases, desk.clock).apply(case_id, lambda case: reported(case, told, POLICY))


@pytest.mark.parametrize(("ok", "state"), [(False, SendState.FAILED), (True, SendState.SENT)])
async def test_a_report_that_overtakes_the_answer_stands(redis_url: str, ok: bool, state: SendState) -> None:
    """It is told to have failed, or to have arrived, and only then the call is answered: that it was taken is old news.

    A customer who was answered by nobody waits.
    """
    async with a_desk(redis_url, read_back=False) as desk:
        desk.network.plan.append(HANGS)
        case_id = await desk.wants(a_send())
        async with asyncio.TaskGroup() as group:
            group.create_task(desk.act(case_id))
            await wait_until(lambda: desk.network.calls, "the network is called")
            await report(desk, case_id, ok=ok, after=SECOND)
            desk.network.release.set()
        assert (await desk.send(case_id)).state is state
        assert ((await desk.case(case_id)).wait is None) is ok


async def test_a_failure_from_before_a_slow_answer_counts(redis_url: str) -> None:
    """The answer took eight seconds; the report is stored after it, and tells of the first of them."""
    async with a_desk(redis_url, read_back=False) as desk:
        desk.network.plan.append(HANGS)
        case_id = await desk.wants(a_send())
        async with asyncio.TaskGroup() as group:
            group.create_task(desk.act(case_id))
            await wait_until(lambda: desk.network.calls, "the network is called")
            desk.clock.advance(8 * SECOND)
            desk.network.release.set()
        await report(desk, case_id, ok=False, after=-7 * SECOND)
        assert (await desk.send(case_id)).state is SendState.FAILED
        assert (await desk.case(case_id)).wait is not None
