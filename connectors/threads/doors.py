"""What is read because a delivery may have been missed: mentions, and what stands below our newest posts."""

from collections.abc import AsyncIterator
from datetime import datetime

from bot.domain.models import Raw
from bot.domain.network import Page
from connectors.graph.client import Json
from connectors.graph.sweeps import OVERLAP, SWEEP, Items, Progress, Sweeps, below_each, is_new
from connectors.graph.values import identifier, moment, text
from connectors.graph.wire import version_of
from connectors.threads.api import Api
from connectors.threads.mapping import MENTIONS, REPLIES


class Doors:
    """The sweeps of one profile."""

    def __init__(self, api: Api, sweeps: Sweeps) -> None:
        self._api = api
        self._sweeps = sweeps

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read what one source holds since the last time; raises Transient or Permanent."""
        return await self._sweeps.page(self._read(source, self._sweeps.progress(Progress, cursor)), cursor)

    async def _read(self, source: str, progress: Progress) -> tuple[Items, Progress]:
        now, floor = self._sweeps.clock.now(), progress.since - OVERLAP
        reading = self._replies(floor) if source == REPLIES else self._fresh(MENTIONS, self._api.mentions(), floor)
        return await reading, Progress(since=now)

    async def _replies(self, floor: datetime) -> Items:
        """Replies below each of our newest posts."""
        ids = [identifier(post.get("id")) for post in await self._api.posts()]
        return await below_each(ids, lambda id_: self._fresh(REPLIES, self._api.below(id_), floor))

    async def _fresh(self, field: str, pages: AsyncIterator[list[Json]], floor: datetime) -> Items:
        """The posts of an edge, newest first, as far back as `floor`."""
        found: Items = []
        async for page in pages:
            fresh = [post for post in page if is_new(moment(post.get("timestamp")), floor)]
            found += [await self._keyed(field, post) for post in fresh]
            if len(fresh) < len(page):
                break
        return found

    async def _keyed(self, field: str, post: Json) -> tuple[str, Raw]:
        name = f"{identifier(post.get('id'))}:{version_of(text(post.get('text')))}"
        return name, await self._sweeps.raw(SWEEP, {"field": field, "post": post})
