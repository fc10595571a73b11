"""The state of the square and the few changes it knows. All reading of lists starts here."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.clock import Time
from sandbox.square.ids import TidClock, cid
from sandbox.square.model import Convo, LogEvent, Message, Person, Record, RefreshToken
from sandbox.square.schemas import FOLLOW, POST

Listener = Callable[[], None]


@dataclass(slots=True)
class World:
    """Everything the square knows; all of it is kept over restarts, the listeners aside.

    `rev` counts changes. `deleted` keeps removed posts for the page, which shows that there was one.
    `signing_key` signs tokens; an access token of an earlier `token_round` counts as expired. `pointers` finds
    records by what they point at: likes by post, answers by parent.
    """

    clock: Time
    people: dict[str, Person] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    deleted: dict[str, Record] = field(default_factory=dict)
    convos: dict[str, Convo] = field(default_factory=dict)
    log: list[LogEvent] = field(default_factory=list)
    seen: dict[str, datetime] = field(default_factory=dict)
    priority_only: set[str] = field(default_factory=set)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    tids: TidClock = field(default_factory=TidClock)
    rev: int = 0
    token_round: int = 0
    signing_key: str = field(default_factory=lambda: secrets.token_hex(32))
    listeners: list[Listener] = field(default_factory=list)
    pointers: dict[tuple[str, str], dict[str, Record]] = field(default_factory=dict)

    def changed(self) -> None:
        """Count a change and tell those who listen."""
        self.rev += 1
        for listener in self.listeners:
            listener()

    def tid(self) -> str:
        """A fresh key that sorts after all earlier ones."""
        return self.tids.next(self.clock.now())

    # --- people -------------------------------------------------------------------------------------------------

    def person(self, name: str) -> Person | None:
        """Find a person by DID or handle, whatever the case of the letters."""
        return self.people.get(name) or self.by_handle(name)

    def by_handle(self, handle: str) -> Person | None:
        """Find a person by handle."""
        wanted = handle.lower()
        return next((person for person in self.people.values() if person.handle == wanted), None)

    def did_of(self, handle: str) -> str | None:
        """The DID that a handle stands for."""
        person = self.by_handle(handle)
        return person.did if person else None

    # --- records ------------------------------------------------------------------------------------------------

    def find(self, did: str, collection: str, rkey: str) -> Record | None:
        """The record with this key."""
        return self.records.get(f"at://{did}/{collection}/{rkey}")

    def put(self, did: str, collection: str, rkey: str, value: dict[str, Any]) -> Record:
        """Write a record, new or in the place of the old one with the same key."""
        before = self.find(did, collection, rkey)
        content = cid(value)
        first = before.first_cid if before else content
        record = Record(did, collection, rkey, content, first, value, self.clock.now())
        self.restore(record)
        self.changed()
        return record

    def restore(self, record: Record) -> None:
        """Put a record in its place without counting a change."""
        before = self.records.get(record.uri)
        if before is not None:
            self._index(before).pop(before.uri, None)
        self.records[record.uri] = record
        self.deleted.pop(record.uri, None)
        self._index(record)[record.uri] = record

    def remove(self, uri: str) -> Record | None:
        """Remove a record; None when there was none."""
        record = self.records.pop(uri, None)
        if record is not None:
            self._index(record).pop(uri, None)
            if record.collection == POST:
                self.deleted[uri] = record
            self.changed()
        return record

    def of_kind(self, collection: str, did: str | None = None) -> Iterator[Record]:
        """All records of one kind, of one person or of all."""
        return (
            record for record in self.records.values() if record.collection == collection and did in (None, record.did)
        )

    def pointing_at(self, collection: str, target: str, did: str | None = None) -> list[Record]:
        """Likes and reposts of a post, or follows and blocks of a person: one record for each author, the first."""
        found: dict[str, Record] = {}
        for record in self.pointers.get((collection, target), {}).values():
            if did in (None, record.did):
                found.setdefault(record.did, record)
        return list(found.values())

    def _index(self, record: Record) -> dict[str, Record]:
        return self.pointers.setdefault((record.collection, target_of(record.value) or ""), {})

    def follows(self, who: str, whom: str) -> Record | None:
        """The follow of `who` for `whom`."""
        return next(iter(self.pointing_at(FOLLOW, whom, who)), None)

    # --- private talks ------------------------------------------------------------------------------------------

    def convo_between(self, did: str, other: str) -> Convo | None:
        """The talk of two people, when there is one."""
        return next((convo for convo in self.convos.values() if set(convo.members) == {did, other}), None)

    def begin_convo(self, did: str, other: str) -> Convo:
        """Start a talk; the one who starts it has accepted it, the other has when they follow the first."""
        accepted = {did} | ({other} if self.follows(other, did) else set())
        convo = Convo(id=self.tid(), rev=self.tid(), members=(did, other), accepted=accepted)
        self.convos[convo.id] = convo
        self._log(convo, "logBeginConvo", convo.members)
        self.changed()
        return convo

    def add_message(self, convo: Convo, sender: str, text: str, extras: dict[str, Any]) -> Message:
        """Put a message into a talk. Answering accepts."""
        if sender not in convo.accepted:
            convo.accepted.add(sender)
            self._log(convo, "logAcceptConvo", (sender,))
        message = Message(self.tid(), self.tid(), sender, self.clock.now(), text, extras)
        convo.messages.append(message)
        convo.read_revs[sender] = message.rev
        self._log(convo, "logCreateMessage", convo.members, message)
        self.changed()
        return message

    def _log(self, convo: Convo, kind: str, seen_by: Iterable[str], message: Message | None = None) -> LogEvent:
        rev = message.rev if message else self.tid()
        convo.rev = rev
        event = LogEvent(rev, convo.id, kind, tuple(seen_by), message.id if message else None)
        self.log.append(event)
        return event


def subject_of(value: dict[str, Any]) -> str | None:
    """What a like, repost, follow or block points at: an address or a DID."""
    subject = value.get("subject")
    return subject.get("uri") if isinstance(subject, dict) else subject


def parent_of(value: dict[str, Any]) -> str | None:
    """The address of the post that a post answers."""
    return value["reply"]["parent"]["uri"] if "reply" in value else None


def target_of(value: dict[str, Any]) -> str | None:
    """What a record points at: its subject, or the post it answers."""
    return subject_of(value) or parent_of(value)
