"""What is read because a delivery may have been missed: mentions, and what stands below our newest posts."""

from datetime import datetime

from bot.domain.errors import Permanent
from bot.domain.models import Raw
from bot.domain.ports import Page
from connectors.graph.client import Json
from connectors.graph.sweeps import OVERLAP, SWEEP, Items, Progress, Sweeps
from connectors.graph.webhooks import identifier, moment, text
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
        if source not in {MENTIONS, REPLIES}:
            raise Permanent("unknown_source", f"There is nothing to poll under the name {source}.")
        return await self._sweeps.page(self._read(source, self._sweeps.progress(Progress, cursor)), cursor)

    async def _read(self, source: str, progress: Progress) -> tuple[Items, Progress]:
        now, floor = self._sweeps.clock.now(), progress.since - OVERLAP
        found = await (self._mentions(floor) if source == MENTIONS else self._replies(floor))
        return found, Progress(since=now)

    async def _mentions(self, floor: datetime) -> Items:
        found: Items = []
        async for page in self._api.mentions():
            fresh = [post for post in page if _is_fresh(post, floor)]
            found += [await self._keyed(MENTIONS, post) for post in fresh]
            if len(fresh) < len(page):
                break
        return found

    async def _replies(self, floor: datetime) -> Items:
        """Replies below each of our newest posts, newest first, as far back as `floor`."""
        found: Items = []
        for post in await self._api.posts():
            async for page in self._api.below(identifier(post.get("id"))):
                fresh = [each for each in page if _is_fresh(each, floor)]
                found += [await self._keyed(REPLIES, each) for each in fresh]
                if len(fresh) < len(page):
                    break
        return found

    async def _keyed(self, field: str, post: Json) -> tuple[str, Raw]:
        name = f"{identifier(post.get('id'))}:{version_of(text(post.get('text')))}"
        return name, await self._sweeps.raw(SWEEP, {"field": field, "post": post})


def _is_fresh(post: Json, floor: datetime) -> bool:
    at = moment(post.get("timestamp"))
    return at is None or at >= floor
