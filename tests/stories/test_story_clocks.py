"""Two machines whose clocks are a minute apart: the undo time holds, cards come at once, nothing is done twice."""

import time
from datetime import datetime, timedelta

import pytest

from bot.clock import SystemClock
from bot.roles import Role
from bot.services.shared_clock import SharedClock
from tests.support.bot_process import a_sandbox, serving
from tests.support.rig import ANA, Scene
from tests.support.waiting import wait_until

UNDO_S = 2.5
PROMPT_S = 15.0


class Skewed(SystemClock):
    """A machine's clock that is off."""

    def __init__(self, seconds: float) -> None:
        self._off = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The present as this machine has it."""
        return super().now() + self._off


@pytest.mark.parametrize(("web_s", "worker_s"), [(0, 60), (0, -60), (-30, 30)])
async def test_a_minute_apart(redis_url: str, web_s: float, worker_s: float) -> None:
    """The web process queues a reply on one machine, workers on two others send it: after the undo time, soon, once."""
    async with a_sandbox(redis_url) as (sandbox, env):
        scene = Scene(sandbox)
        env |= {"HARK_UNDO_SECONDS": str(UNDO_S)}
        async with (
            serving(env, Role.WEB, SharedClock(Skewed(web_s))),
            serving(env, Role.WORKER, SharedClock(Skewed(worker_s))) as (service, _),
            serving(env, Role.WORKER, SharedClock(Skewed(0))),
        ):
            await wait_until(lambda: sandbox.slack.hub.sockets.open, "the socket is up", within_s=20)
            assert abs((service.clock.now() - SystemClock().now()).total_seconds()) < 1
            began = time.monotonic()
            card = await scene.complains()
            assert time.monotonic() - began < PROMPT_S
            await scene.press(ANA, card.ts, "hark:claim:v1")
            await scene.shows(card.ts, "Claimed by Ana")
            await scene.press(ANA, card.ts, "hark:reply:v1")
            outcome, queued = await scene.send(ANA, "We are looking for it."), time.monotonic()
            assert outcome.ok
            await wait_until(scene.brand_posts, "the reply stands", within_s=UNDO_S + PROMPT_S)
            assert time.monotonic() - queued > UNDO_S - 1
            await scene.shows(card.ts, "read back")
            assert len(scene.brand_posts()) == len(scene.cards()) == 1
