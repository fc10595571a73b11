"""Events API payloads: what the app hears of, given its subscriptions, scopes and memberships."""

from sandbox.clock import Time
from sandbox.slack.base import Json
from sandbox.slack.config import SandboxConfig
from sandbox.slack.delivery import Transport
from sandbox.slack.model import Conversation, Message
from sandbox.slack.text import mentions
from sandbox.slack.workspace import Workspace


class Events:
    """Builds events and hands them to the transport."""

    def __init__(self, config: SandboxConfig, time: Time, workspace: Workspace, transport: Transport) -> None:
        """Keep the parts."""
        self._config = config
        self._time = time
        self._workspace = workspace
        self._transport = transport

    def posted(self, channel: Conversation, message: Message) -> None:
        """A new message: `message`, and `app_mention` beside it when the bot is called in a channel."""
        hears = self._hears(channel)
        mentioned = self._mentioned(channel, message)
        if not (hears or mentioned):
            return
        event = self._workspace.message_json(message) | {
            "channel": channel.id,
            "channel_type": channel.channel_type,
            "event_ts": message.ts,
        }
        if not message.bot:
            event["client_msg_id"] = f"00000000-0000-4000-8000-{message.ts.replace('.', '')[-12:]}"
        if message.is_reply and message.thread_ts is not None:
            event["parent_user_id"] = channel.messages[message.thread_ts].user
        if hears:
            self._send(event)
        if mentioned:
            mention = {key: value for key, value in event.items() if key != "channel_type"}
            self._send(mention | {"type": "app_mention"})

    def changed(self, channel: Conversation, message: Message, previous: Json) -> None:
        """A message was edited, by the bot or by a person."""
        if self._hears(channel):
            body = {"message": self._workspace.message_json(message), "previous_message": previous}
            self._send_hidden(channel, "message_changed", body)

    def deleted(self, channel: Conversation, previous: Json) -> None:
        """A message was deleted."""
        if self._hears(channel):
            body = {"deleted_ts": previous["ts"], "previous_message": previous}
            self._send_hidden(channel, "message_deleted", body)

    def home_opened(self, user: str, channel: str, tab: str, view: Json | None) -> None:
        """A person opened the app's Home or Messages tab; `view` only when one was published before."""
        if "app_home_opened" not in self._config.bot_events:
            return
        event: Json = {"type": "app_home_opened", "user": user, "channel": channel, "tab": tab}
        if view is not None:
            event["view"] = view
        self._send(event | {"event_ts": self._workspace.next_ts(self._time.now())})

    def _send_hidden(self, channel: Conversation, subtype: str, body: Json) -> None:
        ts = self._workspace.next_ts(self._time.now())
        event = {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": channel.id,
            "channel_type": channel.channel_type,
            "ts": ts,
            "event_ts": ts,
        }
        self._send(event | body)

    def _hears(self, channel: Conversation) -> bool:
        config = self._config
        return (
            f"message.{channel.family}" in config.bot_events
            and f"{channel.family}:history" in config.bot_scopes
            and config.bot_user_id in channel.members
        )

    def _mentioned(self, channel: Conversation, message: Message) -> bool:
        config = self._config
        return (
            "app_mention" in config.bot_events
            and "app_mentions:read" in config.bot_scopes
            and channel.kind != "dm"
            and not message.bot
            and config.bot_user_id in channel.members
            and config.bot_user_id in mentions(message.text, message.blocks).users
        )

    def _send(self, event: Json) -> None:
        config = self._config
        self._transport.event(
            {
                "token": config.verification_token,
                "team_id": config.team_id,
                "api_app_id": config.app_id,
                "event": event,
                "type": "event_callback",
                "event_id": self._workspace.new_id("Ev01SBX"),
                "event_time": int(self._time.now().timestamp()),
                "authorizations": [
                    {
                        "enterprise_id": None,
                        "team_id": config.team_id,
                        "user_id": config.bot_user_id,
                        "is_bot": True,
                        "is_enterprise_install": False,
                    }
                ],
                "is_ext_shared_channel": False,
                "event_context": f"4-{self._workspace.new_id('sbx')}",
            }
        )
