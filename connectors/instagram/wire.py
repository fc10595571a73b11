"""The JSON of Instagram, as far as Hark reads it. Lenient: what is unknown is ignored, almost all may be missing.

Shapes follow "Webhook Notification Examples", "Comment Moderation", "Mentions" and "Conversations API" of the
Instagram Platform. Ids come as text or as numbers, times as seconds, milliseconds or ISO 8601.
"""

from typing import Any

from pydantic import Field

from connectors.graph.wire import Id, Objects, Ref, Text, When, Wire, Yes
from connectors.lenient import Count, MaybeObject, Object


class Who(Wire):
    """A person or account: `from` of a comment, `sender` of a message."""

    id: Id = ""
    username: Text = ""


class Media(Wire):
    """The post under which a comment stands. An advertisement names the post that it was made of."""

    id: Id = ""
    permalink: Text = ""
    original_media_id: Id = ""

    @property
    def post(self) -> str:
        """The post itself: a comment below a boosted post is told of twice, once below the advertisement."""
        return self.original_media_id or self.id


class Comment(Wire):
    """A comment, from the webhook (without time) or read. Old apps are told the id and the text only."""

    id: Id = ""
    parent_id: Id = ""
    text: Text = ""
    sender: Object[Who] = Field(default=Who(), alias="from")
    username: Text = ""
    media: Object[Media] = Media()
    timestamp: When = None
    hidden: Yes = False

    @property
    def author(self) -> Who:
        """Who wrote it; a read comment names the author in one of two ways."""
        return Who(id=self.sender.id or self.username, username=self.sender.username or self.username)


class Mention(Wire):
    """Where somebody named the account: never the words. Without a comment it was in the caption."""

    media_id: Id = ""
    comment_id: Id = ""


class Caption(Wire):
    """Somebody's post whose caption names the account, as it is read by id."""

    caption: Text = ""
    username: Text = ""
    permalink: Text = ""
    timestamp: When = None


class Payload(Wire):
    """Where an attachment is; the address is signed and dies soon."""

    url: Text = ""
    title: Text = ""


class Attachment(Wire):
    """What came with a message."""

    type: Text = ""
    payload: Object[Payload] = Payload()


class Story(Wire):
    """The story that a message answers."""

    url: Text = ""


class ReplyTo(Wire):
    """What a message answers, where that is a story of ours."""

    story: MaybeObject[Story] = None


class Message(Wire):
    """One direct message. With `is_deleted` it was unsent, with `is_echo` it is our own."""

    mid: Text = ""
    text: Text = ""
    attachments: Objects[Attachment] = ()
    reply_to: Object[ReplyTo] = ReplyTo()
    is_echo: Yes = False
    is_deleted: Yes = False
    is_unsupported: Yes = False


class Reaction(Wire):
    """An emoji on a message; "unreact" takes it back."""

    mid: Text = ""
    action: Text = ""
    emoji: Text = ""
    reaction: Text = ""


class Postback(Wire):
    """The customer pressed a button or a suggested question."""

    mid: Text = ""
    title: Text = ""


class Edit(Wire):
    """A message with new words. Documented for Messenger only; read here in case it comes."""

    mid: Text = ""
    text: Text = ""


class Messaging(Wire):
    """One event of a private conversation: exactly one of its parts is there."""

    sender: Object[Who] = Who()
    recipient: Object[Who] = Who()
    message: MaybeObject[Message] = None
    reaction: MaybeObject[Reaction] = None
    postback: MaybeObject[Postback] = None
    message_edit: MaybeObject[Edit] = None


class Link(Wire):
    """Where one file of a read message is."""

    url: Text = ""


class ReadFile(Wire):
    """What came with a message, as the Conversations API shows it."""

    name: Text = ""
    file_url: Text = ""
    image_data: MaybeObject[Link] = None
    video_data: MaybeObject[Link] = None


class ReadStory(Wire):
    """The story that a read message mentions or answers."""

    mention: MaybeObject[dict[str, Any]] = None
    reply_to: MaybeObject[dict[str, Any]] = None


class ReadMessage(Wire):
    """A direct message as the Conversations API shows it; its id is the `mid` of the webhook."""

    id: Text = ""
    created_time: When = None
    sender: Object[Who] = Field(default=Who(), alias="from")
    to: Objects[Who] = ()
    message: Text = ""
    attachments: Objects[ReadFile] = ()
    story: Object[ReadStory] = ReadStory()
    is_unsupported: Yes = False


class Profile(Wire):
    """Who a customer is, as the User Profile API tells; any of it may be null."""

    name: Text = ""
    username: Text = ""
    follower_count: Count = None


class Seen(Wire):
    """What Hark itself stores when it has read something: one comment, one message, or what a second look found.

    `ref` is the interaction looked at again; then, with neither a comment nor a caption, it is gone.
    """

    ref: Ref | None = None
    media: Object[Media] = Media()
    comment: MaybeObject[Comment] = None
    caption: MaybeObject[Caption] = None
    message: MaybeObject[ReadMessage] = None
    customer: Id = ""
    person: MaybeObject[Profile] = None
