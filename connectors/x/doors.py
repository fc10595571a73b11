"""What is polled, and how: each door reads one page a call and answers it together with the next cursor.

Doors: `mentions` and `messages` (what the webhook may have missed, or all there is without a webhook) and `search`
(monitoring, one query after the other). Every page is paid for from the month's budget.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.domain.errors import Permanent
from bot.domain.models import Raw
from bot.domain.network import Page
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.x import prices, walking, wire
from connectors.x.api import Api
from connectors.x.calls import BAD_REQUEST
from connectors.x.mapping import NETWORK, time_of
from connectors.x.messages import message_id
from connectors.x.settings import LONGEST_QUERY, XSettings
from connectors.x.spending import Ledger, Plan, Receipt
from connectors.x.walking import Number, Walk

MENTIONS_EVERY: Final = 3.0
SEARCH_EVERY: Final = 6.0
MESSAGES_EVERY: Final = 15.0
"""Intervals in polls: with the usual 20 seconds between polls a minute, two minutes, five minutes."""

WITH_HOOK: Final = {"mentions": 5.0, "messages": 12.0}
"""How many times more seldom to ask while the webhook brings the same things at once."""

LATE: Final = timedelta(minutes=10)
"""What is older than this when a poll finds it, although the webhook works, was missed by the webhook."""

POSTS_PAGE: Final = 100
LEAST_MENTIONS: Final = 5
LEAST_MATCHES: Final = 10
"""The smallest pages that X gives."""
MESSAGES_PAGE: Final = 10
"""Small, because each answer holds the newest messages, known or not."""
NOTHING_OLDER: Final = 10
"""Pages in a row that may bring no older message (X leaves out of a page what it may not show) before a walk ends."""

VALID: Final = "valid"
FROM_THE_NEWEST: Final = "X did not go on where it stopped; the messages are read again from the newest"

POLLED_MENTION: Final = prices.OWN_POST + prices.USER
POLLED_MATCH: Final = prices.POST + prices.USER


class MentionsCursor(BaseModel):
    """Where the mentions stand."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    walk: Walk | None = None


class SearchCursor(BaseModel):
    """Where each query stands, which one is next, and which ones X does not take."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    walks: dict[str, Walk] = {}
    turn: int = 0
    refused: tuple[str, ...] = ()


class MessagesCursor(BaseModel):
    """The newest message that is known; the rest is a walk under way: the newest and the oldest message that it met,
    where it goes on, and how many pages in a row brought nothing older."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    since: Number = ""
    top: Number = ""
    low: Number = ""
    token: str = ""
    stalled: int = 0

    def advance(self, ids: Iterable[str], next_token: str, *, ended: bool) -> "MessagesCursor":
        """The cursor after one page. A walk may be long, but each page has to lead further back."""
        known = [id_ for id_ in ids if id_.isdigit()]
        top = max((self.top or "0", *known), key=int)
        low = min((id_ for id_ in (self.low, *known) if id_), key=int, default="")
        stalled = self.stalled + 1 if low == self.low else 0
        if ended or not next_token or stalled >= NOTHING_OLDER:
            return MessagesCursor(since=max(top, self.since or "0", key=int))
        return MessagesCursor(since=self.since, top=top, low=low, token=next_token, stalled=stalled)

    def anew(self) -> "MessagesCursor":
        """The cursor from which the walk under way begins again at the newest message."""
        return MessagesCursor(since=self.since, top=self.top)

    def stored(self) -> str:
        """The text that a page carries."""
        return self.model_dump_json(exclude_defaults=True)


def hook_note(account: str) -> str:
    """The note that says how the webhook does: VALID or anything else."""
    return f"hook:x:{account}"


class Doors:
    """The polls of one account."""

    def __init__(self, settings: XSettings, deps: ConnectorDeps, api: Api, ledger: Ledger) -> None:
        self._us = settings.user_id
        self._queries = settings.queries
        self._account = deps.account
        self._api = api
        self._ledger = ledger
        self._notes = deps.notes
        self._clock = deps.clock
        self._unit = deps.poll_seconds

    def intervals(self) -> dict[str, float]:
        """Every door and how often it is opened at most, in seconds."""
        searches = {"search": self._unit * SEARCH_EVERY} if self._queries else {}
        return {"mentions": self._unit * MENTIONS_EVERY, "messages": self._unit * MESSAGES_EVERY} | searches

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read one page, from the beginning without a cursor; raises Transient or Permanent."""
        if source == "mentions":
            return await self._mentions(clean.kept(MentionsCursor, cursor) or MentionsCursor())
        if source == "messages":
            return await self._messages(clean.kept(MessagesCursor, cursor) or MessagesCursor())
        return await self._search(clean.kept(SearchCursor, cursor) or SearchCursor())

    # --- posts ---

    async def _mentions(self, cursor: MentionsCursor) -> Page:
        walk = walking.begin(cursor.walk, self._clock.now(), None)
        count = await self._ledger.affordable(POLLED_MENTION, POSTS_PAGE, LEAST_MENTIONS)
        found, after = await self._page("mentions", walk, count, "")
        covered, plan = await self._is_hook_valid(), await self._ledger.plan()
        return Page(
            items=tuple(self._post(post, found, self._late("mentions", post, covered=covered)) for post in found.data),
            cursor=MentionsCursor(walk=after).model_dump_json(exclude_defaults=True),
            more=bool(after.token) and not plan.is_slow,
            wait_s=plan.wait(self.every("mentions", covered=covered), _cost(found, prices.OWN_POST)),
        )

    async def _search(self, cursor: SearchCursor) -> Page:
        """A page of the query whose turn it is. One that X refuses is named and passed over while others work."""
        turn = cursor.turn % len(self._queries)
        query = self._queries[turn]
        walk = walking.begin(cursor.walks.get(query), self._clock.now(), walking.SEARCH_DEPTH)
        count = await self._ledger.affordable(POLLED_MATCH, POSTS_PAGE, LEAST_MATCHES)
        refused = {each for each in cursor.refused if each in self._queries} - {query}
        try:
            found, after = await self._page("search", walk, count, self._without_us(query))
        except Permanent as error:
            refused |= {query}
            if error.reason != BAD_REQUEST or len(refused) == len(self._queries):
                raise
            found, after = wire.Listed(), walk
        turn += 0 if after.token else 1
        plan = await self._ledger.plan()
        walks = {each: known for each, known in cursor.walks.items() if each in self._queries}
        return Page(
            items=tuple(self._post(post, found, f"search:{query}") for post in found.data),
            cursor=SearchCursor(
                walks=walks | {query: after}, turn=turn % len(self._queries), refused=tuple(sorted(refused))
            ).model_dump_json(),
            more=(bool(after.token) or turn < len(self._queries)) and not plan.is_slow,
            wait_s=plan.wait(self.every("search", covered=False), _cost(found, prices.POST)),
            said=f"Correct X_SEARCH: X does not take {', '.join(sorted(refused))}" if refused else "",
        )

    async def _page(self, part: str, walk: Walk, count: int, query: str) -> tuple[wire.Listed, Walk]:
        """Read and pay for one page. When X refuses the place we are at, the walk starts again."""
        mine = part == "mentions"
        price = prices.OWN_POST if mine else prices.POST
        async with self._ledger.reading(part, count * (price + prices.USER)) as receipt:
            try:
                if mine:
                    found = await self._api.mentions(walking.params(walk, count, "pagination_token"))
                else:
                    found = await self._api.search(query, walking.params(walk, count, "next_token"))
            except Permanent as error:
                if error.reason != BAD_REQUEST or not (walk.token or walk.since):
                    raise
                return wire.Listed(), walking.again(walk, self._clock.now())
            _count(receipt, found, price)
        ids = [wire.as_text(post.get("id")) for post in found.data]
        return found, walking.advance(walk, ids, found.meta.next_token)

    def _without_us(self, query: str) -> str:
        """The query without our own posts and without reposts, which would cost money and be dropped."""
        longer = f"({query}) -from:{self._us}"
        longer = longer if "is:retweet" in query else f"{longer} -is:retweet"
        return longer if len(longer) <= LONGEST_QUERY else query

    def _post(self, post: Mapping[str, Any], found: wire.Listed, source: str) -> tuple[str, Raw]:
        id_, writer = wire.as_text(post.get("id")), wire.as_text(post.get("author_id"))
        users = [user.model_dump() for user in found.includes.users if user.id == writer]
        return f"post:{id_}", self.raw(source, {"post": dict(post), "users": users})

    def _late(self, source: str, item: Mapping[str, Any], *, covered: bool) -> str:
        """The source to note: "sweep" for what the working webhook must have missed."""
        now = self._clock.now()
        at = time_of(str(item.get("created_at", "")), wire.as_text(item.get("id")), now)
        return "sweep" if covered and at < now - LATE else source

    # --- direct messages ---

    async def _messages(self, cursor: MessagesCursor) -> Page:
        count = await self._ledger.affordable(prices.MESSAGE, MESSAGES_PAGE, MESSAGES_PAGE)
        async with self._ledger.reading("messages", count * prices.MESSAGE) as receipt:
            try:
                found = await self._api.messages(count, cursor.token)
            except Permanent as error:
                if error.reason != BAD_REQUEST or not cursor.token:
                    raise
                wait = (await self._ledger.plan()).wait(self.every("messages", covered=False), 0)
                return Page(items=(), cursor=cursor.anew().stored(), wait_s=wait, said=FROM_THE_NEWEST)
            receipt.add("m", (wire.as_text(each.get("id")) for each in found.data), prices.MESSAGE)
        covered, plan = await self._is_hook_valid(), await self._ledger.plan()
        fresh = [each for each in found.data if self._is_new(each, cursor)]
        ids = [wire.as_text(each.get("id")) for each in found.data]
        after = cursor.advance(ids, found.meta.next_token, ended=len(fresh) < len(found.data))
        return Page(
            items=tuple(self._message(each, found, covered=covered) for each in fresh),
            cursor=after.stored(),
            more=bool(after.token) and not plan.is_slow,
            wait_s=plan.wait(self.every("messages", covered=covered), len(fresh) * prices.MESSAGE),
        )

    def _is_new(self, message: Mapping[str, Any], cursor: MessagesCursor) -> bool:
        """Whether a message is newer than what is known; at the very first reading, than a day ago."""
        id_ = wire.as_text(message.get("id"))
        if cursor.since:
            return id_.isdigit() and int(id_) > int(cursor.since)
        now = self._clock.now()
        return time_of(str(message.get("created_at", "")), id_, now) >= now - walking.FIRST_HISTORY

    def _message(self, message: Mapping[str, Any], found: wire.Listed, *, covered: bool) -> tuple[str, Raw]:
        sender = wire.as_text(message.get("sender_id"))
        users = [user.model_dump() for user in found.includes.users if user.id == sender]
        source = self._late("messages", message, covered=covered)
        key = message_id(wire.as_text(message.get("id")))
        return key, self.raw(source, {"message": dict(message), "users": users})

    # --- how ---

    async def _is_hook_valid(self) -> bool:
        return await self._notes.get(hook_note(self._account)) == VALID

    def every(self, source: str, *, covered: bool) -> float:
        """The usual interval in seconds: longer while the webhook brings the same things."""
        return self.intervals()[source] * (WITH_HOOK.get(source, 1.0) if covered else 1.0)

    async def mentions_pace(self) -> tuple[Plan, float]:
        """How to go on with what is left, and how often mentions are asked for in quiet times, in seconds."""
        return await self._ledger.plan(), self.every("mentions", covered=await self._is_hook_valid())

    def raw(self, source: str, item: object) -> Raw:
        """One thing read, as it will be stored."""
        return Raw(
            network=NETWORK, account=self._account, source=source, body=clean.dump(item), received_at=self._clock.now()
        )


def _cost(found: wire.Listed, price: int) -> int:
    """What a page costs, before it is known which of it was paid for today already."""
    receipt = Receipt()
    _count(receipt, found, price)
    return receipt.cost


def _count(receipt: Receipt, found: wire.Listed, price: int) -> None:
    receipt.add("p", (wire.as_text(post.get("id")) for post in found.data), price)
    receipt.add("u", (user.id for user in found.includes.users), prices.USER)
