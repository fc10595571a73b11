"""The watchers come round at their own pace, however often and by however many workers they are scheduled."""

from collections import Counter
from datetime import timedelta

from bot import accounts
from bot.app import open_service
from bot.services.canary import CANARY
from bot.services.dead_watch import DEAD
from bot.services.misplaced import MISPLACED
from bot.services.signals import WATCHES
from tests.support.bot_process import a_sandbox
from tests.support.stores import TestClock

MINUTE = timedelta(minutes=1)


async def test_a_watcher_that_looks_every_five_minutes_is_not_made_to_look_every_minute(redis_url: str) -> None:
    """Two workers schedule them each minute, as workers do; in half an hour each looks as often as it says itself."""
    clock, looked = TestClock(), Counter[str]()
    async with a_sandbox(redis_url) as (_, env):
        settings, found = accounts.settings_of(env)
        async with open_service(settings, found, env, clock) as service:
            timers = service.store.timers
            for _minute in range(30):
                for _worker in range(2):
                    await service.signals.schedule(timers)
                clock.advance(MINUTE)
                for due in await timers.take(clock.now(), 10, MINUTE):
                    looked[due.id] += 1
                    again = await service.timing.act(due)
                    await (timers.later(due, again) if again else timers.done(due))
    assert set(looked) == set(WATCHES)
    assert looked[DEAD] == 30
    assert looked[CANARY] == looked[MISPLACED] == 6
