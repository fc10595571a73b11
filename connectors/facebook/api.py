"""The calls that Hark makes for one Page, each with its path and parameters."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from bot.domain.errors import Permanent
from connectors.facebook.reading import COMMENT_FIELDS, POST_FIELDS
from connectors.graph.client import Graph, Json, rows
from connectors.graph.errors import Fate
from connectors.graph.sweeps import is_new
from connectors.graph.values import moment

MESSAGE_FIELDS: Final = (
    "id,created_time,from,to,message,sticker,attachments{mime_type,name,file_url,image_data,video_data}"
)
NEWEST_COMMENTS: Final = 25
POSTS: Final = 25
CONVERSATIONS: Final = 20
NEWEST_MESSAGES: Final = 20
NOT_THERE: Final = frozenset({Fate.GONE, Fate.REFUSED})
"""A request for several ids fails as a whole when one of them is missing; with which code is unconfirmed."""


class Api:
    """One Page's calls. All raise Transient or Permanent; writes raise Unknown too."""

    def __init__(self, graph: Graph, page: str) -> None:
        self.graph = graph
        self._page = page

    # --- reading ---

    async def name(self) -> str:
        """The Page's name; proves that the token may read the Page."""
        answer = await self.graph.get(self._page, {"fields": "id,name"}, staff=True, tries=2)
        return name if isinstance(name := answer.get("name"), str) else ""

    async def subscribed_fields(self) -> frozenset[str]:
        """What the app is told of the Page by webhook."""
        answer = await self.graph.get(f"{self._page}/subscribed_apps", staff=True, tries=2)
        found = (fields for app in rows(answer) if isinstance(fields := app.get("subscribed_fields"), list))
        return frozenset(field for fields in found for field in fields if isinstance(field, str))

    async def person(self, psid: str) -> Json:
        """Who writes on Messenger, by the id that deliveries give ("User Profile API")."""
        if not psid.isascii() or not psid.isdigit():
            raise Permanent(Fate.REFUSED, "This is no id of a person on Messenger.")
        return await self.graph.get(psid, {"fields": "name,first_name,last_name"}, tries=1)

    def feed(self) -> AsyncIterator[list[Json]]:
        """Posts on the Page, ours and those of visitors, each with its newest comments."""
        comments = f"comments.filter(stream).order(reverse_chronological).limit({NEWEST_COMMENTS}){{{COMMENT_FIELDS}}}"
        return self.graph.pages(f"{self._page}/feed", {"fields": f"{POST_FIELDS},{comments}", "limit": POSTS}, most=2)

    def tagged(self) -> AsyncIterator[list[Json]]:
        """Posts elsewhere that name the Page."""
        return self.graph.pages(f"{self._page}/tagged", {"fields": POST_FIELDS, "limit": POSTS}, most=2)

    def comments(self, of: str, *, staff: bool = False, most: int = 20) -> AsyncIterator[list[Json]]:
        """Comments and replies below a post or comment, newest first; without the filter some are left out.

        `staff`: a person waits for what is read, and it must not end before it is said to: raises Unknown then.
        """
        params: dict[str, str | int] = {
            "fields": COMMENT_FIELDS,
            "filter": "stream",
            "order": "reverse_chronological",
            "limit": 100,
        }
        return self.graph.pages(f"{of}/comments", params, most=most, staff=staff, whole=staff)

    def conversations(self, person: str = "", *, staff: bool = False, most: int = 10) -> AsyncIterator[list[Json]]:
        """Private conversations with their newest messages, the latest first; with `person` only that one.

        `staff` as with comments.
        """
        messages = f"messages.limit({NEWEST_MESSAGES}){{{MESSAGE_FIELDS}}}"
        fields = f"id,updated_time,participants,{messages}"
        params: dict[str, str | int] = {"platform": "messenger", "fields": fields, "limit": CONVERSATIONS}
        params |= {"user_id": person} if person else {}
        return self.graph.pages(f"{self._page}/conversations", params, most=most, staff=staff, whole=staff)

    async def several(self, ids: Sequence[str]) -> dict[str, Json | None]:
        """Posts and comments by id; None for those that are gone. Asks one by one only when one of them is missing.

        What is refused for another reason than being gone is left out.
        """
        try:
            answer = await self.graph.get("", {"ids": ",".join(ids), "fields": "id,message"})
        except Permanent as error:
            if error.reason not in NOT_THERE:
                raise
            return {id_: item for id_ in ids for item in await self._one(id_)}
        return {id_: found for id_ in ids if isinstance(found := answer.get(id_), dict)}

    async def _one(self, id_: str) -> list[Json | None]:
        try:
            return [await self.graph.get(id_, {"fields": "id,message"})]
        except Permanent as error:
            if error.reason not in NOT_THERE:
                raise
            return [None] if error.reason == Fate.GONE else []

    async def may_read(self) -> None:
        """Read something of the Page that certainly exists: raises Permanent when a permission is gone."""
        await self.graph.get(f"{self._page}/feed", {"fields": "id,comments.limit(1){id}", "limit": 1})

    async def has_liked(self, id_: str) -> bool:
        """Whether the Page likes a post or comment."""
        answer = await self.graph.get(f"{id_}/likes", {"summary": "true", "limit": 0}, staff=True)
        summary = answer.get("summary")
        return isinstance(summary, dict) and summary.get("has_liked") is True

    async def comment(self, id_: str) -> Json:
        """A comment as it is now: its words, whether it is hidden, whether the Page may hide it."""
        return await self.graph.get(id_, {"fields": "id,message,is_hidden,can_hide"}, staff=True)

    # --- writing: each once ---

    async def reply(self, to: str, words: str) -> Json:
        """Comment below a post or comment."""
        return await self.graph.post(f"{to}/comments", body={"message": words})

    async def like(self, id_: str) -> bool:
        """Like a post or comment as the Page; whether that was done."""
        return (await self.graph.post(f"{id_}/likes")).get("success") is True

    async def hide(self, id_: str, *, hidden: bool) -> bool:
        """Hide a comment from all but its author and their friends, or show it again; whether that was done."""
        answer = await self.graph.post(id_, body={"is_hidden": hidden})
        return answer.get("success") is True

    async def message(self, body: Json) -> Json:
        """Send one private message."""
        return await self.graph.post(f"{self._page}/messages", body=body)


async def newer(pages: AsyncIterator[list[Json]], since: datetime) -> AsyncIterator[Json]:
    """What is newer than an instant, out of pages with the newest first."""
    async for page in pages:
        for item in page:
            if not is_new(moment(item.get("created_time")), since):
                return
            yield item
