"""A message that stands for many cases is posted once, however slow Slack is."""

from dataclasses import dataclass
from datetime import timedelta

from bot.cards.build import Sheet
from bot.cards.view import rendered
from bot.domain.attempts import new_attempt
from bot.domain.ports import Posted
from bot.domain.storm import Face
from bot.services.once import STALE, Once
from bot.services.posters import Posters
from bot.services.slack_budget import SlackBudget
from tests.support.cases import NOON
from tests.support.stores import TestClock, a_store
from tests.support.storm_lab import CHANNEL, NotingSlack

DRAWING = rendered("a storm", Sheet([], b"[]"))
MINUTE = timedelta(minutes=1)


@dataclass
class SlowSlack(NotingSlack):
    """It takes long to look through a channel."""

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None:
        """Look, and take longer than an attempt may take to be noted."""
        self.clock.advance(STALE + timedelta(milliseconds=1))
        return await super().find_attempt(channel, attempt, thread_ts)


async def test_a_slow_look_is_no_reason_not_to_post(redis_url: str) -> None:
    """An attempt came to nothing, and Slack answers slowly: whoever has looked in vain posts, instead of looking again
    and again."""
    clock, faces = TestClock(), [Face(attempt=new_attempt(NOON))]
    slack = SlowSlack(clock)

    async def save(face: Face) -> Face:
        faces.append(face)
        return face

    async with a_store(redis_url, clock=clock) as store:
        posters = Posters(Once(slack, clock), SlackBudget(store.budgets, clock))
        assert await posters.show(CHANNEL, faces[0], DRAWING, save, MINUTE) is None
    assert [text for _, _, text, _ in slack.posts] == ["a storm"]
    assert (faces[-1].place, faces[-1].ts) == (CHANNEL, "1.0")
