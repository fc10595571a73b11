"""A line to the team is said once, whoever finds the reason, and whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.cards.notice import notice
from bot.domain.errors import SlackUnavailable
from bot.domain.ports import Blocks, Posted
from bot.services.notices import Notices
from bot.slack import SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import CARE
from tests.support.slack_sandbox import UNLIMITED, web_client
from tests.support.stores import TestClock, a_store


class Gateway(SlackGateway):
    """The real gateway; told to, it loses the answer to a post that Slack carried out."""

    loses = False

    async def post(
        self, channel: str, text: str, blocks: Blocks, *, attempt: str, thread_ts: str | None = None
    ) -> Posted:
        """Post, and lose the answer if told to."""
        posted = await super().post(channel, text, blocks, attempt=attempt, thread_ts=thread_ts)
        if self.loses:
            self.loses = False
            raise SlackUnavailable("lost")
        return posted


@dataclass(frozen=True)
class Board:
    """Slack, the store, and what writes to the team."""

    slack: SlackSandbox
    gateway: Gateway
    store: Store
    notices: Notices

    def lines(self) -> list[str]:
        """What stands in the channel."""
        return [message.text for message in self.slack.messages(CARE)]

    async def a_minute_passes(self, name: str) -> None:
        """The hold on a line ends."""
        await self.store.notes.link.do("DEL", self.store.notes.keys.once(f"notice:{name}"))


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """Everything real."""
    clock = TestClock()
    async with (
        a_store(redis_url, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        web_client(slack) as client,
    ):
        gateway = Gateway(client, Metrics(), CARE)
        yield Board(slack, gateway, store, Notices(store.notes, gateway, notice, CARE, clock))


async def test_ten_workers_say_it_once(board: Board) -> None:
    """At the same moment, and again later; another name is another line; what is said pings nobody."""
    await asyncio.gather(*(board.notices.tell("slow", "X is <!channel> slow & dear") for _ in range(10)))
    await board.a_minute_passes("slow")
    await board.notices.tell("slow", "X is slow in other words")
    assert board.lines() == ["📣 X is &lt;!channel&gt; slow &amp; dear"]
    await board.notices.tell("spent", "all is spent")
    assert len(board.lines()) == 2


async def test_a_lost_answer_does_not_say_it_twice(board: Board) -> None:
    """The line is looked for before it is said again."""
    board.gateway.loses = True
    await board.notices.tell("slow", "X is slow")
    await board.a_minute_passes("slow")
    await board.notices.tell("slow", "X is slow")
    assert board.lines() == ["📣 X is slow"]


async def test_a_line_that_slack_did_not_take_is_said_later(board: Board) -> None:
    """Slack was away: not lost, and not tried again within the minute."""
    board.slack.hub.faults.set("http_503", "chat.postMessage")
    await board.notices.tell("slow", "X is slow")
    await board.notices.tell("slow", "X is slow")
    assert board.lines() == []
    await board.a_minute_passes("slow")
    await board.notices.tell("slow", "X is slow")
    assert board.lines() == ["📣 X is slow"]
