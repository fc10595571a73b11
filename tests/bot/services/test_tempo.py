"""The tempo of a service: Slack's budgets, and the same allowed so many times."""

from datetime import timedelta

from bot.services.tempo import USUAL, Tempo, paced
from tests.support.cases import NOON
from tests.support.stores import a_store


async def test_the_usual_tempo_changes_no_budget(redis_url: str) -> None:
    """Against Slack its own limits hold, asked without a detour."""
    async with a_store(redis_url) as store:
        assert paced(store.budgets, USUAL) is store.budgets


async def test_a_faster_pace_allows_so_many_times_more(redis_url: str) -> None:
    """Burst and rate alike: with a burst of 2 at 1 a second, three times as fast means 6 at once, then 3 a second."""
    async with a_store(redis_url) as store:
        budgets = paced(store.budgets, Tempo(slack_pace=3))
        waits = [await budgets.take("bucket", 1.0, 2, NOON) for _ in range(7)]
        assert waits[:6] == [0] * 6
        assert 0.33 < waits[6] < 0.34
        assert await budgets.take("bucket", 1.0, 2, NOON + timedelta(seconds=0.34)) == 0


async def test_several_at_once_are_allowed_so_many_times_more(redis_url: str) -> None:
    """As many as are left for others stay with them."""
    async with a_store(redis_url) as store:
        budgets = paced(store.budgets, Tempo(slack_pace=3))
        assert (await budgets.take_some("bucket", 1.0, 2, NOON, 3, 4))[0] == 2
        assert (await budgets.take_some("other", 1.0, 2, NOON, 7, 0))[0] == 6
        taken, wait = await budgets.take_some("other", 1.0, 2, NOON, 1, 0)
        assert taken == 0
        assert 0.33 < wait < 0.34


async def test_a_faster_pace_keeps_a_pause(redis_url: str) -> None:
    """What a 429 asks for holds at any pace."""
    async with a_store(redis_url) as store:
        budgets = paced(store.budgets, Tempo(slack_pace=1000))
        await budgets.pause("bucket", NOON + timedelta(seconds=7))
        assert await budgets.take("bucket", 1.0, 2, NOON) == 7
