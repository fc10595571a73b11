"""Snoozing as the desk does it, on a real Redis: what is kept of a note, forms and timers that come twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.case import Case, PostKind
from bot.domain.decisions import Refused
from bot.domain.lifecycle import close
from bot.domain.overtaking import seen_of
from bot.domain.ports import Commit, Due
from bot.domain.text.privacy import AllowList
from bot.services.casework import Casework, Outcome
from bot.services.snoozing import SnoozeForm, SnoozingDesk
from bot.services.timers import Timing
from bot.services.wording import Problems
from bot.store.store import Store
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, a_claim
from tests.support.desks import a_context
from tests.support.policies import a_policy
from tests.support.stores import TestClock, a_store

POLICY = a_policy()
CASE = a_case(wait=None, claim=a_claim(), posts=(a_card(),))
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """A store with one case, in which nobody waits."""
    async with a_store(redis_url) as opened:
        await opened.cases.commit(Commit(None, CASE, NOON))
        yield opened


def a_desk(store: Store, clock: TestClock | None = None) -> SnoozingDesk:
    """The desk of one process."""
    return SnoozingDesk(a_context(store, clock), AllowList())


def a_form(**changes: Any) -> SnoozeForm:
    """Ana's, until tomorrow at noon."""
    fields: dict[str, Any] = {
        "id": "form-1",
        "case_id": CASE.id,
        "user": ANA.id,
        "until": TOMORROW,
        "note": "Ask the warehouse",
        "seen": seen_of(CASE),
    }
    return SnoozeForm(**(fields | changes))


def done(answer: Outcome | Problems) -> Case:
    """The case after a form that did what it says."""
    assert isinstance(answer, Outcome)
    assert answer.done
    assert answer.case is not None
    return answer.case


async def stored(store: Store) -> Case:
    """The case as it is stored."""
    case = await store.cases.load(CASE.id)
    assert case is not None
    return case


async def told(store: Store) -> list[str]:
    """What the audit log says."""
    return [line.what for line in await store.cases.history(CASE.id)]


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("", ""),
        ("Call +1 415 555 2671", "Call [phone ••71]"),
        ("Card 4111 1111 1111 1111", "Card [card ••1111]"),
        ("<!channel> :tada: *now*", "<!channel> 🎉 *now*"),
        ("x" * 10_000, "x" * 199 + "…"),
    ],
)
async def test_a_note_is_masked_and_cut_before_it_is_kept(store: Store, note: str, kept: str) -> None:
    """In the case and in the log: it is shown in Slack, like a customer's words."""
    snooze = done(await a_desk(store).snooze(a_form(note=note))).snooze
    assert snooze is not None
    assert (snooze.note, snooze.by.name, snooze.until) == (kept, f"Name of {ANA.id}", TOMORROW)
    assert [line.detail for line in await store.cases.history(CASE.id)] == [kept]


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (None, "Choose a day and a time"),
        (NOON, "still ahead"),
        (NOON - timedelta(days=9), "still ahead"),
        (NOON + timedelta(days=91), "within 90 days"),
    ],
)
async def test_a_wrong_time_is_told_below_its_field(store: Store, until: datetime | None, words: str) -> None:
    """With what to do; nothing is changed."""
    answer = await a_desk(store).snooze(a_form(until=until))
    assert isinstance(answer, Problems)
    assert words in answer.fields["until"]
    assert (await stored(store)).snooze is None


async def test_a_form_that_comes_twice_sets_one_snooze(store: Store) -> None:
    """Also where a colleague has changed or ended it in between: what came later stands."""
    first, second = a_desk(store), a_desk(store)
    answers = await asyncio.gather(first.snooze(a_form()), second.snooze(a_form()))
    assert [done(answer).id for answer in answers] == [CASE.id] * 2
    assert await told(store) == ["snoozed until 2026-03-05 12:00 UTC"]
    assert (await first.wake(CASE.id, BEN.id)).done
    done(await second.snooze(a_form()))
    assert (await stored(store)).snooze is None
    assert await told(store) == ["snoozed until 2026-03-05 12:00 UTC", "woke the case"]


async def test_a_form_that_is_sent_again_with_another_time_sets_that(store: Store) -> None:
    """Slack said that the first try failed, while it counted: the form is still open, and closes over what is true."""
    desk, later = a_desk(store), TOMORROW + timedelta(hours=1)
    done(await desk.snooze(a_form()))
    snooze = done(await desk.snooze(a_form(until=later))).snooze
    assert snooze is not None
    assert snooze.until == later


async def test_two_people_at_once_and_both_are_in_the_history(store: Store) -> None:
    """One snooze stands, the last; of two who wake it one is told that it is awake."""
    desks, later = (a_desk(store), a_desk(store)), TOMORROW + timedelta(days=1)
    forms = (a_form(), a_form(id="form-2", user=BEN.id, until=later, note=""))
    for answer in await asyncio.gather(*(desk.snooze(form) for desk, form in zip(desks, forms, strict=True))):
        done(answer)
    snooze = (await stored(store)).snooze
    assert snooze is not None
    assert (snooze.by.id, snooze.until) in {(ANA.id, TOMORROW), (BEN.id, later)}
    assert len(await told(store)) == 2
    woken = await asyncio.gather(
        *(desk.wake(CASE.id, user) for desk, user in zip(desks, (ANA.id, BEN.id), strict=True))
    )
    assert sorted(each.code for each in woken) == ["", "not_snoozed"]
    assert len(await told(store)) == 3


async def test_two_workers_with_the_same_timer_tell_once(store: Store) -> None:
    """Each sees it due; a third comes late and finds nothing to do."""
    done(await a_desk(store).snooze(a_form()))
    clock = TestClock(TOMORROW)
    timings = [Timing(a_context(store, clock).casework, POLICY, clock, {}) for _ in range(3)]
    due = Due(CASE.id, 0, "token", 0)
    assert await asyncio.gather(*(timing.act(due) for timing in timings[:2])) == [None, None]
    assert await timings[2].act(due) is None
    case = await stored(store)
    assert [post.text for post in case.posts if post.kind is PostKind.ALERT] == ["Snoozed until now: Ask the warehouse"]
    assert (await told(store))[1:] == ["the snooze ended"]


async def due_by(store: Store, at: datetime) -> list[str]:
    """What the queue of timers gives out by then."""
    return [due.id for due in await store.timers.take(at, 9, timedelta(seconds=6))]


async def test_the_timer_and_the_list_of_ones_own_follow_the_snooze(store: Store) -> None:
    """Set, moved and taken away by the commit that changes the case."""
    desk, later, second = a_desk(store), TOMORROW + timedelta(hours=1), timedelta(seconds=1)
    listed = store.cases.keys.index(store.cases.keys.shard_of(CASE.id), f"claimed:{ANA.id}")
    for form in (a_form(), a_form(id="form-2", until=later)):
        done(await desk.snooze(form))
        assert form.until is not None
        assert float(await store.link.do("ZSCORE", listed, CASE.id)) == form.until.timestamp() * 1000
    assert await due_by(store, later - second) == []
    await desk.wake(CASE.id, ANA.id)
    assert float(await store.link.do("ZSCORE", listed, CASE.id)) == NOON.timestamp() * 1000
    assert await due_by(store, later) == []
    done(await desk.snooze(a_form(id="form-3")))
    assert await due_by(store, TOMORROW) == [CASE.id]


async def test_a_case_that_was_closed_meanwhile_or_is_gone_is_not_snoozed(store: Store) -> None:
    """Neither is the form opened nor does an open one count."""
    desk = a_desk(store)
    opened = await desk.open(CASE.id)
    assert not isinstance(opened, Refused)
    assert opened[1] == TOMORROW
    await Casework(store.cases, TestClock()).apply(CASE.id, lambda case: close(case, BEN, "solved", NOON))
    answer = await desk.snooze(a_form())
    assert isinstance(answer, Outcome)
    assert answer.code == "closed"
    refused = await desk.open(CASE.id)
    assert isinstance(refused, Refused)
    assert "Reopen it first" in refused.text
    gone = await desk.snooze(a_form(case_id="a" * 16))
    assert isinstance(gone, Outcome)
    assert gone.code == "no_case"
