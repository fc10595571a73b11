"""chat.*."""

from typing import Final

from sandbox.slack.args import flag
from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import Hub
from sandbox.slack.limits import POSTS_PER_MINUTE, T3, T4
from sandbox.slack.messages import bot_message, change, content, delete, parent_ts, post
from sandbox.slack.method import Method, joined, visible, writable
from sandbox.slack.model import Conversation, Message

LONGEST_UPDATE: Final = 4_000


def target(hub: Hub, where: object) -> Conversation:
    """Where chat.postMessage writes: an id, a channel's name, or a person's id for a direct message.

    Raises SlackError: channel_not_found, cannot_dm_bot, messages_tab_disabled.
    """
    workspace = hub.workspace
    name = str(where).removeprefix("#")
    if name in workspace.users:
        return _direct(hub, name)
    if name not in workspace.conversations:
        name = next((c.id for c in workspace.conversations.values() if c.kind != "dm" and c.name == name), name)
    return visible(hub, name)


def _direct(hub: Hub, user: str) -> Conversation:
    if hub.workspace.users[user].is_bot:
        raise SlackError("cannot_dm_bot")
    if not hub.config.messages_tab:
        raise SlackError("messages_tab_disabled")
    return hub.workspace.direct(hub.config.bot_user_id, user)


def post_message(hub: Hub, args: Json) -> Json:
    """chat.postMessage."""
    channel = writable(hub, target(hub, args["channel"]))
    body = content(hub, args)
    thread = parent_ts(channel, args.get("thread_ts"))
    message = bot_message(hub, body, thread, broadcast=flag(args, "reply_broadcast"))
    post(hub, channel, message)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": hub.workspace.message_json(message, with_metadata=True),
    }


def _own(hub: Hub, args: Json, refusal: str) -> tuple[Conversation, Message]:
    """The bot's own message. That its channel is archived has another word here than for a new one (chat.update)."""
    channel = joined(hub, args["channel"])
    if channel.archived:
        raise SlackError("is_inactive")
    message = channel.messages.get(str(args["ts"]))
    if message is None or message.subtype == "tombstone":
        raise SlackError("message_not_found")
    if not message.bot:
        raise SlackError(refusal)
    return channel, message


def update(hub: Hub, args: Json) -> Json:
    """chat.update."""
    channel, message = _own(hub, args, "cant_update_message")
    if len(str(args.get("text") or "")) > LONGEST_UPDATE:
        raise SlackError("msg_too_long")
    body = content(hub, args)
    if body.blocks and _has_rich_text(message.blocks) and not _has_rich_text(body.blocks):
        raise SlackError("block_mismatch")
    change(hub, channel, message, body)
    shown = hub.workspace.message_json(message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def _has_rich_text(blocks: list[Json]) -> bool:
    """Slack lets rich_text be replaced by other blocks only if there is some again (chat.update, block_mismatch)."""
    return any(block["type"] == "rich_text" for block in blocks)


def remove(hub: Hub, args: Json) -> Json:
    """chat.delete."""
    channel, message = _own(hub, args, "cant_delete_message")
    delete(hub, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(hub: Hub, args: Json) -> Json:
    """chat.postEphemeral."""
    channel = writable(hub, visible(hub, args["channel"]))
    user = str(args["user"])
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    thread = parent_ts(channel, args.get("thread_ts"))
    message = bot_message(hub, content(hub, args), thread, only_to=user)
    post(hub, channel, message)
    return {"message_ts": message.ts}


METHODS: Final = {
    "chat.postMessage": Method(post_message, POSTS_PER_MINUTE, ("chat:write",), ("channel",), per_channel=True),
    "chat.update": Method(update, T3, ("chat:write",), ("channel", "ts")),
    "chat.delete": Method(remove, T3, ("chat:write",), ("channel", "ts")),
    "chat.postEphemeral": Method(post_ephemeral, T4, ("chat:write",), ("channel", "user")),
}
