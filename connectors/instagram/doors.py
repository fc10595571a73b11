"""What is read because a delivery may have been missed: comments below our newest posts, and private messages.

Instagram keeps no deliveries and lists no mentions, so a mention that was missed is lost.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.domain.errors import Permanent
from bot.domain.models import Raw
from bot.domain.ports import Clock, Page
from connectors.graph import Json
from connectors.graph_errors import Fate
from connectors.graph_webhooks import identifier, moment, text
from connectors.graph_wire import dump, version_of
from connectors.instagram.api import Api
from connectors.instagram.names import NETWORK, OUR_NAME

COMMENTS: Final = "comments"
MESSAGES: Final = "messages"
SWEEP: Final = "sweep"
SLOWER: Final = 15
"""Sweeps come so many times less often than polls would: 5 minutes instead of 20 seconds."""

OVERLAP: Final = timedelta(minutes=10)
WHOLE_EVERY_S: Final = 3600
NOT_ALLOWED_WAIT_S: Final = 3600.0
NO_RIGHT: Final = frozenset({Fate.PERMISSION.value, Fate.DEPRECATED.value})


class Progress(BaseModel):
    """How far a sweep has come. `counts` are the comments of each post; `whole` the hour of the last whole reading."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    since: AwareDatetime
    counts: dict[str, int] = Field(default_factory=dict)
    whole: int = 0


class Doors:
    """The sweeps of one account."""

    def __init__(self, account: str, api: Api, clock: Clock, history: timedelta, every_s: float) -> None:
        self._account = account
        self._api = api
        self._clock = clock
        self._history = history
        self.every_s = every_s * SLOWER

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read what one source holds since the last time; raises Transient or Permanent."""
        progress = self._progress(cursor)
        readers = {COMMENTS: self._comments, MESSAGES: self._messages}
        if source not in readers:
            raise Permanent("unknown_source", f"There is nothing to poll under the name {source}.")
        try:
            items, after = await readers[source](progress)
        except Permanent as error:
            if error.reason in NO_RIGHT:  # an account may well be set up for one of the two only
                return Page(items=(), cursor=cursor, wait_s=NOT_ALLOWED_WAIT_S)
            raise
        pace, now = self._api.graph.pace, self._clock.now()
        wait = pace.interval(self.every_s, now)
        return Page(items=tuple(items), cursor=after.model_dump_json(), wait_s=wait, said=pace.words(now))

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

    def _progress(self, cursor: str | None) -> Progress:
        try:
            if cursor:
                return Progress.model_validate_json(cursor)
        except ValidationError:
            pass  # a cursor of another version: begin again, what is known is recognised by its id
        return Progress(since=self._clock.now() - self._history)

    async def _comments(self, progress: Progress) -> tuple[list[tuple[str, Raw]], Progress]:
        now = self._clock.now()
        hour = int(now.timestamp() // WHOLE_EVERY_S)
        floor = progress.since - OVERLAP
        items: list[tuple[str, Raw]] = []
        counts: dict[str, int] = {}
        for media in await self._api.media():
            media_id, count = identifier(media.get("id")), _count(media.get("comments_count"))
            counts[media_id] = count
            if media_id and count and (progress.counts.get(media_id) != count or progress.whole != hour):
                items += await self._below(media, media_id, floor)
        return items, Progress(since=now, counts=counts, whole=hour)

    async def _below(self, media: Json, media_id: str, floor: datetime) -> list[tuple[str, Raw]]:
        """The comments and replies below one post that are not older than `floor`."""
        found = []
        async for page in self._api.comments(media_id):
            for comment in [each for top in page for each in _flat(top)]:
                at = moment(comment.get("timestamp"))
                if at is None or at >= floor:
                    name = f"comment:{identifier(comment.get('id'))}:{version_of(text(comment.get('text')))}"
                    found.append((name, await self.raw(SWEEP, {"media": media, "comment": comment})))
            oldest = moment(page[-1].get("timestamp")) if page else None
            if oldest is not None and oldest < floor:
                break
        return found

    async def _messages(self, progress: Progress) -> tuple[list[tuple[str, Raw]], Progress]:
        now, floor = self._clock.now(), progress.since - OVERLAP
        items: list[tuple[str, Raw]] = []
        for conversation in await self._api.conversations():
            changed = moment(conversation.get("updated_time"))
            if changed is not None and changed < floor:
                break
            for message in await self._api.messages(identifier(conversation.get("id"))):
                at = moment(message.get("created_time"))
                if at is None or at >= floor:
                    name = f"message:{identifier(message.get('id'))}"
                    items.append((name, await self.raw(SWEEP, {"message": message})))
        return items, Progress(since=now)


def _flat(comment: Json) -> Iterator[Json]:
    """A comment and its replies, each by itself; a reply is told its parent where the network leaves it out."""
    replies = comment.get("replies")
    yield {name: value for name, value in comment.items() if name != "replies"}
    for reply in replies.get("data", []) if isinstance(replies, dict) else []:
        if isinstance(reply, dict):
            yield {"parent_id": comment.get("id"), **reply}


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
