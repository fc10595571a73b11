"""What is read because a delivery may have been missed: comments below our newest posts, and private messages.

Instagram keeps no deliveries and lists no mentions, so a mention that was missed is lost.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, Field

from bot.domain.errors import Permanent
from bot.domain.network import Page
from connectors.graph.client import Json, following, rows
from connectors.graph.errors import Fate
from connectors.graph.sweeps import OVERLAP, SWEEP, Items, Sweeps, below_each, is_new
from connectors.graph.sweeps import Progress as Since
from connectors.graph.values import identifier, moment, text
from connectors.graph.wire import version_of
from connectors.instagram.api import Api
from connectors.lenient import table

COMMENTS: Final = "comments"
MESSAGES: Final = "messages"
WHOLE_EVERY_S: Final = 3600


class Progress(Since):
    """How far a sweep has come. `counts` are the comments of each post; `whole` and `whole_at` the hour and the instant
    of the last whole reading."""

    counts: dict[str, int] = Field(default_factory=dict)
    whole: int = 0
    whole_at: AwareDatetime | None = None


class Doors:
    """The sweeps of one account."""

    def __init__(self, api: Api, sweeps: Sweeps) -> None:
        self._api = api
        self._sweeps = sweeps

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read what one source holds since the last time; raises Transient or Permanent."""
        read = self._comments if source == COMMENTS else self._messages
        return await self._sweeps.page(read(self._sweeps.progress(Progress, cursor)), cursor)

    async def _comments(self, progress: Progress) -> tuple[Items, Progress]:
        """What is new below posts whose number of comments has changed; once an hour below all of them.

        The number says nothing where one comment came while another went, nor, perhaps, of a reply. So the whole
        reading looks back to the one before it, and below old comments too.
        """
        now = self._sweeps.clock.now()
        hour = int(now.timestamp() // WHOLE_EVERY_S)
        whole = progress.whole != hour
        since = (progress.whole_at or progress.since) if whole else progress.since
        posts = {identifier(media.get("id")): media for media in await self._api.media()}
        counts = {id_: _count(media.get("comments_count")) for id_, media in posts.items()}
        wanted = [
            id_ for id_, count in counts.items() if id_ and count and (whole or progress.counts.get(id_) != count)
        ]
        items = await below_each(wanted, lambda id_: self._below(posts[id_], id_, since - OVERLAP, whole=whole))
        return items, Progress(since=now, counts=counts, whole=hour, whole_at=now if whole else progress.whole_at)

    async def _below(self, media: Json, media_id: str, floor: datetime, *, whole: bool) -> Items:
        """The comments and replies below one post that are not older than `floor`."""
        found: Items = []
        async for page in self._api.comments(media_id):
            for comment in [each for top in page for each in _flat(top, await self._replies(top))]:
                if is_new(moment(comment.get("timestamp")), floor):
                    name = f"comment:{identifier(comment.get('id'))}:{version_of(text(comment.get('text')))}"
                    found.append((name, await self._sweeps.raw(SWEEP, {"media": media, "comment": comment})))
            if not whole and page and not is_new(moment(page[-1].get("timestamp")), floor):
                break
        return found

    async def _replies(self, top: Json) -> list[Json]:
        """The replies to a comment: mostly those that came with it, else page by page below it. A comment that goes
        meanwhile, or that the app may not see by itself, must not stop what else stands below the post."""
        came = dict(table(top.get("replies")))
        if not following(came):
            return rows(came)
        try:
            return [reply async for page in self._api.replies(identifier(top.get("id"))) for reply in page]
        except Permanent as error:
            if error.reason != Fate.GONE:
                raise
            return rows(came)

    async def _messages(self, progress: Progress) -> tuple[Items, Progress]:
        now, floor = self._sweeps.clock.now(), progress.since - OVERLAP
        items: Items = []
        for conversation in await self._api.conversations():
            if not is_new(moment(conversation.get("updated_time")), floor):
                break
            for message in await self._api.messages(identifier(conversation.get("id"))):
                if is_new(moment(message.get("created_time")), floor):
                    name = f"message:{identifier(message.get('id'))}"
                    items.append((name, await self._sweeps.raw(SWEEP, {"message": message})))
        return items, Progress(since=now)


def _flat(comment: Json, replies: list[Json]) -> Iterator[Json]:
    """A comment and its replies, each by itself; a reply is told its parent where the network leaves it out."""
    yield {name: value for name, value in comment.items() if name != "replies"}
    yield from ({"parent_id": comment.get("id"), **reply} for reply in replies)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
