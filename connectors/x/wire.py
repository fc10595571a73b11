"""The JSON of X (API v2, the Activity API, and the older form of direct messages), as far as Hark reads it.

Lenient: unknown fields are ignored, most may be missing, ids may be numbers. Shapes follow docs.x.com ("X Activity
API", "Posts", "Direct Messages", "Webhooks") and X's published OpenAPI description.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.lenient import Count, Dict, Dicts, Object, Objects, Text


class Wire(BaseModel):
    """Base of all wire models: frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def as_text(value: object) -> str:
    """A string or a whole number as text; empty for anything else."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _texts(value: object) -> list[str]:
    return [text for one in value if (text := as_text(one))] if isinstance(value, list) else []


def _unwrapped(value: object) -> object:
    """What stands under one more `data`, where there is one."""
    return value["data"] if isinstance(value, dict) and "data" in value else value


Id = Annotated[str, BeforeValidator(as_text)]
NeededId = Annotated[str, BeforeValidator(as_text), Field(min_length=1)]
Ids = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Metrics(Wire):
    """Counters of a profile."""

    followers_count: Count = None


class User(Wire):
    """A profile; the older form calls its handle `screen_name`."""

    id: Id = ""
    name: Text = ""
    username: Text = ""
    screen_name: Text = ""
    public_metrics: Object[Metrics] = Metrics()

    @property
    def handle(self) -> str:
        """The handle without @, whichever form it came in."""
        return self.username or self.screen_name


MaybeWrappedUser = Annotated[Object[User], BeforeValidator(_unwrapped)]


class Mention(Wire):
    """An account that a text names."""

    id: Id = ""


class Link(Wire):
    """A link in a text: `url` is what stands there, `expanded_url` where it leads."""

    url: Text = ""
    expanded_url: Text = ""
    media_key: Text = ""


class Entities(Wire):
    """What stands in a text."""

    mentions: Objects[Mention] = ()
    urls: Objects[Link] = ()


class Reference(Wire):
    """How a post points at another: replied_to, quoted, retweeted."""

    type: Text = ""
    id: Id = ""


class Attached(Wire):
    """What hangs on a post or message."""

    media_keys: Ids = ()


class Note(Wire):
    """The whole of a long post, whose `text` is cut."""

    text: Text = ""
    entities: Object[Entities] = Entities()


class Post(Wire):
    """A post, from an event or from a list."""

    id: Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=40)]
    text: Text = ""
    author_id: Id = ""
    created_at: Text = ""
    conversation_id: Id = ""
    in_reply_to_tweet_id: Id = ""
    in_reply_to_user_id: Id = ""
    referenced_tweets: Objects[Reference] = ()
    entities: Object[Entities] = Entities()
    edit_history_tweet_ids: Ids = ()
    lang: Text = ""
    attachments: Object[Attached] = Attached()
    note_tweet: Object[Note] = Note()

    @property
    def first(self) -> str:
        """The id before any edit: each edit makes a new id, and the history lists the oldest first."""
        return self.edit_history_tweet_ids[0] if self.edit_history_tweet_ids else self.id

    @property
    def newest(self) -> str:
        """The id of the newest version that the history knows."""
        return self.edit_history_tweet_ids[-1] if self.edit_history_tweet_ids else self.id

    def refers(self, how: str) -> str:
        """The id of the post that it points at in that way; empty if none."""
        return next((one.id for one in self.referenced_tweets if one.type == how), "")


class Media(Wire):
    """A picture or video."""

    media_key: Text = ""
    type: Text = ""
    alt_text: Text = ""


class Includes(Wire):
    """What comes along with posts: their authors, and media."""

    users: Objects[User] = ()
    media: Objects[Media] = ()


class Filter(Wire):
    """Whose events a subscription is for."""

    user_id: Id = ""


class Activity(Wire):
    """One event of the Activity API."""

    event_uuid: Id = ""
    event_type: Text = ""
    filter: Object[Filter] = Filter()
    payload: Dict = Field(default_factory=dict)
    includes: Object[Includes] = Includes()


class Like(Wire):
    """The payload of like.create."""

    id: Id = ""
    liked_tweet_id: NeededId
    timestamp_ms: Id = ""
    user_id: Id = ""
    liking_user_id: Id = ""


class Follow(Wire):
    """The payload of follow.follow: who follows."""

    source: MaybeWrappedUser = User()


class MessageData(Wire):
    """The words of a direct message in the older form."""

    text: Text = ""
    entities: Object[Entities] = Entities()
    attachment: Dict = Field(default_factory=dict)


class Target(Wire):
    """To whom a direct message goes."""

    recipient_id: Id = ""


class MessageCreate(Wire):
    """Who wrote a direct message to whom, in the older form."""

    sender_id: NeededId
    target: Object[Target] = Target()
    message_data: Object[MessageData] = MessageData()


class OldMessage(Wire):
    """One entry of direct_message_events."""

    id: NeededId
    created_timestamp: Id = ""
    message_create: MessageCreate


class Message(Wire):
    """A direct message as lists of the API v2 show it."""

    id: NeededId
    text: Text = ""
    sender_id: NeededId
    dm_conversation_id: Id = ""
    participant_ids: Ids = ()
    created_at: Text = ""
    entities: Object[Entities] = Entities()
    attachments: Object[Attached] = Attached()


class Encrypted(Wire):
    """The payload of chat.received: without keys nothing of it can be read (shape unconfirmed)."""

    id: Id = ""
    sender_id: Id = ""
    conversation_id: Id = ""
    created_at_msec: Id = ""


class Polled(Wire):
    """A post that was read from a list, with its author. Hark's own record, not X's."""

    post: Post
    users: Objects[User] = ()
    media: Objects[Media] = ()


class PolledMessage(Wire):
    """A direct message that was read from a list. Hark's own record, not X's."""

    message: Message
    users: Objects[User] = ()


class Rechecked(Wire):
    """What a second look found: `post` is None when the post is gone. Hark's own record, not X's."""

    ref: dict[str, str]
    post: Post | None = None


class Meta(Wire):
    """Where a list goes on."""

    next_token: Text = ""


class Listed(Wire):
    """A list: the entries stay raw so that one odd entry harms no other; partial `errors` are normal."""

    data: Dicts = ()
    includes: Object[Includes] = Includes()
    meta: Object[Meta] = Meta()
    errors: Dicts = ()


class Created(Wire):
    """What a new post is answered with."""

    id: NeededId


class CreatedMessage(Wire):
    """What a new direct message is answered with."""

    dm_event_id: NeededId


class HiddenReply(Wire):
    """What hiding or showing a reply is answered with."""

    hidden: bool


class One(Wire):
    """An answer about one thing."""

    data: Dict = Field(default_factory=dict)


class Hook(Wire):
    """A webhook as X lists it."""

    id: Id = ""
    url: Text = ""
    valid: bool = False


class Subscription(Wire):
    """A subscription of the Activity API."""

    event_type: Text = ""
    filter: Object[Filter] = Filter()


class Tokens(Wire):
    """What the token address answers."""

    access_token: str = Field(min_length=1)
    refresh_token: Text = ""
    expires_in: Count = None
