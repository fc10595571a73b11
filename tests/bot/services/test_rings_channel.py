"""A crowd of missed answers, such as after a week of being switched off, and the team's channel."""

from datetime import timedelta

import pytest

from bot.domain.case import PostKind
from bot.domain.passing import ESCALATED
from bot.domain.passing import pass_time as time_passes
from bot.services.casework import Casework
from bot.services.rings import EVERY
from tests.support.cases import ANA, BEN, a_card
from tests.support.policies import a_policy
from tests.support.storm_lab import CHANNEL, Lab, Worker, a_customer, a_lab, pass_time

POLICY = a_policy(alert_users=(ANA.id,), manager_users=(BEN.id,))
WEEK = timedelta(days=7)


async def back_after_a_week(lab: Lab, worker: Worker, customers: int) -> None:
    """Customers have cards, then Hark is switched off for a week, and works again for two minutes."""
    cases = [a_customer(n, f"My parcel number {n} is late", lab.clock) for n in range(customers)]
    for case in cases:
        await worker.take_in(case)
        await pass_time(lab, worker, seconds=2)
    lab.clock.advance(WEEK)
    casework = Casework(worker.store.cases, lab.clock)
    for case in cases:
        await casework.apply(case.id, lambda each: time_passes(each, lab.clock.now(), POLICY))
    await pass_time(lab, worker, seconds=120)


@pytest.mark.parametrize("on", [True, False])
async def test_the_channel_is_not_filled_with_lines_of_missed_answers(redis_url: str, on: bool) -> None:
    """One line in five minutes; the others are gathered for whom they would call. Without gathering all stand."""
    lab = a_lab(redis_url)
    async with lab.worker(on=on) as worker:
        await back_after_a_week(lab, worker, 8)
        assert sum(channel == CHANNEL for _, channel, _, _ in lab.slack.posts) == 8 + (1 if on else 8)
        gathered = await worker.store.rings.gathered(ANA.id)
        assert len(gathered) == (7 if on else 0)


async def test_lines_of_missed_answers_far_apart_all_stand(redis_url: str) -> None:
    """A second one, ten minutes after the first, is said too."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        await back_after_a_week(lab, worker, 1)
        await pass_time(lab, worker, seconds=600, step=60)
        later = a_customer(9, "Where is my refund?", lab.clock)
        await worker.take_in(later)
        await pass_time(lab, worker, seconds=3)
        lab.clock.advance(timedelta(hours=3))
        casework = Casework(worker.store.cases, lab.clock)
        await casework.apply(later.id, lambda each: time_passes(each, lab.clock.now(), POLICY))
        await pass_time(lab, worker, seconds=10)
        assert sum(channel == CHANNEL for _, channel, _, _ in lab.slack.posts) == 4


async def test_a_line_calls_nobody_who_was_rung_just_now(redis_url: str) -> None:
    """It stands all the same, and the case is gathered for them. What was begun to be posted asks nobody again."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        now = lab.clock.now()
        line = a_card(id=f"{ESCALATED}1", kind=PostKind.LINE, channel=CHANNEL, thread=False, mentions=(ANA.id, BEN.id))
        case = a_customer(1, "My parcel is late", lab.clock, posts=(a_card(channel=CHANNEL, ts="1.1"), line))
        await worker.take_in(case)
        await worker.store.rings.ring(ANA.id, "another alert", now, EVERY)
        stands = await worker.calm.hold(case, line, now)
        called = stands.post(line.id) if stands else None
        assert called is not None
        assert called.mentions == (BEN.id,)
        assert [*await worker.store.rings.gathered(ANA.id)] == [case.id]
        begun = a_card(id="late:1", kind=PostKind.ALERT, channel=ANA.id, attempt="1-a")
        assert await worker.calm.hold(case, begun, now) is None
