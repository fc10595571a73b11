"""Whoever posts messages that are no case's own, each with something to tell, and workers that sleep in the middle."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from redis.exceptions import ConnectionError as NoConnection

from bot.cards.hourly import HourlyData, hourly_message
from bot.cards.notice import caught_up, notice_message
from bot.domain.calendar import Calendar
from bot.domain.errors import LeaseLost, SlackUnknown, StoreUnavailable
from bot.domain.notices import Words
from bot.domain.ports import Blocks, Commit, Due, Posted, Rendered
from bot.domain.storm import Storm, Weather
from bot.services.calm import Calm, keep_calm
from bot.services.casework import Casework
from bot.services.hourly import HOUR_NAME, HOURLY, Hour, Hourly
from bot.services.notices import NOTICE, Notices
from bot.services.once import STALE, Once
from bot.services.outage import OUTAGE, RECORD_KEPT, Outage, Record
from bot.services.people import People
from bot.services.recovery import Recovery
from bot.services.rings import RING
from bot.services.slack_budget import SlackBudget
from bot.services.speed import Speeds
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from bot.store.trips import Command, Road
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import ANA, CARE
from tests.support.cases import a_case, a_wait
from tests.support.policies import a_policy
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store
from tests.support.storm_lab import Drawings

KIND = "dead/facebook/no-author"
ATTEMPT = re.compile(r"\d{13}-[0-9a-f]{8}")
Act = Callable[[], Awaitable[object]]


class Killed(Exception):
    """The process ends here."""


class Slept(StrEnum):
    """Where a worker sleeps for longer than its lease, while another one does the same work."""

    BEFORE_NOTING = "its note leaves only when it wakes"
    NOTED = "the note is stored"
    CALLING = "its call is carried out when it wakes"
    UNHEARD = "its call is carried out when it wakes, and no answer comes"
    LATE = "no answer comes, and its call is carried out a moment after it woke"
    STOPPED = "its call is carried out when it wakes, and its step is stopped"
    UNNOTED = "its call is carried out when it wakes, and the store is away when it notes that"
    POSTED = "its call was carried out, and it has not heard of it"


@dataclass
class Sleeper:
    """A worker that sleeps once. What is carried out late, and what happens `later` than that, belongs to the group."""

    clock: TestClock
    where: Slept
    group: asyncio.TaskGroup
    meanwhile: Act | None
    nap: timedelta
    later: Act | None
    called: asyncio.Event = field(default_factory=asyncio.Event)
    is_cut_off: bool = False

    async def sleeps(self) -> None:
        """Sleep while the other one works."""
        meanwhile, self.meanwhile = self.meanwhile, None
        self.clock.advance(self.nap)
        if meanwhile:
            await meanwhile()


@dataclass(slots=True)
class SleepyRoad:
    """A way to the server on which a worker sleeps when it has an attempt to note."""

    road: Road
    sleeper: Sleeper

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        """Ask the server, and sleep before or after."""
        if self.sleeper.is_cut_off:
            self.sleeper.is_cut_off = False
            raise NoConnection("broken off")
        notes = self.sleeper.meanwhile is not None and ATTEMPT.search(str(commands))
        if notes and self.sleeper.where is Slept.BEFORE_NOTING:
            await self.sleeper.sleeps()
        answers = await self.road.pipelined(commands)
        is_stored = not any(isinstance(answer, Exception) for answer in answers)
        if notes and self.sleeper.where is Slept.NOTED and is_stored:
            await self.sleeper.sleeps()
        return answers

    async def close(self) -> None:
        """As the road does."""
        await self.road.close()


class SleepyGateway(SlackGateway):
    """A gateway whose caller sleeps before or after its call."""

    def __init__(self, awake: SlackGateway, sleeper: Sleeper) -> None:
        super().__init__(awake.api, Metrics())
        self._sleeper = sleeper

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Sleep once, and post."""
        if self._sleeper.meanwhile is None:
            return await super().post(channel, text, blocks, **more)
        where = self._sleeper.where
        if where is not Slept.POSTED:
            await self._sleeper.sleeps()
        if where is Slept.LATE:
            self._sleeper.group.create_task(self._posts_late(channel, text, blocks, more))
            raise SlackUnknown("no answer")
        posted = await super().post(channel, text, blocks, **more)
        self._sleeper.is_cut_off = where is Slept.UNNOTED
        if where is Slept.UNHEARD:
            raise SlackUnknown("no answer")
        if where is Slept.STOPPED:
            self._sleeper.called.set()
            await asyncio.Event().wait()
        if where is Slept.POSTED:
            await self._sleeper.sleeps()
        return posted

    async def _posts_late(self, channel: str, text: str, blocks: Blocks, more: dict[str, Any]) -> None:
        await asyncio.sleep(0.05)  # the first look is over
        await super().post(channel, text, blocks, **more)
        if self._sleeper.later:
            await self._sleeper.later()


class SlowGateway(SlackGateway):
    """A gateway by which it takes long to look for an attempt; with `blind` what has come meanwhile is not seen."""

    def __init__(self, quick: SlackGateway, seconds: float = 0.0, *, blind: bool = False) -> None:
        super().__init__(quick.api, Metrics())
        self._seconds, self._blind, self.looks = seconds, blind, 0

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None:
        """Look, and wait."""
        self.looks += 1
        found = await super().find_attempt(channel, attempt, thread_ts)
        await asyncio.sleep(self._seconds)
        return None if self._blind else found


class DyingGateway(SlackGateway):
    """A gateway whose process dies as it posts: with `posted` after the call was carried out, else before."""

    def __init__(self, awake: SlackGateway, *, posted: bool) -> None:
        super().__init__(awake.api, Metrics())
        self._posted = posted

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Post, or not, and die."""
        if self._posted:
            await super().post(channel, text, blocks, **more)
        raise Killed


class Teller:
    """Something to tell in `place`, and workers that tell it."""

    place = CARE

    async def begins(self, store: Store, clock: TestClock) -> None:
        """There is something to tell."""

    async def tells(self, store: Store, gateway: SlackGateway, clock: TestClock) -> object:
        """One worker's turn."""


class Notice(Teller):
    """What is wrong with Hark."""

    async def begins(self, store: Store, clock: TestClock) -> None:
        """A delivery cannot be read."""
        await store.notices.add(KIND, Words(headline="1 delivery could not be read"), 1, clock.now())

    async def tells(self, store: Store, gateway: SlackGateway, clock: TestClock) -> object:
        """One worker's turn."""
        once = Once(gateway, clock)
        notices = Notices(store.notices, store.timers, once, notice_message, str, (CARE,), clock)
        return await notices.act(f"{NOTICE}/{KIND}")


class HourlyMessage(Teller):
    """What waits, and what happened quietly."""

    async def begins(self, store: Store, clock: TestClock) -> None:
        """Somebody liked something an hour ago."""
        await store.notes.add_to_digest(clock.now().strftime(HOUR_NAME), "1", "Ana liked")
        clock.advance(timedelta(hours=1))

    async def tells(self, store: Store, gateway: SlackGateway, clock: TestClock) -> object:
        """One worker's turn."""
        speeds = Speeds(store.speed, [("square", "hark.example")], Calendar(), clock)
        policy = a_policy(channel=CARE)
        hourly = Hourly(store.cases, speeds, store.notes, Once(gateway, clock), draw_hour, policy, clock)
        return await hourly.act(HOURLY)


def draw_hour(hour: Hour) -> Rendered:
    """The message, with nothing but what happened quietly."""
    return hourly_message(HourlyData(at=hour.now, quiet=hour.quiet))


class EndOfOutage(Teller):
    """That Slack is back."""

    async def begins(self, store: Store, clock: TestClock) -> None:
        """It was away for five minutes."""
        record = Record(since=clock.now() - timedelta(minutes=5), ended=clock.now())
        await store.notes.set(OUTAGE, record.model_dump_json(), RECORD_KEPT)

    async def tells(self, store: Store, gateway: SlackGateway, clock: TestClock) -> object:
        """One worker's turn."""
        outage = Outage(store.notes, store.timers, gateway.connect, clock)
        once = Once(gateway, clock)
        return await Recovery(outage, store.cards, store.notes, once, caught_up, CARE, clock).act(OUTAGE)


def calm(store: Store, gateway: SlackGateway, clock: TestClock) -> Calm:
    """What keeps a storm, or a person's message, true."""
    casework, budget = Casework(store.cases, clock), SlackBudget(store.budgets, clock)
    people = People(store.notes, gateway)
    return keep_calm(store, budget, casework, gateway, people, Drawings(), clock, Metrics())


class StormCard(Teller):
    """The card of a storm."""

    async def begins(self, store: Store, clock: TestClock) -> None:
        """It begins now."""
        storm = Storm(id="s1", began_at=clock.now(), because="wait")
        await store.storms.swap(CARE, Weather(), Weather(storm=storm))

    async def tells(self, store: Store, gateway: SlackGateway, clock: TestClock) -> object:
        """One worker's turn."""
        return await calm(store, gateway, clock).act(Due(CARE, 0, "token", 0))


class GatheredRing(Teller):
    """What was gathered for somebody."""

    async def begins(self, store: Store, clock: TestClock) -> None:
        """A customer waits."""
        case = a_case(wait=a_wait(clock.now()))
        await store.cases.commit(Commit(before=None, after=case, at=clock.now()))
        await store.rings.gather(ANA, case.id, clock.now())

    async def tells(self, store: Store, gateway: SlackGateway, clock: TestClock) -> object:
        """One worker's turn."""
        return await calm(store, gateway, clock).act(Due(f"{RING}{ANA}", 0, "token", 0))


TELLERS: tuple[type[Teller], ...] = (Notice, HourlyMessage, EndOfOutage, StormCard, GatheredRing)


@dataclass
class Room:
    """Something to tell, a local Slack, and two workers with a connection each."""

    teller: Teller
    stores: tuple[Store, Store]
    slack: SlackSandbox
    gateway: SlackGateway
    clock: TestClock

    def told(self) -> list[str]:
        """What stands where it is told."""
        place = self.slack.direct(ANA) if isinstance(self.teller, GatheredRing) else self.teller.place
        return [message.text for message in self.slack.messages(place)]

    def posts(self) -> int:
        """How often a post was carried out."""
        return len(self.slack.calls_of("chat.postMessage"))

    async def awake(self, gateway: SlackGateway | None = None) -> None:
        """A turn of the worker that is awake; when it may be another's, it ends without a word."""
        with suppress(LeaseLost, Killed):
            await self.teller.tells(self.stores[1], gateway or self.gateway, self.clock)

    async def sleeping(
        self, where: Slept, meanwhile: Act | None = None, *, nap: timedelta = STALE * 2, later: Act | None = None
    ) -> None:
        """A turn of the worker that sleeps once, while the other one has a turn or something else happens."""
        trips = self.stores[0].link._trips
        async with asyncio.TaskGroup() as group:
            sleeper = Sleeper(self.clock, where, group, meanwhile or self.awake, nap, later)
            trips.road = SleepyRoad(trips.road, sleeper)
            step = group.create_task(self._turn(SleepyGateway(self.gateway, sleeper)))
            if where is Slept.STOPPED:
                await sleeper.called.wait()
                step.cancel()
        assert step.cancelled() is (where is Slept.STOPPED)

    async def _turn(self, gateway: SlackGateway) -> None:
        with suppress(LeaseLost, SlackUnknown, StoreUnavailable):
            await self.teller.tells(self.stores[0], gateway, self.clock)


@asynccontextmanager
async def a_room(redis_url: str, teller: type[Teller]) -> AsyncIterator[Room]:
    """Everything real."""
    clock = TestClock()
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(a_store(redis_url, clock=clock))
        two = await stack.enter_async_context(a_store(redis_url, clock=clock, instance="worker-2"))
        slack = await stack.enter_async_context(SlackSandbox(UNLIMITED))
        api = await stack.enter_async_context(slack_api(slack))
        room = Room(teller(), (one, two), slack, SlackGateway(api, Metrics()), clock)
        await room.teller.begins(one, clock)
        yield room
