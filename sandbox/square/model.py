"""What the square holds: people, their records, and their private talks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.square.times import parse

Json = dict[str, Any]

SCOPE_MAIN = "com.atproto.access"
SCOPE_APP = "com.atproto.appPass"
SCOPE_PRIVILEGED = "com.atproto.appPassPrivileged"


@dataclass(frozen=True, slots=True)
class Person:
    """One account. `logins` maps a password to the scope of the sessions it opens."""

    did: str
    handle: str
    name: str
    colour: str
    logins: Mapping[str, str]
    brand: bool = False
    email: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a repository, as it is now. `indexed_at` is when the square saw this version."""

    did: str
    collection: str
    rkey: str
    cid: str
    first_cid: str
    value: dict[str, Any]
    indexed_at: datetime

    @property
    def uri(self) -> str:
        """The address of the record; it stays when the record is edited."""
        return f"at://{self.did}/{self.collection}/{self.rkey}"

    @property
    def created_at(self) -> datetime:
        """When the client says the record was made; nobody checks this."""
        return parse(self.value["createdAt"]) if "createdAt" in self.value else self.indexed_at

    @property
    def sort_at(self) -> datetime:
        """The place in every list: what the client claims, but never later than when the square saw it."""
        return min(self.created_at, self.indexed_at)

    @property
    def edited(self) -> bool:
        """Whether the content differs from what was first written."""
        return self.cid != self.first_cid

    @property
    def ref(self) -> dict[str, str]:
        """Address and content hash, as other records point at this one."""
        return {"uri": self.uri, "cid": self.cid}


@dataclass(frozen=True, slots=True)
class Message:
    """One private message."""

    id: str
    rev: str
    sender: str
    sent_at: datetime
    text: str
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Convo:
    """A private talk of two people. `read_revs` holds, by DID, how far each has read."""

    id: str
    rev: str
    members: tuple[str, str]
    accepted: set[str]
    messages: list[Message] = field(default_factory=list)
    read_revs: dict[str, str] = field(default_factory=dict)

    def other(self, did: str) -> str:
        """The member who is not `did`."""
        first, second = self.members
        return second if did == first else first


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line of the log of private talks. `rev` grows with every line and serves as the cursor."""

    rev: str
    convo_id: str
    kind: str
    seen_by: tuple[str, ...]
    message_id: str | None = None


@dataclass(slots=True)
class RefreshToken:
    """A refresh token that was given out. A used one lives on for a while and then gives the same successor."""

    id: str
    did: str
    scope: str
    expires_at: datetime
    next_id: str | None = None
