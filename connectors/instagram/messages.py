"""Private messages, story mentions and reactions as events, from webhooks and from a sweep. Pure.

Everything private with one customer is one conversation.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from bot.domain.models import Attachment, Deleted, Event, Interaction, Kind, Raw, UnknownEvent
from connectors.graph.values import text
from connectors.graph.webhooks import STANDBY, Change, strange, unknown
from connectors.graph.wire import OUR_NAME, version_of
from connectors.instagram import wire
from connectors.instagram.names import INBOX, PERSON, Rules, author, private_conversation
from connectors.times import happened

STORY_MENTION: Final = "the customer's story that mentions the account"
STORY_ANSWERED: Final = "the story of ours that this answers"

_KINDS: Final[Mapping[str, Literal["image", "video", "audio", "file", "link", "quote"]]] = MappingProxyType(
    {"image": "image", "sticker": "image", "video": "video", "audio": "audio", "file": "file", "story_mention": "quote",
     "ig_reel": "video", "reel": "video", "share": "link", "fallback": "link", "location": "link"}
)  # fmt: skip


def told(raw: Raw, rules: Rules, change: Change) -> tuple[Event, ...]:
    """One event of `messaging` or `standby`."""
    event = wire.Messaging.model_validate(change.value)
    at = happened(raw.received_at, change.at)
    if event.message is not None:
        return (_message(raw, rules, event, event.message, at, read_only=change.door == STANDBY),)
    if event.reaction is not None:
        return (_reaction(raw, rules, event, event.reaction, at),)
    if event.postback is not None:
        pressed = wire.Message(mid=event.postback.mid, text=event.postback.title)
        return (_message(raw, rules, event, pressed, at, read_only=change.door == STANDBY),)
    if event.message_edit is not None and event.message_edit.mid:
        new = wire.Message(mid=event.message_edit.mid, text=event.message_edit.text)
        found = _message(raw, rules, event, new, at, read_only=change.door == STANDBY)
        return (found.model_copy(update={"version": version_of(new.text), "worded_at": at}),)
    return (unknown("messaging", strange(change.value)),)


def read(raw: Raw, rules: Rules, message: wire.ReadMessage) -> Event:
    """A message of the Conversations API in the form of the webhook's, so that both are read in one way."""
    own = raw.headers.get(OUR_NAME, "")
    by_us = message.sender.id == rules.account_id or (own != "" and message.sender.username == own)
    other = next((each for each in message.to), wire.Who()) if by_us else message.sender
    at = happened(raw.received_at, message.created_time)
    as_told = wire.Message(
        mid=message.id,
        text=message.message,
        attachments=_as_attachments(message),
        reply_to=wire.ReplyTo(story=wire.Story(url=_address(message.story.reply_to))) if message.story.reply_to
        else wire.ReplyTo(),
        is_echo=by_us,
        is_unsupported=message.is_unsupported,
    )  # fmt: skip
    event = wire.Messaging(sender=other, recipient=wire.Who(id=rules.account_id))
    return _message(raw, rules, event, as_told, at, read_only=False)


def _as_attachments(message: wire.ReadMessage) -> tuple[wire.Attachment, ...]:
    def one(kind: str, url: str, title: str = "") -> wire.Attachment:
        return wire.Attachment(type=kind, payload=wire.Payload(url=url, title=title))

    found = [
        one("image", each.image_data.url)
        if each.image_data
        else one("video", each.video_data.url)
        if each.video_data
        else one("file", each.file_url, each.name)
        for each in message.attachments
    ]
    if message.story.mention:
        found.append(one("story_mention", _address(message.story.mention)))
    return tuple(found)


def _address(story: Mapping[str, Any]) -> str:
    return text(story.get("link") or story.get("url"))


def _message(
    raw: Raw, rules: Rules, event: wire.Messaging, message: wire.Message, at: datetime, *, read_only: bool
) -> Event:
    """A direct message, a story mention or an answer to a story: all of them private."""
    if not message.mid:
        msg = "a message must have an id"
        raise ValueError(msg)
    customer = _customer(rules, event)
    key = raw.key(private_conversation(customer))
    if message.is_deleted:
        return Deleted(id=message.mid, key=key, at=at)
    by_us = message.is_echo or event.sender.id == rules.account_id
    mentions = any(each.type == "story_mention" for each in message.attachments)
    return Interaction(
        id=message.mid,
        key=key,
        kind=Kind.MENTION if mentions else Kind.MESSAGE,
        author=author(wire.Who(id=customer, username=event.sender.username)),
        text=message.text,
        posted_at=at,
        url=INBOX,
        private=True,
        attachments=_attachments(message),
        ref={"kind": "message", "id": message.mid, "customer": customer, "at": at.isoformat()},
        reply_until=at + rules.window,
        answerable=not read_only,
        by_us=by_us,
        look_up="" if by_us or event.sender.username else f"{PERSON}:{customer}",
    )


def _reaction(raw: Raw, rules: Rules, event: wire.Messaging, reaction: wire.Reaction, at: datetime) -> Event:
    if reaction.action == "unreact":
        return UnknownEvent(what="reaction:unreact")
    customer = _customer(rules, event)
    return Interaction(
        id=f"{reaction.mid}|{customer}|{reaction.emoji or reaction.reaction}",
        key=raw.key(private_conversation(customer)),
        kind=Kind.REACTION,
        author=author(wire.Who(id=customer, username=event.sender.username)),
        text=reaction.emoji or reaction.reaction,
        posted_at=at,
        private=True,
        about=reaction.mid or None,
        by_us=event.sender.id == rules.account_id,
    )


def _customer(rules: Rules, event: wire.Messaging) -> str:
    """The other side of a private conversation: the sender, or whom we wrote to."""
    message = event.message
    ours = event.sender.id == rules.account_id or (message is not None and message.is_echo)
    customer = event.recipient.id if ours else event.sender.id
    if not customer:
        msg = "a message must say who wrote it"
        raise ValueError(msg)
    return customer


def _attachments(message: wire.Message) -> tuple[Attachment, ...]:
    """What came with a message, each with its type in words; their addresses work for a short time only."""
    found = [
        Attachment(
            kind=_KINDS.get(each.type, "file"),
            url=each.payload.url,
            description=STORY_MENTION if each.type == "story_mention" else each.payload.title or each.type or "file",
        )
        for each in message.attachments
    ]
    if message.reply_to.story is not None:
        found.append(Attachment(kind="quote", url=message.reply_to.story.url, description=STORY_ANSWERED))
    if message.is_unsupported:
        found.append(Attachment(kind="file", url=INBOX, description="something that Instagram shows only in its app"))
    return tuple(found)
