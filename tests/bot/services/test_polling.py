"""Every source is polled as often as it asks for, however many workers look what there is to poll."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Event, Health, Raw
from bot.domain.network import UNKNOWN_FOR, Page, Remark, Titles
from bot.domain.ports import Due
from bot.services import health
from bot.services.gate import STAFF_FIRST, Gate
from bot.services.lookups import Lookups
from bot.services.polling import AFTER_BAD_CHECK_S, AFTER_FAILURE, AFTER_PERMANENT, CHECK_EVERY_S, Polling
from bot.store.store import Store
from bot.telemetry import Metrics
from connectors.webhook.connector import WebhookConnector
from tests.support.stores import TestClock, a_store

LEASE = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)
SWEEP = "square/main/sweep"
CHECKED = f"square/main/{health.CHECK}"
LOOKUP = "square/main/lookup:person:42"
TITLES = Titles(square="Square")


class Swept(WebhookConnector):
    """An account with one door, to be opened once an hour. Nothing of the real one is used."""

    network, account, title = "square", "main", "@acme"

    def __init__(self, wait_s: float | None) -> None:
        """`wait_s`: how long a page asks to wait, if not for the usual hour."""
        self.wait_s = wait_s
        self.more = False
        self.said = ""
        self.told: tuple[Remark, ...] = ()
        self.trouble: list[NetworkError] = []
        self.well = True
        self.polls = self.checks = 0
        self.looked_up: list[str] = []

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Nothing comes."""
        del raw
        yield from ()

    def sources(self) -> Mapping[str, float]:
        """The door."""
        return {"sweep": 3600.0}

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Fail as told, then find nothing."""
        del source, cursor
        self.polls += 1
        if self.trouble:
            raise self.trouble.pop()
        return Page(items=(), cursor=None, more=self.more, wait_s=self.wait_s, said=self.said)

    async def remarks(self) -> Sequence[Remark]:
        """What it has to say of itself."""
        return self.told

    async def look_up(self, what: str) -> Sequence[tuple[str, Raw]]:
        """Fail as told, then find nothing."""
        self.looked_up.append(what)
        if self.trouble:
            raise self.trouble.pop()
        return ()

    async def check(self) -> Health:
        """All is well, unless told otherwise."""
        self.checks += 1
        if self.trouble:
            raise self.trouble.pop()
        return Health(ok=self.well, summary="token good for 40 days" if self.well else "the token has ended")


@dataclass
class Desk:
    """The polls of one account, and the processes that work them off."""

    store: Store
    clock: TestClock
    account: Swept
    heard: list[tuple[str, str]] = field(default_factory=list)

    async def tell(self, name: str, text: str) -> None:
        """The whole team hears it."""
        self.heard.append((name, text))

    async def sweep(self) -> datetime | None:
        """A worker polls the door under a lease; when it wants to come again."""
        await self.store.polls.put(SWEEP, self.clock.now())
        (due,) = await self.store.polls.take(self.clock.now(), 1, LEASE)
        return await self.worker().act(due)

    @property
    def gate(self) -> Gate:
        """What every process asks before it polls or sends."""
        return Gate(self.store.notes, self.store.budgets, self.clock, UTC, TITLES)

    def worker(self, *, knows: bool = True) -> Polling:
        """A process that has just started. An older one does not know the account."""
        store, clock = self.store, self.clock
        lookups = Lookups(store.notes, store.polls, store.inbox, self.gate, clock)
        kept = (store.inbox, store.cases, store.notes)
        accounts = {("square", "main"): self.account} if knows else {}
        return Polling(*kept, accounts, clock, Metrics(), 20.0, self.gate, self.tell, lookups, TITLES)

    async def work(self, *workers: Polling, minutes: int) -> None:
        """Each minute all of them look what there is to poll, and poll what is due."""
        for _ in range(minutes):
            for worker in workers:
                await worker.schedule(self.store.polls)
                for due in await self.store.polls.take(self.clock.now(), 10, LEASE):
                    again = await worker.act(due)
                    await (self.store.polls.later(due, again) if again else self.store.polls.done(due))
            self.clock.advance(MINUTE)


@pytest.fixture
async def desk(redis_url: str) -> AsyncIterator[Desk]:
    """Everything real but the network."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store:
        yield Desk(store, clock, Swept(wait_s=None))


async def test_a_source_is_polled_as_often_as_it_asks_for(desk: Desk) -> None:
    """Looking each minute what there is to poll makes nothing due that waits; the check comes every half an hour."""
    await desk.work(desk.worker(), minutes=59)
    assert (desk.account.polls, desk.account.checks) == (1, 2)
    await desk.work(desk.worker(), minutes=1)
    assert desk.account.polls == 2


async def test_two_workers_poll_no_more_than_one(desk: Desk) -> None:
    """Each asks for everything when it starts, and from then on leaves alone what waits."""
    first, second = desk.worker(), desk.worker()
    await desk.work(first, second, minutes=1)
    started = desk.account.polls
    await desk.work(first, second, minutes=58)
    assert (started, desk.account.polls) == (2, 2)


async def test_what_a_page_or_a_refusal_asks_to_wait_is_waited(desk: Desk) -> None:
    """Longer than usual or shorter, whichever the network says."""
    desk.account.wait_s = 7200.0
    desk.account.trouble = [Permanent("refused", "not now")]
    await desk.work(desk.worker(), minutes=5)
    assert desk.account.polls == 1
    worker = desk.worker()
    await desk.work(worker, minutes=119)
    assert desk.account.polls == 2


@pytest.mark.parametrize("call", [SWEEP, LOOKUP])
@pytest.mark.parametrize("shared", [True, False])
async def test_a_call_that_is_told_to_slow_down_stops_sends_too(desk: Desk, call: str, shared: bool) -> None:
    """The network counts an account's calls together; unless it says that only this one door is meant."""
    desk.account.trouble = [Transient("slow down", 90.0, shared=shared)]
    again = await desk.worker().act(Due(call, 0, "token", 0))
    assert again == desk.clock.now() + timedelta(seconds=90)
    held = await desk.gate.ask(desk.account)
    assert (held.until if held else None) == (again if shared else None)


async def test_a_pause_holds_back_polls_and_look_ups_alike(desk: Desk) -> None:
    """Fifty customers whom nobody knows by name are no fifty calls into a network that has asked for quiet."""
    await desk.gate.pause(desk.account, 90.0)
    over = desk.clock.now() + timedelta(seconds=90) + STAFF_FIRST
    assert [await desk.worker().act(Due(call, 0, "token", 0)) for call in (SWEEP, LOOKUP)] == [over, over]
    assert (desk.account.polls, desk.account.looked_up) == (0, [])


async def test_a_trouble_of_a_poll_is_told_until_the_next_good_one(desk: Desk) -> None:
    """App Home and `check` say what the network said."""
    desk.account.trouble = [Permanent("refused", "not allowed to read")]
    await desk.worker().act(Due(SWEEP, 0, "token", 0))
    found = await health.read(desk.store.notes, desk.account)
    assert (found.ok, found.summary) == (False, "not allowed to read")
    await desk.sweep()
    found = await health.read(desk.store.notes, desk.account)
    assert (found.ok, found.summary) == (True, "last asked for sweep without trouble")


async def test_a_fact_that_another_version_wrote_hides_no_other(desk: Desk) -> None:
    """Two versions run side by side during an upgrade: what one of them cannot read, it leaves out."""
    for source in (health.RECHECK, health.SENDS):
        bad = Health(ok=False, summary=f"{source} refused")
        await health.note(desk.store.notes, desk.account, source, bad, desk.clock.now())
    await desk.store.notes.set("health:square/main/check", '{"v":2}', health.KEPT)
    assert (await health.read(desk.store.notes, desk.account)).summary == "recheck refused · sends refused"


@pytest.mark.parametrize(("well", "after_s"), [(True, CHECK_EVERY_S), (False, AFTER_BAD_CHECK_S)])
async def test_a_check_that_found_trouble_comes_back_sooner(desk: Desk, well: bool, after_s: float) -> None:
    """Whoever has mended a token need not wait half an hour to see that it is well."""
    desk.account.well = well
    again = await desk.worker().act(Due(CHECKED, 0, "token", 0))
    assert again == desk.clock.now() + timedelta(seconds=after_s)
    assert (await health.read(desk.store.notes, desk.account)).ok is well


async def test_a_check_that_nobody_answers_is_trouble(desk: Desk) -> None:
    """The team sees it in App Home, and it is looked at again soon."""
    desk.account.trouble = [Transient("no answer within 10 s")]
    again = await desk.worker().act(Due(CHECKED, 0, "token", 0))
    assert again == desk.clock.now() + timedelta(seconds=AFTER_BAD_CHECK_S)
    found = await health.read(desk.store.notes, desk.account)
    assert (found.ok, found.summary) == (False, "no answer within 10 s")


@pytest.mark.parametrize(
    ("trouble", "wait"), [(Transient("HTTP 500"), AFTER_FAILURE), (Permanent("refused", "no"), AFTER_PERMANENT)]
)
async def test_passing_trouble_is_tried_again_sooner_than_a_refusal(
    desk: Desk, trouble: NetworkError, wait: timedelta
) -> None:
    """Customers wait to be seen while a network stumbles for a moment; one that refuses does so for longer."""
    desk.account.trouble = [trouble]
    assert await desk.worker().act(Due(SWEEP, 0, "token", 0)) == desk.clock.now() + wait


async def test_a_page_behind_which_there_is_more_is_followed_by_the_next_at_once(desk: Desk) -> None:
    """After an outage a network has hundreds of posts for us: nobody waits an hour for each page."""
    desk.account.more, desk.account.wait_s = True, 7200.0
    assert await desk.sweep() == desk.clock.now()


async def test_what_staff_should_know_of_a_good_poll_stands_with_it(desk: Desk) -> None:
    """A limit that is nearly used up is no trouble yet."""
    desk.account.said = "4 of 5 searches of the day are used"
    await desk.sweep()
    found = await health.read(desk.store.notes, desk.account)
    assert (found.ok, found.mend) == (True, "4 of 5 searches of the day are used")


async def test_what_an_account_has_to_say_to_all_is_told_with_its_name(desk: Desk) -> None:
    """Under a name by which it is told once; what is for App Home only is told to nobody."""
    desk.account.told = (Remark("the budget is used up", once="budget"), Remark("12 dollars this month"))
    await desk.sweep()
    assert desk.heard == [("square/main/budget", "Square @acme: the budget is used up")]


async def test_a_new_start_polls_at_once_what_waits_for_long(desk: Desk) -> None:
    """Whoever mends a token and restarts need not wait for the hour."""
    await desk.work(desk.worker(), minutes=10)
    await desk.work(desk.worker(), minutes=1)
    assert desk.account.polls == 2


async def test_a_source_that_was_dropped_comes_back(desk: Desk) -> None:
    """A worker of an older version does not know a new source, and takes it off the queue."""
    worker = desk.worker()
    await desk.work(worker, minutes=1)
    await desk.store.link.do("ZREM", desk.store.polls.keys.due(0, "polls")[0], SWEEP)
    await desk.work(worker, minutes=1)
    assert desk.account.polls == 2


async def test_a_held_source_is_not_polled_twice(desk: Desk) -> None:
    """Nor at once again when it is given back."""
    worker = desk.worker()
    await worker.schedule(desk.store.polls)
    held = await desk.store.polls.take(desk.clock.now(), 10, LEASE)
    await worker.schedule(desk.store.polls)
    assert await desk.store.polls.take(desk.clock.now(), 10, LEASE) == []
    for due in held:
        await desk.store.polls.later(due, desk.clock.now() + 9 * MINUTE)
    assert await desk.store.polls.take(desk.clock.now() + 8 * MINUTE, 10, LEASE) == []
    assert await desk.store.polls.depth() == len(held)


async def test_a_search_that_was_taken_out_of_the_settings_is_not_polled(desk: Desk) -> None:
    """It still stands in the queue; no connector is asked for a source that it does not offer."""
    worker = desk.worker()
    await desk.store.polls.put("square/main/search:old brand", desk.clock.now())
    await desk.work(worker, minutes=1)
    assert desk.account.polls == 1
    assert await desk.store.polls.depth() == 2


async def test_a_look_up_is_left_to_a_process_that_knows_the_account(desk: Desk) -> None:
    """The account is new: an older process that is quicker lets the newer one ask, which nothing else would do."""
    await desk.store.polls.put(LOOKUP, desk.clock.now())
    await desk.work(desk.worker(knows=False), minutes=1)
    await desk.work(desk.worker(), minutes=1)
    assert desk.account.looked_up == ["person:42"]


async def test_what_nobody_can_look_up_is_left_for_ten_minutes(desk: Desk) -> None:
    """Then it is forgotten: the account was taken out of the settings."""
    worker, began = desk.worker(knows=False), desk.clock.now()
    while again := await worker.act(Due(LOOKUP, 0, "token", 0)):
        desk.clock.at = again
    assert desk.clock.now() - began == UNKNOWN_FOR
