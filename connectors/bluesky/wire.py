"""The JSON of the AT Protocol, as far as Hark reads it. Lenient: what is unknown is ignored, most may be missing.

Shapes follow the lexicons app.bsky.notification.listNotifications, app.bsky.feed.defs, app.bsky.embed.*,
com.atproto.repo.* and chat.bsky.convo.*.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connectors.lenient import Dicts, MaybeObject, Object, Objects, Text

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"


class Wire(BaseModel):
    """Base of all wire models: frozen, camelCase outside, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


def _strings(value: object) -> list[Any]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


Strings = Annotated[tuple[str, ...], BeforeValidator(_strings)]


BROKEN_HANDLE = "handle.invalid"
"""Stands for every handle that does not lead to its account (any more): it is nobody's name."""


def _handle(value: object) -> str:
    return value if isinstance(value, str) and value != BROKEN_HANDLE else ""


Handle = Annotated[str, BeforeValidator(_handle)]


class StrongRef(Wire):
    """A record in one exact version."""

    uri: Text = ""
    cid: Text = ""


class ReplyRef(Wire):
    """Where a reply hangs: the first post of the thread and the one that is answered."""

    root: MaybeObject[StrongRef] = None
    parent: MaybeObject[StrongRef] = None


class Feature(Wire):
    """What a stretch of text is: a mention names an account; links and tags are plain to see."""

    did: Text = ""


class Facet(Wire):
    """One marked stretch of a text."""

    features: Objects[Feature] = ()


class Image(Wire):
    """One picture of a post."""

    alt: Text = ""


class External(Wire):
    """A link card."""

    uri: Text = ""
    title: Text = ""


class Embed(Wire):
    """What hangs on a post: pictures, a video, a link card, a quoted record, or a quote with media."""

    type: Text = Field(default="", alias="$type")
    images: Objects[Image] = ()
    alt: Text = ""
    external: MaybeObject[External] = None
    record: MaybeObject[dict[str, Any]] = None
    media: MaybeObject["Embed"] = None


class Record(Wire):
    """A post, like, repost or follow. `subject` is a strong reference, or a DID in a follow."""

    type: Text = Field(default="", alias="$type")
    text: Text = ""
    langs: Strings = ()
    reply: MaybeObject[ReplyRef] = None
    facets: Objects[Facet] = ()
    embed: MaybeObject[Embed] = None
    subject: MaybeObject[StrongRef] = None


class Profile(Wire):
    """An author as lists show them."""

    did: str = Field(min_length=1)
    handle: Handle = ""
    display_name: Text = ""


class PostViewer(Wire):
    """What the asking account may do with a post."""

    reply_disabled: bool | None = None


class PostLike(Wire):
    """What notifications and posts have in common: a record of somebody in one version."""

    uri: str = Field(min_length=1)
    cid: Text = ""
    author: Profile
    record: Object[Record] = Record()
    indexed_at: Text = ""


class Notification(PostLike):
    """One entry of listNotifications. The set of reasons is open."""

    reason: Text = ""
    reason_subject: Text = ""


class PostView(PostLike):
    """A post as getPosts and searchPosts show it."""

    viewer: MaybeObject[PostViewer] = None


class Sender(Wire):
    """Who wrote a direct message or reacted to one."""

    did: str = Field(min_length=1)


class Message(Wire):
    """A direct message, also in its deleted form (without text)."""

    id: str = Field(min_length=1)
    text: Text = ""
    sender: Sender
    sent_at: Text = ""
    embed: MaybeObject[Embed] = None


class Reaction(Wire):
    """An emoji on a direct message."""

    value: Text = ""
    sender: Sender
    created_at: Text = ""


class ChatLog(Wire):
    """One entry of the chat log. The set of types is open; only some carry a message."""

    type: Text = Field(default="", alias="$type")
    rev: Text = ""
    convo_id: Text = ""
    message: MaybeObject[Message] = None
    reaction: MaybeObject[Reaction] = None
    related_profiles: Objects[Profile] = ()

    @property
    def what(self) -> str:
        """The short name of the type: "logCreateMessage"."""
        return self.type.rpartition("#")[2]


class Recheck(Wire):
    """What a second look found: `post` is None when the post is gone. Hark's own record, not the network's."""

    ref: dict[str, str]
    post: PostView | None = None


class Paged(Wire):
    """A page of a list; the entries stay raw so that one odd entry harms no other."""

    cursor: Annotated[
        str | None, BeforeValidator(lambda value: value if isinstance(value, str) and value else None)
    ] = None
    notifications: Dicts = ()
    posts: Dicts = ()
    logs: Dicts = ()
    messages: Dicts = ()


class RecordAnswer(Wire):
    """What putRecord and getRecord answer."""

    uri: str = Field(min_length=1)


class Convo(Wire):
    """A private conversation."""

    id: str = Field(min_length=1)


class ConvoAnswer(Wire):
    """What getConvoForMembers and getConvoAvailability answer."""

    can_chat: bool = True
    convo: MaybeObject[Convo] = None


class Tokens(Wire):
    """What createSession and refreshSession answer."""

    access_jwt: str = Field(min_length=1)
    refresh_jwt: str = Field(min_length=1)
    did: str = Field(min_length=1)
    handle: Handle = ""
    did_doc: MaybeObject[dict[str, Any]] = None


class Did(Wire):
    """What resolveHandle answers."""

    did: str = Field(min_length=1)
