"""Private messages on Messenger as events, from webhooks and from a sweep. Pure.

All messages with one person are one conversation. Deliveries and reads are nothing that anybody has to see.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from bot.domain.models import Attachment, Author, Deleted, Edited, Event, Interaction, Kind, Named, Raw
from connectors.facebook import names
from connectors.facebook.names import Page
from connectors.facebook.wire import (
    Attached,
    MessageBody,
    MessageEdit,
    MessageReaction,
    Messaging,
    Person,
    Postback,
    ReadFile,
    ReadMessage,
)
from connectors.graph.values import identifier, text
from connectors.graph.webhooks import MESSAGING, Change, strange, unknown
from connectors.graph.wire import version_of
from connectors.lenient import table
from connectors.times import happened

EVENTS: Final = ("message", "message_edit", "reaction", "postback", "read", "delivery")
SILENT: Final = frozenset({"read", "delivery"})
UNKIND: Final = frozenset({"sad", "angry", "dislike"})
KINDS: Final[Mapping[str, str]] = {
    "image": "image", "sticker": "image", "video": "video", "reel": "video", "ig_reel": "video", "audio": "audio",
    "file": "file",
}  # fmt: skip
PLAIN: Final = frozenset({"image", "video", "audio", "file"})
NOT_PASSED_ON: Final = Attachment(kind="file", description="something that the network shows only in its own inbox")


def parse(change: Change, raw: Raw, page: Page) -> Iterator[Event]:
    """One event of `messaging` or `standby`."""
    value, about = change.value, Messaging.read(change.value)
    at = happened(raw.received_at, about.timestamp, change.at)
    what = next((name for name in EVENTS if name in value), "") or strange(value)
    if what in SILENT:
        return
    ours = about.sender.id == page.id
    person = about.recipient if ours else about.sender
    if not person.id:
        yield change.malformed("a message without a sender")
        return
    told = table(value.get(what))
    talk = _Talk(person, at, page, by_us=ours, ours_to_answer=change.door == MESSAGING)
    match what:
        case "message":
            yield from _message(change, MessageBody.read(told), talk)
        case "message_edit":
            yield from _edit(change, MessageEdit.read(told), talk)
        case "reaction":
            yield _reaction(MessageReaction.read(told), talk)
        case "postback":
            pressed = Postback.read(told)
            id_ = pressed.mid or f"postback:{person.id}:{names.seconds(at)}"
            yield talk.said(id_, pressed.title, ())
        case _:
            yield unknown(change.door, what)


class _Talk:
    """Who speaks with whom, and when: what every event of one private conversation shares."""

    def __init__(self, person: Person, at: datetime, page: Page, *, by_us: bool, ours_to_answer: bool = True) -> None:
        self.person, self.at, self.page = person, at, page
        self.by_us, self.ours_to_answer = by_us, ours_to_answer
        self.key = page.key(names.private(person.id))

    def said(self, id_: str, words: str, attachments: tuple[Attachment, ...]) -> Interaction:
        """Something that was written. What another app answers (standby) is shown but not answered here."""
        return Interaction(
            id=id_,
            key=self.key,
            kind=Kind.MESSAGE,
            author=names.author(self.person),
            text=words,
            posted_at=self.at,
            url=names.inbox_url(self.page.id),
            private=True,
            attachments=attachments,
            ref={"psid": self.person.id, "at": names.seconds(self.at), "what": "message"},
            reply_until=self.at + self.page.window,
            answerable=self.ours_to_answer,
            by_us=self.by_us,
            look_up="" if self.person.name or self.by_us else f"person:{self.person.id}",
        )


def _message(change: Change, body: MessageBody, talk: _Talk) -> Iterator[Event]:
    if not body.mid:
        yield change.malformed("a message without an id")
    elif body.is_deleted:
        yield Deleted(id=body.mid, key=talk.key, at=talk.at)
    else:
        found = tuple(_attachment(one) for one in body.attachments)
        if body.is_unsupported and not found:
            found = (NOT_PASSED_ON,)
        made = talk.said(body.mid, body.text, found)
        yield made.model_copy(update={"by_us": made.by_us or body.is_echo})


def _edit(change: Change, edit: MessageEdit, talk: _Talk) -> Iterator[Event]:
    """The new wording; first as a message, for the edit may come before what it edits."""
    if not edit.mid:
        yield change.malformed("an edit without an id")
        return
    yield talk.said(edit.mid, edit.text, ()).model_copy(update={"worded_at": talk.at})
    if not talk.by_us:
        yield Edited(id=edit.mid, key=talk.key, text=edit.text, version=version_of(edit.text), at=talk.at)


def _reaction(reaction: MessageReaction, talk: _Talk) -> Event:
    if reaction.action != "react" or not reaction.mid or reaction.reaction in UNKIND:
        return unknown("message_reaction", reaction.action or "no_action", reaction.reaction)
    return Interaction(
        id=f"reaction:{reaction.mid}:{talk.person.id}:{names.seconds(talk.at)}",
        key=talk.key,
        kind=Kind.REACTION,
        author=names.author(talk.person),
        text=reaction.reaction,
        posted_at=talk.at,
        private=True,
        about=reaction.mid,
        by_us=talk.by_us,
    )


def _attachment(one: Attached) -> Attachment:
    """Listed with its kind and link. Links are signed and end soon; nothing is fetched."""
    words = one.payload.title or one.title or ("" if one.type in PLAIN else one.type)
    url = one.payload.url or one.url or one.other_url
    return Attachment.model_validate({"kind": KINDS.get(one.type, "link"), "url": url, "description": words[:300]})


# --- a sweep ------------------------------------------------------------------------------------------------------


def person(stored: Mapping[str, Any], _raw: Raw, page: Page) -> Event | None:
    """Who somebody is whom deliveries name by id only; a person without a name is nothing to tell."""
    id_, item = identifier(stored.get("person")), table(stored.get("item"))
    parts = (text(item.get("first_name")), text(item.get("last_name")))
    name = text(item.get("name")) or " ".join(filter(None, parts))
    if not id_:
        return None
    if not name:
        return unknown("person", "no_name")
    return Named(key=page.key(names.private(id_)), author=Author(id=id_, name=name))


def swept(stored: Mapping[str, Any], raw: Raw, page: Page) -> Event | None:
    """A message that Hark read over the Graph API; `customer` is the one in the conversation who is not the Page."""
    item, person = ReadMessage.read(stored.get("item")), Person.read(stored.get("customer"))
    if not item.id or not person.id:
        return None
    at = happened(raw.received_at, item.created_time)
    found = tuple(_file(one) for one in item.attachments)
    if item.sticker:
        found = (*found, Attachment(kind="image", url=item.sticker, description="sticker"))
    talk = _Talk(person, at, page, by_us=item.sender.id == page.id)
    return talk.said(identifier(item.id), item.message, found)


def _file(one: ReadFile) -> Attachment:
    kind = one.mime_type.partition("/")[0]
    url = one.image_data.url or one.video_data.url or one.file_url
    return Attachment.model_validate(
        {"kind": kind if kind in {"image", "video", "audio"} else "file", "url": url, "description": one.name[:300]}
    )
