"""A conversation on any network, delivered in any order, late and more than once: the same card, nothing doubled.

One engine for all networks; what happens is in tests/support/conversations.py. Real Redis, the real connectors, two
workers on one inbox. `HARK_ORDERS=2000` tries that many orders of each conversation instead of a few.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

import aiohttp
import pytest
import redis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.cards.card import render
from bot.domain.case import Case
from bot.domain.models import CaseKey, Interaction, Raw
from bot.services.hourly import HOUR_NAME
from bot.services.intake import Intake
from bot.store.store import Store
from tests.support.card_cases import a_view
from tests.support.conversations import CONVERSATIONS
from tests.support.intake import an_intake, drain
from tests.support.networks import NAMES, connector, reader
from tests.support.stores import TestClock, a_store

ORDERS: Final = int(os.environ.get("HARK_ORDERS", "12"))
LATER: Final = timedelta(minutes=100)
"""Longer than the first promise lasts, within the second."""


@dataclass(frozen=True)
class Order:
    """How a conversation is delivered: which deliveries when, how many together, where a long pause is."""

    sequence: Sequence[int]
    together: int
    pause: int | None
    workers: int


@st.composite
def orders(draw: st.DrawFn, count: int) -> Order:
    """Any order of so many deliveries, some of them twice or three times, perhaps with a pause."""
    again = draw(st.lists(st.integers(0, count - 1), max_size=6))
    sequence = draw(st.permutations([*range(count), *again]))
    pause = draw(st.none() | st.integers(1, len(sequence) - 1))
    return Order(sequence, draw(st.integers(1, 5)), pause, draw(st.integers(1, 2)))


NO_SESSION = cast("aiohttp.ClientSession", None)
"""No network is called."""


@asynccontextmanager
async def two_workers(redis_url: str, clock: TestClock) -> AsyncIterator[tuple[Store, list[Intake]]]:
    """Two workers on one inbox, empty at first."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(a_store(redis_url, instance=name, clock=clock)) for name in ("one", "two")
        ]
        workers = [
            an_intake(
                store, {(name, "main"): connector(name, NO_SESSION, store.notes, clock) for name in NAMES}, clock=clock
            )
            for store in stores
        ]
        yield stores[0], workers


@dataclass(frozen=True)
class Outcome:
    """What a delivery came to, by conversation: the picture of the case, its card, and how many reactions in all."""

    cases: dict[str, dict[str, Any]]
    cards: dict[str, Any]
    reactions: int


@pytest.fixture
async def in_order(redis_url: str, request: pytest.FixtureRequest) -> Outcome:
    """What the conversation of the test comes to when it is delivered as it happened."""
    raws = CONVERSATIONS[request.node.callspec.params["name"]]()
    return await delivered(redis_url, raws, Order(range(len(raws)), 1, None, 1))


async def delivered(redis_url: str, raws: Sequence[Raw], order: Order) -> Outcome:
    """Deliver them so; nothing may be left over or buried."""
    clock = TestClock()
    async with two_workers(redis_url, clock) as (store, workers):
        for n in range(0, len(order.sequence), order.together):
            if order.pause is not None and n <= order.pause < n + order.together:
                clock.advance(LATER)
            for each in order.sequence[n : n + order.together]:
                await store.inbox.put(raws[each]._replace(received_at=clock.now()))
            async with asyncio.TaskGroup() as group:
                for worker in workers[: order.workers]:
                    group.create_task(drain(worker))
        assert await store.inbox.depth() == 0
        assert await store.dead.newest(1) == []
        keys = {key.id: key for key in keys_of(raws)}
        cases = {name: case for name in keys if (case := await store.cases.load(name)) is not None}
        assert sum([await store.cases.count_open(name, "main") for name in NAMES]) == len(cases)
        told = [line for hour in (-1, 0, 1, 2) for line in await _digest(store, clock, hour)]
        for case in cases.values():
            assert_whole(case)
        pictures = {keys[name].conversation: picture(case) for name, case in cases.items()}
        reactions = sum(case.likes + case.reposts for case in cases.values()) + len(told)
        cards = {keys[name].conversation: card(case) for name, case in cases.items()}
    return Outcome(pictures, cards, reactions)


async def _digest(store: Store, clock: TestClock, hours: int) -> list[str]:
    return await store.notes.digest((clock.now() - timedelta(hours=hours)).strftime(HOUR_NAME))


def keys_of(raws: Sequence[Raw]) -> list[CaseKey]:
    """The conversations of some deliveries."""
    return [event.key for raw in raws for event in reader(raw.network).parse(raw) if hasattr(event, "key")]


def assert_whole(case: Case) -> None:
    """Nothing stands there twice, and nothing of what was removed."""
    ids = [item.id for item in case.items]
    assert len(ids) == len(set(ids)), "an item stands there twice"
    assert [item.seq for item in case.items if item.seq > case.item_count] == []
    lines = [post.id for post in case.posts]
    assert len(lines) == len(set(lines)), "a line is posted twice"
    for item in case.items:
        if item.deleted:
            assert (item.text, item.earlier, item.attachments) == ("", (), ())
    assert (case.wait is not None) == any(not item.deleted for item in case.items)


def picture(case: Case) -> dict[str, Any]:
    """What a case says of the customer. A removal is told or leaves nothing behind, so tombstones do not count."""
    standing = [item for item in case.items if not item.deleted]
    kept = ("id", "kind", "text", "author", "posted_at", "edited", "private", "url", "answerable", "ref")
    return {
        "words": [_first_look(item.model_dump(include=set(kept))) for item in standing],
        "latest": case.latest.id,
        "reading": case.reading,
        "priority": case.priority,
        "author": case.author,
    }


def _first_look(word: dict[str, Any]) -> dict[str, Any]:
    """Without what a connector notes about the wording in which it saw an interaction first."""
    return word | {"ref": {name: value for name, value in word["ref"].items() if name not in {"words", "at"}}}


def card(case: Case) -> Any:
    """The card as it is drawn, but for what the order does decide.

    Likes are counted on it or in the digest, by whether they came before the case; whether a sweep found the words
    first depends on when the webhook told them.
    """
    items = tuple(item.model_copy(update={"late": False}) for item in case.items)
    shown = case.model_copy(update={"likes": 0, "reposts": 0, "swept": False, "items": items})
    assert shown.card is not None
    return render(shown, shown.card, a_view(capabilities=reader(case.key.network).capabilities)).blocks


@pytest.mark.parametrize("name", CONVERSATIONS)
@settings(
    max_examples=ORDERS,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_any_order_comes_to_the_same_card(
    redis_url: str, in_order: Outcome, name: str, data: st.DataObject
) -> None:
    """Case by case what the customer said, how it reads, and the card, as after delivery in order."""
    raws = CONVERSATIONS[name]()
    order = data.draw(orders(len(raws)))
    found = await delivered(redis_url, raws, order)
    assert found.cases == in_order.cases
    assert found.reactions == in_order.reactions
    if order.pause is None:
        assert found.cards == in_order.cards


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_a_conversation_has_something_of_everything(in_order: Outcome, name: str) -> None:
    """In order it gives two things or more that stand, in one case; some deliveries of it change or add nothing."""
    raws = CONVERSATIONS[name]()
    words = [word["text"] for case in in_order.cases.values() for word in case["words"]]
    assert 2 <= len(words) < len(raws)
    assert len(in_order.cards) == len(in_order.cases) == 1
    told = [event.id for raw in raws for event in reader(raw.network).parse(raw) if isinstance(event, Interaction)]
    assert len(told) > len(words)
