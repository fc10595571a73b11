"""What is noticed of a flood, and what is not: who says the same, who is private; with real Redis."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.models import Kind
from bot.domain.storm import RESUME, Storm, Weather
from bot.domain.storm_ports import STORM
from bot.services.storms import folding
from tests.support.cases import NOON, an_item
from tests.support.storm_lab import CHANNEL, Lab, Worker, a_customer, a_lab, folded, pass_time

MINUTE = timedelta(minutes=1)


@pytest.fixture
def lab(redis_url: str) -> Lab:
    """Noon, and nobody has written yet."""
    return a_lab(redis_url)


async def trickle(lab: Lab, worker: Worker, count: int, **changes: Any) -> None:
    """Customers say the same, one every three seconds: fewer than the channel can show."""
    for n in range(count):
        await worker.take_in(a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock, **changes))
        await pass_time(lab, worker, seconds=3)


async def test_customers_whom_the_network_does_not_name_are_many(lab: Lab) -> None:
    """Twenty reviews without names that say the same are an event like twenty with names."""
    async with lab.worker() as worker:
        await trickle(lab, worker, 20, author=None)
        assert (await worker.store.storms.weather(CHANNEL)).storming


async def test_private_words_are_compared_with_nobody_s(lab: Lab) -> None:
    """They begin no storm, and are not kept beside the case."""
    async with lab.worker() as worker:
        said = an_item("My card 4242 was charged twice today", kind=Kind.MESSAGE, private=True)
        await trickle(lab, worker, 20, items=(said,))
        assert await worker.store.storms.weathers() == {}
        assert await worker.store.link.do("EXISTS", worker.store.storms.keys.storm(CHANNEL, "recent")) == 0


async def test_a_storm_holds_as_long_as_they_say_the_same(lab: Lab) -> None:
    """Twenty a minute, and nobody waits for Slack: it is the likeness alone that does not end."""
    async with lab.worker() as worker:
        await trickle(lab, worker, 125)
        assert (await worker.store.storms.weather(CHANNEL)).storming
        assert not [text for _, _, text in lab.slack.edits if "over" in text]
        await pass_time(lab, worker, seconds=480, step=10)
        assert not (await worker.store.storms.weather(CHANNEL)).storming


@pytest.mark.parametrize("ended", [5 * MINUTE, RESUME + MINUTE])
async def test_the_card_of_a_new_storm_counts_from_its_beginning(lab: Lab, ended: timedelta) -> None:
    """One that goes on within half an hour has counted those of before, too."""
    async with lab.worker() as worker:
        store = worker.store.storms
        before = Storm(id="s1", began_at=NOON - 2 * RESUME, because="wait", ended_at=NOON - ended)
        await store.swap(CHANNEL, Weather(), Weather(storm=before))
        earlier = a_customer(900, "Is the pool heated?", lab.clock)
        await store.fold(CHANNEL, STORM, folding(earlier), NOON)
        await store.drop(CHANNEL, STORM, [earlier.id], "shown")
        for n in range(45):
            await worker.take_in(a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock))
        await worker.work()
        await worker.work()
        assert (await store.weather(CHANNEL)).storming
        await pass_time(lab, worker, seconds=66, step=3)
        counted = (await store.tally(CHANNEL, STORM, lab.clock.now())).counts["folded"]
        assert counted == await folded(worker) + (1 if ended < RESUME else 0)
