"""One case, many who want to change it at the same time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest

from bot.domain.case import Case, Person
from bot.domain.claims import claim, release
from bot.domain.decisions import Change, Decide, changed
from bot.domain.errors import StoreUnavailable
from bot.domain.lifecycle import close
from bot.domain.ports import Cases, Commit, CommitResult
from bot.services.casework import Casework, Outcome
from bot.store.store import Store
from tests.support.cases import ANA, NOON, a_case, a_key
from tests.support.policies import a_policy
from tests.support.stores import TestClock, a_store
from tests.support.waiting import wait_until

POLICY = a_policy()


@dataclass
class Watched:
    """The real cases. What is asked of them is noted, and the answers wait until they are let through."""

    cases: Cases
    asked: list[str] = field(default_factory=list)
    through: asyncio.Event = field(default_factory=asyncio.Event)
    answered: int = 0
    silent: bool = False

    async def load(self, case_id: str) -> Case | None:
        """As always."""
        self.asked.append("load")
        case = await self.cases.load(case_id)
        await self._answer()
        return case

    async def commit(self, commit: Commit) -> CommitResult:
        """As always."""
        self.asked.append("commit")
        result = await self.cases.commit(commit)
        await self._answer()
        return result

    async def _answer(self) -> None:
        self.answered += 1
        await self.through.wait()
        if self.silent:
            raise StoreUnavailable("silent")


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """An empty store."""
    async with a_store(redis_url) as opened:
        yield opened


def watched(store: Store) -> tuple[Watched, Casework]:
    """Casework on watched cases."""
    cases = Watched(store.cases)
    return cases, Casework(cast("Cases", cases), TestClock())


def like(case: Case) -> Change:
    """A change that everybody may make."""
    return changed(case, likes=case.likes + 1)


def claim_by(by: Person) -> Decide:
    """A change that one of all makes."""
    return lambda case: claim(case, by, NOON, POLICY)


async def test_of_many_claims_one_is_committed_and_the_others_are_told(store: Store) -> None:
    """Each decides on the case as the one before left it: nobody commits in vain, and hardly anybody looks."""
    cases, casework = watched(store)
    cases.through.set()
    await store.cases.commit(Commit(None, a_case(), NOON))
    staff = [Person(id=f"U{n:03}", name=f"Colleague {n}") for n in range(200)]
    outcomes = await asyncio.gather(*(casework.apply(a_case().id, claim_by(by)) for by in staff))
    assert sum(outcome.done for outcome in outcomes) == 1
    assert {outcome.case.claim.by for outcome in outcomes if outcome.case and outcome.case.claim} == {staff[0]}
    assert cases.asked == ["load", "commit"]


async def test_every_change_of_many_at_once_is_made(store: Store) -> None:
    """Those in one process need no second try; with another process beside them nothing is lost either."""
    cases, casework = watched(store)
    cases.through.set()
    other = Casework(store.cases, TestClock())
    await store.cases.commit(Commit(None, a_case(), NOON))
    await asyncio.gather(*(casework.apply(a_case().id, like) for _ in range(30)))
    assert cases.asked.count("commit") == 30
    await asyncio.gather(*(each.apply(a_case().id, like) for each in (casework, other) for _ in range(20)))
    stored = await store.cases.load(a_case().id)
    assert stored is not None
    assert (stored.likes, stored.version) == (70, 71)


async def test_who_comes_after_a_look_does_not_go_by_it(store: Store) -> None:
    """A case that another process has released meanwhile is refused only to the one who had looked before."""
    cases, casework = watched(store)
    elsewhere = Casework(store.cases, TestClock())
    eve, ana, ben, cem = (Person(id=f"U00{n}", name=f"Person {n}") for n in range(4))
    standing: list[Person] = []

    async def stand(by: Person) -> Outcome:
        standing.append(by)
        return await casework.apply(a_case().id, claim_by(by))

    await store.cases.commit(Commit(None, a_case(), NOON))
    await elsewhere.apply(a_case().id, claim_by(eve))
    async with asyncio.TaskGroup() as group:
        early = group.create_task(casework.apply(a_case().id, claim_by(ana)))
        await wait_until(lambda: cases.answered == 1, "the first has looked")
        await elsewhere.apply(a_case().id, lambda case: release(case, eve, NOON, POLICY))
        late = [group.create_task(stand(by)) for by in (ben, cem)]
        await wait_until(lambda: standing == [ben, cem], "they stand in line")
        cases.through.set()
    assert [task.result().done for task in (early, *late)] == [False, True, False]


async def test_a_known_case_is_not_preferred_to_a_newer_one(store: Store) -> None:
    """What a caller has seen saves a look; what the one before has left behind is newer, and saves a conflict.

    Whoever comes with old news later learns with the conflict how the case stands.
    """
    cases, casework = watched(store)
    await store.cases.commit(Commit(None, a_case(), NOON))
    known = await store.cases.load(a_case().id)
    cases.through.set()
    await asyncio.gather(*(casework.apply(a_case().id, like, known=known) for _ in range(3)))
    assert cases.asked == ["commit"] * 3
    await casework.apply(a_case().id, like, known=known)
    assert cases.asked[3:] == ["commit", "commit"]


async def test_those_behind_a_silent_store_are_told_at_once(store: Store) -> None:
    """They would only wait as long again. Who comes later is asked for anew."""
    cases, casework = watched(store)
    await store.cases.commit(Commit(None, a_case(), NOON))
    five = asyncio.gather(*(casework.apply(a_case().id, like) for _ in range(5)), return_exceptions=True)
    await wait_until(lambda: cases.asked == ["load"], "the first looks")
    cases.silent = True
    cases.through.set()
    for result in await five:
        assert isinstance(result, StoreUnavailable)
    assert cases.asked == ["load"] * 2  # the second came while the first was asking, and asked for all behind
    cases.silent = False
    assert (await casework.apply(a_case().id, like)).done


async def test_who_gives_up_takes_nobody_along(store: Store) -> None:
    """The one whose turn it is, and one who waits, are cancelled: the others go on, on what is stored."""
    cases, casework = watched(store)
    await store.cases.commit(Commit(None, a_case(), NOON))
    tasks = [asyncio.ensure_future(casework.apply(a_case().id, like)) for _ in range(4)]
    await wait_until(lambda: cases.asked == ["load"], "the first looks")
    for task in (tasks[0], tasks[2]):
        task.cancel()
    cases.through.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, False, True, False]
    stored = await store.cases.load(a_case().id)
    assert stored is not None
    assert stored.likes == 2


async def test_cases_do_not_wait_for_each_other(store: Store) -> None:
    """Only those who want the same case stand in one line."""
    cases, casework = watched(store)
    other = a_case(key=a_case().key.model_copy(update={"conversation": "post-2"}))
    for case in (a_case(), other):
        await store.cases.commit(Commit(None, case, NOON))
    async with asyncio.TaskGroup() as group:
        for case in (a_case(), a_case(), other):
            group.create_task(casework.apply(case.id, like))
        await wait_until(lambda: cases.asked == ["load", "load"], "one of each looks")
        cases.through.set()
    found = await store.cases.load_many([a_case().id, other.id])
    assert [case and case.likes for case in found.values()] == [2, 1]


async def test_a_case_that_is_gone_is_refused_to_all(store: Store) -> None:
    """Nobody waits for what is not there."""
    casework = Casework(store.cases, TestClock())
    outcomes = await asyncio.gather(*(casework.apply("gone", like) for _ in range(3)))
    assert [outcome.refused and outcome.refused.code for outcome in outcomes] == ["no_case"] * 3


@pytest.mark.parametrize("times", [1, 3])
async def test_the_same_interaction_counts_once(store: Store, times: int) -> None:
    """Deliveries of one interaction at the same time, in one line: one is taken in, the others are duplicates."""
    casework = Casework(store.cases, TestClock())
    await store.cases.commit(Commit(None, a_case(), NOON))
    outcomes = await asyncio.gather(*(casework.apply(a_case().id, like, dedupe=("like-1",)) for _ in range(times)))
    assert [outcome.refused and outcome.refused.code for outcome in outcomes] == [None] + ["duplicate"] * (times - 1)
    stored = await store.cases.load(a_case().id)
    assert stored is not None
    assert stored.likes == 1


async def test_a_closed_case_is_told_of_once(store: Store) -> None:
    """Not with what came before it was closed, nor with what comes after."""
    told: list[Case] = []
    casework = Casework(store.cases, TestClock(), closed=told.append)
    await store.cases.commit(Commit(None, a_case(), NOON))
    await casework.apply(a_case().id, like)
    assert told == []
    await casework.apply(a_case().id, lambda case: close(case, ANA, "answered", NOON))
    await casework.apply(a_case().id, like)
    assert [case.is_open for case in told] == [False]


@pytest.mark.parametrize(
    ("redraw", "is_held", "wakes"), [(True, False, True), (False, False, False), (True, True, False)]
)
async def test_who_draws_is_woken_by_what_waits_to_be_drawn(
    store: Store, *, redraw: bool, is_held: bool, wakes: bool
) -> None:
    """Not by what looks the same, nor by what whoever stores it draws."""
    marked = asyncio.Event()
    change = Change(case=a_case(), redraw=redraw)
    hold = (store.cards.hold(change.case.id, 0), timedelta(seconds=6)) if is_held else None
    await Casework(store.cases, TestClock(), marked).create(change, dedupe=(), hold=hold)
    assert marked.is_set() is wakes


async def test_what_is_to_be_drawn_later_is_due_later(store: Store) -> None:
    """By so much as the caller says."""
    casework, later = Casework(store.cases, TestClock()), timedelta(seconds=30)
    case = a_case()
    await casework.create(Change(case=case, redraw=False), dedupe=())
    await casework.apply(case.id, like, draw_after=later)
    assert await store.cards.take(NOON + later - timedelta(milliseconds=1), 1, later) == []
    (due,) = await store.cards.take(NOON + later, 1, later)
    assert due.id == case.id


async def test_what_is_patient_waits_for_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes along with the next write."""
    monkeypatch.setattr("bot.store.trips.PATIENCE_S", 60.0)
    casework = Casework(store.cases, TestClock())
    first, other = a_case(), a_case(key=a_key("other"))
    await casework.create(Change(case=first), dedupe=())
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(casework.apply(first.id, like, patient=True))
        await wait_until(lambda: store.link._trips._patient, "the change waits")
        await casework.create(Change(case=other), dedupe=())
    assert waiting.result().done
