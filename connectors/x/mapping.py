"""From X's JSON to Hark's events. Pure: all it knows comes with the stored delivery and our own user id.

One conversation (the key) is one customer's branch of a thread: "<conversation id>|<author>". X does not say who began
a thread, so this holds under posts of ours and of customers alike. Direct messages: one conversation per customer.
Each edit of a post is a new id at X; the first one names the interaction and the newest is its version.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from bot.domain.models import (
    Attachment,
    Author,
    CaseKey,
    Deleted,
    Edited,
    Event,
    Interaction,
    Kind,
)
from connectors import clean
from connectors.times import EARLIEST, happened, sound, spelled
from connectors.x import wire

NETWORK: Final = "x"
WEB: Final = "https://x.com"
SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
_NO_LANGUAGE: Final = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})
_MEDIA: Final[dict[str, Literal["image", "video"]]] = {
    "photo": "image",
    "3": "image",
    "video": "video",
    "animated_gif": "video",
    "7": "video",
    "13": "video",
    "16": "video",
}
"""What a medium is, by its type or by the first number of its key; what is neither counts as a picture."""


@dataclass(frozen=True, slots=True)
class Context:
    """Whose delivery it is: our account, our user id, when it came, through which stream."""

    account: str
    us: str
    received_at: datetime
    stream: str = ""

    def key(self, conversation: str) -> CaseKey:
        """The case that a conversation belongs to."""
        return CaseKey(network=NETWORK, account=self.account, conversation=conversation)


# --- times and links ------------------------------------------------------------------------------------------------


def id_time(id_: str) -> datetime | None:
    """When an id was given out: ids carry the milliseconds since X's own epoch in front of 22 bits."""
    if not (id_.isascii() and id_.isdigit() and len(id_) <= 19):
        return None
    return from_ms(str((int(id_) >> 22) + SNOWFLAKE_EPOCH_MS))


def from_ms(text: str) -> datetime | None:
    """The instant of so many milliseconds since 1970; None for what is no such number."""
    try:
        return sound(EARLIEST + timedelta(milliseconds=int(text)))
    except (ValueError, OverflowError):
        return None


def time_of(text: str, id_: str, otherwise: datetime) -> datetime:
    """A time of X in UTC; from the id when it is missing or odd, and never later than `otherwise`."""
    return happened(otherwise, spelled(text), id_time(id_))


def post_url(id_: str, handle: str = "") -> str:
    """The page of a post; X finds it by the id alone."""
    return f"{WEB}/{handle or 'i'}/status/{id_}" if id_ else ""


def profile_url(user: str, handle: str = "") -> str:
    """The page of a profile."""
    return f"{WEB}/{handle}" if handle else f"{WEB}/i/user/{user}"


def messages_url(us: str, other: str) -> str:
    """The page of the conversation with somebody."""
    low, high = sorted((us, other), key=lambda id_: (len(id_), id_))
    return f"{WEB}/messages/{low}-{high}"


def author(id_: str, users: Sequence[wire.User]) -> Author | None:
    """The author as far as the delivery tells; X may leave the profile out."""
    if not id_:
        return None
    user = next((each for each in users if each.id == id_), wire.User(id=id_))
    return Author(
        id=id_,
        handle=user.handle,
        name=user.name,
        url=profile_url(id_, user.handle),
        followers=user.public_metrics.followers_count,
    )


def words(post: wire.Post) -> str:
    """A post's words as people read them; of a long post all of them."""
    whole = post.note_tweet
    return plain(whole.text, whole.entities) if whole.text else plain(post.text, post.entities)


def plain(text: str, entities: wire.Entities) -> str:
    """Words as people read them: links where they lead, and no markup in the place of < > &."""
    for link in entities.urls:
        if link.url and link.expanded_url:
            text = text.replace(link.url, "" if link.media_key else link.expanded_url)
    return html.unescape(text).strip()


# --- posts ------------------------------------------------------------------------------------------------------------


def conversation(post: wire.Post) -> str:
    """The conversation that a post belongs to (see the module's first lines)."""
    is_reply = bool(post.in_reply_to_user_id or post.in_reply_to_tweet_id or post.refers("replied_to"))
    root = post.conversation_id if is_reply and post.conversation_id else post.first
    return f"{root}|{post.author_id}"


def _summons(post: wire.Post, us: str, hint: str) -> Kind | None:
    """How the author called on us: by answering, naming or quoting us; None if not at all."""
    if us and post.in_reply_to_user_id == us:
        return Kind.COMMENT
    if any(mention.id == us for mention in (*post.entities.mentions, *post.note_tweet.entities.mentions)):
        return Kind.MENTION
    return {"reply": Kind.COMMENT, "mention": Kind.MENTION, "quote": Kind.MENTION}.get(hint)


def post_event(
    post: wire.Post, users: Sequence[wire.User], media: Sequence[wire.Media], context: Context, hint: str = ""
) -> Event:
    """One post. It can be answered only if its author called on us: X refuses everything else."""
    reposted = post.refers("retweeted")
    if reposted or hint == "repost":
        return _repost(post, reposted, users, context)
    known = author(post.author_id, users)
    summons = _summons(post, context.us, hint)
    where = conversation(post)
    url = post_url(post.id, known.handle if known else "")
    return Interaction(
        id=post.first,
        key=context.key(where),
        kind=summons or Kind.MATCH,
        author=known,
        text=words(post),
        posted_at=time_of("", post.first, context.received_at) if _edited(post) else _posted(post, context),
        url=url,
        version=post.id if _edited(post) else "",
        worded_at=time_of("", post.id, context.received_at) if _edited(post) else None,
        language=post.lang if post.lang and post.lang not in _NO_LANGUAGE else None,
        attachments=tuple(_attachments(post, media, url)),
        ref={"post": post.id, "first": post.first, "author": post.author_id, "conversation": where},
        stream=context.stream or None if summons is None else None,
        answerable=summons is not None,
        hideable=_is_below_ours(post, context.us),
        by_us=post.author_id == context.us,
    )


def _is_below_ours(post: wire.Post, us: str) -> bool:
    """Whether it surely stands in a thread that we began: it answers the first post of the thread, and that is ours.

    X lets nobody hide anything else. Of deeper replies X does not say who began their thread.
    """
    answered = post.refers("replied_to") or post.in_reply_to_tweet_id
    return us != "" and post.in_reply_to_user_id == us and answered != "" and answered == post.conversation_id


def _edited(post: wire.Post) -> bool:
    """Whether this is not the first wording. The first one has no version, so coming late it replaces nothing."""
    return post.id != post.first


def _posted(post: wire.Post, context: Context) -> datetime:
    return time_of(post.created_at, post.id, context.received_at)


def medium(*told: str) -> Literal["image", "video"]:
    """What a medium is, by its type or its key ("7_1234567890"): the first of them that says so."""
    known = (_MEDIA.get(each) or _MEDIA.get(each.partition("_")[0]) for each in told)
    return next(filter(None, known), "image")


def _attachments(post: wire.Post, media: Sequence[wire.Media], url: str) -> Iterator[Attachment]:
    """Pictures and videos are linked through the post's own page; nothing is fetched."""
    by_key = {each.media_key: each for each in media}
    for key in post.attachments.media_keys:
        found = by_key.get(key, wire.Media())
        yield Attachment(kind=medium(found.type, key), url=url, description=found.alt_text)
    if quoted := post.refers("quoted"):
        yield Attachment(kind="quote", url=post_url(quoted))


def _repost(post: wire.Post, about: str, users: Sequence[wire.User], context: Context) -> Event:
    return Interaction(
        id=post.id,
        key=context.key(f"{about}|{post.author_id}"),
        kind=Kind.REPOST,
        author=author(post.author_id, users),
        text="",
        posted_at=_posted(post, context),
        url=post_url(about),
        about=about or None,
        answerable=False,
        by_us=post.author_id == context.us,
    )


# --- the doors --------------------------------------------------------------------------------------------------------


def polled(body: bytes, context: Context) -> Iterator[Event]:
    """A post from a list."""
    found = clean.read(wire.Polled, body)
    yield post_event(found.post, found.users, found.media, context)


def rechecked(body: bytes, context: Context) -> Iterator[Event]:
    """What a second look at a known post found."""
    found = clean.read(wire.Rechecked, body)
    key = context.key(found.ref.get("conversation", ""))
    id_, at = found.ref.get("first", ""), context.received_at
    if found.post is None:
        yield Deleted(id=id_, key=key, at=at)
        return
    # An edit is a new post: what answering or hiding takes is its id from now on.
    new = found.post.id
    yield Edited(id=id_, key=key, text=words(found.post), version=new, at=at, ref={"post": new})
