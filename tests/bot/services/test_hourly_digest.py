"""The hourly message tells of every quiet hour, also after a night in which nobody ran, and of everybody who waits."""

import asyncio
from datetime import datetime, timedelta

from bot.domain.ports import Commit
from bot.services.hourly import HOUR_NAME, SHOWN, Hour, Hourly
from bot.slack import SlackGateway
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import CARE
from tests.support.cases import a_case, a_key, a_wait
from tests.support.policies import a_policy
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store


class Line:
    """A drawing with nothing but the quiet lines."""

    def __init__(self, hour: Hour) -> None:
        waiting = f"{hour.total} wait, {hour.overdue} for too long" if hour.total else "quiet"
        self.text = "; ".join(hour.quiet) or waiting
        self.blocks = [{"type": "section", "text": {"type": "plain_text", "text": self.text}}]
        self.digest = self.text


async def test_an_hour_that_was_missed_is_told_later_and_only_once(redis_url: str) -> None:
    """Likes of an hour whose message was never written stand in the next one; then they are told."""
    clock = TestClock()
    async with (
        a_store(redis_url, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        slack_api(slack) as api,
    ):
        gateway = SlackGateway(api, Metrics(), CARE)
        hourly = Hourly(store.cases, store.notes, gateway, Line, a_policy(channel=CARE), clock)
        await store.notes.add_to_digest(clock.now().strftime(HOUR_NAME), "1", "Ana liked")
        clock.advance(timedelta(hours=3))
        await hourly.write()
        assert [message.text for message in slack.messages(CARE)] == ["Ana liked"]
        clock.advance(timedelta(hours=1))
        due: datetime = await hourly.write()
        assert due > clock.now()
        assert [message.text for message in slack.messages(CARE)] == ["quiet"]


async def test_more_than_can_be_listed_are_all_counted(redis_url: str) -> None:
    """In a storm the figure is what the team goes by: it does not end where the list does."""
    clock = TestClock()
    async with (
        a_store(redis_url, clock=clock) as store,
        SlackSandbox(UNLIMITED) as slack,
        slack_api(slack) as api,
    ):
        gateway = SlackGateway(api, Metrics(), CARE)
        hourly = Hourly(store.cases, store.notes, gateway, Line, a_policy(channel=CARE), clock)
        early, late = a_wait(clock.now() - timedelta(hours=3)), a_wait(clock.now())
        cases = [a_case(key=a_key(f"post-{n}"), wait=late if n else early) for n in range(SHOWN + 2)]
        await asyncio.gather(*(store.cases.commit(Commit(None, case, clock.now())) for case in cases))
        await hourly.write()
        assert [message.text for message in slack.messages(CARE)] == [f"{SHOWN + 2} wait, 1 for too long"]
