"""Posts and comments that Hark read over the Graph API, in a sweep or for a second look, as events. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from bot.domain.models import Attachment, CaseKey, Deleted, Edited, Event, Interaction, Kind, Raw
from connectors.facebook import names
from connectors.facebook.names import Page
from connectors.facebook.wire import ReadAttachment, ReadComment, ReadPost
from connectors.graph.values import identifier, text
from connectors.graph.wire import version_of
from connectors.lenient import table
from connectors.times import happened

COMMENT_FIELDS: Final = (
    "id,from,message,created_time,permalink_url,parent{id},attachment,"
    "can_reply_privately,can_comment,can_hide,is_hidden"
)
POST_FIELDS: Final = (
    "id,from,message,story,created_time,updated_time,permalink_url,attachments{media_type,type,title,description,url}"
)
_KINDS: Final = (
    ("video", "video"),
    ("photo", "image"),
    ("image", "image"),
    ("sticker", "image"),
    ("animated", "image"),
)


def comment_ref(key: CaseKey, comment: str, top: str, message: str) -> dict[str, str]:
    """What answering a comment takes: `thread` is the comment under which all replies of its thread stand."""
    return _ref(key, message) | {"id": comment, "thread": top, "what": "comment"}


def post_ref(key: CaseKey, post: str, message: str) -> dict[str, str]:
    """What answering a post takes."""
    return _ref(key, message) | {"id": post, "thread": post, "what": "post"}


def _ref(key: CaseKey, message: str) -> dict[str, str]:
    """What a second look takes: the conversation and the wording as it is known."""
    return {"conversation": key.conversation, "words": version_of(message)}


def event(stored: Mapping[str, Any], raw: Raw, page: Page) -> Event | None:
    """One stored object; None for what has no form that Hark knows."""
    item = table(stored.get("item"))
    match stored.get("what"):
        case "comment":
            return _comment(ReadComment.read(item), identifier(stored.get("post")), raw, page)
        case "post" | "tagged" as what:
            return _post(ReadPost.read(item), raw, page, mention=what == "tagged")
        case "recheck":
            return _rechecked(table(stored.get("ref")), stored.get("item"), raw, page)
    return None


def _comment(item: ReadComment, post: str, raw: Raw, page: Page) -> Event | None:
    if not item.id or not post:
        return None
    at, who = happened(raw.received_at, item.created_time), item.sender
    top = item.parent.id or item.id
    key = page.key(names.branch(post, who.id, top))
    return Interaction(
        id=item.id,
        key=key,
        kind=Kind.COMMENT,
        author=names.author(who),
        text=item.message,
        posted_at=at,
        url=item.permalink_url or names.post_url(post, item.id),
        attachments=(_attachment(item.attachment),) if item.attachment else (),
        ref=comment_ref(key, item.id, top, item.message),
        private_until=at if item.can_reply_privately is False else at + names.PRIVATE_REPLY,
        answerable=item.can_comment is not False,
        hideable=item.can_hide is not False,
        hidden=item.is_hidden is True,
        by_us=who.id == page.id,
    )


def _post(item: ReadPost, raw: Raw, page: Page, *, mention: bool) -> Event | None:
    if not item.id:
        return None
    at, who = happened(raw.received_at, item.created_time), item.sender
    key = page.key(names.branch(item.id, "" if mention else who.id, item.id if mention else "post"))
    return Interaction(
        id=item.id,
        key=key,
        kind=Kind.MENTION if mention else Kind.POST,
        author=names.author(who),
        text=item.message or item.story,
        posted_at=at,
        url=item.permalink_url or names.post_url(item.id),
        attachments=tuple(_attachment(one) for one in item.attachments),
        ref=post_ref(key, item.id, item.message),
        private_until=at if mention else at + names.PRIVATE_REPLY,
        by_us=who.id == page.id,
    )


def _rechecked(ref: Mapping[str, Any], item: object, raw: Raw, page: Page) -> Event | None:
    """What a second look at a known post or comment showed: `item` is null when it is gone."""
    id_, conversation = identifier(ref.get("id")), text(ref.get("conversation"))
    if not id_ or not conversation:
        return None
    key = page.key(conversation)
    if item is None:
        return Deleted(id=id_, key=key, at=raw.received_at)
    message = text(table(item).get("message"))
    now = _ref(key, message)
    return Edited(id=id_, key=key, text=message, version=version_of(message), at=raw.received_at, ref=now)


def _attachment(one: ReadAttachment) -> Attachment:
    kind = next((kind for word, kind in _KINDS if word in one.type), "link")
    description = one.title or one.description
    return Attachment.model_validate({"kind": kind, "url": one.url, "description": description})
