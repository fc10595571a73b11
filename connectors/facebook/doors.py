"""Looking for what the webhook missed: posts and comments, mentions, private messages; and for silent changes.

Every sweep reads back to where the last one began, less an overlap; the ids make what is known already recognisable.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain.models import Raw
from bot.domain.network import Page
from connectors.base import ConnectorDeps
from connectors.facebook import names
from connectors.facebook.api import NEWEST_COMMENTS, NEWEST_MESSAGES, Api, newer
from connectors.facebook.wire import ReadComment, ReadConversation, ReadMessage, ReadPost
from connectors.graph.client import Json, following
from connectors.graph.sweeps import is_new
from connectors.graph.values import moment
from connectors.graph.wire import dump, version_of
from connectors.lenient import table

POSTS: Final = "posts"
TAGGED: Final = "mentions"
MESSAGES: Final = "messages"
EVERY: Final[Mapping[str, float]] = {POSTS: 15.0, TAGGED: 30.0, MESSAGES: 15.0}
"""How often, in polls: with the usual 20 seconds between polls that is every five and every ten minutes."""

OVERLAP: Final = timedelta(minutes=10)
LOOK_AGAIN: Final = timedelta(minutes=10)
LOOKS: Final = 25
"""Known interactions looked at again in one round: one call, of which Facebook counts every part."""

Found = list[tuple[str, dict[str, Any]]]


class Doors:
    """The sweeps of one Page."""

    def __init__(self, page: names.Page, deps: ConnectorDeps, api: Api, history: timedelta) -> None:
        self._page = page
        self._api = api
        self._clock = deps.clock
        self._history = history
        self._poll_seconds = deps.poll_seconds
        self._looked: dict[str, datetime] = {}

    def intervals(self) -> dict[str, float]:
        """Each sweep and the seconds between two of its kind."""
        return {source: polls * self._poll_seconds for source, polls in EVERY.items()}

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Sweep once, back to `cursor` (unix seconds); raises Transient or Permanent."""
        now = self._clock.now()
        since = (moment(cursor) or now - self._history) - OVERLAP
        readers = {POSTS: self._posts, TAGGED: self._tagged, MESSAGES: self._messages}
        items = tuple((key, self.raw("sweep", value)) for key, value in await readers[source](since))
        every, pace = self.intervals()[source], self._api.graph.pace
        return Page(items=items, cursor=names.seconds(now), wait_s=pace.interval(every, now), said=pace.words(now))

    # --- posts and comments ---

    async def _posts(self, since: datetime) -> Found:
        """A post's `updated_time` moves with its newest comment; old posts stand behind newer ones, so two pages."""
        found: Found = []
        async for page in self._api.feed():
            for item in page:
                post = ReadPost.read(item)
                if post.id and is_new(post.created_time, since) and post.sender.id != self._page.id:
                    bare = {name: value for name, value in item.items() if name != "comments"}
                    found.append((f"post:{post.id}", {"what": "post", "item": bare}))
                if post.id:
                    found += await self._comments(post, since, more=bool(following(dict(table(item.get("comments"))))))
        return found

    async def _comments(self, post: ReadPost, since: datetime, *, more: bool) -> Found:
        """The new comments of a post: mostly those that came with it, else page by page below them.

        The network may count what the Page must not see and then leave it out: fewer than a page are not yet all.
        """
        came = [each for each in post.comments if is_new(ReadComment.read(each).created_time, since)]
        if len(came) < len(post.comments) or not (more or len(came) >= NEWEST_COMMENTS):
            return [_comment(each, post.id) for each in came]
        return [_comment(each, post.id) async for each in newer(self._api.comments(post.id), since)]

    async def _tagged(self, since: datetime) -> Found:
        tagged = newer(self._api.tagged(), since)
        return [(f"tagged:{each.get('id')}", {"what": "tagged", "item": each}) async for each in tagged]

    # --- private messages ---

    async def _messages(self, since: datetime) -> Found:
        """There is no paging by time: conversations come with the latest first, until one is older."""
        found: Found = []
        async for page in self._api.conversations():
            for item in page:
                talk = ReadConversation.read(item)
                if talk.updated_time is not None and talk.updated_time < since:
                    return found
                found += self._new_messages(talk, since)
        return found

    def _new_messages(self, talk: ReadConversation, since: datetime) -> Found:
        customer = talk.customer(self._page.id).model_dump()
        new = [each for each in talk.messages[:NEWEST_MESSAGES] if is_new(ReadMessage.read(each).created_time, since)]
        return [
            (f"message:{each.get('id')}", {"what": "message", "customer": customer, "item": each})
            for each in reversed(new)
        ]

    # --- a second look ---

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]]:
        """Look at posts and comments again, each every ten minutes at most: edited or gone?

        That something is gone is believed only while the Page's own feed can still be read: a permission that was
        taken away looks the same. Raises Transient or Permanent.
        """
        now = self._clock.now()
        self._looked = {id_: at for id_, at in self._looked.items() if now - at < LOOK_AGAIN}
        chosen = {ref["id"]: ref for ref in refs if "words" in ref and ref["id"] not in self._looked}
        if not chosen:
            return []
        found = await self._api.several(list(chosen))
        if None in found.values():
            await self._api.may_read()
        self._looked |= dict.fromkeys(chosen, now)
        changed = [one for id_, item in found.items() if (one := _changed(chosen[id_], item)) is not None]
        return [(key, self.raw("recheck", value)) for key, value in changed]

    def raw(self, source: str, value: dict[str, Any]) -> Raw:
        """Something read, as it is stored."""
        body, now = dump(value), self._clock.now()
        return Raw(network=names.NETWORK, account=self._page.account, source=source, body=body, received_at=now)


def _changed(ref: Mapping[str, str], item: Json | None) -> tuple[str, dict[str, Any]] | None:
    """What a second look found, with its key; None when nothing has changed."""
    value = {"what": "recheck", "ref": dict(ref), "item": item}
    if item is None:
        return f"recheck:{ref['id']}:gone", value
    known, now = ref.get("version") or ref["words"], version_of(str(item.get("message") or ""))
    return None if known == now else (f"recheck:{ref['id']}:{known}:{now}", value)


def _comment(item: Json, post: str) -> tuple[str, dict[str, Any]]:
    return f"comment:{item.get('id')}", {"what": "comment", "post": post, "item": item}
