"""Direct messages to Hark's events, from both of X's forms. Pure.

The event of the Activity API names no conversation, so the other person's id is the conversation in every form.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.domain.models import Attachment, Event, Interaction, Kind, Malformed
from connectors import clean
from connectors.x import wire
from connectors.x.mapping import WEB, Context, author, from_ms, medium, messages_url, plain, polled, time_of

ENCRYPTED = "This message is encrypted: only X itself can show it."


def message_id(id_: str) -> str:
    """The interaction id of a direct message, the same from webhook and from poll."""
    return f"dm:{id_}"


def message_conversation(user: str) -> str:
    """The private conversation with one customer."""
    return f"dm:{user}"


def old_messages(payload: Mapping[str, Any], context: Context) -> Iterator[Event]:
    """The messages of a dm.received or dm.sent event, each in isolation."""
    entries = payload.get("direct_message_events")
    if not isinstance(entries, list) or not entries:
        yield Malformed(part=clean.dump(payload).decode(), error="direct_message_events: missing")
        return
    users = list(_users(payload.get("users")))
    for entry in entries:
        try:
            yield _old(clean.take(wire.OldMessage, entry), users, context)
        except ValueError as error:
            yield Malformed(part=clean.dump(entry).decode(), error=clean.wrong(error))


def _users(value: object) -> Iterator[wire.User]:
    """The profiles of an event: a map from id to a user, with or without one more `data` around it."""
    for id_, user in value.items() if isinstance(value, dict) else ():
        inner = user.get("data", user) if isinstance(user, dict) else {}
        if isinstance(inner, dict):
            yield clean.take(wire.User, {**inner, "id": id_})


def _old(entry: wire.OldMessage, users: Sequence[wire.User], context: Context) -> Event:
    create = entry.message_create
    by_us = create.sender_id == context.us
    other = create.target.recipient_id if by_us else create.sender_id
    data = create.message_data
    kind = data.attachment.get("media")
    pictures = ("photo" if not isinstance(kind, dict) else str(kind.get("type", "photo")),) if data.attachment else ()
    at = time_of(_iso(entry.created_timestamp), entry.id, context.received_at)
    return _message(entry.id, create.sender_id, other, plain(data.text, data.entities), users, context).model_copy(
        update={"posted_at": at, "attachments": _attached(pictures, messages_url(context.us, other))}
    )


def _iso(milliseconds: str) -> str:
    """Milliseconds as text, in the form of other times; empty for what is no number."""
    found = from_ms(milliseconds)
    return found.isoformat() if found is not None else ""


def polled_message(body: bytes, context: Context) -> Iterator[Event]:
    """A message from a list."""
    found = clean.read(wire.PolledMessage, body)
    message = found.message
    by_us = message.sender_id == context.us
    others = [id_ for id_ in message.participant_ids or message.dm_conversation_id.split("-") if id_ != context.us]
    other = (others[0] if others else "") if by_us else message.sender_id
    yield _message(
        message.id, message.sender_id, other, plain(message.text, message.entities), found.users, context
    ).model_copy(
        update={
            "posted_at": time_of(message.created_at, message.id, context.received_at),
            "attachments": _attached(message.attachments.media_keys, messages_url(context.us, other)),
            "answerable": _is_between_two(message.dm_conversation_id),
        }
    )


def swept(body: bytes, context: Context) -> Iterator[Event]:
    """What the webhook missed and a poll found: a message or a post."""
    value = clean.loads(body)
    yield from (polled_message if isinstance(value, dict) and "message" in value else polled)(body, context)


def _is_between_two(conversation: str) -> bool:
    """Whether a conversation has two members; a group has one number for its id, and an answer would miss it."""
    return not conversation or "-" in conversation


def _attached(media: Sequence[str], url: str) -> tuple[Attachment, ...]:
    """Media of messages can be seen on X only."""
    return tuple(Attachment(kind=medium(each), url=url) for each in media)


def _message(id_: str, sender: str, other: str, text: str, users: Sequence[wire.User], context: Context) -> Interaction:
    return Interaction(
        id=message_id(id_),
        key=context.key(message_conversation(other)),
        kind=Kind.MESSAGE,
        author=author(sender, users),
        text=text,
        posted_at=context.received_at,
        url=messages_url(context.us, other),
        private=True,
        ref={"user": other, "conversation": message_conversation(other)},
        by_us=sender == context.us,
    )


def encrypted(event: wire.Activity, context: Context) -> Event:
    """A message that cannot be read without keys: it still needs somebody to look at it on X."""
    found = clean.take(wire.Encrypted, event.payload)
    users = event.includes.users
    sender = found.sender_id or next((user.id for user in users if user.id and user.id != context.us), "")
    where = message_conversation(sender or found.conversation_id or "encrypted")
    return Interaction(
        id=f"chat:{found.id or event.event_uuid}",
        key=context.key(where),
        kind=Kind.MESSAGE,
        author=author(sender, users),
        text=ENCRYPTED,
        posted_at=time_of(_iso(found.created_at_msec), "", context.received_at),
        url=f"{WEB}/messages",
        private=True,
        answerable=False,
        by_us=bool(sender) and sender == context.us,
    )
