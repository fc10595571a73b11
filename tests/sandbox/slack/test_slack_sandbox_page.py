"""The page's routes: what one person sees, and what the person does."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.slack.app import SlackSandbox, mount
from sandbox.slack.config import SandboxConfig
from sandbox.slack.hub import Hub
from sandbox.slack.workspace import ANA, BEN, CARE, RANDOM
from tests.support.loopback import on_loopback
from tests.support.slack_sandbox import UNLIMITED, bolt_app, connected, web_client

Json = dict[str, Any]


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """A local Slack."""
    async with SlackSandbox(UNLIMITED) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession(trust_env=False) as made:
        yield made


async def act(session: aiohttp.ClientSession, slack: SlackSandbox, name: str, body: Any) -> Json:
    """Do something as the page does."""
    async with session.post(f"{slack.hub.base_url}/sandbox/slack/{name}", json=body) as response:
        assert response.status == 200
        answer: Json = await response.json()
        return answer


async def state(session: aiohttp.ClientSession, slack: SlackSandbox, user: str = ANA) -> Json:
    """What a person sees."""
    async with session.get(f"{slack.hub.base_url}/sandbox/slack/state", params={"user": user}) as response:
        answer: Json = await response.json()
        return answer


def conversation(seen: Json, channel_id: str) -> Json:
    """One conversation of a state."""
    return next(dict(c) for c in seen["conversations"] if c["id"] == channel_id)


async def test_state_of_a_fresh_workspace(session: aiohttp.ClientSession, slack: SlackSandbox) -> None:
    """The seed: four people, two open channels, nothing to read."""
    seen = await state(session, slack)
    assert seen["ok"]
    assert seen["me"] == {
        "id": ANA,
        "name": "ana",
        "real_name": "Ana Kovač",
        "initials": "AK",
        "colour": "#9b3b6a",
        "is_bot": False,
    }
    assert [user["real_name"] for user in seen["users"]] == ["Ana Kovač", "Ben Okafor", "Chloe Martin", "Hark"]
    assert [(c["name"], c["kind"], c["unread"]) for c in seen["conversations"]] == [
        ("care", "channel", 0),
        ("random", "channel", 0),
    ]
    assert (seen["views"], seen["home"], seen["notices"], seen["pushes"]) == ([], None, [], [])


async def test_messages_unread_ephemeral_and_pushes(session: aiohttp.ClientSession, slack: SlackSandbox) -> None:
    """Unread counts others' messages until read; an ephemeral is only its reader's; a DM has a partner and a push."""
    async with web_client(slack) as client:
        await client.chat_postMessage(channel=CARE, text="card")
        await client.chat_postEphemeral(channel=CARE, user=ANA, text="psst")
        direct = (await client.chat_postMessage(channel=ANA, text="alert"))["channel"]
    seen = await state(session, slack)
    care = conversation(seen, CARE)
    assert care["unread"] == 1
    assert [(m["text"], m["ephemeral"], m["bot"]) for m in care["messages"]] == [
        ("card", False, True),
        ("psst", True, True),
    ]
    assert (conversation(seen, direct)["name"], conversation(seen, direct)["kind"]) == ("Hark", "dm")
    assert [(p["text"], p["conversation"]) for p in seen["pushes"]] == [("alert", direct)]
    others = await state(session, slack, BEN)
    assert [m["text"] for m in conversation(others, CARE)["messages"]] == ["card"]
    assert (await act(session, slack, "read", {"user": ANA, "conversation": CARE}))["ok"]
    seen = await state(session, slack)
    assert conversation(seen, CARE)["unread"] == 0
    assert seen["rev"] > others["rev"]


async def test_say_in_a_thread_and_errors_in_words(session: aiohttp.ClientSession, slack: SlackSandbox) -> None:
    """Typing works in channels on the screen; what does not work is said in words."""
    said = await act(session, slack, "say", {"user": ANA, "conversation": RANDOM, "text": "hi"})
    body = {"user": BEN, "conversation": RANDOM, "text": "you too", "thread_ts": said["ts"]}
    assert (await act(session, slack, "say", body))["ok"]
    (parent, reply) = conversation(await state(session, slack), RANDOM)["messages"]
    assert (parent["reply_count"], reply["thread_ts"]) == (1, said["ts"])
    assert await act(session, slack, "say", {"user": ANA, "conversation": "C404", "text": "x"}) == {
        "ok": False,
        "error": "There is no such conversation on your screen.",
    }
    assert (await act(session, slack, "say", {"user": ANA}))["error"] == "Missing: conversation."
    assert (await act(session, slack, "fly", {}))["error"] == "There is no such act: fly."
    assert (await act(session, slack, "say", []))["error"] == "The body must be a JSON object."
    assert (await state(session, slack, "U404"))["error"] == "There is no such person."


async def test_press_submit_close_and_notices(session: aiohttp.ClientSession, slack: SlackSandbox) -> None:
    """The whole way of a modal over the page's routes, and an error that can be dismissed."""
    label = {"type": "plain_text", "text": "Words"}
    field = {
        "type": "input",
        "block_id": "b",
        "label": label,
        "element": {"type": "plain_text_input", "action_id": "a"},
    }
    view = {"type": "modal", "callback_id": "v", "title": label, "submit": label, "blocks": [field]}
    button = {"type": "button", "action_id": "go", "text": label}
    async with bolt_app(slack) as app:

        @app.action("go")
        async def go(ack: Any, body: Json, client: Any) -> None:
            await client.views_open(trigger_id=body["trigger_id"], view=view)
            await ack()

        @app.view("v")
        async def sent(ack: Any) -> None:
            await ack()

        async with connected(app, slack):
            blocks = [{"type": "actions", "block_id": "row", "elements": [button]}]
            ts = (await app.client.chat_postMessage(channel=CARE, text="x", blocks=blocks))["ts"]
            press = {"user": ANA, "conversation": CARE, "message_ts": ts, "view_id": None}
            press |= {"block_id": "row", "action_id": "go", "value": None, "state": {}}
            assert (await act(session, slack, "press", press)) == {"ok": True}
            (shown,) = (await state(session, slack))["views"]
            empty = await act(session, slack, "submit", {"user": ANA, "view_id": shown["id"], "state": {}})
            assert empty == {"ok": False, "errors": {"b": "Please complete this required field."}}
            typed = {"b": {"a": {"type": "plain_text_input", "value": "x"}}}
            assert (await act(session, slack, "submit", {"user": ANA, "view_id": shown["id"], "state": typed}))["ok"]
            assert (await act(session, slack, "press", press))["ok"]
            (again,) = (await state(session, slack))["views"]
            assert (await act(session, slack, "close", {"user": ANA, "view_id": again["id"], "clear": False}))["ok"]
    stale = await act(session, slack, "press", press | {"action_id": "gone"})
    assert not stale["ok"]
    (notice,) = (await state(session, slack))["notices"]
    assert notice["text"] == stale["error"]
    await act(session, slack, "dismiss", {"user": ANA, "notice": notice["id"]})
    assert (await state(session, slack))["notices"] == []


async def test_mounted_beside_other_things(session: aiohttp.ClientSession) -> None:
    """The local Slack can share an application; changes are told to a listener."""
    hub = Hub(SandboxConfig())
    told: list[int] = []
    hub.on_change(lambda: told.append(hub.rev))
    app = web.Application()
    mount(app, hub)
    async with on_loopback(app) as base:
        body = {"user": ANA, "conversation": RANDOM, "text": "hi"}
        async with session.post(f"{base}/sandbox/slack/say", json=body) as response:
            assert (await response.json())["ok"]
        assert hub.base_url == base
        assert told
