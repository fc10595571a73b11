"""The calls of the Instagram API that Hark makes, for both kinds of login.

After "Comment Moderation", "Mentions", "Private Replies", "Send a Message" and "Conversations API" of the Instagram
Platform. With Facebook Login private messages belong to the Page of the token ("me"), with Instagram Login to the
account itself.
"""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from bot.domain.errors import Permanent
from connectors.graph.client import Access, Graph, Json, Params, rows
from connectors.graph.errors import Fate
from connectors.graph.sweeps import Swept
from connectors.graph.values import identifier
from connectors.instagram.settings import InstagramSettings, Login
from connectors.lenient import table

WORDS: Final[Mapping[Fate, str]] = MappingProxyType(
    {
        Fate.WINDOW: "Instagram's window for answers is closed: this person has to write first.",
        Fate.GONE: "It is not on Instagram any more, or the account may not see it.",
        Fate.RECIPIENT: "This person cannot be reached by message on Instagram now.",
        Fate.DUPLICATE: "Instagram says that this was sent already. A comment can be answered in private only once.",
    }
)

COMMENT_FIELDS: Final = "id,parent_id,text,timestamp,username,from,hidden,media{id,permalink}"
REPLY_FIELDS: Final = "id,parent_id,text,timestamp,username,from,hidden"
MESSAGE_FIELDS: Final = "id,created_time,from,to,message,attachments,story,is_unsupported"
MENTIONED_FIELDS: Final = "id,text,username,timestamp,media{id,permalink}"
CAPTION_FIELDS: Final = "id,caption,username,permalink,timestamp"
PERSON_FIELDS: Final = "name,username,follower_count"
MEDIA_PAGE: Final = 25
COMMENT_PAGE: Final = 50
COMMENT_PAGES: Final = 4
MESSAGES: Final = 20


class Api(Swept):
    """One account's calls. All raise Transient or Permanent, those that write Unknown too."""

    def __init__(self, graph: Graph, settings: InstagramSettings) -> None:
        super().__init__(graph)
        self._settings = settings
        self._id = settings.account_id
        self._box = "me" if settings.login is Login.FACEBOOK else settings.account_id

    async def _me(self) -> Json:
        """The account: `username`, and `id` or (Instagram Login) `user_id` as deliveries name it."""
        if self._settings.login is Login.FACEBOOK:
            return await self.graph.get(self._id, {"fields": "id,username"}, staff=True)
        return await self.graph.get("me", {"fields": "id,user_id,username"}, staff=True)

    async def subscribed(self) -> set[str] | None:
        """The fields for which deliveries come; None where the network does not say."""
        try:
            apps = rows(await self.graph.get(f"{self._box}/subscribed_apps", staff=True))
        except Permanent as error:
            if error.reason == Fate.TOKEN:
                raise
            return None
        fields = [app.get("subscribed_fields") for app in apps]
        return {str(one) for each in fields if isinstance(each, list) for one in each}

    # --- reading ---

    async def comment(self, comment_id: str, *, staff: bool = False) -> Json:
        """One comment as it is now."""
        return await self.graph.get(comment_id, {"fields": COMMENT_FIELDS}, staff=staff)

    async def mentioned(self, media_id: str, comment_id: str, *, staff: bool = False) -> dict[str, Any]:
        """The comment or the caption that names the account, as `comment` or `caption`."""
        edge, fields = (
            (f"mentioned_comment.comment_id({comment_id})", MENTIONED_FIELDS)
            if comment_id
            else (f"mentioned_media.media_id({media_id})", CAPTION_FIELDS)
        )
        answer = await self.graph.get(self._id, {"fields": f"{edge}{{{fields}}}"}, staff=staff)
        return {
            "comment": answer.get("mentioned_comment") if comment_id else None,
            "caption": None if comment_id else answer.get("mentioned_media"),
        }

    async def person(self, customer: str) -> Json:
        """Who writes, by the id that deliveries give; only for those who have written ("User Profile API")."""
        if not customer.isascii() or not customer.isdigit():
            raise Permanent(Fate.REFUSED, "This is no id of a person on Instagram.")
        return await self.graph.get(customer, {"fields": PERSON_FIELDS}, tries=1)

    async def media(self) -> list[Json]:
        """The newest posts of the account, with how many comments each has."""
        fields = "id,permalink,timestamp,comments_count"
        return await self.graph.listed(f"{self._id}/media", {"fields": fields, "limit": MEDIA_PAGE})

    async def may_read(self) -> None:
        """Read what certainly exists, with its comments: raises Permanent when a permission is gone."""
        await self.graph.get(f"{self._id}/media", {"fields": "id,comments.limit(1){id}", "limit": 1})

    def comments(self, media_id: str) -> AsyncIterator[list[Json]]:
        """The comments of a post, newest first, each with its replies."""
        fields = f"{REPLY_FIELDS},replies{{{REPLY_FIELDS}}}"
        params: Params = {"fields": fields, "limit": COMMENT_PAGE}
        return self.graph.pages(f"{media_id}/comments", params, most=COMMENT_PAGES)

    def replies(self, comment_id: str, *, staff: bool = False) -> AsyncIterator[list[Json]]:
        """What stands below a comment. `staff`: a person waits for it, and it must be all; raises Unknown otherwise."""
        params: Params = {"fields": REPLY_FIELDS, "limit": COMMENT_PAGE}
        return self.graph.pages(f"{comment_id}/replies", params, most=COMMENT_PAGES, staff=staff, whole=staff)

    async def conversations(self) -> list[Json]:
        """The newest private conversations, with when each last changed."""
        params: Params = {"platform": "instagram", "fields": "id,updated_time", "limit": MEDIA_PAGE}
        return await self.graph.listed(f"{self._box}/conversations", params)

    async def messages(self, conversation: str) -> list[Json]:
        """The newest messages of one conversation."""
        fields = f"messages.limit({MESSAGES}){{{MESSAGE_FIELDS}}}"
        return _messages(await self.graph.get(conversation, {"fields": fields}))

    async def messages_with(self, customer: str) -> list[Json]:
        """The newest messages with one person, a page for each conversation."""
        fields = f"messages.limit({MESSAGES}){{{MESSAGE_FIELDS}}}"
        params = {"platform": "instagram", "user_id": customer, "fields": fields}
        found = await self.graph.listed(f"{self._box}/conversations", params, staff=True)
        return [dict(table(conversation.get("messages"))) for conversation in found]

    # --- writing ---

    async def reply(self, comment_id: str, text: str) -> str:
        """Answer a comment below a post of ours; the new comment's id."""
        return _id(await self.graph.post(f"{comment_id}/replies", {"message": text}))

    async def answer_mention(self, media_id: str, comment_id: str, text: str) -> str:
        """Answer where somebody named the account below or in a post of their own; the new comment's id."""
        params = {"media_id": media_id, "message": text} | ({"comment_id": comment_id} if comment_id else {})
        return _id(await self.graph.post(f"{self._id}/mentions", params))

    async def hide(self, comment_id: str, *, hidden: bool) -> bool:
        """Hide a comment below a post of ours, or show it again; whether that was done."""
        answer = await self.graph.post(comment_id, {"hide": "true" if hidden else "false"})
        return answer.get("success") is True

    async def message(self, recipient: Mapping[str, str], text: str, *, human_agent: bool) -> Json:
        """Send a private message to a person, or about a comment; `recipient_id` and `message_id`."""
        body: Json = {"recipient": dict(recipient), "message": {"text": text}}
        if human_agent:
            body |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        elif self._settings.login is Login.FACEBOOK:
            body |= {"messaging_type": "RESPONSE"}
        return await self.graph.post(f"{self._box}/messages", body=body)


def access(settings: InstagramSettings) -> Access:
    """How the account calls. Only Facebook Login proves its calls: the other kind of app has a secret of its own."""
    secret = settings.secrets[0] if settings.login is Login.FACEBOOK else b""
    return Access(settings.base_url, settings.graph_version, settings.token.get_secret_value(), secret)


def _messages(conversation: Json) -> list[Json]:
    found = conversation.get("messages")
    return rows(found) if isinstance(found, dict) else []


def _id(answer: Json) -> str:
    return identifier(answer.get("id"))
