"""The calls of the Threads API that Hark makes.

After "Reply Management", "Mentions", "Posts" and "Troubleshooting" (publishing limits, status of a container).
"""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.domain.errors import Permanent
from connectors.graph.client import Access, Graph, Json, Params, rows
from connectors.graph.errors import Fate
from connectors.graph.sweeps import Swept
from connectors.graph.values import identifier, text
from connectors.threads.settings import VERSION, ThreadsSettings

WORDS: Final[Mapping[Fate, str]] = MappingProxyType(
    {
        Fate.GONE: "It is not on Threads any more, or the profile may not see it.",
        Fate.DUPLICATE: "Threads says that the same words were posted just before.",
    }
)
POST_FIELDS: Final = (
    "id,username,text,media_type,media_url,alt_text,permalink,timestamp,replied_to,root_post,is_quote_post,"
    "link_attachment_url,children{media_type,media_url,alt_text}"
)
REPLY_FIELDS: Final = f"{POST_FIELDS},is_reply_owned_by_me"
LIMIT_FIELDS: Final = "quota_usage,config,reply_quota_usage,reply_config"
ONE: Final[Params] = MappingProxyType({"fields": "id", "limit": 1})
TRIED: Final = 3
"""How many of our own posts may be out of sight by themselves, such as one that was taken down a moment ago."""
PAGE: Final = 25
PAGES: Final = 4


class Api(Swept):
    """One profile's calls. All raise Transient or Permanent, those that write Unknown too."""

    def __init__(self, graph: Graph, settings: ThreadsSettings) -> None:
        super().__init__(graph)
        self._id = settings.user_id

    async def _me(self) -> Json:
        return await self.graph.get("me", {"fields": "id,username"}, staff=True)

    async def limits(self) -> Json:
        """How many posts and replies of the last 24 hours count against the profile's limits."""
        answer = await self.graph.get(f"{self._id}/threads_publishing_limit", {"fields": LIMIT_FIELDS}, staff=True)
        return next(iter(rows(answer)), {})

    # --- reading ---

    async def post(self, post_id: str, *, staff: bool = False) -> Json:
        """One post or reply as it is now."""
        return await self.graph.get(post_id, {"fields": POST_FIELDS}, staff=staff)

    def mentions(self) -> AsyncIterator[list[Json]]:
        """Posts that name the profile, newest first."""
        return self._listed(f"{self._id}/mentions", POST_FIELDS)

    async def posts(self) -> list[Json]:
        """The profile's newest posts."""
        return await self.graph.listed(f"{self._id}/threads", {"fields": "id,timestamp", "limit": PAGE})

    async def may_read(self) -> None:
        """Read what certainly exists, replies and mentions: raises Permanent when a permission is gone."""
        refused: Permanent | None = None
        for post in (await self.posts())[:TRIED]:
            try:
                await self.graph.get(f"{identifier(post.get('id'))}/conversation", ONE)
                refused = None
                break
            except Permanent as error:
                refused = error
        if refused is not None:
            raise refused
        try:
            await self.graph.get(f"{self._id}/mentions", ONE)
        except Permanent as error:
            # A profile may well be set up for replies only: then this right was never there, and the network says so.
            if error.reason != Fate.PERMISSION:
                raise

    def below(self, post_id: str) -> AsyncIterator[list[Json]]:
        """Everything below a post of ours, newest first."""
        return self._listed(f"{post_id}/conversation", REPLY_FIELDS)

    def own_replies(self) -> AsyncIterator[list[Json]]:
        """What the profile answered lately, newest first; raises Unknown where that goes on behind the last page."""
        params: Params = {"fields": "id,text,timestamp,permalink,replied_to", "limit": PAGE}
        return self.graph.pages(f"{self._id}/replies", params, most=PAGES, staff=True, whole=True)

    def _listed(self, path: str, fields: str) -> AsyncIterator[list[Json]]:
        return self.graph.pages(path, {"fields": fields, "limit": PAGE}, most=PAGES)

    async def hide_status(self, reply_id: str) -> str:
        """What the network says of a reply's visibility, such as "HIDDEN" or "NOT_HUSHED"."""
        return text((await self.graph.get(reply_id, {"fields": "id,hide_status"}, staff=True)).get("hide_status"))

    async def hide(self, reply_id: str, *, hidden: bool) -> bool:
        """Hide a reply with everything below it, or show it again; whether that was done."""
        answer = await self.graph.post(f"{reply_id}/manage_reply", {"hide": "true" if hidden else "false"})
        return answer.get("success") is True

    # --- writing, in two steps ---

    async def container(self, words: str, reply_to: str) -> str:
        """Step one: hand the reply over, unpublished. Its id; nobody sees it, and it is dropped after a day."""
        params = {"media_type": "TEXT", "text": words, "reply_to_id": reply_to}
        return identifier((await self.graph.post(f"{self._id}/threads", params)).get("id"))

    async def state(self, container: str) -> tuple[str, str]:
        """What became of a container (FINISHED, IN_PROGRESS, PUBLISHED, ERROR or EXPIRED), and why."""
        found = await self.graph.get(container, {"fields": "status,error_message"}, staff=True)
        return text(found.get("status")), text(found.get("error_message"))

    async def publish(self, container: str) -> str:
        """Step two: the reply stands from now on. Its id."""
        found = await self.graph.post(f"{self._id}/threads_publish", {"creation_id": container})
        return identifier(found.get("id"))


def access(settings: ThreadsSettings) -> Access:
    """How the profile calls: Threads has versions of its own, and its app a secret that need not be the first."""
    return Access(settings.api_url, VERSION, settings.token.get_secret_value())
