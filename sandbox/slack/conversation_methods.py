"""conversations.*: opening, reading, listing, joining."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from itertools import chain, islice, takewhile
from typing import Final

from sandbox.slack.args import flag, number, words
from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import Hub
from sandbox.slack.limits import TIER_PER_MINUTE
from sandbox.slack.method import Method, joined, need_scope, visible
from sandbox.slack.model import Conversation, Message, moment_of

_FAMILY: Final = {"channel": "channels", "private": "groups", "dm": "im"}
_LIST_TYPES: Final = {"public_channel": "channel", "private_channel": "private", "im": "dm"}
_READ: Final = tuple(f"{family}:read" for family in _FAMILY.values())
_HISTORY: Final = tuple(f"{family}:history" for family in _FAMILY.values())


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


def page(items: list[Json], args: Json, word: str, default: int = 100) -> tuple[list[Json], Json]:
    """One page of a list and its response_metadata."""
    start = position(args, word) or "0"
    if not start.isdigit():
        raise SlackError("invalid_cursor")
    end = int(start) + number(args, "limit", default, 1_000)
    following = cursor(word, str(end)) if end < len(items) else ""
    return items[int(start) : end], {"next_cursor": following}


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
    need_scope(hub, f"{_FAMILY[channel.kind]}:history")
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


def channel_json(hub: Hub, channel: Conversation) -> Json:
    """A conversation object."""
    base: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": channel.kind == "dm",
        "context_team_id": hub.config.team_id,
        "is_org_shared": False,
    }
    bot = hub.config.bot_user_id
    if channel.kind == "dm":
        return base | {"user": channel.other(bot), "is_user_deleted": False, "is_open": True}
    private = channel.kind == "private"
    return base | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not private,
        "is_group": private,
        "is_private": private,
        "is_mpim": False,
        "is_general": False,
        "is_member": bot in channel.members,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def info(hub: Hub, args: Json) -> Json:
    """conversations.info."""
    channel = visible(hub, args["channel"])
    need_scope(hub, f"{_FAMILY[channel.kind]}:read")
    return {"channel": channel_json(hub, channel)}


def listing(hub: Hub, args: Json) -> Json:
    """conversations.list."""
    wanted = words(args, "types") or ["public_channel"]
    known = [kind for kind in wanted if kind in {*_LIST_TYPES, "mpim"}]
    if len(known) != len(wanted):
        raise SlackError("invalid_types")
    kinds = {_LIST_TYPES[kind] for kind in known if kind != "mpim"}
    for kind in kinds:
        need_scope(hub, f"{_FAMILY[kind]}:read")
    skip_archived = flag(args, "exclude_archived")
    bot = hub.config.bot_user_id
    found = [
        channel_json(hub, channel)
        for channel in hub.workspace.conversations.values()
        if channel.kind in kinds
        and not (skip_archived and channel.archived)
        and (channel.kind == "channel" or bot in channel.members)
    ]
    shown, metadata = page(found, args, "list")
    return {"channels": shown, "response_metadata": metadata}


def members(hub: Hub, args: Json) -> Json:
    """conversations.members."""
    channel = visible(hub, args["channel"])
    need_scope(hub, f"{_FAMILY[channel.kind]}:read")
    shown, metadata = page([{"id": user} for user in sorted(channel.members)], args, "members")
    return {"members": [entry["id"] for entry in shown], "response_metadata": metadata}


def join(hub: Hub, args: Json) -> Json:
    """conversations.join, for public channels."""
    channel = visible(hub, args["channel"])
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    already = hub.config.bot_user_id in channel.members
    channel.members.add(hub.config.bot_user_id)
    hub.workspace.changed()
    body: Json = {"channel": channel_json(hub, channel)}
    return body | ({"warning": "already_in_channel"} if already else {})


_T2, _T3, _T4 = TIER_PER_MINUTE[2], TIER_PER_MINUTE[3], TIER_PER_MINUTE[4]
METHODS: Final = {
    "conversations.open": Method(open_direct, _T3, ("im:write",)),
    "conversations.history": Method(history, _T3, _HISTORY, ("channel",), reads=True),
    "conversations.replies": Method(replies, _T3, _HISTORY, ("channel", "ts"), reads=True),
    "conversations.info": Method(info, _T3, _READ, ("channel",), reads=True),
    "conversations.list": Method(listing, _T2, _READ, reads=True),
    "conversations.members": Method(members, _T4, _READ, ("channel",), reads=True),
    "conversations.join": Method(join, _T3, ("channels:join",), ("channel",)),
}
