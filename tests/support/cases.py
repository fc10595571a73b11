"""Cases and their parts for tests: each builder makes a sound one and takes the fields that the test is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.case import (
    Case,
    Claim,
    Cycle,
    Item,
    LogEntry,
    Mark,
    MarkName,
    Person,
    Post,
    PostKind,
    Purpose,
    Send,
    Wait,
)
from bot.domain.models import Author, CaseKey, Interaction, Kind, Raw

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday, in business hours."""

ANA = Person(id="U0ANA00001", name="Ana", signature="^AK")
BEN = Person(id="U0BEN00001", name="Ben", signature="^BT")
CARLA = Author(id="did:plc:carla", handle="carla.example", name="Carla", followers=120)


def a_key(conversation: str = "post-1", *, network: str = "square", account: str = "hark.example") -> CaseKey:
    """The key of a conversation."""
    return CaseKey(network=network, account=account, conversation=conversation)


def an_interaction(text: str = "My parcel is late. Where is it?", **changes: Any) -> Interaction:
    """A customer's public mention at noon."""
    fields: dict[str, Any] = {
        "id": "post-1",
        "key": a_key(),
        "kind": Kind.MENTION,
        "author": CARLA,
        "text": text,
        "posted_at": NOON,
        "url": "https://square.example/post-1",
        "ref": {"uri": "at://carla/post-1"},
    }
    return Interaction(**(fields | changes))


def an_item(text: str = "My parcel is late. Where is it?", **changes: Any) -> Item:
    """The same as a case keeps it."""
    fields: dict[str, Any] = {
        "seq": 1,
        "id": "post-1",
        "kind": Kind.MENTION,
        "author": CARLA,
        "text": text,
        "posted_at": NOON,
        "seen_at": NOON,
    }
    return Item(**(fields | changes))


def a_wait(since: datetime = NOON, **changes: Any) -> Wait:
    """A customer who waits since noon, with the default targets and all five steps to come."""
    fields: dict[str, Any] = {
        "since": since,
        "ack_due": since + timedelta(minutes=60),
        "answer_due": since + timedelta(minutes=120),
        "marks": (
            Mark(name=MarkName.ACK_WARNING, at=since + timedelta(minutes=45)),
            Mark(name=MarkName.ACK_BREACH, at=since + timedelta(minutes=60)),
            Mark(name=MarkName.ANSWER_WARNING, at=since + timedelta(minutes=90)),
            Mark(name=MarkName.ANSWER_BREACH, at=since + timedelta(minutes=120)),
            Mark(name=MarkName.ESCALATION, at=since + timedelta(minutes=150)),
        ),
    }
    return Wait(**(fields | changes))


def a_claim(by: Person = ANA, at: datetime = NOON, **changes: Any) -> Claim:
    """A claim of 30 minutes, asked about after 25."""
    fields: dict[str, Any] = {
        "by": by,
        "at": at,
        "ask_at": at + timedelta(minutes=25),
        "until": at + timedelta(minutes=30),
    }
    return Claim(**(fields | changes))


def a_send(**changes: Any) -> Send:
    """A queued public reply of Ana's, due at noon."""
    fields: dict[str, Any] = {
        "id": "send-1",
        "purpose": Purpose.REPLY,
        "private": False,
        "text": "On its way, sorry! ^AK",
        "by": ANA,
        "to": "post-1",
        "created_at": NOON,
        "due_at": NOON,
    }
    return Send(**(fields | changes))


def a_card(**changes: Any) -> Post:
    """The wish for a card in the channel."""
    fields: dict[str, Any] = {"id": "card", "kind": PostKind.CARD, "channel": "C0CARE0001"}
    return Post(**(fields | changes))


def a_case(**changes: Any) -> Case:
    """An open case, never stored, of one customer who waits since noon."""
    fields: dict[str, Any] = {
        "key": a_key(),
        "author": CARLA,
        "items": (an_item(),),
        "cycle": Cycle(n=1, posted_at=NOON, seen_at=NOON),
        "wait": a_wait(),
    }
    return Case(**(fields | changes))


def a_log_entry(what: str = "opened", **changes: Any) -> LogEntry:
    """One line of the audit log, at noon."""
    fields: dict[str, Any] = {"at": NOON, "what": what}
    return LogEntry(**(fields | changes))


def a_raw(body: bytes = b"{}", **changes: Any) -> Raw:
    """One delivery of a webhook."""
    fields: dict[str, Any] = {
        "network": "square",
        "account": "hark.example",
        "source": "webhook",
        "body": body,
        "received_at": NOON,
    }
    return Raw(**(fields | changes))
