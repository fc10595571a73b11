"""The JSON of Facebook Pages and Messenger, as far as Hark reads it. Lenient: nothing is required, ids may be numbers.

Webhook values follow "Webhooks for Pages" and "Messenger Webhooks"; what is read over the Graph API follows
"Comment", "Page Feed" and "Conversations".
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from connectors.graph.wire import Id, Objects, Text, When, Wire
from connectors.lenient import MaybeObject, Object


def _flag(value: object) -> bool:
    return value is True or value in {1, "true", "1"} if isinstance(value, bool | int | str) else False


def _known(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 5 else None


Flag = Annotated[bool, BeforeValidator(_flag)]
YesOrNo = Annotated[bool | None, BeforeValidator(_known)]
Stars = Annotated[int | None, BeforeValidator(_whole)]


class Person(Wire):
    """Somebody; the network withholds the name, or all of it, from apps without advanced access."""

    id: Id = ""
    name: Text = ""


class PostInfo(Wire):
    """What newer payloads tell about the post of a comment."""

    permalink_url: Text = ""


class FeedValue(Wire):
    """The value of `feed`, `mention` and `ratings`: one thing that happened on or about the Page."""

    item: Text = ""
    verb: Text = ""
    comment_id: Id = ""
    post_id: Id = ""
    parent_id: Id = ""
    share_id: Id = ""
    sender: Object[Person] = Field(default=Person(), alias="from")
    sender_id: Id = ""
    sender_name: Text = ""
    user_id: Id = ""
    message: Text = ""
    created_time: When = None
    photo: Text = ""
    video: Text = ""
    link: Text = ""
    reaction_type: Text = ""
    post: Object[PostInfo] = PostInfo()
    open_graph_story_id: Id = ""
    reviewer_id: Id = ""
    reviewer_name: Text = ""
    recommendation_type: Text = ""
    rating: Stars = None
    review_text: Text = ""

    @property
    def who(self) -> Person:
        """The one who did it, in whichever of the three forms."""
        return Person(
            id=self.sender.id or self.sender_id or self.reviewer_id or self.user_id,
            name=self.sender.name or self.sender_name or self.reviewer_name,
        )


class Payload(Wire):
    """What an attachment of a message points at."""

    url: Text = ""
    title: Text = ""


class Attached(Wire):
    """An attachment of a message in a webhook."""

    type: Text = ""
    title: Text = ""
    url: Text = ""
    other_url: Text = Field(default="", alias="URL")
    payload: Object[Payload] = Payload()


class MessageBody(Wire):
    """`message`: new, unsent (`is_deleted`), our own (`is_echo`), or of a kind that apps do not get."""

    mid: Id = ""
    text: Text = ""
    attachments: Objects[Attached] = ()
    is_echo: Flag = False
    is_deleted: Flag = False
    is_unsupported: Flag = False


class MessageEdit(Wire):
    """`message_edit`."""

    mid: Id = ""
    text: Text = ""


class MessageReaction(Wire):
    """`reaction`: `emoji` and `reaction` are missing when it is taken back."""

    mid: Id = ""
    action: Text = ""
    reaction: Text = ""


class Postback(Wire):
    """`postback`: a button that was pressed."""

    mid: Id = ""
    title: Text = ""


class Messaging(Wire):
    """One entry of `messaging` or `standby`: who to whom, when; what it is stands under its own name."""

    sender: Object[Person] = Person()
    recipient: Object[Person] = Person()
    timestamp: When = None


class ReadAttachment(Wire):
    """An attachment of a post or comment as the Graph API reads it."""

    type: Text = ""
    title: Text = ""
    description: Text = ""
    url: Text = ""


class Parent(Wire):
    """The comment above a reply."""

    id: Id = ""


class ReadComment(Wire):
    """A comment as the Graph API reads it."""

    id: Id = ""
    sender: Object[Person] = Field(default=Person(), alias="from")
    message: Text = ""
    created_time: When = None
    permalink_url: Text = ""
    parent: Object[Parent] = Parent()
    attachment: MaybeObject[ReadAttachment] = None
    can_reply_privately: YesOrNo = None
    can_comment: YesOrNo = None
    can_hide: YesOrNo = None
    is_hidden: YesOrNo = None


class ReadPost(Wire):
    """A post as the Graph API reads it, with the newest of its comments still as JSON."""

    id: Id = ""
    sender: Object[Person] = Field(default=Person(), alias="from")
    message: Text = ""
    story: Text = ""
    created_time: When = None
    updated_time: When = None
    permalink_url: Text = ""
    attachments: Objects[ReadAttachment] = ()
    comments: Objects[dict[str, Any]] = ()


class FileData(Wire):
    """A picture or video of a message as the Graph API reads it."""

    url: Text = ""


class ReadFile(Wire):
    """An attachment of a message as the Graph API reads it."""

    mime_type: Text = ""
    name: Text = ""
    file_url: Text = ""
    image_data: Object[FileData] = FileData()
    video_data: Object[FileData] = FileData()


class ReadMessage(Wire):
    """A message as the Graph API reads it."""

    id: Id = ""
    sender: Object[Person] = Field(default=Person(), alias="from")
    message: Text = ""
    created_time: When = None
    attachments: Objects[ReadFile] = ()
    sticker: Text = ""


class ReadConversation(Wire):
    """A private conversation with its newest messages still as JSON."""

    updated_time: When = None
    participants: Objects[Person] = ()
    messages: Objects[dict[str, Any]] = ()

    def customer(self, page: str) -> Person:
        """The one in it who is not the Page."""
        return next((one for one in self.participants if one.id and one.id != page), Person())
