"""The things of a workspace: people, conversations, messages, and what a person's phone shows."""

from dataclasses import dataclass, field
from typing import Final

from sandbox.slack.base import Json

FAMILIES: Final = {"channel": "channels", "private": "groups", "dm": "im"}


@dataclass(frozen=True, slots=True)
class User:
    """A person; `colour` is a six-digit hex value without the hash.

    `team` is the workspace of somebody who is no member of this one: of another company, in a channel that is shared
    with it, or of another workspace of the same `organisation`.
    """

    id: str
    name: str
    real_name: str
    tz: str
    tz_label: str
    tz_offset: int
    colour: str
    is_bot: bool = False
    team: str = ""
    organisation: str = ""

    @property
    def initials(self) -> str:
        """The first letters of the names, for a picture."""
        return "".join(part[0] for part in self.real_name.split()[:2]).upper()


def moment_of(ts: str) -> tuple[int, int]:
    """The seconds and microseconds of a message id. Raises ValueError."""
    seconds, _, micros = ts.partition(".")
    return int(seconds), int((micros or "0").ljust(6, "0")[:6])


@dataclass(slots=True)
class Message:
    """One message as kept. `ts` is its id in its conversation; `ephemeral_to` names its only reader, if any."""

    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    bot: bool = False
    thread_ts: str | None = None
    broadcast: bool = False
    subtype: str | None = None
    metadata: Json | None = None
    edited: Json | None = None
    ephemeral_to: str | None = None
    replies: list[str] = field(default_factory=list)
    reply_users: list[str] = field(default_factory=list)
    followers: set[str] = field(default_factory=set)

    @property
    def moment(self) -> tuple[int, int]:
        """Its id as seconds and microseconds."""
        return moment_of(self.ts)

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread and is not its parent."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(slots=True)
class Conversation:
    """A channel or a direct conversation of two; `kind` is channel, private or dm."""

    id: str
    name: str
    kind: str
    created: int
    members: set[str] = field(default_factory=set)
    archived: bool = False
    read_only: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: dict[str, Message] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)

    @property
    def channel_type(self) -> str:
        """The word that message events use."""
        return self.family.removesuffix("s")

    @property
    def family(self) -> str:
        """The word that scopes and subscriptions use."""
        return FAMILIES[self.kind]

    def other(self, user: str) -> str:
        """The other person of a direct conversation."""
        return next((member for member in sorted(self.members) if member != user), user)


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A user group such as the people on call."""

    id: str
    handle: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """A notification on a phone; `reason` is dm, mention, broadcast or thread; `at` is an ISO time."""

    id: str
    user: str
    text: str
    conversation: str
    at: str
    reason: str
    ts: str


@dataclass(frozen=True, slots=True)
class Notice:
    """An error that Slack shows to one person."""

    id: str
    user: str
    text: str
