"""How a storm that is over gives its cases back; with real Redis and time that is turned."""

from datetime import timedelta
from itertools import pairwise

from bot.domain.storm import Storm, Weather
from bot.domain.storm_ports import STORM
from bot.services.storms import folding
from tests.support.cases import NOON
from tests.support.storm_lab import CHANNEL, a_customer, a_lab, pass_time


async def test_cards_of_a_storm_that_is_over_leave_every_other_second_to_new_customers(redis_url: str) -> None:
    """Half of what Slack takes: whoever writes now does not stand behind those who waited an hour."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        storm = Storm(id="s1", began_at=NOON - timedelta(hours=1), because="wait", ended_at=NOON)
        await worker.store.storms.swap(CHANNEL, Weather(), Weather(storm=storm))
        cases = [a_customer(n, "Is the pool heated?", lab.clock) for n in range(6)]
        for case in cases:
            await worker.store.storms.fold(CHANNEL, STORM, folding(case), NOON)
            await worker.take_in(case)
            for due in await worker.store.cards.take(NOON, 1, timedelta(minutes=1)):
                await worker.store.cards.done(due)
        await pass_time(lab, worker, seconds=25, step=0.5)
        shown = lab.slack.of("card ")
        assert len(shown) == len(cases)
        assert all(after - before >= timedelta(seconds=2) for before, after in pairwise(shown))
