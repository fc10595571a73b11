"""When Slack is answered: a press at once, a submission with what its listener says, a forgery never."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.async_app import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.clock import SystemClock
from bot.slack.api import SlackApi
from bot.slack.gateway import SlackGateway
from bot.slack.listening import LINE_BROKE, build_bolt
from bot.telemetry import Metrics
from sandbox.slack.http_delivery import signature

NOWHERE = "http://127.0.0.1:9/api/"
SECRET = "not-the-real-one-0451"
ANSWER_S = 2.0
"""Bolt itself gives up on a listener that does not acknowledge after three seconds."""


@asynccontextmanager
async def a_bolt() -> AsyncIterator[AsyncApp]:
    """Bolt as Hark builds it; nothing here calls Slack."""
    async with aiohttp.ClientSession() as http:
        gateway = SlackGateway(SlackApi(http, NOWHERE, "xoxb-1"), Metrics())
        yield build_bolt(gateway, http, SECRET)


def request(payload: Mapping[str, Any], secret: str = SECRET) -> AsyncBoltRequest:
    """An interaction as Slack posts it, signed now."""
    body, moment = urlencode({"payload": json.dumps(payload)}), str(int(SystemClock().now().timestamp()))
    headers: dict[str, str | Sequence[str]] = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": moment,
        "x-slack-signature": signature(secret, moment, body.encode()),
    }
    return AsyncBoltRequest(body=body, headers=headers)


def press(action_id: str) -> dict[str, Any]:
    """A press on a button."""
    action = {"type": "button", "action_id": action_id, "block_id": "b", "value": "v"}
    return {"type": "block_actions", "user": {"id": "U0ANA00001"}, "actions": [action]}


async def test_a_press_is_acknowledged_while_its_listener_still_works() -> None:
    """The answer waits for nothing: not for the work, not even for the listener's own word."""
    working, over = asyncio.Event(), asyncio.Event()

    async def listener() -> None:
        working.set()
        await over.wait()

    async with a_bolt() as bolt:
        bolt.action("slow")(listener)
        async with asyncio.timeout(ANSWER_S):
            answer = await bolt.async_dispatch(request(press("slow")))
        assert answer.status == 200
        assert not over.is_set()
        await working.wait()
        over.set()


async def test_a_forged_press_is_neither_acknowledged_nor_carried_out() -> None:
    """The signature is judged first."""
    ran = False

    async def listener() -> None:
        nonlocal ran
        ran = True

    async with a_bolt() as bolt:
        bolt.action("slow")(listener)
        answer = await bolt.async_dispatch(request(press("slow"), secret="guessed"))
    assert answer.status == 401
    assert not ran


async def test_a_press_that_nobody_listens_to_is_not_acknowledged() -> None:
    """Slack then shows that it did not work, which is true."""
    async with a_bolt() as bolt:
        assert (await bolt.async_dispatch(request(press("unheard")))).status == 404


async def test_a_submission_is_answered_by_its_listener() -> None:
    """Its errors stand in the answer, so it cannot be acknowledged before."""

    async def listener(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"text": "too long"})

    async with a_bolt() as bolt:
        bolt.view("reply")(listener)
        view = {"type": "modal", "callback_id": "reply", "state": {"values": {}}}
        answer = await bolt.async_dispatch(
            request({"type": "view_submission", "user": {"id": "U0ANA00001"}, "view": view})
        )
    assert answer.status == 200
    assert json.loads(answer.body) == {"response_action": "errors", "errors": {"text": "too long"}}


async def test_bolt_leaves_our_own_loggers_alone() -> None:
    """It sets the level of the logger that has its app's name."""
    ours = logging.getLogger("hark")
    before = ours.level
    async with a_bolt():
        assert ours.level == before == logging.NOTSET


async def test_a_broken_line_is_told_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    """Bolt connects again, and Slack delivers again: no defect. Everything else that it tells keeps its trace."""
    async with a_bolt() as bolt:
        for words in (*LINE_BROKE, "Failed to run a request listener: no such key"):
            bolt.logger.error("%s, session: s_1", words, exc_info=ConnectionResetError())
        bolt.logger.warning("SLACK_BOT_TOKEN will be unused.")
    told = [(each.levelname, each.exc_info is None) for each in caplog.records if each.name == "slack_bolt.AsyncApp"]
    assert told == [("WARNING", True), ("WARNING", True), ("ERROR", False)]
