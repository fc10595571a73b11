"""conversations.*: opening and reading."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from itertools import chain, islice, takewhile
from typing import Final

from sandbox.slack.args import flag, number, words
from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import Hub
from sandbox.slack.limits import T3
from sandbox.slack.method import Method, joined, need_scope, visible
from sandbox.slack.model import FAMILIES, Conversation, Message, moment_of

_HISTORY: Final = tuple(f"{family}:history" for family in FAMILIES.values())


def cursor(word: str, position: str) -> str:
    """An opaque cursor."""
    return b64encode(f"{word}:{position}".encode()).decode()


def position(args: Json, word: str) -> str:
    """What a cursor says, or the empty text. Raises SlackError invalid_cursor."""
    given = args.get("cursor")
    if not given:
        return ""
    try:
        kind, _, where = b64decode(str(given), validate=True).decode().partition(":")
    except ValueError:
        raise SlackError("invalid_cursor") from None
    if kind != word:
        raise SlackError("invalid_cursor")
    return where


def open_direct(hub: Hub, args: Json) -> Json:
    """conversations.open, for one person (group conversations are not part of the sandbox)."""
    if args.get("channel"):
        return {"channel": {"id": visible(hub, args["channel"]).id}, "no_op": True, "already_open": True}
    users = words(args, "users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("too_many_users")
    user = hub.workspace.user(users[0])
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    if not hub.config.messages_tab:
        raise SlackError("messages_tab_disabled")
    return {"channel": {"id": hub.workspace.direct(hub.config.bot_user_id, user.id).id}}


def _readable(hub: Hub, args: Json) -> Conversation:
    channel = visible(hub, args["channel"])
    need_scope(hub.config.bot_scopes, f"{channel.family}:history")
    return joined(hub, channel.id)


def _inside(args: Json) -> Callable[[Message], bool]:
    """Whether a message lies between `oldest` and `latest`, bounds only with `inclusive`."""
    low, high = _moment(args, "oldest", "0"), _moment(args, "latest", "9999999999")
    inclusive = flag(args, "inclusive")

    def inside(message: Message) -> bool:
        moment = message.moment
        return low < moment < high or (inclusive and moment in (low, high))

    return inside


def _moment(args: Json, name: str, default: str) -> tuple[int, int]:
    """A bound of the time asked for. Raises SlackError invalid_ts_oldest or invalid_ts_latest."""
    try:
        return moment_of(str(args.get(name) or default))
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def history(hub: Hub, args: Json) -> Json:
    """conversations.history: newest first, without replies (but with those sent to the channel too)."""
    channel = _readable(hub, args)
    limit = number(args, "limit", 100, 999)
    before = position(args, "next_ts")
    oldest = _moment(args, "oldest", "0")
    recent = takewhile(lambda m: m.moment >= oldest, reversed(channel.messages.values()))
    top = (m for m in recent if (not m.is_reply or m.broadcast) and (not before or m.ts < before))
    return _messages(hub, args, filter(_inside(args), top), limit)


def replies(hub: Hub, args: Json) -> Json:
    """conversations.replies: the parent first, then its replies, oldest first."""
    channel = _readable(hub, args)
    known = channel.messages.get(str(args["ts"]))
    if known is None:
        raise SlackError("thread_not_found")
    parent = channel.messages[known.thread_ts or known.ts]
    limit = number(args, "limit", 1_000, 1_000)
    after = position(args, "next_ts")
    rest = [channel.messages[ts] for ts in parent.replies]
    chosen = filter(_inside(args), (m for m in rest if not after or m.ts > after))
    return _messages(hub, args, chain([parent], chosen), limit)


def _messages(hub: Hub, args: Json, messages: Iterable[Message], limit: int) -> Json:
    found = list(islice(messages, limit + 1))
    shown = found[:limit]
    with_metadata = flag(args, "include_all_metadata")
    body: Json = {
        "messages": [hub.workspace.message_json(m, with_metadata=with_metadata) for m in shown],
        "has_more": len(found) > limit,
    }
    if body["has_more"]:
        body["response_metadata"] = {"next_cursor": cursor("next_ts", shown[-1].ts)}
    return body


METHODS: Final = {
    "conversations.open": Method(open_direct, T3, ("im:write",)),
    "conversations.history": Method(history, T3, _HISTORY, ("channel",), reads=True),
    "conversations.replies": Method(replies, T3, _HISTORY, ("channel", "ts"), reads=True),
}
