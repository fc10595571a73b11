"""From the network's JSON to Hark's events. Pure: all it knows comes with the stored delivery.

One conversation (the key) is a customer's thread: the address of its first post. Under a post of ours each customer
has a branch: that address and the customer's DID. Direct messages: one conversation per customer.
The same post gives the same interaction whichever door it came through: a search that finds a mention yields the
mention.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.domain.models import (
    Attachment,
    Author,
    CaseKey,
    Deleted,
    Edited,
    Event,
    Interaction,
    Kind,
    Raw,
    UnknownEvent,
)
from connectors import clean
from connectors.bluesky import wire
from connectors.bluesky.names import NETWORK, post_url, profile_url, split_uri
from connectors.times import happened, spelled

DID_HEADER: Final = "did"
"""Raw header: our own DID at the time of reading, so that parsing needs no session."""

BEFORE_START_HEADER: Final = "before-start"
"""Raw header of what was there before Hark's first start: remembered, never carded."""

_QUIET_REASONS: Final = {
    "like": Kind.REACTION,
    "like-via-repost": Kind.REACTION,
    "repost": Kind.REPOST,
    "repost-via-repost": Kind.REPOST,
    "follow": Kind.FOLLOW,
}


@dataclass(frozen=True, slots=True)
class Context:
    """Whose delivery it is: our account, our DID, where links lead, when it came, through which stream."""

    account: str
    did: str
    web_url: str
    received_at: datetime
    stream: str = ""

    def key(self, conversation: str) -> CaseKey:
        """The case that a conversation belongs to."""
        return CaseKey(network=NETWORK, account=self.account, conversation=conversation)


def parse(raw: Raw, web_url: str) -> Iterator[Event]:
    """Read one stored delivery; yields Malformed for what cannot be read and never raises."""
    if BEFORE_START_HEADER in raw.headers:
        yield UnknownEvent(what="before_start")
        return
    door, _, stream = raw.source.partition(":")
    reader = _READERS.get(door)
    if reader is None:
        yield UnknownEvent(what="unknown_door")
        return
    context = Context(raw.account, raw.headers.get(DID_HEADER, ""), web_url, raw.received_at, stream)
    try:
        event = reader(raw.body, context)
    except ValueError as error:  # pydantic's ValidationError is one
        event = raw.malformed(clean.wrong(error))
    yield event


def _author(profile: wire.Profile, context: Context) -> Author:
    return Author(
        id=profile.did,
        handle=profile.handle,
        name=profile.display_name,
        url=profile_url(context.web_url, profile.did, profile.handle),
    )


def conversation(post: wire.PostLike, our_did: str) -> str:
    """The conversation that a post belongs to (see the module's first lines)."""
    reply = post.record.reply
    root = reply.root.uri if reply and reply.root and reply.root.uri else post.uri
    return _branch(root, post.author.did, our_did)


def _branch(root: str, customer: str, our_did: str) -> str:
    return f"{root}|{customer}" if split_uri(root).did == our_did else root


def _quoted(embed: wire.Embed | None) -> str:
    """The address of the quoted record; record-with-media nests it once more."""
    record = embed.record if embed else None
    if record is not None and isinstance(record.get("record"), dict):
        record = record["record"]
    uri = record.get("uri") if record else None
    return uri if isinstance(uri, str) else ""


def _attachments(embed: wire.Embed | None, url: str, web_url: str) -> Iterator[Attachment]:
    """Pictures and videos are linked through the post's own page; nothing is fetched from file servers."""
    if embed is None:
        return
    for image in embed.images:
        yield Attachment(kind="image", url=url, description=image.alt)
    if embed.type.startswith("app.bsky.embed.video"):
        yield Attachment(kind="video", url=url, description=embed.alt)
    if embed.external is not None:
        link = embed.external.uri if embed.external.uri.startswith(("https://", "http://")) else ""
        yield Attachment(kind="link", url=link, description=embed.external.title)
    if quoted := _quoted(embed):
        yield Attachment(kind="quote", url=post_url(web_url, quoted))
    if embed.media is not None and embed.media.media is None:
        yield from _attachments(embed.media, url, web_url)


def _concern(post: wire.PostLike, our_did: str) -> Kind | None:
    """How a post concerns us: a reply to us, a mention, a quote; None if it does not name us."""
    reply = post.record.reply
    around = (reply.parent, reply.root) if reply else ()
    if our_did and any(ref is not None and split_uri(ref.uri).did == our_did for ref in around):
        return Kind.COMMENT
    named = {feature.did for facet in post.record.facets for feature in facet.features}
    if our_did in named or (our_did and split_uri(_quoted(post.record.embed)).did == our_did):
        return Kind.MENTION
    return None


def _post(post: wire.PostLike, kind: Kind, context: Context) -> Interaction:
    where = conversation(post, context.did)
    root = post.record.reply.root if post.record.reply else None
    url = post_url(context.web_url, post.uri, post.author.handle)
    return Interaction(
        id=post.uri,
        key=context.key(where),
        kind=kind,
        author=_author(post.author, context),
        text=post.record.text,
        posted_at=happened(context.received_at, spelled(post.indexed_at)),
        url=url,
        version=post.cid,
        language=post.record.langs[0] if post.record.langs else None,
        attachments=tuple(_attachments(post.record.embed, url, context.web_url)),
        ref={
            "uri": post.uri,
            "cid": post.cid,
            "root_uri": root.uri if root and root.uri else post.uri,
            "root_cid": root.cid if root and root.uri else post.cid,
            "did": post.author.did,
            "conversation": where,
        },
        stream=context.stream if kind is Kind.MATCH else None,
        by_us=post.author.did == context.did,
    )


def _quiet(note: wire.Notification, kind: Kind, context: Context) -> Interaction:
    """A like, repost or follow; it belongs to the conversation of the post it points at."""
    subject = note.record.subject
    about = (subject.uri if subject else "") or note.reason_subject
    customer = note.author.did
    where = _branch(about, customer, context.did) if about else f"profile:{customer}"
    return Interaction(
        id=note.uri,
        key=context.key(where),
        kind=kind,
        author=_author(note.author, context),
        text="",
        posted_at=happened(context.received_at, spelled(note.indexed_at)),
        url=post_url(context.web_url, about) or profile_url(context.web_url, customer, note.author.handle),
        version=note.cid,
        ref={"did": customer, "conversation": where},
        about=about or None,
        by_us=customer == context.did,
    )


def _notification(body: bytes, context: Context) -> Event:
    note = clean.read(wire.Notification, body)
    if note.reason in _QUIET_REASONS:
        return _quiet(note, _QUIET_REASONS[note.reason], context)
    if note.record.type != wire.POST and split_uri(note.uri).collection != wire.POST:
        return UnknownEvent(what=f"reason:{note.reason[:40]}")
    if note.reason == "subscribed-post":
        return UnknownEvent(what="reason:subscribed-post")
    kind = _concern(note, context.did) or (Kind.COMMENT if note.reason == "reply" else Kind.MENTION)
    return _post(note, kind, context)


def _search(body: bytes, context: Context) -> Event:
    post = clean.read(wire.PostView, body)
    return _post(post, _concern(post, context.did) or Kind.MATCH, context)


def _recheck(body: bytes, context: Context) -> Event:
    found = clean.read(wire.Recheck, body)
    key = context.key(found.ref.get("conversation", ""))
    uri = found.ref.get("uri", "")
    if found.post is None:
        return Deleted(id=uri, key=key, at=context.received_at)
    # An answer names the wording of the post by its cid, and so that of the thread's root, if it is the root.
    names = ("cid", "root_cid") if found.ref.get("root_uri") == uri else ("cid",)
    new, at = dict.fromkeys(names, found.post.cid), context.received_at
    return Edited(id=uri, key=key, text=found.post.record.text, version=found.post.cid, at=at, ref=new)


# --- direct messages ----------------------------------------------------------------------------------------------


def _chat(body: bytes, context: Context) -> Event:
    log = clean.read(wire.ChatLog, body)
    reader = _CHAT_READERS.get(log.what)
    if reader is None or log.message is None:
        return UnknownEvent(what=f"chat:{log.what[:40]}")
    return reader(log, log.message, context)


def _chat_author(did: str, log: wire.ChatLog, context: Context) -> Author:
    known = (profile for profile in log.related_profiles if profile.did == did)
    return _author(next(known, wire.Profile(did=did)), context)


def chat_id(convo: str, message: str) -> str:
    """The interaction id of a direct message."""
    return f"chat:{convo}/{message}"


def chat_conversation(did: str) -> str:
    """The private conversation with one customer, whichever conversation id the network gives it."""
    return f"chat:{did}"


def _chat_ref(did: str, convo: str) -> dict[str, str]:
    return {"did": did, "convo": convo, "conversation": chat_conversation(did)}


def _chat_message(log: wire.ChatLog, message: wire.Message, context: Context) -> Event:
    did = message.sender.did
    return Interaction(
        id=chat_id(log.convo_id, message.id),
        key=context.key(chat_conversation(did)),
        kind=Kind.MESSAGE,
        author=_chat_author(did, log, context),
        text=message.text,
        posted_at=happened(context.received_at, spelled(message.sent_at)),
        url=f"{context.web_url}/messages/{log.convo_id}",
        version=log.rev,
        private=True,
        attachments=tuple(_attachments(message.embed, "", context.web_url)),
        ref=_chat_ref(did, log.convo_id),
        by_us=did == context.did,
    )


def _chat_deleted(log: wire.ChatLog, message: wire.Message, context: Context) -> Event:
    key = context.key(chat_conversation(message.sender.did))
    return Deleted(id=chat_id(log.convo_id, message.id), key=key, at=context.received_at)


def _chat_reaction(log: wire.ChatLog, message: wire.Message, context: Context) -> Event:
    reaction = log.reaction
    if reaction is None:
        return UnknownEvent(what="chat:reaction_without_content")
    did = reaction.sender.did
    about = chat_id(log.convo_id, message.id)
    return Interaction(
        id=f"{about}/{did}/{reaction.value}",
        key=context.key(chat_conversation(did)),
        kind=Kind.REACTION,
        author=_chat_author(did, log, context),
        text=reaction.value,
        posted_at=happened(context.received_at, spelled(reaction.created_at)),
        version=log.rev,
        private=True,
        ref=_chat_ref(did, log.convo_id),
        about=about,
        by_us=did == context.did,
    )


_CHAT_READERS: Final[Mapping[str, Callable[[wire.ChatLog, wire.Message, Context], Event]]] = {
    "logCreateMessage": _chat_message,
    "logDeleteMessage": _chat_deleted,
    "logAddReaction": _chat_reaction,
}

_READERS: Final[Mapping[str, Callable[[bytes, Context], Event]]] = {
    "notifications": _notification,
    "activity": _notification,
    "sweep": _notification,
    "search": _search,
    "recheck": _recheck,
    "chat": _chat,
}
