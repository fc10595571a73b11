"""From a sender's events to Hark's. Pure: all it knows comes with the stored delivery.

One conversation is what the sender says it is (`conversation`). Where it says nothing: everything private with one
customer; below a post of the company each customer's own branch; else what the event answers (`in_reply_to`), or the
event itself.
"""

from collections.abc import Iterator
from typing import Final

from bot.domain.models import (
    QUIET_KINDS,
    Attachment,
    Author,
    Deleted,
    Edited,
    Event,
    Interaction,
    Kind,
    Raw,
)
from connectors.times import happened, sound
from connectors.webhook import events, wire
from connectors.webhook.events import Envelope
from connectors.webhook.wire import Action

NETWORK: Final = "webhook"


def parse(raw: Raw) -> Iterator[Event]:
    """Read one stored delivery; yields Malformed for a part that cannot be read and never raises."""
    for found in events.read(raw.headers, raw.body):
        yield _event(found, raw) if isinstance(found, Envelope) else found


def conversation(envelope: Envelope) -> str:
    """The conversation that an event belongs to (see the module's first lines)."""
    data = envelope.data
    who = data.author.id if data.author else ""
    if data.conversation:
        return data.conversation
    if is_private(envelope) and who:
        return f"private|{who}"
    if data.post:
        return f"{data.post}|{who}" if who else data.post
    return envelope.about or envelope.id


def is_private(envelope: Envelope) -> bool:
    """Whether only the company and the customer can see it."""
    given = envelope.data.private
    return envelope.kind is Kind.MESSAGE if given is None else given


def _event(envelope: Envelope, raw: Raw) -> Event:
    data = envelope.data
    key = raw.key(conversation(envelope))
    at = happened(raw.received_at, sound(envelope.at))
    if envelope.action is Action.DELETED:
        return Deleted(id=envelope.id, key=key, at=at)
    is_edit, version = envelope.action is Action.EDITED, data.version or ""
    if is_edit:
        version = version or envelope.event_id
        if envelope.kind in QUIET_KINDS:
            return Edited(id=envelope.id, key=key, text=data.text or "", version=version, at=at)
    return Interaction(
        id=envelope.id,
        key=key,
        kind=envelope.kind,
        author=_author(data.author),
        text=data.text or "",
        posted_at=at,
        url=data.url or "",
        version=version,
        worded_at=at if is_edit else None,
        private=is_private(envelope),
        language=data.language,
        rating=data.rating,
        attachments=tuple(_attachment(each) for each in data.attachments or ()),
        ref=_ref(envelope, key.conversation),
        about=envelope.about if envelope.kind in QUIET_KINDS else None,
        stream=data.stream,
        reply_until=sound(data.reply_until),
        answerable=bool(data.reply_url),
        by_us=bool(data.by_us),
    )


def _ref(envelope: Envelope, conversation_: str) -> dict[str, str]:
    """What answering takes: the sender's own id, the conversation, and where the answer goes (left out if nowhere)."""
    ref = {"id": envelope.own_id, "conversation": conversation_}
    return ref | {"reply_url": envelope.data.reply_url} if envelope.data.reply_url else ref


def _author(author: wire.Author | None) -> Author | None:
    if author is None:
        return None
    return Author(
        id=author.id,
        handle=(author.handle or "").removeprefix("@"),
        name=author.name or "",
        url=author.url or "",
        followers=author.followers,
    )


def _attachment(attachment: wire.Attachment) -> Attachment:
    return Attachment(kind=attachment.kind, url=attachment.url or "", description=attachment.description or "")
