"""The server goes away while a worker takes in: nothing is lost or out of order, and the worker goes on by itself."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.domain.errors import StoreUnavailable
from bot.domain.models import Deleted, Event, Raw
from bot.domain.ports import Stored
from bot.services.intake import FAILED_S, HANDS
from bot.store.inbox import RedisInbox
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import NOON, a_key, a_raw, an_interaction
from tests.support.intake import an_intake, eventful_cases, takes_in, told
from tests.support.stores import TestClock, a_store, let_lie
from tests.support.waiting import wait_until

TAKEOVER = timedelta(seconds=60)


def posts(raw: Raw) -> list[Event]:
    """A delivery is a list of Ann's posts by number; one below zero is taken back."""
    words = [an_interaction(word, id=f"ann-{word.strip('-')}") for word in raw.body.decode().split()]
    return [Deleted(id=each.id, key=each.key, at=NOON) if each.text.startswith("-") else each for each in words]


async def dies() -> None:
    """The server is away at that moment."""
    raise StoreUnavailable("no answer")


async def texts(store: Store) -> list[str]:
    """The words that stand in Ann's case."""
    case = await store.cases.load(a_key().id)
    return [item.text for item in case.items if not item.deleted] if case else []


@dataclass
class Patient(TestClock):
    """A clock by which nobody waits; it notes for how long they would have."""

    __test__ = False
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        TestClock.__init__(self)

    async def sleep(self, seconds: float) -> None:
        """Note it."""
        self.slept.append(seconds)
        await asyncio.sleep(0)


@dataclass(slots=True)
class Flaky(RedisInbox):
    """The real inbox, which is away when it is asked for the first two times, and when the first batch is to leave."""

    away: list[str] = field(default_factory=lambda: ["take", "take", "done"])

    async def take(self, limit: int, wait_ms: int, accounts: Collection[tuple[str, str]] | None = None) -> list[Stored]:
        """Take, unless it is away."""
        self._answer("take")
        return await RedisInbox.take(self, limit, wait_ms, accounts)

    async def done(self, stored: Sequence[Stored]) -> None:
        """Let them leave, unless it is away."""
        self._answer("done")
        await RedisInbox.done(self, stored)

    def _answer(self, what: str) -> None:
        if what in self.away:
            self.away.remove(what)
            raise StoreUnavailable("no answer")


async def test_a_worker_goes_on_when_the_server_is_back(redis_url: str) -> None:
    """It looks once a second, and each look in vain is counted; what it had taken in and could not take out comes
    again, and changes nothing."""
    clock, stop, metrics = Patient(), asyncio.Event(), Metrics()
    async with a_store(redis_url, takeover=timedelta(milliseconds=100)) as store:
        ours = store.inbox
        inbox = Flaky(ours.link, ours.keys, ours.scripts, ours.clock, ours.instance, ours.turns, ours.takeover)
        await inbox.put(a_raw(b"1"))
        async with asyncio.TaskGroup() as group:
            group.create_task(an_intake(store, told(posts), inbox=inbox, clock=clock, metrics=metrics).run(stop))

            async def is_empty() -> bool:
                return await inbox.depth() == 0

            await wait_until(is_empty, "the delivery has left in the end")
            stop.set()
        assert (inbox.away, clock.slept) == ([], [FAILED_S] * 2)
        assert metrics.registry.get_sample_value("hark_failures_total", {"step": "intake"}) == 2
        assert await texts(store) == ["1"]


async def test_what_could_not_be_stored_is_kept_from_nobody(redis_url: str) -> None:
    """The worker lives on and renews what it works on; what failed is no such thing, and another one takes it."""
    async with (
        a_store(redis_url, takeover=TAKEOVER) as store,
        a_store(redis_url, instance="heir", takeover=TAKEOVER) as heir,
    ):
        with pytest.raises(StoreUnavailable):
            await takes_in(an_intake(store, told(posts), cases=eventful_cases(store, dies)), store, "1")
        await let_lie(store, TAKEOVER)
        await store.inbox.renew()
        assert await an_intake(heir, told(posts)).step() == 1
        assert await texts(store) == ["1"]


async def test_what_comes_after_words_that_could_not_be_stored_waits_for_them(redis_url: str) -> None:
    """Both were posted in the same second: they stand in the order in which they were told."""
    async with a_store(redis_url) as store:
        with pytest.raises(StoreUnavailable):
            await takes_in(an_intake(store, told(posts), cases=eventful_cases(store, dies)), store, "1 2")
        assert await texts(store) == []
        await takes_in(an_intake(store, told(posts)), store, "1 2")
        assert await texts(store) == ["1", "2"]


async def test_once_the_server_is_away_no_other_conversation_is_begun(redis_url: str) -> None:
    """Each would wait for as long as an answer may take; those that were under way are finished."""
    async with a_store(redis_url) as store:
        many = [an_interaction(id=f"post-{n}", key=a_key(f"post-{n}")) for n in range(2 * HANDS)]
        cases = eventful_cases(store, dies)
        with pytest.raises(StoreUnavailable):
            await takes_in(an_intake(store, told(lambda _raw: many), cases=cases), store, "all of them")
        assert len(cases.asked) <= HANDS


async def test_words_that_are_stored_while_their_removal_looks_for_them_go(redis_url: str) -> None:
    """It found none, and another worker stored them before the removal was noted."""
    async with a_store(redis_url) as store:
        cases = eventful_cases(store)
        cases.before_removal.append(lambda: takes_in(an_intake(store, told(posts)), store, "1"))
        await takes_in(an_intake(store, told(posts), cases=cases), store, "-1")
        assert await store.cases.load(a_key().id) is not None
        assert await texts(store) == []
