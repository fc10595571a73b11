"""One case that only a newer version can read holds up no other: in a storm, in a known problem, in gathered alerts."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.case import Case
from bot.domain.errors import Unreadable
from bot.domain.passing import pass_time as time_passes
from bot.domain.ports import Due
from bot.domain.storm import Problem, Storm, Weather
from bot.services.casework import Casework
from bot.services.storm_desk import ProblemForm
from tests.support.cases import ANA, a_card
from tests.support.policies import a_policy
from tests.support.stores import written_by_a_newer_version
from tests.support.storm_lab import CHANNEL, Lab, Worker, a_customer, a_lab, cards, folded, pass_time
from tests.support.waiting import wait_until

FERRY = ProblemForm("Ferry cancelled", "Storm at sea", "It goes tomorrow.", "ferry cancelled")
OTHER = "C0OTHER001"
POLICY = a_policy(alert_users=(ANA.id,))


@pytest.fixture
def lab(redis_url: str) -> Lab:
    """Noon, and nobody has written yet."""
    return a_lab(redis_url)


async def a_storm(lab: Lab, worker: Worker) -> list[str]:
    """Forty-five people ask about a ferry, and a storm folds them; who is folded, the most urgent first."""
    for n in range(45):
        await worker.take_in(a_customer(n, f"Is the evening ferry {n} to Hvar cancelled today?", lab.clock))
    await worker.work()
    await pass_time(lab, worker, seconds=66, step=3)
    return await worker.store.storms.top(CHANNEL, "storm", 45)


async def test_a_storm_goes_on_and_shows_the_others(lab: Lab) -> None:
    """Its card is edited, the form suggests words, the next ten get cards; the one that cannot be read stays folded."""
    async with lab.worker() as worker:
        first, *_ = held = await a_storm(lab, worker)
        await written_by_a_newer_version(worker.store, first)
        before, edits = cards(lab), len(lab.slack.edits)
        assert await worker.calm.desk.show_next(CHANNEL, "storm") == 10
        await pass_time(lab, worker, seconds=20)
        assert cards(lab) == before + 10
        assert len(lab.slack.edits) > edits
        assert await folded(worker) == len(held) - 10
        assert first in await worker.store.storms.top(CHANNEL, "storm", 45)


async def test_a_known_problem_is_combed_and_solved_for_the_others(lab: Lab) -> None:
    """Those that were folded join it and get their cards at the end, those that had cards hear that it is solved."""
    async with lab.worker() as worker:
        angry = [a_customer(900 + n, f"Ferry {n} CANCELLED, awful", lab.clock, intent="complaint") for n in range(3)]
        for case in angry:
            await worker.take_in(case)
        await pass_time(lab, worker, seconds=10)
        first, *held = await a_storm(lab, worker)
        await written_by_a_newer_version(worker.store, first)
        await written_by_a_newer_version(worker.store, angry[0].id)
        opened = await worker.calm.desk.open_problem(CHANNEL, ANA.id, FERRY)
        assert isinstance(opened, Problem)
        await pass_time(lab, worker, seconds=60)
        assert await folded(worker, opened.id) == len(held)
        standing = await worker.store.storms.standing(CHANNEL, opened.id, 9)
        assert {angry[1].id, angry[2].id} <= set(standing)
        assert angry[0].id not in standing
        await written_by_a_newer_version(worker.store, angry[1].id)
        await worker.calm.desk.solve(CHANNEL, opened.id, ANA.id, "It goes again.")
        await pass_time(lab, worker, seconds=60)
        assert await worker.store.storms.standing(CHANNEL, opened.id, 9) == [angry[1].id]
        assert any(f"card {angry[2].id}" in text and text.endswith("· solved") for _, _, text in lab.slack.edits)
        assert await folded(worker, opened.id) < len(held)


async def test_a_storm_that_only_a_newer_version_can_read_stops_no_worker(lab: Lab) -> None:
    """It began for a reason that has no word here: its channel posts as on quiet days, and storms elsewhere hold."""
    async with lab.worker() as worker:
        store, weather = worker.store, worker.store.storms.keys.weather()
        newer = b'1|{"storm":{"id":"s9","began_at":"2026-03-04T12:00:00Z","because":"hail"}}'
        await store.link.do("HSET", weather, OTHER, newer)
        for n in range(40):
            await worker.take_in(a_customer(500 + n, f"Where is {n}?", lab.clock, posts=(a_card(channel=OTHER),)))
        assert await a_storm(lab, worker)
        await pass_time(lab, worker, seconds=30)
        assert sum(channel == OTHER for _, channel, _, _ in lab.slack.posts) == 40
        assert await store.link.do("HGET", weather, OTHER) == newer
        with pytest.raises(Unreadable):
            await worker.calm.act(Due(OTHER, 0, "token", 0))


async def test_what_the_server_refuses_once_does_not_end_the_sharing(lab: Lab) -> None:
    """A worker that stopped for it would be away for all its other work, too."""
    async with lab.worker() as worker:
        link, key, stop = worker.store.link, worker.store.storms.keys.weather(), asyncio.Event()
        await link.do("SET", key, "no hash")
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.calm.storms.run(stop))
            await wait_until(lambda: failed(lab), "it fails")
            await link.do("DEL", key)
            storm = Weather(storm=Storm(id="s1", began_at=lab.clock.now(), because="wait"))
            await worker.store.storms.swap(CHANNEL, Weather(), storm)
            await wait_until(lambda: not worker.calm.is_clear(CHANNEL), "it learns of the storm")
            stop.set()


async def test_a_worker_that_is_to_stop_does_not_wait_for_its_next_turn_at_sharing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that took a second for nothing would be a second in which nobody works."""
    monkeypatch.setattr("bot.services.storms.TICK_S", 3600.0)
    async with lab.worker() as worker:
        stop, storm = asyncio.Event(), Weather(storm=Storm(id="s1", began_at=lab.clock.now(), because="wait"))
        await worker.store.storms.swap(CHANNEL, Weather(), storm)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.calm.storms.run(stop))
            await wait_until(lambda: not worker.calm.is_clear(CHANNEL), "it has shared once")
            stop.set()


def failed(lab: Lab) -> float:
    """How often the sharing failed."""
    return lab.metrics.registry.get_sample_value("hark_failures_total", {"step": "storms"}) or 0.0


async def test_gathered_alerts_tell_of_the_others(lab: Lab) -> None:
    """The message counts the one that cannot be read, for it may wait, and the case stays gathered."""
    async with lab.worker() as worker:
        late = [await a_late(worker, n) for n in range(4)]
        await pass_time(lab, worker, seconds=10)
        gathered = [*await worker.store.rings.gathered(ANA.id)]
        assert len(gathered) == len(late) - 1
        await written_by_a_newer_version(worker.store, gathered[0])
        await pass_time(lab, worker, seconds=360, step=10)
        assert lab.slack.of("3 more cases wait")
        assert gathered[0] in await worker.store.rings.gathered(ANA.id)


async def a_late(worker: Worker, n: int) -> Case:
    """A complaint whose answer is late by now, so that somebody is to be told."""
    case = a_customer(n, f"Parcel {n} is late", worker.clock, intent="complaint")
    await worker.take_in(case)
    casework, then = Casework(worker.store.cases, worker.clock), worker.clock.now() + timedelta(minutes=121)
    outcome = await casework.apply(case.id, lambda each: time_passes(each, then, POLICY))
    assert outcome.case is not None
    return outcome.case
