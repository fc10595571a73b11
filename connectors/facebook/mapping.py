"""From what Facebook delivers to Hark's events. Pure: all it knows comes with the stored delivery.

One conversation is a customer's own branch: a post, ours or theirs, and that customer. An edit that arrives before
its `add` opens the case in the new wording; the `add` that comes later is then known.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from bot.domain.models import Attachment, Deleted, Edited, Event, Hidden, Interaction, Kind, Raw
from connectors import clean
from connectors.facebook import messages, names, reading
from connectors.facebook.names import Page
from connectors.facebook.wire import FeedValue
from connectors.graph.webhooks import CHANGES, Change, changes, unknown
from connectors.graph.wire import version_of
from connectors.lenient import table
from connectors.times import happened

OBJECT: Final = "page"
POSTS: Final = frozenset({"post", "status", "photo", "video", "album", "link", "note", "event"})
ADDED: Final = frozenset({"add"})
EDITED: Final = frozenset({"edit", "edited", "update"})
REMOVED: Final = frozenset({"remove", "delete"})
HIDDEN: Final = MappingProxyType({"hide": True, "unhide": False})
UNKIND: Final = frozenset({"sad", "angry"})
"""Reactions that must not be told as a like."""


def parse(raw: Raw, page: Page) -> Iterator[Event]:
    """Read one stored delivery; yields Malformed for a part that cannot be read and never raises."""
    if raw.source != "webhook":
        yield from _read(raw, page)
        return
    for found in changes(raw.body):
        if not isinstance(found, Change):
            yield found
            continue
        try:
            yield from _found(found, raw, page)
        except ValueError as error:
            yield found.malformed(clean.wrong(error))


def _found(found: Change, raw: Raw, page: Page) -> Iterator[Event]:
    if found.object != OBJECT:
        yield unknown("object", found.object or "none")
    elif found.owner != page.id:
        yield unknown("another_page")
    elif found.door != CHANGES:
        yield from messages.parse(found, raw, page)
    else:
        yield from _change(found, raw, page)


def _change(change: Change, raw: Raw, page: Page) -> Iterator[Event]:
    value = FeedValue.read(change.value)
    at = happened(raw.received_at, value.created_time, change.at)
    if change.field == "mention":
        yield from _mention(change, value, at, page)
    elif change.field == "ratings" and value.item == "rating":
        yield from _rating(change, value, at, page)
    elif change.field != "feed":
        yield unknown(change.field, value.item)
    elif value.item == "comment":
        yield from _comment(change, value, at, page, raw.received_at)
    elif value.item in {"reaction", "like"}:
        yield _reaction(value, at, page)
    elif value.item == "share":
        yield _share(value, at, page)
    elif value.item in POSTS:
        yield from _post(change, value, at, page)
    else:
        yield unknown("feed", value.item or "no_item", value.verb)


# --- comments and posts -------------------------------------------------------------------------------------------


def _comment(change: Change, value: FeedValue, at: datetime, page: Page, raw_at: datetime) -> Iterator[Event]:
    if not value.comment_id or not value.post_id:
        yield change.malformed("a comment without its id or its post's")
        return
    who = value.who
    top = value.parent_id if value.parent_id not in {"", value.post_id} else value.comment_id
    key = page.key(names.branch(value.post_id, who.id, top))
    made = Interaction(
        id=value.comment_id,
        key=key,
        kind=Kind.COMMENT,
        author=names.author(who),
        text=value.message,
        posted_at=at,
        url=names.post_url(value.post_id, value.comment_id),
        attachments=_attachments(value),
        ref=reading.comment_ref(key, value.comment_id, top, value.message),
        private_until=at + names.PRIVATE_REPLY,
        hideable=True,
        by_us=who.id == page.id,
    )
    if value.verb in HIDDEN and not made.by_us:
        # Dated by the delivery: whether `created_time` is that of the comment here is not documented.
        yield Hidden(id=made.id, key=key, hidden=HIDDEN[value.verb], at=happened(raw_at, change.at, at))
        return
    yield from _lived(made, value, at)


def _post(change: Change, value: FeedValue, at: datetime, page: Page) -> Iterator[Event]:
    if not value.post_id:
        yield change.malformed("a post without an id")
        return
    who = value.who
    key = page.key(names.branch(value.post_id, who.id, "post"))
    made = Interaction(
        id=value.post_id,
        key=key,
        kind=Kind.POST,
        author=names.author(who),
        text=value.message,
        posted_at=at,
        url=value.post.permalink_url or names.post_url(value.post_id),
        attachments=_attachments(value),
        ref=reading.post_ref(key, value.post_id, value.message),
        private_until=at + names.PRIVATE_REPLY,
        by_us=who.id == page.id,
    )
    yield from _lived(made, value, at)


def _mention(change: Change, value: FeedValue, at: datetime, page: Page) -> Iterator[Event]:
    """A post or comment elsewhere that names the Page; mostly without a sender. No private reply is allowed."""
    what = value.comment_id or value.post_id
    if not what:
        yield change.malformed("a mention without an id")
        return
    who, post = value.who, value.post_id or value.comment_id
    key = page.key(names.branch(post, "", what))
    of_comment = reading.comment_ref(key, what, what, value.message)
    made = Interaction(
        id=what,
        key=key,
        kind=Kind.MENTION,
        author=names.author(who),
        text=value.message,
        posted_at=at,
        url=names.post_url(post, value.comment_id),
        attachments=_attachments(value),
        ref=of_comment if value.comment_id else reading.post_ref(key, what, value.message),
        private_until=at,
        by_us=who.id == page.id,
    )
    yield from _lived(made, value, at)


def _rating(change: Change, value: FeedValue, at: datetime, page: Page) -> Iterator[Event]:
    """A recommendation: best effort, because the network has withdrawn the way to read them."""
    story = value.open_graph_story_id
    if not story:
        yield change.malformed("a recommendation without an id")
        return
    verdict = {"POSITIVE": "recommends the Page", "NEGATIVE": "does not recommend the Page"}
    said = verdict.get(value.recommendation_type.upper(), "")
    who = value.who
    key = page.key(names.branch(story, who.id, "rating"))
    made = Interaction(
        id=story,
        key=key,
        kind=Kind.REVIEW,
        author=names.author(who),
        text=value.review_text or value.message,
        posted_at=at,
        url=names.post_url(story),
        rating=value.rating or None,
        attachments=(Attachment(kind="quote", description=said),) if said else (),
        ref=reading.post_ref(key, story, value.review_text or value.message),
        private_until=at,
        by_us=who.id == page.id,
    )
    yield from _lived(made, value, at)


def _lived(made: Interaction, value: FeedValue, at: datetime) -> Iterator[Event]:
    """What became of it, by the verb. Blocks and the like are counted."""
    if value.verb in REMOVED:
        yield Deleted(id=made.id, key=made.key, at=at)
    elif value.verb in ADDED:
        yield made
    elif value.verb in EDITED:
        yield made.model_copy(update={"worded_at": at})
        if not made.by_us:
            yield Edited(id=made.id, key=made.key, text=made.text, version=version_of(made.text), at=at, ref=made.ref)
    else:
        yield unknown(value.item, value.verb or "no_verb")


# --- likes and shares ---------------------------------------------------------------------------------------------


def _reaction(value: FeedValue, at: datetime, page: Page) -> Event:
    """A like or its kin: told once in the digest. What is not kind, changed or taken back is only counted."""
    kind = value.reaction_type or "like"
    if value.verb not in ADDED or kind in UNKIND:
        return unknown("reaction", value.verb or "no_verb", kind)
    target, who = value.comment_id or value.post_id, value.who
    return Interaction(
        id=f"reaction:{target or page.id}:{who.id}:{kind}:{names.seconds(at)}",
        key=page.key(names.branch(value.post_id or target or page.id, who.id, target or "page")),
        kind=Kind.REACTION,
        author=names.author(who),
        text=kind,
        posted_at=at,
        url=names.post_url(value.post_id, value.comment_id) if value.post_id else "",
        about=target or None,
        by_us=who.id == page.id,
    )


def _share(value: FeedValue, at: datetime, page: Page) -> Event:
    who, target = value.who, value.post_id or value.parent_id
    if value.verb not in ADDED or not target:
        return unknown("share", value.verb or "no_verb")
    return Interaction(
        id=f"share:{value.share_id or target}:{who.id}:{names.seconds(at)}",
        key=page.key(names.branch(target, who.id, "share")),
        kind=Kind.REPOST,
        author=names.author(who),
        text=value.message,
        posted_at=at,
        url=names.post_url(target),
        about=value.parent_id or target,
        by_us=who.id == page.id,
    )


def _attachments(value: FeedValue) -> tuple[Attachment, ...]:
    found = (("image", value.photo), ("video", value.video), ("link", value.link))
    return tuple(Attachment.model_validate({"kind": kind, "url": url}) for kind, url in found if url)


# --- what Hark read itself ----------------------------------------------------------------------------------------


def _read(raw: Raw, page: Page) -> Iterator[Event]:
    """What a sweep or a second look stored: {"what", "item", ...} around the Graph API's own object."""
    try:
        stored: Any = json.loads(raw.body)
    except (ValueError, RecursionError) as error:
        yield raw.malformed(f"not JSON ({type(error).__name__})")
        return
    found = table(stored)
    reader = {"message": messages.swept, "person": messages.person}.get(str(found.get("what")), reading.event)
    event, why = None, "not something that Hark reads"
    try:
        event = reader(found, raw, page)
    except ValueError as error:
        why = clean.wrong(error)
    yield event or raw.malformed(why)
