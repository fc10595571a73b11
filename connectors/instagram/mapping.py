"""From Instagram's events to Hark's. Pure: all it knows comes with the stored delivery.

One conversation is: below a post of ours each customer's own branch ("post|name"), everything private with one
customer ("dm|customer"), and a mention on somebody else's post ("mention|comment or post").

A mention is told of without its words, and they can be read only by id. So it first becomes a stand-in, an interaction
without words; `look_up` of the connector reads them (`recheck` where that failed), and then the mention takes the
stand-in's place in the same case. Who writes in private is told by an id only, and looked up the same way.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final, Literal

from bot.domain.models import (
    Attachment,
    Author,
    CaseKey,
    Deleted,
    Edited,
    Event,
    Interaction,
    Kind,
    Malformed,
    Named,
    Raw,
    UnknownEvent,
)
from connectors.graph_webhooks import STANDBY, Change, changes, moment, text, unknown, wrong
from connectors.instagram import wire

NETWORK: Final = "instagram"
OUR_NAME: Final = "username"
"""The header of a stored reading that says how the account is called."""

PERSON: Final = "person"  # what the connector may be asked for beside what a delivery tells
MENTION: Final = "mention"

WEB: Final = "https://www.instagram.com"
INBOX: Final = f"{WEB}/direct/inbox/"
WINDOW: Final = timedelta(hours=24)
HUMAN_WINDOW: Final = timedelta(days=7)
PRIVATE_REPLY: Final = timedelta(days=7)

_NAME: Final = re.compile(r"[A-Za-z0-9._]{1,60}")

LEFT_OUT: Final = "Instagram tells of a mention without its words; Hark reads them in a moment"
UNREADABLE: Final = "Instagram lets Hark read the words of a mention only with Facebook Login"
STORY_MENTION: Final = "the customer's story that mentions the account"
STORY_ANSWERED: Final = "the story of ours that this answers"

_KINDS: Final[Mapping[str, Literal["image", "video", "audio", "file", "link", "quote"]]] = MappingProxyType(
    {"image": "image", "sticker": "image", "video": "video", "audio": "audio", "file": "file", "story_mention": "quote",
     "ig_reel": "video", "reel": "video", "share": "link", "fallback": "link", "location": "link"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """What the account's settings decide about reading."""

    account_id: str
    human_agent: bool
    reads_mentions: bool

    @property
    def window(self) -> timedelta:
        """How long a message can be answered."""
        return HUMAN_WINDOW if self.human_agent else WINDOW


def parse(raw: Raw, rules: Rules) -> Iterator[Event]:
    """Read one stored delivery; yields Malformed for a part that cannot be read and never raises."""
    if raw.source == "webhook":
        for found in changes(raw.body):
            yield from _change(raw, rules, found) if isinstance(found, Change) else (found,)
        return
    try:
        yield from _seen(raw, rules, wire.Seen.model_validate_json(raw.body))
    except (ValueError, RecursionError) as error:
        yield Malformed(part=raw.body.decode("utf-8", "replace"), error=wrong(error))


def key_of(raw: Raw, conversation: str) -> CaseKey:
    """The key of a conversation of this account."""
    return CaseKey(network=NETWORK, account=raw.account, conversation=conversation)


def private_conversation(customer: str) -> str:
    """Everything private with one customer."""
    return f"dm|{customer}"


def version_of(text: str) -> str:
    """A short name for a wording: Instagram tells of no edits, so they are seen by the words themselves."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


# --- the webhook ------------------------------------------------------------------------------------------------


def _change(raw: Raw, rules: Rules, change: Change) -> tuple[Event, ...]:
    if change.object and change.object != NETWORK:
        return (unknown("object", change.object),)
    if change.owner not in (rules.account_id, ""):
        return (UnknownEvent(what="other_account"),)
    reader = _FIELDS.get(change.field)
    if reader is None:
        return (unknown(change.field or "no_field"),)
    try:
        return reader(raw, rules, change)
    except ValueError as error:
        return (change.malformed(wrong(error)),)


def _comments(raw: Raw, rules: Rules, change: Change) -> tuple[Event, ...]:
    comment, live = wire.Comment.model_validate(change.value), change.field == "live_comments"
    return (_comment(raw, rules, comment, comment.media, comment.timestamp or change.at or raw.received_at, live=live),)


def _mentions(raw: Raw, rules: Rules, change: Change) -> tuple[Event, ...]:
    mention = wire.Mention.model_validate(change.value)
    subject = mention.comment_id or mention.media_id
    if not subject:
        msg = "a mention must say where it is"
        raise ValueError(msg)
    at = min(change.at or raw.received_at, raw.received_at)
    conversation = f"mention|{subject}"
    interaction = Interaction(
        id=conversation,
        key=key_of(raw, conversation),
        kind=Kind.MENTION,
        author=None,
        text="",
        posted_at=at,
        ref={"kind": "stand_in", "media_id": mention.media_id, "comment_id": mention.comment_id, "at": at.isoformat()},
        attachments=(Attachment(kind="quote", description=LEFT_OUT if rules.reads_mentions else UNREADABLE),),
        private_until=at,
        answerable=rules.reads_mentions,
        look_up=f"{MENTION}:{mention.media_id}:{mention.comment_id}" if rules.reads_mentions else "",
    )
    return (interaction,)


def _messaging(raw: Raw, rules: Rules, change: Change) -> tuple[Event, ...]:
    event = wire.Messaging.model_validate(change.value)
    at = min(change.at or raw.received_at, raw.received_at)
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
    named = (name for name in change.value if name not in {"sender", "recipient", "timestamp"})
    return (unknown("messaging", next(named, "empty")),)


_FIELDS: Final[Mapping[str, Callable[[Raw, Rules, Change], tuple[Event, ...]]]] = MappingProxyType(
    {
        "comments": _comments,
        "live_comments": _comments,
        "mentions": _mentions,
        "messaging": _messaging,
        "standby": _messaging,
    }
)


# --- what Hark read itself --------------------------------------------------------------------------------------


def _seen(raw: Raw, rules: Rules, seen: wire.Seen) -> Iterator[Event]:
    """One comment or message found by a sweep, or what a second look at a known interaction found."""
    if seen.person is not None:
        yield _person(raw, seen.customer, seen.person)
    elif seen.message is not None:
        yield _read_message(raw, rules, seen.message)
    elif seen.ref is None:
        if seen.comment is not None:
            at = seen.comment.timestamp or raw.received_at
            yield _comment(raw, rules, seen.comment, seen.media, at, live=False)
    elif seen.ref.get("kind") == "stand_in":
        yield from _filled(raw, seen.ref, seen)
    else:
        yield _again(raw, seen.ref, seen)


def _person(raw: Raw, customer: str, person: wire.Profile) -> Event:
    """Who a customer is whom deliveries name by id only; a person without any name is nothing to tell."""
    if not customer or not (person.name or person.username):
        return unknown("person", "no_name" if customer else "no_id")
    who = _author(wire.Who(id=customer, username=person.username)) or Author(id=customer)
    known = who.model_copy(update={"name": person.name, "followers": person.follower_count})
    return Named(key=key_of(raw, private_conversation(customer)), author=known)


def _again(raw: Raw, ref: Mapping[str, str], seen: wire.Seen) -> Event:
    """A known comment or mention, looked at again: gone, or with the words that it has now."""
    id_, key = ref.get("id", ""), key_of(raw, ref.get("conversation", ""))
    found = _named(seen)
    if found is None:
        return Deleted(id=id_, key=key, at=raw.received_at)
    return Edited(id=id_, key=key, text=found[1], version=version_of(found[1]), at=raw.received_at)


def _filled(raw: Raw, ref: Mapping[str, str], seen: wire.Seen) -> Iterator[Event]:
    """The mention itself, then the end of its stand-in; only the latter when the mention is gone."""
    subject = ref.get("comment_id") or ref.get("media_id", "")
    key = key_of(raw, f"mention|{subject}")
    found = _named(seen)
    if found is not None:
        who, words, at, url = found
        at = min(at or moment(ref.get("at")) or raw.received_at, raw.received_at)
        again = {"kind": "mention", "media_id": ref.get("media_id", ""), "comment_id": ref.get("comment_id", "")}
        yield Interaction(
            id=subject,
            key=key,
            kind=Kind.MENTION,
            author=_author(who),
            text=words,
            posted_at=at,
            url=url,
            version=version_of(words),
            ref={**again, "id": subject, "conversation": key.conversation, "at": at.isoformat()},
            private_until=at,
        )
    yield Deleted(id=key.conversation, key=key, at=raw.received_at)


def _named(seen: wire.Seen) -> tuple[wire.Who, str, datetime | None, str] | None:
    """Who named us in which words, when and where; None when it is gone."""
    if seen.comment is not None:
        return seen.comment.author, seen.comment.text, seen.comment.timestamp, seen.comment.media.permalink
    if seen.caption is not None:
        name = seen.caption.username
        return wire.Who(id=name, username=name), seen.caption.caption, seen.caption.timestamp, seen.caption.permalink
    return None


def _read_message(raw: Raw, rules: Rules, message: wire.ReadMessage) -> Event:
    """A message of the Conversations API in the form of the webhook's, so that both are read in one way."""
    own = raw.headers.get(OUR_NAME, "")
    by_us = message.sender.id == rules.account_id or (own != "" and message.sender.username == own)
    other = next((each for each in message.to), wire.Who()) if by_us else message.sender
    at = min(message.created_time or raw.received_at, raw.received_at)
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


# --- one thing ----------------------------------------------------------------------------------------------------


def _comment(raw: Raw, rules: Rules, comment: wire.Comment, media: wire.Media, at: datetime, *, live: bool) -> Event:
    """A comment below a post of ours. Below a live video only Instagram's own app can answer."""
    if not comment.id:
        msg = "a comment must have an id"
        raise ValueError(msg)
    who, own = comment.author, raw.headers.get(OUR_NAME, "")
    at = min(at, raw.received_at)
    # By name, because a comment that is read always has it, and the author's number not for every login.
    conversation = f"{media.post or comment.parent_id or comment.id}|{who.username or who.id or comment.id}"
    ref = {"kind": "comment", "id": comment.id, "conversation": conversation, "parent": comment.parent_id}
    return Interaction(
        id=comment.id,
        key=key_of(raw, conversation),
        kind=Kind.COMMENT,
        author=_author(who),
        text=comment.text,
        posted_at=at,
        url=media.permalink,
        version=version_of(comment.text),
        ref={**ref, "author": comment.sender.id, "at": at.isoformat()},
        private_until=at + PRIVATE_REPLY,
        answerable=not live,
        hideable=not live,
        hidden=comment.hidden,
        by_us=who.id == rules.account_id or (own != "" and who.username == own),
    )


def _message(
    raw: Raw, rules: Rules, event: wire.Messaging, message: wire.Message, at: datetime, *, read_only: bool
) -> Event:
    """A direct message, a story mention or an answer to a story: all of them private."""
    if not message.mid:
        msg = "a message must have an id"
        raise ValueError(msg)
    customer = _customer(rules, event)
    key = key_of(raw, private_conversation(customer))
    if message.is_deleted:
        return Deleted(id=message.mid, key=key, at=at)
    by_us = message.is_echo or event.sender.id == rules.account_id
    mentions = any(each.type == "story_mention" for each in message.attachments)
    return Interaction(
        id=message.mid,
        key=key,
        kind=Kind.MENTION if mentions else Kind.MESSAGE,
        author=_author(wire.Who(id=customer, username=event.sender.username)),
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
        key=key_of(raw, private_conversation(customer)),
        kind=Kind.REACTION,
        author=_author(wire.Who(id=customer, username=event.sender.username)),
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


def _author(who: wire.Who) -> Author | None:
    if not who.id:
        return None
    url = f"{WEB}/{who.username}/" if _NAME.fullmatch(who.username) else ""
    return Author(id=who.id, handle=who.username, url=url)


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
