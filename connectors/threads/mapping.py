"""From the events of Threads to Hark's. Pure: all it knows comes with the stored delivery.

One conversation is what one customer writes in one thread ("thread|name"), be it a thread of their own, of ours or of
somebody else: whose it is only the webhook tells, and a sweep must come to the same. Threads tells the name of an
author and no number, so the name is the author's id.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import quote

from bot.domain.models import Attachment, Author, Deleted, Edited, Event, Interaction, Kind, Raw
from connectors import clean
from connectors.graph.webhooks import Change, changes, unknown
from connectors.graph.wire import OUR_NAME, version_of
from connectors.threads import wire
from connectors.times import happened

NETWORK: Final = "threads"
WEB: Final = "https://www.threads.com"
REPLIES: Final = "replies"
MENTIONS: Final = "mentions"
OTHERS: Final = frozenset({"page", "instagram", "whatsapp_business_account", "user", "permissions", "application"})
"""Deliveries of Meta's other products. Those of Threads name a topic, and not all topics are documented."""

_KINDS: Final[Mapping[str, Literal["image", "video", "audio"]]] = MappingProxyType(
    {"IMAGE": "image", "VIDEO": "video", "AUDIO": "audio"}
)


def parse(raw: Raw, user_id: str) -> Iterator[Event]:
    """Read one stored delivery; yields Malformed for a part that cannot be read and never raises."""
    if raw.source == "webhook":
        for found in changes(raw.body):
            yield _change(raw, user_id, found) if isinstance(found, Change) else found
        return
    try:
        yield _seen(raw, user_id, wire.Seen.stored(raw.body))
    except (ValueError, RecursionError) as error:
        yield raw.malformed(clean.wrong(error))


def conversation(post: wire.Post) -> str:
    """The conversation that a post belongs to (see the module's first lines)."""
    root = post.root_post.id or post.id
    return f"{root}|{post.username}" if post.username else root


def _change(raw: Raw, user_id: str, change: Change) -> Event:
    if change.object in OTHERS:
        return unknown("object", change.object)
    if change.owner not in {user_id, ""}:
        return unknown("other_account")
    reader = _FIELDS.get(change.field)
    if reader is None:
        return unknown(change.field or "no_field")
    try:
        return reader(raw, user_id, change)
    except ValueError as error:
        return change.malformed(clean.wrong(error))


def _post(raw: Raw, user_id: str, change: Change) -> Event:
    post = wire.Post.model_validate(change.value)
    return _interaction(raw, user_id, post, change.field, change.at)


def _deleted(raw: Raw, user_id: str, change: Change) -> Event:
    """A post that was deleted: one of the profile's own, says Meta's page. Without its thread it cannot be found."""
    del user_id
    post = wire.Post.model_validate(change.value)
    if not post.id or not (post.root_post.id or post.username):
        return unknown("delete", "without_thread")
    at = happened(raw.received_at, change.at)
    return Deleted(id=post.id, key=raw.key(conversation(post)), at=at)


_FIELDS: Final[Mapping[str, Callable[[Raw, str, Change], Event]]] = MappingProxyType(
    {REPLIES: _post, MENTIONS: _post, "delete": _deleted}
)


def _seen(raw: Raw, user_id: str, seen: wire.Seen) -> Event:
    """A reply or mention found by a sweep, or what a second look at a known one found."""
    if seen.ref is None:
        return _interaction(raw, user_id, seen.post or wire.Post(), seen.field, None)
    key = raw.key(seen.ref.get("conversation", ""))
    id_ = seen.ref.get("id", "")
    if seen.post is None:
        return Deleted(id=id_, key=key, at=raw.received_at)
    version = version_of(seen.post.text)
    return Edited(id=id_, key=key, text=seen.post.text, version=version, at=raw.received_at)


def _interaction(raw: Raw, user_id: str, post: wire.Post, field: str, at: datetime | None) -> Event:
    if not post.id:
        msg = "a post must have an id"
        raise ValueError(msg)
    key, our_name = raw.key(conversation(post)), raw.headers.get(OUR_NAME, "")
    return Interaction(
        id=post.id,
        key=key,
        kind=Kind.MENTION if field == MENTIONS and not _is_below_us(post, user_id, our_name) else Kind.COMMENT,
        author=_author(post.username),
        text=post.text,
        posted_at=happened(raw.received_at, post.timestamp, at).astimezone(UTC),
        url=post.permalink,
        version=version_of(post.text),
        attachments=_attachments(post),
        ref={"id": post.id, "conversation": key.conversation},
        hideable=_is_first_below_ours(raw, field, user_id, post),
        by_us=_by_us(post, user_id, our_name),
    )


def _is_first_below_ours(raw: Raw, field: str, user_id: str, post: wire.Post) -> bool:
    """Whether it answers the first post of a thread of ours: deeper replies can only be hidden with those above them.

    A reading names no owner, but the replies that are read are those below posts of ours.
    """
    read_below_ours = field == REPLIES and raw.source != "webhook"
    is_ours = post.root_post.owner_id == user_id if post.root_post.owner_id else read_below_ours
    return is_ours and post.root_post.id != "" and post.replied_to.id == post.root_post.id


def _is_below_us(post: wire.Post, user_id: str, our_name: str) -> bool:
    """Whether it stands in a thread of ours: a mention there is a reply as well, and is told of as both."""
    return post.root_post.owner_id == user_id or (our_name != "" and post.root_post.username == our_name)


def _by_us(post: wire.Post, user_id: str, our_name: str) -> bool:
    """Whether we wrote it. Our name is known from a reading, and from the webhook where the thread is our own."""
    if post.root_post.owner_id == user_id:
        our_name = our_name or post.root_post.username
    return post.is_reply_owned_by_me or post.owner.id == user_id or (post.username != "" and post.username == our_name)


def _author(name: str) -> Author | None:
    return Author(id=name, handle=name, url=f"{WEB}/@{quote(name, safe='.')}") if name else None


def _attachments(post: wire.Post) -> tuple[Attachment, ...]:
    slides = post.children or (
        wire.Slide(media_type=post.media_type, media_url=post.media_url, alt_text=post.alt_text),
    )
    found = [
        Attachment(kind=_KINDS[each.media_type], url=each.media_url, description=each.alt_text)
        for each in slides
        if each.media_type in _KINDS
    ]
    if post.link:
        found.append(Attachment(kind="link", url=post.link))
    if post.is_quote_post:
        found.append(Attachment(kind="quote", url=post.permalink, description="another post"))
    return tuple(found)
