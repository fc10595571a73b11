"""The end of an outage of Slack is told once, by whichever process holds the chore, with what all of it was."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from bot.cards.notice import caught_up
from bot.domain.errors import SlackUnavailable, SlackUnknown, StoreUnavailable
from bot.services.once import Once
from bot.services.outage import FAILURES, FATAL_PROBE, LAST_PROBE, OUTAGE, Outage, Record
from bot.services.recovery import LOOK, PATIENCE, Recovery
from bot.store.notes import RedisNotes
from bot.store.store import Store
from tests.support.stores import TestClock, a_store, forget
from tests.support.storm_lab import MAIN, NotingSlack

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Office:
    """Two processes: `away` calls Slack in vain, `chore` draws nothing and follows the outage to its end."""

    store: Store
    clock: TestClock
    slack: NotingSlack
    away: Outage
    chore: Recovery

    async def breaks(self, apart: timedelta = timedelta(0)) -> None:
        """As many calls without an answer as make an outage, so far apart; then the process asks what it may do."""
        for _ in range(FAILURES):
            self.away.answered("chat.postMessage", "unreachable", "")
            self.clock.advance(apart)
        await self.away.allows()

    async def mends(self) -> None:
        """A message is taken; the process asks what it may do."""
        self.away.answered("chat.postMessage", "ok", "")
        await self.away.allows()

    async def waits(self, cards: int) -> None:
        """So many cards are to be drawn."""
        for n in range(cards):
            await self.store.cards.put(f"case-{n}", self.clock.now())

    async def draws(self) -> None:
        """No card waits any more."""
        for due in await self.store.cards.take(self.clock.now(), 100, MINUTE):
            await self.store.cards.done(due)

    async def looks(self, after: timedelta = timedelta(0)) -> bool:
        """The chore is done so much later: whether it comes again."""
        self.clock.advance(after)
        again = await self.chore.act(OUTAGE)
        assert again in {None, self.clock.now() + LOOK}
        return again is not None

    @property
    def told(self) -> list[str]:
        """The lines in the main channel."""
        return [text.removeprefix("✅ Caught up: ") for _, channel, text, _ in self.slack.posts if channel == MAIN]


async def probe() -> None:
    """Slack is asked whether it is back."""
    raise SlackUnavailable("away")


@pytest.fixture
async def office(redis_url: str) -> AsyncIterator[Office]:
    """Everything real but Slack and the clock."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        slack = NotingSlack(clock)
        away, well = (Outage(store.notes, store.timers, probe, clock) for _ in range(2))
        chore = Recovery(well, store.cards, store.notes, Once(slack, clock), caught_up, MAIN, clock)
        yield Office(store, clock, slack, away, chore)


async def test_one_process_without_slack_is_an_outage_for_all(office: Office) -> None:
    """Who holds the chore need not have noticed: nothing is told before the other process is through."""
    await office.waits(3)
    await office.breaks()
    assert await office.looks()
    await office.draws()
    assert await office.looks(10 * MINUTE)
    await office.mends()
    assert not await office.looks()
    assert office.told == ["3 cards after 10 minutes without Slack"]


async def test_a_long_outage_is_known_to_all_as_long_as_it_lasts(office: Office) -> None:
    """The word of it stands for a minute and a half, and is renewed for as long as Slack is asked in vain."""
    await office.breaks()
    for _ in range(10):
        office.clock.advance(LAST_PROBE)
        await forget(office.store, LAST_PROBE)
        await office.away.allows()
    assert await office.looks()
    assert office.told == []


async def test_a_process_that_is_back_does_not_end_the_outage_of_another(office: Office) -> None:
    """Two of them lost Slack; the one that follows the outage to its end is the one that is away still."""
    await office.breaks()
    for _ in range(FAILURES):
        office.chore.outage.answered("chat.postMessage", "unreachable", "")
    await office.chore.outage.allows()
    office.clock.advance(10 * MINUTE)
    await office.mends()
    assert await office.looks()
    assert office.told == []


async def test_every_outage_has_its_end_told(office: Office) -> None:
    """The chore is made due by each, since it is done with after the one before; each has a beginning of its own."""
    for _ in range(2):
        await office.breaks()
        (due,) = await office.store.timers.take(office.clock.now(), 10, MINUTE)
        assert due.id == OUTAGE
        await office.store.timers.done(due)
        office.clock.advance(5 * MINUTE)
        await office.mends()
        assert not await office.looks()
        office.clock.advance(60 * MINUTE)
    assert office.told == ["0 cards after 5 minutes without Slack"] * 2


async def test_an_outage_that_could_not_be_noted_is_noted_with_the_next_look(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis was away in the same moment."""

    async def away(_notes: RedisNotes, _name: str) -> str | None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(RedisNotes, "get", away)
        with pytest.raises(StoreUnavailable):
            await office.breaks()
    await office.away.allows()
    assert [due.id for due in await office.store.timers.take(office.clock.now(), 10, MINUTE)] == [OUTAGE]
    office.clock.advance(5 * MINUTE)
    await office.mends()
    assert not await office.looks()
    assert office.told == ["0 cards after 5 minutes without Slack"]


async def test_an_outage_counts_from_the_first_call_that_failed(office: Office) -> None:
    """Two minutes are worth a line: those that it took to be sure are two of them."""
    await office.breaks(apart=timedelta(seconds=40))
    await office.mends()
    assert not await office.looks()
    assert office.told == ["0 cards after 2 minutes without Slack"]


async def test_an_outage_is_as_long_as_slack_was_away(office: Office) -> None:
    """The time that the cards took to catch up is none of it; what came in shortly before the end is counted."""
    await office.breaks()
    assert await office.looks(5 * MINUTE)
    await office.waits(4)
    await office.mends()
    assert await office.looks()
    await office.draws()
    assert not await office.looks(MINUTE)
    assert office.told == ["4 cards after 5 minutes without Slack"]


async def test_an_outage_that_goes_on_before_all_has_caught_up_is_the_same(office: Office) -> None:
    """One line for both halves."""
    await office.waits(1)
    await office.breaks()
    office.clock.advance(5 * MINUTE)
    await office.mends()
    assert await office.looks()
    await office.breaks()
    assert await office.looks()
    office.clock.advance(10 * MINUTE)
    await office.mends()
    await office.draws()
    assert not await office.looks()
    assert office.told == ["1 card after 15 minutes without Slack"]


async def test_cards_that_never_catch_up_hold_the_line_up_for_a_while_only(office: Office) -> None:
    """Two seconds for each, and a minute."""
    await office.waits(20)
    await office.breaks()
    office.clock.advance(5 * MINUTE)
    await office.mends()
    assert await office.looks()
    assert await office.looks(PATIENCE + 39 * SECOND)
    assert not await office.looks(SECOND)
    assert office.told == ["20 cards after 5 minutes without Slack"]


async def test_an_outage_that_begins_while_the_last_one_is_told_has_its_end_told(office: Office) -> None:
    """It found the record of the one before, which is forgotten with the telling."""
    await office.breaks()
    office.clock.advance(5 * MINUTE)
    await office.mends()
    office.slack.meanwhile = office.breaks
    assert not await office.looks()
    assert await office.looks(), "the chore was set anew, and finds that Slack is away"
    office.clock.advance(7 * MINUTE)
    await office.mends()
    assert not await office.looks()
    assert office.told == [f"0 cards after {minutes} minutes without Slack" for minutes in (5, 7)]
    assert not await office.looks(), "nothing is left of it"


async def test_a_line_whose_answer_was_lost_is_not_repeated(office: Office) -> None:
    """The attempt is found in the channel."""
    await office.breaks()
    office.clock.advance(5 * MINUTE)
    await office.mends()
    office.slack.losing = 1
    with pytest.raises(SlackUnknown):
        await office.looks()
    assert not await office.looks(MINUTE)
    assert len(office.told) == 1


@dataclass(frozen=True)
class Meanwhile:
    """A queue in which so many cards wait; while it is asked, something else happens."""

    act: Callable[[], Awaitable[object]]
    cards: int

    async def waiting(self, _until: datetime) -> int:
        """Let it happen."""
        await self.act()
        return self.cards


@pytest.mark.parametrize(("goes_on", "cards"), [(True, 0), (True, 1), (False, 1)])
async def test_a_worker_that_slept_leaves_the_next_outage_alone(office: Office, goes_on: bool, cards: int) -> None:
    """Another followed the first one to its end, and a second one began or did not: that is not forgotten, nor is the
    first one remembered in its place."""
    await office.breaks()
    began = office.clock.now()

    async def next_one() -> None:
        await office.mends()
        assert not await office.looks()
        office.clock.advance(5 * MINUTE)
        if not goes_on:
            return
        await office.breaks()
        await office.mends()

    once = Once(office.slack, office.clock)
    well = Outage(office.store.notes, office.store.timers, probe, office.clock)
    asleep = Recovery(well, Meanwhile(next_one, cards), office.store.notes, once, caught_up, MAIN, office.clock)
    await asleep.act(OUTAGE)
    text = await office.store.notes.get(OUTAGE)
    assert (Record.model_validate_json(text).since if text else None) == (began + 5 * MINUTE if goes_on else None)


async def test_a_line_that_slack_refuses_is_not_argued_with(office: Office) -> None:
    """The main channel was archived: the outage is over for all that."""
    await office.breaks()
    office.clock.advance(5 * MINUTE)
    await office.mends()
    office.slack.archived.add(MAIN)
    assert not await office.looks()
    assert not await office.store.notes.get(OUTAGE)


async def test_a_dead_token_is_known_between_two_tries(office: Office) -> None:
    """It is tried once a minute: the word of it stands for longer, or the end would be told while nothing goes out."""
    office.away.answered("chat.postMessage", "refused", "invalid_auth")
    await office.away.allows()
    office.clock.advance(FATAL_PROBE)
    await forget(office.store, FATAL_PROBE)
    assert await office.looks()
    assert office.told == []
