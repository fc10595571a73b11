"""The JSON of Threads, as far as Hark reads it. Lenient: what is unknown is ignored, almost all may be missing.

Shapes follow "Webhooks for Threads", "Reply Management" and "Threads Media" of the Threads API.
"""

from pydantic import Field

from connectors.graph.wire import Id, Objects, Ref, Text, When, Wire, Yes
from connectors.lenient import MaybeObject, Object


class Root(Wire):
    """The first post of a thread, or the post that is answered. Only the webhook names the owner."""

    id: Id = ""
    owner_id: Id = ""
    username: Text = ""


class Slide(Wire):
    """One picture or video of several."""

    media_type: Text = ""
    media_url: Text = ""
    alt_text: Text = ""


class Post(Wire):
    """A post or reply, from the webhook or read. There is no author's id, only the name."""

    id: Id = ""
    username: Text = ""
    text: Text = ""
    media_type: Text = ""
    media_url: Text = ""
    alt_text: Text = ""
    link: Text = Field(default="", alias="link_attachment_url")
    children: Objects[Slide] = ()
    permalink: Text = ""
    replied_to: Object[Root] = Root()
    root_post: Object[Root] = Root()
    timestamp: When = None
    is_reply_owned_by_me: Yes = False
    is_quote_post: Yes = False
    owner: Object[Root] = Root()


class Seen(Wire):
    """What Hark itself stores when it has read something. With a `ref` and no post, the post is gone."""

    field: Text = ""
    ref: Ref | None = None
    post: MaybeObject[Post] = None
