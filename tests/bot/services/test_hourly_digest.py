"""The hourly message tells of every quiet hour, also after a night in which nobody ran, and of everybody who waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from bot.cards.hourly import HourlyData, hourly_message
from bot.domain.calendar import Calendar
from bot.domain.case import Cycle
from bot.domain.ports import Commit, Due, Posted, Rendered
from bot.services.casework import Casework
from bot.services.hourly import HOUR_NAME, HOURLY, SHOWN, Hour, Hourly
from bot.services.once import Once
from bot.services.speed import Speeds
from bot.services.timers import Timing
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import CARE, RANDOM
from tests.support.cases import a_case, a_key, a_wait
from tests.support.policies import a_policy
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store

UNDRAWABLE = "Nobody"
"""Slack takes no message that tells of this customer alone."""


class Line:
    """A drawing with nothing but the quiet lines."""

    def __init__(self, hour: Hour) -> None:
        waiting = f"{hour.total} wait, {hour.overdue} for too long" if hour.total else "quiet"
        self.text = "; ".join(hour.quiet) or waiting
        kind = "section" if self.text != f"{UNDRAWABLE} liked" else "nothing that Slack knows"
        self.blocks = [{"type": kind, "text": {"type": "plain_text", "text": self.text}}]
        self.digest = self.text


@dataclass
class Desk:
    """An hourly message and where it is read."""

    clock: TestClock
    store: Store
    slack: SlackSandbox
    gateway: SlackGateway
    hourly: Hourly

    def told(self) -> list[str]:
        """What stands in the channel."""
        return [message.text for message in self.slack.messages(CARE)]


@pytest.fixture
async def desk(redis_url: str) -> AsyncIterator[Desk]:
    """Nothing was told yet."""
    clock = TestClock()
    async with (
        a_store(redis_url, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        slack_api(slack) as api,
    ):
        gateway = SlackGateway(api, Metrics())
        yield Desk(clock, store, slack, gateway, writing(store, gateway, Line, CARE, clock))


def writing(
    store: Store,
    gateway: SlackGateway,
    render: Callable[[Hour], Rendered],
    channel: str,
    clock: TestClock,
    calendar: Calendar | None = None,
) -> Hourly:
    """What writes the message in a channel."""
    policy = a_policy(channel=channel, calendar=calendar or Calendar())
    speeds = Speeds(store.speed, [("square", "hark.example")], policy.calendar, clock)
    return Hourly(store.cases, speeds, store.notes, Once(gateway, clock), render, policy, clock)


async def test_an_hour_that_was_missed_is_told_later_and_only_once(desk: Desk) -> None:
    """Likes of an hour whose message was never written stand in the next one; then they are told."""
    await desk.store.notes.add_to_digest(desk.clock.now().strftime(HOUR_NAME), "1", "Ana liked")
    desk.clock.advance(timedelta(hours=3))
    await desk.hourly.act(HOURLY)
    assert desk.told() == ["Ana liked"]
    desk.clock.advance(timedelta(hours=1))
    due: datetime = await desk.hourly.act(HOURLY)
    assert due > desk.clock.now()
    assert desk.told() == ["quiet"]


async def test_it_is_written_on_the_hour_however_often_it_is_scheduled(desk: Desk) -> None:
    """Every worker does so each minute: nobody's channel is edited each minute, and no hour is put off."""
    desk.clock.advance(timedelta(minutes=20))
    for _ in range(2):
        await desk.hourly.schedule(desk.store.timers)
        desk.clock.advance(timedelta(minutes=20) - timedelta(milliseconds=1))
        assert await desk.store.timers.take(desk.clock.now(), 1, timedelta(minutes=1)) == []
    desk.clock.advance(timedelta(milliseconds=2))
    assert [due.id for due in await desk.store.timers.take(desk.clock.now(), 1, timedelta(minutes=1))] == [HOURLY]


async def test_likes_of_a_long_refusal_are_told_afterwards(desk: Desk) -> None:
    """A token that ends on Friday evening and is renewed on Monday morning: the first like and the last one."""
    api = desk.gateway.api
    good, api.token = api.token, "xoxb-revoked"
    for id_ in ("Ana", "Ben"):
        await desk.store.notes.add_to_digest(desk.clock.now().strftime(HOUR_NAME), id_, f"{id_} liked")
        for _ in range(31):
            desk.clock.advance(timedelta(hours=1))
            await desk.hourly.act(HOURLY)
    api.token = good
    desk.clock.advance(timedelta(hours=1))
    await desk.hourly.act(HOURLY)
    assert desk.told() == ["Ana liked; Ben liked"]


def really_drawn(hour: Hour) -> Rendered:
    """The message as the team sees it."""
    return hourly_message(HourlyData(at=hour.now, quiet=hour.quiet))


async def hour_with(desk: Desk, name: str) -> None:
    """Somebody likes something; an hour later that is told, if Slack takes it."""
    await desk.store.notes.add_to_digest(desk.clock.now().strftime(HOUR_NAME), name, f"{name} liked")
    desk.clock.advance(timedelta(hours=1))
    await desk.hourly.act(HOURLY)


@pytest.mark.parametrize("token", ["xoxb-revoked", ""])
async def test_a_refusal_that_is_not_about_the_message_leaves_it_the_only_one(desk: Desk, token: str) -> None:
    """It was the token, or what was drawn: once Slack takes an edit, today's message tells what waited."""
    await hour_with(desk, "Ana")
    api = desk.gateway.api
    good, api.token = api.token, token or api.token
    await hour_with(desk, "Ben" if token else UNDRAWABLE)
    api.token = good
    assert desk.told() == ["Ana liked"]
    await hour_with(desk, "Cem")
    assert desk.told() == [f"{'Ben' if token else UNDRAWABLE} liked; Cem liked"]


async def test_a_lost_answer_does_not_double_it(desk: Desk) -> None:
    """Slack took the message and the connection broke: half a minute later it is found, not posted again."""
    timing = Timing(Casework(desk.store.cases, desk.clock), a_policy(), desk.clock, {HOURLY: desk.hourly.act})
    await desk.store.notes.add_to_digest(desk.clock.now().strftime(HOUR_NAME), "Ana", "Ana liked")
    desk.clock.advance(timedelta(hours=1))
    desk.slack.set_fault("drop_after", "chat.postMessage")
    for again in (timedelta(seconds=30), timedelta(hours=1) - timedelta(seconds=30)):
        due = desk.clock.now() + again
        assert await timing.act(Due(HOURLY, 0, "", 0)) == due
        desk.clock.advance(again)
    assert desk.told() == ["Ana liked"]


async def test_a_message_that_somebody_deleted_is_posted_anew(desk: Desk) -> None:
    """With the next hour, and what waited is told."""
    await hour_with(desk, "Ana")
    (posted,) = desk.slack.messages(CARE)
    await desk.gateway.delete(Posted(CARE, posted.ts))
    await hour_with(desk, "Ben")
    await hour_with(desk, "Cem")
    assert desk.told() == ["Ben liked; Cem liked"]


async def test_a_channel_that_is_set_anew_has_the_message_at_once(desk: Desk) -> None:
    """The old one stays where it stands: nobody looks there any more."""
    await hour_with(desk, "Ana")
    desk.slack.workspace.conversations[RANDOM].members.add(desk.slack.config.bot_user_id)
    moved = writing(desk.store, desk.gateway, Line, RANDOM, desk.clock)
    await desk.store.notes.add_to_digest(desk.clock.now().strftime(HOUR_NAME), "Ben", "Ben liked")
    desk.clock.advance(timedelta(hours=1))
    await moved.act(HOURLY)
    assert desk.told() == ["Ana liked"]
    assert [message.text for message in desk.slack.messages(RANDOM)] == ["Ben liked"]


async def test_an_hour_without_quiet_events_follows_one_with_them(desk: Desk) -> None:
    """As it is really drawn: today's message is edited, whatever kinds of block it had before."""
    desk.hourly = writing(desk.store, desk.gateway, really_drawn, CARE, desk.clock)
    await hour_with(desk, "Ana")
    desk.clock.advance(timedelta(hours=1))
    await desk.hourly.act(HOURLY)
    assert desk.told() == ["Nobody waits for an answer"]


async def test_more_than_can_be_listed_are_all_counted(desk: Desk) -> None:
    """In a storm the figure is what the team goes by: it does not end where the list does. A late first word counts.

    Nor does it cost more than what is shown: five cases are read.
    """
    await waiting(desk, 202)
    before = await reads(desk)
    await desk.hourly.act(HOURLY)
    assert desk.told() == ["202 wait, 1 for too long"]
    assert await reads(desk) - before == SHOWN == 5


async def test_who_waits_longest_is_told_of_wherever_they_stand_in_the_list(desk: Desk) -> None:
    """They were promised more time, and are due last of all: the figure is not that of the first in line."""
    now, hours = desk.clock.now(), list[Hour]()

    def noting(hour: Hour) -> Line:
        hours.append(hour)
        return Line(hour)

    desk.hourly = writing(desk.store, desk.gateway, noting, CARE, desk.clock)
    await waiting(desk, 202)
    since = now - timedelta(hours=9)
    oldest = a_case(
        key=a_key("oldest"),
        cycle=Cycle(n=1, posted_at=since, seen_at=since),
        wait=a_wait(now + timedelta(hours=9)).model_copy(update={"since": since}),
    )
    await desk.store.cases.commit(Commit(None, oldest, now))
    await desk.hourly.act(HOURLY)
    (hour,) = hours
    assert hour.oldest == since
    assert oldest.id not in {case.id for case in hour.waiting}


async def test_a_quiet_night_posts_nothing(desk: Desk) -> None:
    """Nobody waits, nothing happened, and no message stands that would have to say so."""
    await desk.hourly.act(HOURLY)
    assert desk.told() == []


async def test_what_stands_already_is_not_edited(desk: Desk) -> None:
    """Hour after hour nobody waits: Slack is asked once, for the first of them."""
    await hour_with(desk, "Ana")
    for _ in range(3):
        desk.clock.advance(timedelta(hours=1))
        await desk.hourly.act(HOURLY)
    assert desk.told() == ["quiet"]
    assert len(desk.slack.calls_of("chat.update")) == 1


async def test_each_day_of_the_desk_has_a_message_of_its_own(desk: Desk) -> None:
    """Its midnight is that of the team's wall clock, not that of the server; yesterday's message stays."""
    desk.hourly = writing(desk.store, desk.gateway, Line, CARE, desk.clock, Calendar(zone="Pacific/Auckland"))
    desk.clock.advance(timedelta(minutes=-151))
    await hour_with(desk, "Ana")  # told at 10:29 UTC, which is 23:29 in Auckland
    await hour_with(desk, "Ben")
    assert desk.told() == ["Ana liked", "Ben liked"]


async def test_an_hour_is_told_once_it_is_over(desk: Desk) -> None:
    """More may come in it, and it is told once; since when all this came is the first hour of those told."""
    hours = list[Hour]()

    def noting(hour: Hour) -> Line:
        hours.append(hour)
        return Line(hour)

    desk.hourly = writing(desk.store, desk.gateway, noting, CARE, desk.clock)
    await waiting(desk, 1)
    began = desk.clock.now()
    for name in ("Ana", "Ben"):
        await desk.store.notes.add_to_digest(desk.clock.now().strftime(HOUR_NAME), name, f"{name} liked")
        desk.clock.advance(timedelta(hours=1))
    await desk.store.notes.add_to_digest(desk.clock.now().strftime(HOUR_NAME), "Cem", "Cem liked")
    await desk.hourly.act(HOURLY)
    (hour,) = hours
    assert (hour.quiet, hour.quiet_since) == (("Ana liked", "Ben liked"), began)


async def waiting(desk: Desk, many: int) -> None:
    """So many customers wait, the first of them for too long."""
    now = desk.clock.now()
    early, late = a_wait(now - timedelta(minutes=61)), a_wait(now)
    cases = [a_case(key=a_key(f"post-{n}"), wait=late if n else early) for n in range(many)]
    await asyncio.gather(*(desk.store.cases.commit(Commit(None, case, now)) for case in cases))


async def reads(desk: Desk) -> int:
    """How many values of hashes, such as cases, the server was asked for by now."""
    said = await desk.store.link.do("INFO", "commandstats")
    return int(said.get("cmdstat_hget", {"calls": 0})["calls"])
