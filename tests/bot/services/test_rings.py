"""Whose phone rings for what: real Redis, the real services, and time that is turned."""

from datetime import timedelta

import pytest

from bot.domain.assigning import Call, escalate
from bot.domain.case import Case, Person, Snooze
from bot.domain.decisions import changed
from bot.domain.lifecycle import close
from bot.domain.passing import pass_time as time_passes
from bot.domain.ports import Due
from bot.domain.receiving import deleted
from bot.services.casework import Casework
from bot.services.rings import RING
from tests.support.cases import ANA, BEN, NOON
from tests.support.policies import ON_CALL, a_policy
from tests.support.storm_lab import Worker, a_customer, a_lab, pass_time

POLICY = a_policy()
SETTLED = "Everything that was gathered for you here is settled."


async def late(worker: Worker) -> Case:
    """A complaint whose answer is late by now, so that somebody is to be told."""
    case = a_customer(1, "My parcel is late", worker.clock, intent="complaint")
    await worker.take_in(case)
    worker.clock.advance(timedelta(minutes=121))
    casework = Casework(worker.store.cases, worker.clock)
    outcome = await casework.apply(case.id, lambda each: time_passes(each, worker.clock.now(), POLICY))
    assert outcome.case is not None
    return outcome.case


@pytest.mark.parametrize("settled", [False, True])
async def test_nobody_is_rung_for_what_was_settled_while_slack_was_away(redis_url: str, settled: bool) -> None:
    """The customer took the words back before Slack was there again. Who still waits by then is told of."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        case = await late(worker)
        if settled:
            casework = Casework(worker.store.cases, lab.clock)
            await casework.apply(case.id, lambda each: deleted(each, case.latest.id, lab.clock.now()))
        await pass_time(lab, worker, seconds=30, step=10)
        assert len(lab.slack.of("card ")) == 1
        assert len(lab.slack.of("alert ")) == (0 if settled else 1)


async def test_what_was_gathered_is_told_to_each_person_with_what_is_overdue(redis_url: str) -> None:
    """A message for each of them, though the same cases wait; and not all that waits is overdue."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        overdue = await late(worker)
        fresh = a_customer(2, "Where is my parcel?", worker.clock)
        await worker.take_in(fresh)
        for user in (ANA.id, BEN.id):
            for case in (overdue, fresh):
                await worker.store.rings.gather(user, case.id, worker.clock.now())
            await worker.calm.act(Due(f"{RING}{user}", 0, "token", 0))
        told = [(channel, text) for _, channel, text, _ in lab.slack.posts]
        assert told == [(user, "2 more cases wait, 1 overdue") for user in (ANA.id, BEN.id)]


async def test_the_end_of_a_snooze_rings_whatever_rang_before(redis_url: str) -> None:
    """Whoever snoozed it was rung for a late answer this minute; the list of what waits would not tell of it."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        quiet, now = a_customer(2, "Thank you", worker.clock), worker.clock.now()
        await worker.take_in(quiet)
        casework = Casework(worker.store.cases, worker.clock)
        snooze = Snooze(by=Person(id=ON_CALL), at=now, until=now + timedelta(minutes=121), note="Call Jamal")
        await casework.apply(quiet.id, lambda each: changed(each, wait=None, snooze=snooze))
        await late(worker)
        await casework.apply(quiet.id, lambda each: time_passes(each, worker.clock.now(), POLICY))
        await pass_time(lab, worker, seconds=30, step=10)
        assert [channel for _, channel, text, _ in lab.slack.posts if text.startswith("alert ")] == [ON_CALL, ON_CALL]


@pytest.mark.parametrize(("closed", "rings"), [(False, 2), (True, 0)])
async def test_words_of_a_colleague_that_were_not_posted_yet_are(redis_url: str, closed: bool, rings: int) -> None:
    """Slack was away: a newer alert to the same person took the place of a call for help before that was posted. What
    is settled by then rings nobody."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        case, casework = a_customer(1, "My parcel is late", worker.clock), Casework(worker.store.cases, worker.clock)
        await worker.take_in(case)
        for n in (1, 2):
            call = Call(id=f"c{n}", by=ANA, to=BEN, note=f"Question {n}")
            await casework.apply(case.id, lambda each, call=call: escalate(each, call, lab.clock.now()))  # type: ignore[misc]
        if closed:
            await casework.apply(case.id, lambda each: close(each, ANA, "solved", lab.clock.now()))
        await pass_time(lab, worker, seconds=30, step=10)
        told = [text.split()[0] for _, channel, text, _ in lab.slack.posts if channel == BEN.id]
        assert told == ["retired", "alert"][:rings]


async def test_who_was_told_of_settled_cases_is_rung_for_the_next_one_five_minutes_later(redis_url: str) -> None:
    """What was gathered is answered within a minute, and then another customer is missed: that is no new crowd."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        first, second = (a_customer(n, "Where is my parcel?", worker.clock) for n in (1, 2))
        for case in (first, second):
            await worker.take_in(case)
        await gathered(worker, first)
        await pass_time(lab, worker, seconds=10)
        await Casework(worker.store.cases, lab.clock).apply(first.id, lambda each: close(each, ANA, "x", NOON))
        await pass_time(lab, worker, seconds=60, step=10)
        assert [text for _, _, text in lab.slack.edits if "settled" in text]
        await gathered(worker, second)
        await pass_time(lab, worker, seconds=420, step=10)
        rung, again = lab.slack.of("more case waits")
        assert timedelta(minutes=5) <= again - rung <= timedelta(minutes=6)


async def test_of_two_messages_of_what_was_gathered_the_second_is_taken_away(redis_url: str) -> None:
    """A worker that slept while it posted finds that another one has posted: one message stands, and it is edited."""
    lab = a_lab(redis_url)
    async with lab.worker() as one, lab.worker("worker-2") as two:
        case = a_customer(1, "Where is my parcel?", lab.clock)
        await one.take_in(case)
        await one.store.rings.gather(ANA.id, case.id, lab.clock.now())
        due = Due(f"{RING}{ANA.id}", 0, "token", 0)
        lab.slack.meanwhile = lambda: two.calm.act(due)
        await one.calm.act(due)
        assert [(ts, text) for _, ts, text in lab.slack.edits] == [("2.0", "")]
        await Casework(one.store.cases, lab.clock).apply(case.id, lambda each: close(each, ANA, "x", NOON))
        lab.clock.advance(timedelta(minutes=1))
        await two.calm.act(due)
        assert [ts for _, ts, text in lab.slack.edits if "settled" in text] == ["1.0"]


@pytest.mark.parametrize("stands", [True, False])
async def test_a_message_of_unknown_fate_is_settled_if_it_stands(redis_url: str, stands: bool) -> None:
    """Slack's answer was lost, and the customer answered before anybody looked again: no list goes on saying that
    somebody waits, and none is posted that would ring for nothing. The next one rings."""
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        first, second = (a_customer(n, "Where is my parcel?", worker.clock) for n in (1, 2))
        for case in (first, second):
            await worker.take_in(case)
        await pass_time(lab, worker, seconds=5)
        lab.slack.losing = 1
        await gathered(worker, first)
        await pass_time(lab, worker, seconds=1)
        if not stands:
            lab.slack.posts.pop()
        await Casework(worker.store.cases, lab.clock).apply(first.id, lambda each: close(each, ANA, "x", NOON))
        await pass_time(lab, worker, seconds=420, step=10)
        told = [text for _, channel, text, _ in lab.slack.posts if channel == ANA.id]
        assert told == ["1 more case waits"] * stands
        assert [text for _, _, text in lab.slack.edits if "settled" in text] == [SETTLED] * stands
        await gathered(worker, second)
        await pass_time(lab, worker, seconds=10)
        assert len(lab.slack.of("more case waits")) == 1 + stands


async def test_of_a_long_list_only_what_is_settled_is_forgotten(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More was gathered than is looked at at once: the rest still counts, and comes up once the newest are settled."""
    monkeypatch.setattr("bot.services.rings.LOOKED_AT", 2)
    lab = a_lab(redis_url)
    async with lab.worker() as worker:
        cases = [a_customer(n, "Where is my parcel?", lab.clock) for n in range(3)]
        for case in cases:
            await worker.take_in(case)
            await worker.store.rings.gather(ANA.id, case.id, lab.clock.now())
            lab.clock.advance(timedelta(seconds=1))
        due = Due(f"{RING}{ANA.id}", 0, "token", 0)
        await worker.calm.act(due)
        casework = Casework(worker.store.cases, lab.clock)
        await casework.apply(cases[2].id, lambda each: close(each, ANA, "x", lab.clock.now()))
        lab.clock.advance(timedelta(minutes=1))
        await worker.calm.act(due)
        assert [text for _, _, text, _ in lab.slack.posts] == ["3 more cases wait"]
        assert [*await worker.store.rings.gathered(ANA.id)] == [case.id for case in cases[:2]]
        lab.clock.advance(timedelta(minutes=1))
        await worker.calm.act(due)
        assert lab.slack.edits[-1][2] == "2 more cases wait"


async def gathered(worker: Worker, case: Case) -> None:
    """Ana is to hear of this case together with others."""
    await worker.store.rings.gather(ANA.id, case.id, worker.clock.now())
    await worker.store.upkeep.put(f"{RING}{ANA.id}", worker.clock.now())
