"""The state of the one workspace: who and what there is, message storage, and ids in Slack's shapes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from sandbox.slack.base import Json, SlackError
from sandbox.slack.config import SandboxConfig
from sandbox.slack.model import Conversation, Message, Notice, Push, User, UserGroup

ANA: Final = "U01ANA4K7QX"
BEN: Final = "U01BEN2M9TR"
CHLOE: Final = "U01CHLOE5WZ"
CARE: Final = "C01CARE8N3V"
CARE_ARCHIVE: Final = "C01CAREARCH"
RANDOM: Final = "C01RANDOM4J"
ON_CALL: Final = "S01ONCALL7B"
FOUNDED: Final = 1_700_000_000


class Workspace:
    """All state of the team. It decides nothing about rights; the Web API does."""

    def __init__(self, config: SandboxConfig, on_change: Callable[[], None]) -> None:
        """Seed the team Acme; `on_change` is called after each change that a screen could show."""
        self.config = config
        self.changed = on_change
        self.users: dict[str, User] = {user.id: user for user in _people(config)}
        self.names: dict[str, str] = {user.id: user.real_name for user in self.users.values()}
        self.conversations: dict[str, Conversation] = {}
        self.groups = {ON_CALL: UserGroup(ON_CALL, "on-call", (BEN,))}
        self.pushes: deque[Push] = deque(maxlen=config.log_size)
        self.notices: list[Notice] = []
        self._direct: dict[frozenset[str], str] = {}
        self.serial = 0
        self.last_micros = 0
        staff = {ANA, BEN, CHLOE}
        self.add_channel(CARE, "care", staff | {config.bot_user_id})
        self.add_channel(CARE_ARCHIVE, "care-archive", staff | {config.bot_user_id}, archived=True)
        self.add_channel(RANDOM, "random", staff)

    def add_channel(
        self, channel_id: str, name: str, members: set[str], *, archived: bool = False, private: bool = False
    ) -> Conversation:
        """Make a channel with these members."""
        kind = "private" if private else "channel"
        channel = Conversation(channel_id, name, kind, FOUNDED, members=set(members), archived=archived)
        self.conversations[channel_id] = channel
        return channel

    def direct(self, one: str, other: str) -> Conversation:
        """The direct conversation of two people, made when it is missing."""
        pair = frozenset((one, other))
        known = self._direct.get(pair)
        if known is None:
            known = self._direct[pair] = self.new_id("D01SBX")
            self.conversations[known] = Conversation(known, "directmessage", "dm", FOUNDED, members=set(pair))
            self.changed()
        return self.conversations[known]

    def restore(self, conversations: Iterable[Conversation]) -> None:
        """Put conversations in the place of those with the same id, without counting a change."""
        for channel in conversations:
            self.conversations[channel.id] = channel
            if channel.kind == "dm":
                self._direct[frozenset(channel.members)] = channel.id

    def new_id(self, prefix: str) -> str:
        """A fresh id: the prefix and five characters."""
        self.serial += 1
        return f"{prefix}{self.serial:05X}"

    def next_ts(self, now: datetime) -> str:
        """A message id: `seconds.micros`, strictly increasing over the whole workspace."""
        micros = max(int(now.timestamp() * 1_000_000), self.last_micros + 1)
        self.last_micros = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def user(self, user_id: str) -> User:
        """A person by id. Raises SlackError user_not_found."""
        found = self.users.get(user_id)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def store(self, channel: Conversation, message: Message) -> None:
        """Keep a new message and count it in its thread."""
        if message.ephemeral_to is not None:
            channel.ephemerals[message.ts] = message
            self.changed()
            return
        channel.messages[message.ts] = message
        channel.read[message.user] = message.ts
        message.followers.add(message.user)
        if message.is_reply and message.thread_ts is not None:
            parent = channel.messages[message.thread_ts]
            parent.thread_ts = parent.ts
            parent.replies.append(message.ts)
            if message.user not in parent.reply_users:
                parent.reply_users.append(message.user)
            parent.followers.add(message.user)
        self.changed()

    def remove(self, channel: Conversation, message: Message) -> None:
        """Delete a message; a parent with replies stays as Slack's tombstone."""
        if message.replies:
            message.subtype, message.text = "tombstone", "This message was deleted."
            message.user, message.bot = "USLACKBOT", False
            message.blocks, message.attachments, message.metadata, message.edited = [], [], None, None
        else:
            del channel.messages[message.ts]
        if message.is_reply and message.thread_ts in channel.messages:
            self._forget_reply(channel, channel.messages[message.thread_ts], message)
        self.changed()

    @staticmethod
    def _forget_reply(channel: Conversation, parent: Message, reply: Message) -> None:
        parent.replies.remove(reply.ts)
        parent.reply_users = list(dict.fromkeys(channel.messages[ts].user for ts in parent.replies))
        if not parent.replies:
            parent.thread_ts = None
            if parent.subtype == "tombstone":
                del channel.messages[parent.ts]

    def push(self, user: str, text: str, channel: Conversation, message: Message, reason: str) -> None:
        """Record what a person's phone shows."""
        at = datetime.fromtimestamp(float(message.ts), tz=UTC).isoformat()
        self.pushes.append(Push(self.new_id("P"), user, text, channel.id, at, reason, message.ts))

    def notice(self, user: str, text: str) -> None:
        """Show an error to one person."""
        self.notices.append(Notice(self.new_id("N"), user, text))
        self.changed()

    def dismiss(self, user: str, notice_id: str) -> None:
        """Take an error off a person's screen."""
        self.notices = [n for n in self.notices if not (n.user == user and n.id == notice_id)]
        self.changed()

    def mark_read(self, channel: Conversation, user: str) -> None:
        """Everything in the conversation has been seen by this person."""
        if channel.messages:
            channel.read[user] = next(reversed(channel.messages))
            self.changed()

    def unread(self, channel: Conversation, user: str) -> int:
        """How many messages of others are newer than this person's last look."""
        seen = channel.read.get(user, "")
        number = 0
        for message in reversed(channel.messages.values()):
            if message.ts <= seen:
                break
            number += message.user != user
        return number

    def seen_by(self, user: str) -> Iterator[Conversation]:
        """The conversations on a person's screen."""
        for channel in self.conversations.values():
            if user in channel.members and not channel.archived:
                yield channel

    def message_json(self, message: Message, *, with_metadata: bool = False) -> Json:
        """A message as the Web API and events give it."""
        body: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
        if message.bot:
            body |= {
                "bot_id": self.config.bot_id,
                "app_id": self.config.app_id,
                "bot_profile": self.bot_profile(),
            }
        body["team"] = self.config.team_id
        optional = {
            "subtype": message.subtype,
            "blocks": message.blocks,
            "attachments": message.attachments,
            "thread_ts": message.thread_ts,
            "edited": message.edited,
            "metadata": message.metadata if with_metadata else None,
        }
        body |= {name: value for name, value in optional.items() if value}
        if message.replies:
            body |= {
                "reply_count": len(message.replies),
                "reply_users_count": len(message.reply_users),
                "reply_users": list(message.reply_users),
                "latest_reply": message.replies[-1],
                "is_locked": False,
                "subscribed": False,
            }
        return body

    def bot_profile(self) -> Json:
        """The bot_profile object of the bot's messages."""
        return {
            "id": self.config.bot_id,
            "app_id": self.config.app_id,
            "name": self.names[self.config.bot_user_id],
            "deleted": False,
            "updated": FOUNDED,
            "team_id": self.config.team_id,
        }


def _people(config: SandboxConfig) -> tuple[User, ...]:
    return (
        User(ANA, "ana", "Ana Kovač", "Europe/Zagreb", "Central European Time", 3600, "9b3b6a"),
        User(BEN, "ben", "Ben Okafor", "Africa/Lagos", "West Africa Time", 3600, "2b7a4b"),
        User(CHLOE, "chloe", "Chloe Martin", "America/New_York", "Eastern Standard Time", -18000, "b5651d"),
        User(config.bot_user_id, "hark", "Hark", "Etc/UTC", "UTC", 0, "1f3a5f", is_bot=True),
    )
