"""What was drawn without its account is drawn again by who knows it: once, last in line, and no more than that."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.case import Status
from bot.domain.ports import Commit
from bot.services.redrawing import EVERY, Redrawing
from bot.store.cases import RedisCases
from bot.store.due import RedisDueQueue
from bot.store.notes import RedisNotes
from bot.store.store import Store
from tests.support.cases import NOON, a_card, a_case, a_key
from tests.support.intake import told
from tests.support.stores import TestClock, a_store, forget

ANOTHER = "another.example"


@dataclass(frozen=True)
class Office:
    """A process that knows the account of `a_key`, and one that knows none."""

    store: Store
    clock: TestClock
    knows: Redrawing
    knows_none: Redrawing

    async def has(
        self, conversation: str, *, ts: str = "1.1", attempt: str = "", account: str = "hark.example", **changes: object
    ) -> str:
        """A case whose card stands, if it has a `ts`, or is being posted, if it has but an `attempt`."""
        key = a_key(conversation, account=account)
        case = a_case(key=key, posts=(a_card(ts=ts, attempt=attempt),), **changes)
        assert await self.store.cases.commit(Commit(None, case, NOON)) == "committed"
        return case.id

    async def draws_without(self, case_id: str) -> None:
        """The process that knows no account is about to draw that case."""
        await self.draws(self.knows_none, case_id)

    async def draws(self, process: Redrawing, case_id: str) -> None:
        """A process is about to draw that case."""
        case = await self.store.cases.load(case_id)
        assert case is not None
        await process.notice(case)

    async def due(self) -> list[tuple[str, int]]:
        """What is to be drawn once somebody has looked, with its priority; it is drawn, and due no more."""
        await self.knows.look()
        await self.knows_none.look()
        taken = await self.store.cards.take(self.clock.now(), 100, timedelta(seconds=30))
        for each in taken:
            await self.store.cards.done(each)
        return sorted((each.id, each.priority) for each in taken)


def parts(store: Store) -> tuple[RedisCases, RedisDueQueue, RedisNotes]:
    """What is drawn, and noted of it."""
    return store.cases, store.cards, store.notes


@pytest.fixture
async def office(redis_url: str) -> AsyncIterator[Office]:
    """Both processes on one store."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        known = told(lambda _: ())
        yield Office(store, clock, Redrawing(*parts(store), known, clock), Redrawing(*parts(store), {}, clock))


async def test_open_cards_of_the_account_are_drawn_again_once(office: Office) -> None:
    """Behind everything else; not those of another account, of closed cases, or that do not stand yet."""
    first, second = await office.has("one"), await office.has("two")
    await office.has("closed", status=Status.CLOSED, wait=None)
    await office.has("unposted", ts="")
    await office.has("elsewhere", account=ANOTHER)
    await office.draws(office.knows, second)
    assert await office.due() == [], "nothing was drawn without its account"
    await office.draws_without(first)
    assert await office.due() == sorted([(first, 4), (second, 4)])
    assert await office.due() == []


async def test_a_card_that_is_being_posted_without_its_account_is_drawn_again(office: Office) -> None:
    """Whoever looks while Slack has not answered yet must not take it for one that will be drawn anyhow."""
    case_id = await office.has("one", ts="", attempt="1-a")
    await office.draws_without(case_id)
    assert await office.due() == [(case_id, 4)]


async def test_two_processes_that_differ_for_good_draw_seldom(office: Office) -> None:
    """Each new drawing without the account counts, but the answer to it comes once in ten minutes at the most."""
    case_id = await office.has("one")
    await office.draws_without(case_id)
    assert await office.due() == [(case_id, 4)]
    for _ in range(3):
        await office.draws_without(case_id)
        assert await office.due() == []
    await forget(office.store, EVERY)
    assert await office.due() == [(case_id, 4)]
    await forget(office.store, EVERY)
    assert await office.due() == []


async def test_what_another_account_lacks_is_its_own(office: Office) -> None:
    """A card of an account that nobody here knows has no other drawn again."""
    await office.has("one")
    await office.draws_without(await office.has("elsewhere", account=ANOTHER))
    assert await office.due() == []


async def test_accounts_that_come_back_one_after_the_other_are_each_drawn_again(redis_url: str) -> None:
    """What was drawn again for the first is not taken for the second's."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        ((account, connector),) = told(lambda _: ()).items()
        knows_both = Redrawing(*parts(store), {account: connector, (account[0], ANOTHER): connector}, clock)
        office = Office(store, clock, knows_both, Redrawing(*parts(store), {}, clock))
        first, second = await office.has("one"), await office.has("elsewhere", account=ANOTHER)
        await office.draws_without(first)
        assert await office.due() == [(first, 4)]
        await office.draws_without(second)
        assert await office.due() == [(second, 4)]
