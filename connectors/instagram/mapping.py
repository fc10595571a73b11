"""From Instagram's events to Hark's. Pure: all it knows comes with the stored delivery.

One conversation is: below a post of ours each customer's own branch ("post|name"), everything private with one
customer ("dm|customer"), and a mention on somebody else's post ("mention|comment or post").

A mention is told of without its words, and they can be read only by id. So it first becomes a stand-in, an interaction
without words; `look_up` of the connector reads them (`recheck` where that failed), and then the mention takes the
stand-in's place in the same case. Who writes in private is told by an id only, and looked up the same way.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bot.domain.models import (
    Attachment,
    Author,
    Deleted,
    Edited,
    Event,
    Interaction,
    Kind,
    Named,
    Raw,
    UnknownEvent,
)
from connectors import clean
from connectors.graph.values import moment
from connectors.graph.webhooks import Change, changes, unknown
from connectors.graph.wire import OUR_NAME, version_of
from connectors.instagram import messages, wire
from connectors.instagram.names import (
    MENTION,
    NETWORK,
    PRIVATE_REPLY,
    Rules,
    author,
    private_conversation,
)
from connectors.times import happened

LEFT_OUT: Final = "Instagram tells of a mention without its words; Hark reads them in a moment"
UNREADABLE: Final = "Instagram lets Hark read the words of a mention only with Facebook Login"


def parse(raw: Raw, rules: Rules) -> Iterator[Event]:
    """Read one stored delivery; yields Malformed for a part that cannot be read and never raises."""
    if raw.source == "webhook":
        for found in changes(raw.body):
            yield from _change(raw, rules, found) if isinstance(found, Change) else (found,)
        return
    try:
        yield from _seen(raw, rules, wire.Seen.stored(raw.body))
    except (ValueError, RecursionError) as error:
        yield raw.malformed(clean.wrong(error))


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
        return (change.malformed(clean.wrong(error)),)


def _comments(raw: Raw, rules: Rules, change: Change) -> tuple[Event, ...]:
    comment, live = wire.Comment.model_validate(change.value), change.field == "live_comments"
    return (_comment(raw, rules, comment, comment.media, change.at, live=live),)


def _mentions(raw: Raw, rules: Rules, change: Change) -> tuple[Event, ...]:
    mention = wire.Mention.model_validate(change.value)
    subject = mention.comment_id or mention.media_id
    if not subject:
        msg = "a mention must say where it is"
        raise ValueError(msg)
    at = happened(raw.received_at, change.at)
    conversation = f"mention|{subject}"
    interaction = Interaction(
        id=conversation,
        key=raw.key(conversation),
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


_FIELDS: Final[Mapping[str, Callable[[Raw, Rules, Change], tuple[Event, ...]]]] = MappingProxyType(
    {
        "comments": _comments,
        "live_comments": _comments,
        "mentions": _mentions,
        "messaging": messages.told,
        "standby": messages.told,
    }
)


# --- what Hark read itself --------------------------------------------------------------------------------------


def _seen(raw: Raw, rules: Rules, seen: wire.Seen) -> Iterator[Event]:
    """One comment or message found by a sweep, or what a second look at a known interaction found."""
    if seen.person is not None:
        yield _person(raw, seen.customer, seen.person)
    elif seen.message is not None:
        yield messages.read(raw, rules, seen.message)
    elif seen.ref is None:
        if seen.comment is not None:
            yield _comment(raw, rules, seen.comment, seen.media, None, live=False)
    elif seen.ref.get("kind") == "stand_in":
        yield from _filled(raw, seen.ref, seen)
    else:
        yield _again(raw, seen.ref, seen)


def _person(raw: Raw, customer: str, person: wire.Profile) -> Event:
    """Who a customer is whom deliveries name by id only; a person without any name is nothing to tell."""
    if not customer or not (person.name or person.username):
        return unknown("person", "no_name" if customer else "no_id")
    who = author(wire.Who(id=customer, username=person.username)) or Author(id=customer)
    known = who.model_copy(update={"name": person.name, "followers": person.follower_count})
    return Named(key=raw.key(private_conversation(customer)), author=known)


def _again(raw: Raw, ref: Mapping[str, str], seen: wire.Seen) -> Event:
    """A known comment or mention, looked at again: gone, or with the words that it has now."""
    id_, key = ref.get("id", ""), raw.key(ref.get("conversation", ""))
    found = _named(seen)
    if found is None:
        return Deleted(id=id_, key=key, at=raw.received_at)
    return Edited(id=id_, key=key, text=found[1], version=version_of(found[1]), at=raw.received_at)


def _filled(raw: Raw, ref: Mapping[str, str], seen: wire.Seen) -> Iterator[Event]:
    """The mention itself, then the end of its stand-in; only the latter when the mention is gone."""
    subject = ref.get("comment_id") or ref.get("media_id", "")
    key = raw.key(f"mention|{subject}")
    found = _named(seen)
    if found is not None:
        who, words, at, url = found
        at = happened(raw.received_at, at, moment(ref.get("at")))
        again = {"kind": "mention", "media_id": ref.get("media_id", ""), "comment_id": ref.get("comment_id", "")}
        yield Interaction(
            id=subject,
            key=key,
            kind=Kind.MENTION,
            author=author(who),
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


# --- comments ---------------------------------------------------------------------------------------------------


def _comment(
    raw: Raw, rules: Rules, comment: wire.Comment, media: wire.Media, told_at: datetime | None, *, live: bool
) -> Event:
    """A comment below a post of ours. Below a live video only Instagram's own app can answer."""
    if not comment.id:
        msg = "a comment must have an id"
        raise ValueError(msg)
    who, own = comment.author, raw.headers.get(OUR_NAME, "")
    at = happened(raw.received_at, comment.timestamp, told_at)
    # By name, because a comment that is read always has it, and the author's number not for every login.
    conversation = f"{media.post or comment.parent_id or comment.id}|{who.username or who.id or comment.id}"
    ref = {"kind": "comment", "id": comment.id, "conversation": conversation, "parent": comment.parent_id}
    return Interaction(
        id=comment.id,
        key=raw.key(conversation),
        kind=Kind.COMMENT,
        author=author(who),
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
