"""What a Web API method is, and the rights that most of them check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import Hub
from sandbox.slack.limits import SPECIAL_PER_MINUTE
from sandbox.slack.model import Conversation

Run: TypeAlias = Callable[[Hub, Json], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its code, whose token it wants, scopes of which one is enough, and its rate.

    What `reads` takes its arguments from the query or from a form: JSON is for what writes (Slack's page on its Web
    API).
    """

    run: Run
    per_minute: float = SPECIAL_PER_MINUTE
    scopes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    caller: Literal["bot", "app"] = "bot"
    per_channel: bool = False
    reads: bool = False


def need_scope(held: Sequence[str], *scopes: str) -> None:
    """Refuse when none of the scopes is held. Raises SlackError missing_scope with needed and provided."""
    if scopes and not any(scope in held for scope in scopes):
        raise SlackError("missing_scope", needed=scopes[0], provided=",".join(held))


def visible(hub: Hub, channel_id: object) -> Conversation:
    """A conversation that the bot may know of, by id. Raises SlackError channel_not_found."""
    channel = hub.workspace.conversations.get(channel_id) if isinstance(channel_id, str) else None
    if channel is None or (channel.kind != "channel" and hub.config.bot_user_id not in channel.members):
        raise SlackError("channel_not_found")
    return channel


def joined(hub: Hub, channel_id: object) -> Conversation:
    """A conversation that the bot is in. Raises SlackError: channel_not_found, not_in_channel."""
    channel = visible(hub, channel_id)
    if hub.config.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def writable(hub: Hub, channel: Conversation) -> Conversation:
    """Refuse a place where the bot may not write. Raises SlackError: is_archived, not_in_channel, restricted_action."""
    if channel.archived:
        raise SlackError("is_archived")
    if hub.config.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    if channel.read_only:
        raise SlackError("restricted_action_read_only_channel")
    return channel
