"""What a delivery leaves out is asked for once, is kept, and comes back through the inbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta

import pytest

from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Author, Raw
from bot.domain.network import Titles
from bot.services.gate import Gate
from bot.services.lookups import AFTER_TOKEN_S, FIRST_WAIT_S, MOST_TRIES, Lookups, person
from bot.store.store import Store
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import a_key, a_raw
from tests.support.stores import TestClock, a_store, forget

WHO = person("42")
KEY = a_key("dm|42")


class Network(WebhookConnector):
    """A connector of which nothing but its look-ups is used."""

    network = KEY.network

    def __init__(self, trouble: list[NetworkError]) -> None:
        """The account, and what goes wrong first."""
        self.account, self.trouble, self.asked = KEY.account, trouble, list[str]()

    async def look_up(self, what: str) -> Sequence[tuple[str, Raw]]:
        """Fail as told, then find something."""
        self.asked.append(what)
        if self.trouble:
            raise self.trouble.pop(0)
        return [(f"{what}:1", a_raw(b"found"))]


@dataclass
class Desk:
    """The look-ups, the store and the clock."""

    store: Store
    clock: TestClock
    lookups: Lookups
    trouble: list[NetworkError] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The network that is asked."""
        self.network = Network(self.trouble)

    async def ask(self) -> float | None:
        """Ask as the queue of the polls does."""
        return await self.lookups.ask(self.network, WHO)

    async def due(self) -> list[str]:
        """What is due now."""
        return [due.id for due in await self.store.polls.take(self.clock.now(), 9, timedelta(seconds=60))]


@pytest.fixture
async def desk(redis_url: str) -> AsyncIterator[Desk]:
    """Everything real but the network."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        gate = Gate(store.notes, store.budgets, clock, UTC, Titles())
        yield Desk(store, clock, Lookups(store.notes, store.polls, store.inbox, gate, clock))


async def test_wanting_twice_is_asking_once(desk: Desk) -> None:
    """By many workers at once, and again before and after the answer."""
    assert await asyncio.gather(*(desk.lookups.want(KEY, WHO) for _ in range(9))) == [None] * 9
    assert await desk.due() == [f"{KEY.network}/{KEY.account}/lookup:{WHO}"]
    assert await desk.ask() is None
    assert await desk.ask() is None
    assert await desk.lookups.want(KEY, WHO) is None
    assert desk.network.asked == [WHO]
    assert [each.raw.body for each in await desk.store.inbox.take(9, 0)] == [b"found"]


async def test_a_known_person_costs_nothing(desk: Desk) -> None:
    """The name is remembered, and nothing becomes due."""
    ana = Author(id="42", name="Ana Rey")
    await desk.lookups.keep(KEY, ana)
    await forget(desk.store, timedelta(days=29))
    assert await desk.lookups.want(KEY, WHO) == ana
    assert await desk.due() == []


async def test_passing_trouble_is_tried_again_with_growing_waits_and_not_for_ever(desk: Desk) -> None:
    """As the network says, else longer each time; after a dozen it counts as refused."""
    desk.trouble += [Transient("busy", retry_after=77.0), *(Transient("lost") for _ in range(MOST_TRIES))]
    waits = [await desk.ask() for _ in range(MOST_TRIES)]
    assert waits[:4] == [77.0, 30.0, 60.0, 120.0]
    assert waits[-2:] == [3600.0, None]
    assert await desk.ask() is None
    assert len(desk.network.asked) == MOST_TRIES


async def test_more_words_of_the_same_person_bring_no_try_forward(desk: Desk) -> None:
    """Twelve messages during an outage of a minute are not the dozen tries after which nobody asks any more."""
    await desk.lookups.want(KEY, WHO)
    (held,) = await desk.store.polls.take(desk.clock.now(), 9, timedelta(seconds=60))
    desk.trouble += [Transient("lost")]
    assert await desk.ask() == FIRST_WAIT_S
    later = desk.clock.now() + timedelta(seconds=FIRST_WAIT_S)
    await desk.lookups.want(KEY, WHO)
    await desk.store.polls.later(held, later)
    await desk.lookups.want(KEY, WHO)
    assert await desk.due() == []
    desk.clock.at = later
    assert await desk.due() == [held.id]


@pytest.mark.parametrize("reason", ["token", "token_lost", "signed_out"])
async def test_a_refusal_is_remembered_but_not_for_the_accounts_own_trouble(desk: Desk, reason: str) -> None:
    """A token that ended says nothing of the person; a missing profile does."""
    desk.trouble += [Permanent(reason, "ended"), Permanent("gone", "no such profile")]
    assert await desk.ask() == AFTER_TOKEN_S
    assert await desk.ask() is None
    await forget(desk.store, timedelta(hours=23))
    assert await desk.lookups.want(KEY, WHO) is None
    assert await desk.due() == []
    assert len(desk.network.asked) == 2
