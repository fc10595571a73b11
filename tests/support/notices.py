"""What Hark says about itself, with a real store and the local Slack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from bot.cards.notice import notice_message
from bot.domain.ports import Due
from bot.domain.text.privacy import AllowList
from bot.secrecy import masker
from bot.services.casework import Casework
from bot.services.notices import NOTICE, Notices
from bot.services.once import Once
from bot.services.timers import Timing
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.model import Message
from sandbox.slack.workspace import ANA, CARE
from tests.support.policies import a_policy
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store

OPS = "C01OPS0001"
"""A channel that does not exist until `open_ops`."""


@dataclass(frozen=True)
class Desk:
    """Notices, where they are kept, and where they are read."""

    notices: Notices
    timing: Timing
    store: Store
    slack: SlackSandbox
    gateway: SlackGateway
    clock: TestClock

    async def due(self, kind: str) -> datetime | None:
        """The timer of this kind rings until it has nothing more to say at this instant; when it would come again."""
        timer = Due(f"{NOTICE}/{kind}", 0, "", 0)
        again = await self.timing.act(timer)
        while again is not None and again <= self.clock.now():
            again = await self.timing.act(timer)
        return again

    def said(self, channel: str = CARE) -> list[Message]:
        """Everything in a channel."""
        return self.slack.messages(channel)


@asynccontextmanager
async def a_notice_desk(redis_url: str, *places: str, shards: int = 1) -> AsyncIterator[Desk]:
    """Notices that go to these places (the main channel, then Ana)."""
    clock = TestClock()
    async with (
        a_store(redis_url, shards=shards, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        slack_api(slack) as api,
    ):
        gateway = SlackGateway(api, Metrics())
        notices = Notices(
            store.notices,
            store.timers,
            Once(gateway, clock),
            notice_message,
            masker(AllowList()),
            places or (CARE, ANA),
            clock,
        )
        timing = Timing(Casework(store.cases, clock), a_policy(), clock, {NOTICE: notices.act})
        yield Desk(notices, timing, store, slack, gateway, clock)
