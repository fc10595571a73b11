"""The hourly message tells of every quiet hour, also after a night in which nobody ran."""

from datetime import datetime, timedelta

from bot.services.hourly import HOUR_NAME, Hour, Hourly
from bot.slack import SlackGateway
from bot.telemetry import Metrics
from sandbox.slack.app import SlackSandbox
from sandbox.slack.workspace import CARE
from tests.support.policies import a_policy
from tests.support.slack_sandbox import UNLIMITED, slack_api
from tests.support.stores import TestClock, a_store


class Line:
    """A drawing with nothing but the quiet lines."""

    def __init__(self, hour: Hour) -> None:
        self.text = "; ".join(hour.quiet) or "quiet"
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
