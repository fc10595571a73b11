"""Answers through a response_url, and the text a slash command's acknowledgement may carry.

Rules: at most 5 uses in 30 minutes, ephemeral unless in_channel, replace_original and delete_original act on the
message the interaction came from, no message id comes back (Slack's page on handling user interaction). What is
answered stands on no page: apps in the field see what the Web API says, HTTP 200 with `ok` false for a refusal too.
"""

import json
from typing import Any

from aiohttp import web

from sandbox.slack.args import flag
from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import Hub
from sandbox.slack.messages import bot_message, change, content, delete, parent_ts, post
from sandbox.slack.model import Conversation, Message
from sandbox.slack.triggers import ResponseUrl


def new_url(hub: Hub, user: str, channel: Conversation, source: Message | None) -> str:
    """A response_url for an interaction with a message, or for a command."""
    ephemeral = source is not None and source.ephemeral_to is not None
    key = hub.grants.response_url(user, channel.id, source.ts if source else None, ephemeral=ephemeral)
    return f"{hub.base_url}/sandbox/slack/response/{key}"


async def handle(hub: Hub, request: web.Request) -> web.Response:
    """The endpoint behind response_url."""
    args: Json = {}
    error: str | None = None
    answer: Json = {"ok": True}
    try:
        grant = hub.grants.use_response(request.match_info["key"])
        args = _payload(await request.read())
        respond(hub, grant, args)
    except SlackError as refused:
        error, answer = refused.code, refused.body()
    hub.log_call("response_url", args, 200, error)
    return web.json_response(answer)


def _payload(body: bytes) -> Json:
    try:
        args = json.loads(body)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(args, dict):
        raise SlackError("invalid_payload")
    return args


def respond(hub: Hub, grant: ResponseUrl, args: Json) -> None:
    """Do what the app asked for. Raises SlackError: no_text, invalid_blocks, no_original, thread_not_found."""
    channel = hub.workspace.conversations[grant.channel]
    if flag(args, "delete_original"):
        delete(hub, channel, _original(channel, grant))
        return
    body = content(hub, args)
    if flag(args, "replace_original"):
        change(hub, channel, _original(channel, grant), body)
        return
    thread = parent_ts(channel, args.get("thread_ts"))
    public = args.get("response_type") == "in_channel"
    message = bot_message(hub, body, thread, only_to=None if public else grant.user)
    post(hub, channel, message)


def _original(channel: Conversation, grant: ResponseUrl) -> Message:
    store = channel.ephemerals if grant.ephemeral else channel.messages
    message = store.get(grant.source_ts or "")
    if message is None:
        raise SlackError("no_original")
    return message


def command_answer(hub: Hub, user: str, channel: Conversation, body: Any) -> None:
    """Show the message that a command's acknowledgement carried, if any. Raises SlackError."""
    if isinstance(body, str):
        body = {"text": body}
    if not isinstance(body, dict) or not (body.get("text") or body.get("blocks")):
        return
    only_to = None if body.get("response_type") == "in_channel" else user
    post(hub, channel, bot_message(hub, content(hub, body), None, only_to=only_to))
