"""The watchers come round at their own pace, however often and by however many workers they are scheduled."""

from collections import Counter
from datetime import timedelta

from bot import accounts
from bot.app import open_service
from bot.domain.circuit import FAILURES
from bot.domain.errors import Transient
from bot.domain.ports import Commit
from bot.services.canary import CANARY
from bot.services.dead_watch import DEAD
from bot.services.misplaced import MISPLACED
from bot.services.outage import OUTAGE
from bot.services.signals import SAID
from tests.support.bot_process import a_sandbox
from tests.support.cases import a_case, a_key, a_send
from tests.support.stores import TestClock, forget
from tests.support.webhook_rig import SECRET

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
    assert set(looked) == {DEAD, CANARY, OUTAGE, MISPLACED}
    assert looked[DEAD] == 30
    assert looked[CANARY] == looked[MISPLACED] == 6


async def test_what_is_said_of_an_account_is_said_once(redis_url: str) -> None:
    """However many processes find it, however often: not again for two months, though nobody knows of the notice."""
    clock = TestClock()
    async with a_sandbox(redis_url) as (_, env):
        settings, found = accounts.settings_of(env)
        async with open_service(settings, found, env, clock) as service:
            book = service.store.notices
            for _ in range(2):
                await service.signals.say("webhook/main/token", "The token of Webhook main ends in a week")
                assert (await book.read("said:webhook/main/token")).untold == 1
            await forget(service.store, SAID - MINUTE)
            await service.signals.say("webhook/main/token", "The token of Webhook main ends in a week")
            assert (await book.read("said:webhook/main/token")).untold == 0


async def test_a_dead_host_is_named_by_check_and_home(redis_url: str) -> None:
    """With what waits for it, and whose it is; both ask the same."""
    clock = TestClock()
    async with a_sandbox(redis_url) as (_, env):
        settings, found = accounts.settings_of(env | {"WEBHOOK_SECRET": SECRET})
        async with open_service(settings, found, env, clock) as service:
            account = service.connectors["webhook", "main"]
            for _try in range(FAILURES):
                await service.gate.tell(account, Transient("could not connect"), "crm.example")
            send = a_send(ref={"reply_url": "https://crm.example/reply"})
            case = a_case(key=a_key(network="webhook", account="main"), sends=(send,))
            assert await service.store.cases.commit(Commit(None, case, clock.now())) == "committed"
            said = [each.summary for each in await service.signals.health() if not each.ok]
    (line,) = [each for each in said if "crm.example" in each]
    assert line.startswith(f"Webhook {account.title}: crm.example does not answer since ")
    assert line.endswith("; 1 reply waits")
