"""Asking how fast we were: whole days and today, and not more often than once a minute."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.domain.case import SendState
from bot.domain.decisions import Change
from bot.domain.models import Sent
from bot.domain.ports import Commit
from bot.domain.reading import Reading
from bot.domain.receiving import open_case
from bot.domain.sending import sent
from bot.services.speed import MOST_DAYS, Speeds
from bot.store.cases import COUNTS_TTL
from bot.store.store import Store
from tests.support.cases import NOON, a_case, a_key, a_send, an_item
from tests.support.policies import a_policy
from tests.support.stores import TestClock, a_store

POLICY = a_policy()
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def answered(store: Store, conversation: str, at: datetime) -> None:
    """A customer was answered then."""
    case = a_case(key=a_key(conversation), sends=(a_send(state=SendState.SENDING),))
    assert await store.cases.commit(Commit(None, case, NOON)) == "committed"
    before = case.model_copy(update={"version": 1})
    change = sent(before, "send-1", Sent(id="there"), at, POLICY)
    assert isinstance(change, Change)
    assert await store.cases.commit(Commit(before, change.case, at)) == "committed"


async def test_whole_days_and_today(redis_url: str) -> None:
    """Since midnight (UTC) so many days ago; what came before is left out."""
    clock = TestClock(NOON + 10 * DAY)
    async with a_store(redis_url, shards=3, clock=clock) as store:
        for n, days in enumerate((0, 3, 4, 10)):
            await answered(store, f"post-{n}", NOON + days * DAY + MINUTE)
        speeds = Speeds(store.speed, [("square", "hark.example")], POLICY.calendar, clock)
        week, since = await speeds.of(7), datetime(2026, 3, 7, tzinfo=UTC)
        assert (week.total.answered, week.since) == (3, since)
        assert (await speeds.of(6)).total.answered == 2
        assert (await speeds.of(MOST_DAYS)).total.answered == 4
        assert list(week.networks) == ["square"]


async def test_topics_of_so_many_days_and_of_as_many_before(redis_url: str) -> None:
    """Today counts as well, on both sides; of days that are not kept any more nothing is said."""
    clock = TestClock(NOON + 50 * DAY)
    async with a_store(redis_url, clock=clock) as store:
        for back in (0, 7, 8, 15, 16, 30):
            at = clock.now() - back * DAY
            item = an_item(posted_at=at, seen_at=at)
            new = open_case(a_key(f"post-{back}"), item, Reading(intent="question"), POLICY)
            assert await store.cases.commit(Commit(None, new.case, at)) == "committed"
        speeds = Speeds(store.speed, [], POLICY.calendar, clock)
        week = await speeds.topics(7)
        assert (week.customers, week.before, week.since.date()) == (2, 2, (clock.now() - 7 * DAY).date())
        most, more = await speeds.topics(19), await speeds.topics(20)
        assert (most.customers, most.before) == (5, 1)
        assert (more.customers, more.before) == (5, None)


async def test_counts_are_kept_for_as_long_as_can_be_asked() -> None:
    """The first of the days as well."""
    assert timedelta(days=MOST_DAYS + 1) < COUNTS_TTL


async def test_it_is_worked_out_once_a_minute(redis_url: str) -> None:
    """However many open Home: for a minute they are told the same, each number of days for itself."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        speeds = Speeds(store.speed, [], POLICY.calendar, clock)
        assert (await speeds.of()).total.answered == 0
        await answered(store, "post-1", NOON + MINUTE)
        clock.advance(MINUTE / 2)
        assert (await speeds.of()).total.answered == 0
        assert (await speeds.of(30)).total.answered == 1
        clock.advance(MINUTE)
        assert (await speeds.of()).total.answered == 1


async def test_who_asks_at_the_same_time_is_told_the_same(redis_url: str) -> None:
    """Fifty open Home at nine: it is worked out for the first of them."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        speeds = Speeds(store.speed, [], POLICY.calendar, clock)
        first, *others = await asyncio.gather(*(speeds.of() for _ in range(50)))
        assert all(other is first for other in others)
