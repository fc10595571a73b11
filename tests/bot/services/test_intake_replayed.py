"""A dead letter may be replayed for a month: what was learned meanwhile of its words is remembered as long."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.dead import KEPT
from bot.domain.models import Deleted, Event, Kind, Raw
from bot.services.hourly import HOUR_NAME
from bot.services.intake import Intake
from bot.store.store import Store
from tests.support.cases import NOON, a_key, an_interaction
from tests.support.intake import an_intake, drain, takes_in, told
from tests.support.stores import TestClock, a_store, forget

DAY = timedelta(days=1)
BROKEN = {"reply_url": "\ud800"}
"""Half a character: nothing that is stored as UTF-8 can hold it."""


@dataclass
class Desk:
    """A worker that fails at some words until the version with the fix is there."""

    store: Store
    clock: TestClock
    fixed: bool = False

    def parse(self, raw: Raw) -> Iterator[Event]:
        """A delivery names what happened: to Jo's words, which others may stand beside."""
        jo = an_interaction("my address is ...", id="jo-1", key=a_key("jo"))
        broken = {} if self.fixed else BROKEN
        match raw.body:
            case b"removal":
                yield Deleted(id=jo.id, key=jo.key, at=NOON)
            case b"broken words":
                yield jo.model_copy(update={"ref": broken})
            case b"words and broken ones":
                yield jo
                yield an_interaction(id="eve-1", key=a_key("eve"), ref=broken)
            case _:
                yield an_interaction("", id="like-1", key=a_key("ann"), kind=Kind.REACTION)
                yield an_interaction(id="eve-1", key=a_key("eve"), ref=broken)

    @property
    def worker(self) -> Intake:
        """A process that takes in."""
        return an_intake(self.store, told(self.parse), clock=self.clock)

    async def takes_in(self, body: str) -> None:
        """A delivery comes."""
        await takes_in(self.worker, self.store, body)

    async def replayed_after(self, span: timedelta, *, fixed: bool = True) -> None:
        """Time passes, and everything is replayed."""
        await forget(self.store, span)
        self.clock.advance(span)
        self.fixed = fixed
        assert await self.store.inbox.replay() == 1
        await drain(self.worker)
        assert len(await self.store.dead.newest(9)) == (0 if fixed else 1)

    async def words(self, name: str) -> list[str]:
        """The ids of somebody's words that stand."""
        case = await self.store.cases.load(a_key(name).id)
        return [item.id for item in case.items if not item.deleted] if case else []


@pytest.fixture
async def desk(redis_url: str) -> AsyncIterator[Desk]:
    """Everything real but the network."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        yield Desk(store, clock)


async def test_words_that_were_deleted_while_they_lay_in_a_dead_letter_stay_away(desk: Desk) -> None:
    """At the first replay and at the second one, each on the letter's last day."""
    await desk.takes_in("broken words")
    await desk.takes_in("removal")
    await desk.replayed_after(KEPT - DAY, fixed=False)
    await desk.replayed_after(KEPT - DAY)
    assert await desk.words("jo") == []


async def test_words_that_were_not_deleted_come_in_however_late(desk: Desk) -> None:
    """What the letter is kept for."""
    await desk.takes_in("broken words")
    await desk.replayed_after(KEPT - DAY)
    assert await desk.words("jo") == ["jo-1"]


async def test_a_letter_that_fails_again_and_again_does_not_double_its_neighbours(desk: Desk) -> None:
    """What was taken in of a delivery stays taken in, however often the rest of it is tried."""
    await desk.takes_in("words and broken ones")
    for _ in range(3):
        await desk.replayed_after(KEPT - DAY, fixed=False)
    await desk.replayed_after(KEPT - DAY)
    assert await desk.words("jo") == ["jo-1"]
    assert await desk.words("eve") == ["eve-1"]


async def test_a_like_counts_once_however_late_its_letter_is_replayed(desk: Desk) -> None:
    """It was told of in the hour in which it came first."""
    await desk.takes_in("a like and broken words")
    assert len(await desk.store.notes.digest(f"{desk.clock.now():{HOUR_NAME}}")) == 1
    for fixed in (False, True):
        await desk.replayed_after(KEPT - DAY, fixed=fixed)
        assert await desk.store.notes.digest(f"{desk.clock.now():{HOUR_NAME}}") == []
