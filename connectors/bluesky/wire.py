"""The JSON of the AT Protocol, as far as Hark reads it. Lenient: what is unknown is ignored, most may be missing.

Shapes follow the lexicons app.bsky.notification.listNotifications, app.bsky.feed.defs, app.bsky.embed.*,
com.atproto.repo.* and chat.bsky.convo.*.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"


class Wire(BaseModel):
    """Base of all wire models: frozen, camelCase outside, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


def _dicts(value: object) -> list[Any]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _strings(value: object) -> list[Any]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _maybe_dict(value: object) -> object:
    return value if isinstance(value, dict) else None


Text = Annotated[str, BeforeValidator(_text)]
"""A string that may be missing, null or of another type: then it is empty."""

Strings = Annotated[tuple[str, ...], BeforeValidator(_strings)]
Dicts = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_dicts)]


class StrongRef(Wire):
    """A record in one exact version."""

    uri: Text = ""
    cid: Text = ""


MaybeRef = Annotated[StrongRef | None, BeforeValidator(_maybe_dict)]


class ReplyRef(Wire):
    """Where a reply hangs: the first post of the thread and the one that is answered."""

    root: MaybeRef = None
    parent: MaybeRef = None


class Feature(Wire):
    """What a stretch of text is: a mention (did), a link (uri) or a tag."""

    type: Text = Field(default="", alias="$type")
    did: Text = ""
    uri: Text = ""


class Facet(Wire):
    """One marked stretch of a text."""

    features: Annotated[tuple[Feature, ...], BeforeValidator(_dicts)] = ()


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
    images: Annotated[tuple[Image, ...], BeforeValidator(_dicts)] = ()
    alt: Text = ""
    external: Annotated[External | None, BeforeValidator(_maybe_dict)] = None
    record: Annotated[dict[str, Any] | None, BeforeValidator(_maybe_dict)] = None
    media: Annotated["Embed | None", BeforeValidator(_maybe_dict)] = None


class Record(Wire):
    """A post, like, repost or follow. `subject` is a strong reference, or a DID in a follow."""

    type: Text = Field(default="", alias="$type")
    text: Text = ""
    langs: Strings = ()
    reply: Annotated[ReplyRef | None, BeforeValidator(_maybe_dict)] = None
    facets: Annotated[tuple[Facet, ...], BeforeValidator(_dicts)] = ()
    embed: Annotated[Embed | None, BeforeValidator(_maybe_dict)] = None
    subject: MaybeRef = None


class Profile(Wire):
    """An author as lists show them."""

    did: str = Field(min_length=1)
    handle: Text = ""
    display_name: Text = ""


class PostViewer(Wire):
    """What the asking account may do with a post."""

    reply_disabled: bool | None = None


class PostLike(Wire):
    """What notifications and posts have in common: a record of somebody in one version."""

    uri: str = Field(min_length=1)
    cid: Text = ""
    author: Profile
    record: Annotated[Record, BeforeValidator(lambda value: value if isinstance(value, dict) else {})] = Record()
    indexed_at: Text = ""


class Notification(PostLike):
    """One entry of listNotifications. The set of reasons is open."""

    reason: Text = ""
    reason_subject: Text = ""


class PostView(PostLike):
    """A post as getPosts and searchPosts show it."""

    viewer: Annotated[PostViewer | None, BeforeValidator(_maybe_dict)] = None


class Sender(Wire):
    """Who wrote a direct message or reacted to one."""

    did: str = Field(min_length=1)


class Message(Wire):
    """A direct message, also in its deleted form (without text)."""

    id: str = Field(min_length=1)
    text: Text = ""
    sender: Sender
    sent_at: Text = ""
    facets: Annotated[tuple[Facet, ...], BeforeValidator(_dicts)] = ()
    embed: Annotated[Embed | None, BeforeValidator(_maybe_dict)] = None


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
    message: Annotated[Message | None, BeforeValidator(_maybe_dict)] = None
    reaction: Annotated[Reaction | None, BeforeValidator(_maybe_dict)] = None
    related_profiles: Annotated[tuple[Profile, ...], BeforeValidator(_dicts)] = ()

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
    cid: Text = ""


class Convo(Wire):
    """A private conversation."""

    id: str = Field(min_length=1)


class ConvoAnswer(Wire):
    """What getConvoForMembers and getConvoAvailability answer."""

    can_chat: bool = True
    convo: Annotated[Convo | None, BeforeValidator(_maybe_dict)] = None


class Tokens(Wire):
    """What createSession and refreshSession answer."""

    access_jwt: str = Field(min_length=1)
    refresh_jwt: str = Field(min_length=1)
    did: str = Field(min_length=1)
    handle: Text = ""
    did_doc: Annotated[dict[str, Any] | None, BeforeValidator(_maybe_dict)] = None


class Did(Wire):
    """What resolveHandle answers."""

    did: str = Field(min_length=1)
