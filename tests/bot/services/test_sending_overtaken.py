"""A worker that slept through a look, or through a call: what it learnt is about a try that is over."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.case import Send, SendState
from bot.domain.errors import LeaseLost, NetworkError, Transient
from bot.domain.models import Sent
from bot.domain.ports import Due
from tests.bot.services.test_sending import Desk, a_desk
from tests.support.cases import a_send
from tests.support.scripted import HANGS, Scripted
from tests.support.waiting import wait_until


class Dreamer(Scripted):
    """The same account as a worker sees it that falls asleep after its first look: `then` is what happens meanwhile."""

    def __init__(self, awake: Scripted, then: Callable[[], Awaitable[None]], trouble: NetworkError | None) -> None:
        super().__init__(awake.deps.http, awake.deps.clock, awake.deps.notes)
        self.account, self.stands, self.calls = awake.account, awake.stands, awake.calls
        self._then: Callable[[], Awaitable[None]] | None = then
        self._trouble = trouble

    async def read_back(self, send: Send) -> Sent | None:
        """Look, and sleep."""
        found = await super().read_back(send)
        if self._then is not None:
            then, self._then = self._then, None
            await then()
        if self._trouble is not None:
            raise self._trouble
        return found


async def sleeps_through_a_look(desk: Desk, case_id: str, trouble: NetworkError | None) -> "asyncio.Task[object]":
    """One worker looks; before it hears the answer, another has looked as well and is on the next try, which it is
    still on afterwards."""
    tasks = []

    async def meanwhile() -> None:
        tasks.append(asyncio.get_running_loop().create_task(desk.act(case_id, 1)))
        await wait_until(lambda: desk.network.calls, "the other one calls")

    sleeper = desk.worker(Dreamer(desk.network, meanwhile, trouble))
    with pytest.raises(LeaseLost, match="next try"):
        await sleeper.act(Due(case_id, 0, "token", 0))
    return tasks[0]


@pytest.mark.parametrize("trouble", [None, Transient("could not connect")])
@pytest.mark.parametrize("state", [SendState.SENDING, SendState.UNKNOWN, SendState.QUEUED])
async def test_a_look_that_was_slept_through_does_not_lead_to_another_call(
    redis_url: str, state: SendState, trouble: NetworkError | None
) -> None:
    """It found nothing, or could not look: that was before the try that is on its way now."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(HANGS)
        case_id = await desk.wants(a_send(state=state, attempt=1))
        other = await sleeps_through_a_look(desk, case_id, trouble)
        tried = await desk.send(case_id)
        assert (tried.state, tried.attempt) == (SendState.SENDING, 2)
        desk.network.release.set()
        await other
        assert desk.network.calls == desk.network.stands == ["send-1"]
        assert (await desk.send(case_id)).state is SendState.SENT
