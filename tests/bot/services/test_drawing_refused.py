"""A drawing that Slack refuses must not cost the case its card."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.cards.card import render, render_plain
from bot.cards.view import Rendered, View
from bot.domain.case import Case, Post
from bot.domain.models import Capabilities, LengthRule
from bot.domain.ports import Commit, Due
from bot.services.drawing import Drawing
from bot.slack.gateway import SlackGateway
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import CARE
from tests.support.cases import NOON, a_card, a_case, an_item
from tests.support.drawings import a_drawing
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store

HOSTILE = "<!channel> *bold* `code` \u202e" + "x" * 5000
NOWHERE = "https://shop.example:99999/tickets/5"


@dataclass(frozen=True)
class Board:
    """A case that wants a card, and the worker that draws it with a renderer that is broken."""

    slack: SlackSandbox
    drawing: Drawing
    case: Case
    metrics: Metrics


def broken(case: Case, post: Post) -> Rendered:
    """A drawing with an empty text, which Slack refuses as a whole."""
    del post
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]
    return Rendered(text=f"a card of {case.id}", blocks=blocks, digest="broken")


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """Everything real: store, local Slack, gateway; only the drawing is bad."""
    clock, metrics = TestClock(), Metrics()
    async with (
        a_store(redis_url, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        slack_api(slack) as api,
    ):
        view = View(clock.now(), "Square", "@acme", Capabilities(public_reply=LengthRule(limit=300)))
        gateway = SlackGateway(api, metrics)
        drawing = a_drawing(store, gateway, clock, broken, lambda case, post: render_plain(case, post, view), metrics)
        case = a_case(items=(an_item(HOSTILE, url=NOWHERE),), posts=(a_card(channel=CARE),))
        await store.cases.commit(Commit(before=None, after=case, at=clock.now()))
        yield Board(slack, drawing, case, metrics)


async def test_the_card_stands_in_plain_words_with_its_buttons(board: Board) -> None:
    """Staff see the case and can claim it; nobody is pinged by the customer's words."""
    assert await board.drawing.act(Due(board.case.id, 0, "token", 2)) is None
    (message,) = board.slack.messages(CARE)
    assert "hark:claim:v1" in str(message.blocks)
    assert "Carla" in str(message.blocks)
    assert not board.slack.workspace.pushes


async def test_the_same_bad_drawing_is_not_tried_for_ever(board: Board) -> None:
    """Drawing the unchanged case again makes no further call."""
    due = Due(board.case.id, 0, "token", 2)
    await board.drawing.act(due)
    calls = len(board.slack.calls)
    assert await board.drawing.act(due) is None
    assert len(board.slack.calls) == calls


def test_plain_words_carry_no_address_that_slack_might_refuse() -> None:
    """They are the last drawing there is: what opens the network's page is left out with all other ornaments."""
    case = a_case(items=(an_item(url="https://square.example/posts/1"),), posts=(a_card(),))
    view = View(NOON, "Square", "@acme", Capabilities(public_reply=LengthRule(limit=300)))
    assert "https:" in str(render(case, a_card(), view).blocks)
    assert "https:" not in str(render_plain(case, a_card(), view).blocks)
