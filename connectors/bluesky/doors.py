"""What is polled, and how: each door reads one page a call and answers it together with the next cursor.

Doors: `notifications` (what may need care), `activity` (everything, so that likes and unknown reasons are seen without
standing in the way of mentions), `search:<query>` (monitoring), `sweep` (seven days deep, hourly) and `chat`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Raw
from bot.domain.network import Page
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.bluesky import paging, wire
from connectors.bluesky.api import Api
from connectors.bluesky.mapping import BEFORE_START_HEADER, DID_HEADER, chat_id
from connectors.bluesky.names import NETWORK
from connectors.bluesky.paging import Entry
from connectors.bluesky.settings import BlueskySettings
from connectors.bluesky.xrpc import NO_SUCH_METHOD
from connectors.lenient import table
from connectors.times import spelled

CARE: Final = ("mention", "reply", "quote")
SWEEP_SECONDS: Final = 3600.0
NO_CHAT_WAIT_S: Final = 3600.0
CHAT_NOT_YET_S: Final = 60.0
"""A server without a chat service answers 500: while the chat was never read, that is no failure of the account."""
BAD_CURSOR_AFTER: Final = 3
"""A server answers a broken cursor with 5xx, as it does when it is ill: so many failures in a row end the walk."""

NO_CHAT: Final = frozenset({"dm_not_allowed", NO_SUCH_METHOD})

PageOf = Callable[[str | None], Awaitable[wire.Paged]]


class ChatProgress(BaseModel):
    """What the chat's cursor holds: the newest `rev`; `since` leaves out older messages during the first reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    rev: str | None = None
    since: AwareDatetime | None = None


def intervals(queries: Sequence[str], poll_seconds: float) -> dict[str, float]:
    """Every door and how often it is opened, in seconds."""
    searches = {f"search:{query}": poll_seconds * 4 for query in queries}
    always = {"notifications": poll_seconds, "chat": poll_seconds, "activity": poll_seconds * 4}
    return always | searches | {"sweep": SWEEP_SECONDS}


class Doors:
    """The polls of one account."""

    def __init__(self, settings: BlueskySettings, deps: ConnectorDeps, api: Api) -> None:
        self._account = deps.account
        self._api = api
        self._clock = deps.clock
        self._history = timedelta(hours=settings.history_hours)
        self._failures: dict[str, int] = {}

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read one page; raises Transient or Permanent."""
        door, _, rest = source.partition(":")
        if door == "sweep":
            return await self._sweep(cursor)
        if door == "chat":
            return await self._chat(cursor)
        readers: Mapping[str, PageOf] = {
            "notifications": lambda at: self._api.notifications(CARE, at, paging.PAGE),
            "activity": lambda at: self._api.notifications((), at, paging.PAGE),
            "search": lambda at: self._api.search(rest, at, paging.PAGE),
        }
        return await self._walk(source, cursor, readers[door])

    async def _walk(self, source: str, cursor: str | None, read: PageOf) -> Page:
        progress = paging.begin(cursor, self._clock.now(), self._history)
        at = progress.walk.at if progress.walk else None
        page = await self._guarded(source, at, read)
        if page is None:
            given_up = progress.model_copy(update={"walk": None})
            return Page(items=(), cursor=given_up.model_dump_json(), more=True)
        items = page.notifications or page.posts
        now = self._clock.now()
        entries = [entry for item in items if (entry := _entry(item, now))]
        after, fresh = paging.advance(progress, entries, page.cursor, now)
        return Page(
            items=await self._keyed(source, items, fresh),
            cursor=after.model_dump_json(exclude_defaults=True),
            more=after.walk is not None,
        )

    async def _sweep(self, cursor: str | None) -> Page:
        progress = paging.begin_sweep(cursor, self._clock.now(), self._history)
        page = await self._guarded(
            "sweep", progress.at, lambda at: self._api.notifications(CARE, at, paging.SWEEP_PAGE)
        )
        if page is None:
            fresh_start = progress.model_copy(update={"at": None})
            return Page(items=(), cursor=fresh_start.model_dump_json(), more=True)
        now = self._clock.now()
        entries = [entry for item in page.notifications if (entry := _entry(item, now))]
        after, wanted, old = paging.sweep(progress, entries, page.cursor, now)
        return Page(
            items=await self._keyed("sweep", page.notifications, wanted, old),
            cursor=after.model_dump_json(),
            more=after.at is not None,
        )

    async def _guarded(self, source: str, at: str | None, read: PageOf) -> wire.Paged | None:
        """Read the page; None when the place we were at cannot be read any more, so that the walk starts again."""
        try:
            page = await read(at)
        except (Transient, Permanent) as error:
            if at is None or (isinstance(error, Permanent) and error.reason != "refused"):
                raise
            failures = self._failures.get(source, 0) + (1 if getattr(error, "retry_after", None) is None else 0)
            self._failures[source] = failures
            if isinstance(error, Transient) and failures < BAD_CURSOR_AFTER:
                raise
            page = None
        self._failures.pop(source, None)
        return page

    async def _keyed(
        self, source: str, items: Sequence[Mapping[str, Any]], wanted: frozenset[str], old: frozenset[str] = frozenset()
    ) -> tuple[tuple[str, Raw], ...]:
        if not wanted:
            return ()
        headers = {DID_HEADER: (await self._api.session()).did}
        before = headers | {BEFORE_START_HEADER: "1"}
        return tuple(
            (key, self.raw(source, item, before if key in old else headers))
            for item in items
            if (key := item_key(item)) in wanted
        )

    def raw(self, source: str, item: object, headers: Mapping[str, str]) -> Raw:
        """One thing read, as it will be stored."""
        return Raw(
            network=NETWORK,
            account=self._account,
            source=source,
            body=clean.dump(item),
            headers=dict(headers),
            received_at=self._clock.now(),
        )

    # --- direct messages ---

    async def _chat(self, cursor: str | None) -> Page:
        session = await self._api.session()
        if not session.chat_allowed:
            return Page(items=(), cursor=cursor, wait_s=NO_CHAT_WAIT_S)
        progress = clean.kept(ChatProgress, cursor) or ChatProgress(since=self._clock.now() - self._history)
        try:
            page = await self._guarded("chat", progress.rev, self._api.chat_log)
        except Permanent as error:
            if error.reason not in NO_CHAT:
                raise
            return Page(items=(), cursor=cursor, wait_s=NO_CHAT_WAIT_S)
        except Transient:
            if cursor is not None:
                raise
            return Page(items=(), cursor=None, wait_s=CHAT_NOT_YET_S)
        if page is None:
            again = ChatProgress(since=self._clock.now() - max(self._history, paging.OVERLAP))
            return Page(items=(), cursor=again.model_dump_json(), more=True)
        headers = {DID_HEADER: session.did}
        items = tuple(
            (_chat_key(log), self.raw("chat", log, headers))
            for log in page.logs
            if progress.since is None or _chat_time(log, self._clock.now()) >= progress.since
        )
        more = bool(page.logs) and page.cursor not in (None, progress.rev)
        after = ChatProgress(rev=page.cursor or progress.rev, since=progress.since if more else None)
        return Page(items=items, cursor=after.model_dump_json(), more=more)


def item_key(item: Mapping[str, Any]) -> str:
    """The name of one version of a record, the same through every door."""
    return f"{item.get('uri')}#{item.get('cid')}"


def _entry(item: Mapping[str, Any], now: datetime) -> Entry | None:
    """An item's place in the list; None for one without an address. A time that cannot be read counts as now."""
    if not isinstance(item.get("uri"), str):
        return None
    return Entry(item_key(item), spelled(str(item.get("indexedAt"))) or now)


def _chat_key(log: Mapping[str, Any]) -> str:
    return f"{chat_id(str(log.get('convoId')), str(table(log.get('message')).get('id')))}#{log.get('rev')}"


def _chat_time(log: Mapping[str, Any], now: datetime) -> datetime:
    return spelled(str(table(log.get("message")).get("sentAt"))) or now
