"""One case, a local Slack, and as many workers that draw it as a test wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.cards.card import render_plain
from bot.cards.view import Rendered, View
from bot.domain.case import Case, Post
from bot.domain.models import Capabilities
from bot.domain.ports import Blocks, Budgets, Commit, Due, Posted
from bot.domain.posting import with_line
from bot.services.casework import Casework
from bot.services.drawing import Drawing
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import CARE
from tests.support.cases import a_card, a_case
from tests.support.drawings import a_drawing
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store


@dataclass
class Board:
    """A case that wants a card, and as many workers as a test wants."""

    store: Store
    slack: SlackSandbox
    gateway: SlackGateway
    clock: TestClock
    first: Case
    naps: list[timedelta] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)

    def worker(
        self, gateway: SlackGateway | None = None, casework: Casework | None = None, budgets: Budgets | None = None
    ) -> Drawing:
        """A worker; it sleeps after each drawing for as long as the next of `naps` says."""
        view = View(self.clock.now(), "Square", "@acme", Capabilities())

        def draw(case: Case, post: Post) -> Rendered:
            self.clock.advance(self.naps.pop(0) if self.naps else timedelta(0))
            return render_plain(case, post, view)

        gateway = gateway or self.gateway
        return a_drawing(self.store, gateway, self.clock, draw, draw, self.metrics, casework=casework, budgets=budgets)

    @property
    def due(self) -> Due:
        """The case's turn."""
        return Due(self.first.id, 0, "token", 2)

    async def case(self) -> Case:
        """The case as it is stored now."""
        case = await self.store.cases.load(self.first.id)
        assert case is not None
        return case

    async def stands_at(self) -> str:
        """Where the case says that its card is."""
        card = (await self.case()).card
        assert card is not None
        return card.ts

    async def with_a_line(self) -> None:
        """The card stands, and one line is to be posted in its thread."""
        await self.worker().act(self.due)
        case = await self.case()
        after = with_line(case, "line-1", "Carla wrote again")
        await self.store.cases.commit(Commit(before=case, after=after, at=self.clock.now()))

    def lines(self) -> list[str]:
        """What stands in the card's thread."""
        return [message.ts for message in self.slack.messages(CARE) if message.thread_ts not in (None, message.ts)]


@asynccontextmanager
async def a_board(redis_url: str) -> AsyncIterator[Board]:
    """Everything real."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store, SlackSandbox(UNLIMITED) as slack, slack_api(slack) as api:
        case = a_case(posts=(a_card(channel=CARE),))
        await store.cases.commit(Commit(before=None, after=case, at=clock.now()))
        yield Board(store, slack, SlackGateway(api, Metrics()), clock, case)


class Sleepy(SlackGateway):
    """A gateway that falls asleep right before it posts, while another worker does the same work."""

    def __init__(self, awake: SlackGateway, meanwhile: Drawing, due: Due) -> None:
        super().__init__(awake.api, Metrics())
        self._meanwhile: Drawing | None = meanwhile
        self._due = due

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Let the other one finish first."""
        if self._meanwhile is not None:
            other, self._meanwhile = self._meanwhile, None
            await other.act(self._due)
        return await super().post(channel, text, blocks, **more)
