"""What is read because a delivery may have been missed: mentions, and what stands below our newest posts."""

from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from bot.domain.errors import Permanent
from bot.domain.models import Raw
from bot.domain.ports import Clock, Page
from connectors.graph import Json
from connectors.graph_errors import Fate
from connectors.graph_webhooks import identifier, moment, text
from connectors.graph_wire import dump, version_of
from connectors.threads.api import Api
from connectors.threads.mapping import MENTIONS, NETWORK, OUR_NAME, REPLIES

SWEEP: Final = "sweep"
SLOWER: Final = 15
"""Sweeps come so many times less often than polls would: 5 minutes instead of 20 seconds."""

OVERLAP: Final = timedelta(minutes=10)
NOT_ALLOWED_WAIT_S: Final = 3600.0
NO_RIGHT: Final = frozenset({Fate.PERMISSION.value, Fate.DEPRECATED.value})


class Progress(BaseModel):
    """How far a sweep has come."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    since: AwareDatetime


class Doors:
    """The sweeps of one profile."""

    def __init__(self, account: str, api: Api, clock: Clock, history: timedelta, every_s: float) -> None:
        self._account = account
        self._api = api
        self._clock = clock
        self._history = history
        self.every_s = every_s * SLOWER

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read what one source holds since the last time; raises Transient or Permanent."""
        readers = {MENTIONS: self._mentions, REPLIES: self._replies}
        if source not in readers:
            raise Permanent("unknown_source", f"There is nothing to poll under the name {source}.")
        now = self._clock.now()
        try:
            items = await readers[source](self._since(cursor) - OVERLAP)
        except Permanent as error:
            if error.reason in NO_RIGHT:  # a profile may well be set up for one of the two only
                return Page(items=(), cursor=cursor, wait_s=NOT_ALLOWED_WAIT_S)
            raise
        pace = self._api.graph.pace
        wait = pace.interval(self.every_s, now)
        return Page(items=tuple(items), cursor=Progress(since=now).model_dump_json(), wait_s=wait, said=pace.words(now))

    async def raw(self, source: str, body: dict[str, Any]) -> Raw:
        """Something read, as it is stored."""
        return Raw(
            network=NETWORK,
            account=self._account,
            source=source,
            body=dump(body),
            headers={OUR_NAME: await self._api.name()},
            received_at=self._clock.now(),
        )

    def _since(self, cursor: str | None) -> datetime:
        try:
            if cursor:
                return Progress.model_validate_json(cursor).since
        except ValidationError:
            pass  # a cursor of another version: begin again, what is known is recognised by its id
        return self._clock.now() - self._history

    async def _mentions(self, floor: datetime) -> list[tuple[str, Raw]]:
        found = []
        async for page in self._api.mentions():
            fresh = [post for post in page if _is_fresh(post, floor)]
            found += [await self._keyed(MENTIONS, post) for post in fresh]
            if len(fresh) < len(page):
                break
        return found

    async def _replies(self, floor: datetime) -> list[tuple[str, Raw]]:
        """Replies below each of our newest posts, newest first, as far back as `floor`."""
        found = []
        for post in await self._api.posts():
            async for page in self._api.below(identifier(post.get("id"))):
                fresh = [each for each in page if _is_fresh(each, floor)]
                found += [await self._keyed(REPLIES, each) for each in fresh]
                if len(fresh) < len(page):
                    break
        return found

    async def _keyed(self, field: str, post: Json) -> tuple[str, Raw]:
        name = f"{identifier(post.get('id'))}:{version_of(text(post.get('text')))}"
        return name, await self.raw(SWEEP, {"field": field, "post": post})


def _is_fresh(post: Json, floor: datetime) -> bool:
    at = moment(post.get("timestamp"))
    return at is None or at >= floor
