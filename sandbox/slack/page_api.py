"""The routes of the sandbox's page: what one person's Slack shows, and what that person does.

Every answer is HTTP 200 with `ok`; a refusal carries `error` in words for a person.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final, TypeAlias

from aiohttp import web

from sandbox.slack import interactivity
from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import Hub
from sandbox.slack.interactivity import Outcome, Press
from sandbox.slack.model import Conversation, Message, User

WORDS: Final = {
    "user_not_found": "There is no such person.",
    "channel_not_found": "There is no such conversation on your screen.",
    "is_archived": "This channel is archived.",
    "no_text": "There is nothing to send.",
    "thread_not_found": "This thread is no longer there.",
}
Act: TypeAlias = Callable[[Hub, Json], Awaitable[Json] | Json]


def person_json(user: User) -> Json:
    """A person as the page draws them."""
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "initials": user.initials,
        "colour": f"#{user.colour}",
        "is_bot": user.is_bot,
    }


def message_json(message: Message) -> Json:
    """A message as the page draws it."""
    body: Json = {
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "edited": message.edited is not None,
        "ephemeral": message.ephemeral_to is not None,
        "reply_count": len(message.replies),
        "bot": message.bot,
    }
    return body | ({"subtype": message.subtype} if message.subtype else {})


def _conversation_json(hub: Hub, channel: Conversation, user: str) -> Json:
    newest = list(channel.messages.values())[-hub.config.page_messages :]
    own = [message for message in channel.ephemerals.values() if message.ephemeral_to == user]
    shown = sorted([*newest, *own], key=lambda message: message.ts) if own else newest
    body: Json = {
        "id": channel.id,
        "name": channel.name,
        "kind": "dm" if channel.kind == "dm" else "channel",
        "unread": hub.workspace.unread(channel, user),
        "messages": [message_json(message) for message in shown],
    }
    if channel.kind == "dm":
        other = channel.other(user)
        body |= {"with": other, "name": hub.workspace.names[other]}
    return body


def state(hub: Hub, user_id: str) -> Json:
    """Everything that one person's screen shows."""
    workspace = hub.workspace
    user = workspace.user(user_id)
    return {
        "rev": hub.rev,
        "me": person_json(user),
        "users": [person_json(person) for person in workspace.users.values()],
        "conversations": [_conversation_json(hub, c, user_id) for c in workspace.seen_by(user_id)],
        "views": [{"id": view["id"], "view": view} for view in hub.views.stacks.get(user_id, [])],
        "home": hub.views.homes.get(user_id),
        "notices": [{"id": n.id, "text": n.text} for n in workspace.notices if n.user == user_id],
        "pushes": [asdict(push) for push in workspace.pushes if push.user == user_id],
    }


def _shown(outcome: Outcome) -> Json:
    if outcome.ok:
        return {"ok": True}
    return {"ok": False, "errors": outcome.errors} if outcome.errors else {"ok": False, "error": outcome.error}


async def _press(hub: Hub, body: Json) -> Json:
    act = Press(
        user=body["user"],
        block_id=body["block_id"],
        action_id=body["action_id"],
        conversation=body.get("conversation"),
        message_ts=body.get("message_ts"),
        view_id=body.get("view_id"),
        home=bool(body.get("home")),
        value=body.get("value"),
        selected_option=body.get("selected_option"),
        state=body.get("state") or {},
    )
    return _shown(await interactivity.press(hub, act))


async def _submit(hub: Hub, body: Json) -> Json:
    return _shown(await interactivity.submit(hub, body["user"], body["view_id"], body.get("state") or {}))


async def _close(hub: Hub, body: Json) -> Json:
    clear = bool(body.get("clear"))
    return _shown(await interactivity.close(hub, body["user"], body["view_id"], clear=clear))


async def _command(hub: Hub, body: Json) -> Json:
    return _shown(await interactivity.command(hub, body["user"], body["conversation"], body["text"]))


def _open_home(hub: Hub, body: Json) -> Json:
    hub.workspace.user(body["user"])
    return _shown(interactivity.open_home(hub, body["user"], body.get("tab", "home")))


def _say(hub: Hub, body: Json) -> Json:
    thread = body.get("thread_ts")
    message = interactivity.say(hub, body["user"], body["conversation"], str(body["text"]), thread)
    return {"ok": True, "ts": message.ts}


def _read(hub: Hub, body: Json) -> Json:
    channel = interactivity.screen_conversation(hub, body["user"], body["conversation"])
    hub.workspace.mark_read(channel, body["user"])
    return {"ok": True}


def _dismiss(hub: Hub, body: Json) -> Json:
    hub.workspace.dismiss(body["user"], body["notice"])
    return {"ok": True}


ACTS: Final[dict[str, Act]] = {
    "press": _press,
    "submit": _submit,
    "close": _close,
    "command": _command,
    "open_home": _open_home,
    "say": _say,
    "read": _read,
    "dismiss": _dismiss,
}


async def handle_state(hub: Hub, request: web.Request) -> web.Response:
    """GET /sandbox/slack/state?user=U..."""
    try:
        body = {"ok": True, **state(hub, request.query.get("user", ""))}
    except SlackError as refused:
        body = _words(refused)
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def handle_act(hub: Hub, request: web.Request) -> web.Response:
    """POST /sandbox/slack/<act>."""
    if not hub.base_url:
        hub.base_url = str(request.url.origin())
    return web.json_response(await _acted(hub, request.match_info["act"], await request.read()))


async def _acted(hub: Hub, name: str, raw: bytes) -> Json:
    act = ACTS.get(name)
    if act is None:
        return {"ok": False, "error": f"There is no such act: {name}."}
    try:
        body = json.loads(raw or b"{}")
        if not isinstance(body, dict):
            return {"ok": False, "error": "The body must be a JSON object."}
        done = act(hub, body)
        return done if isinstance(done, dict) else await done
    except SlackError as refused:
        return _words(refused)
    except KeyError as missing:
        return {"ok": False, "error": f"Missing: {missing.args[0]}."}
    except ValueError:
        return {"ok": False, "error": "The body must be JSON."}


def _words(refused: SlackError) -> Json:
    return {"ok": False, "error": WORDS.get(refused.code, refused.code)}
