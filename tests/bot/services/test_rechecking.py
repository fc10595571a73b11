"""Every open case is looked at again, however many there are: the newest each time, the others in turns."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.case import Cycle, Status
from bot.domain.errors import LeaseLost, NetworkError, Permanent, Transient
from bot.domain.models import Event, Raw
from bot.domain.network import Titles
from bot.domain.ports import Commit, Due
from bot.services.gate import Gate
from bot.services.lookups import Lookups
from bot.services.polling import Polling
from bot.store.store import Store
from bot.telemetry import Metrics
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import NOON, a_case, a_key, an_item
from tests.support.stores import TestClock, a_store, end_leases, written_by_a_newer_version

LEASE, MINUTE = timedelta(seconds=30), timedelta(minutes=1)
RECHECK = "square/main/recheck"
LOOKS = 20


class Looked(WebhookConnector):
    """An account whose customers edit silently: it notes what it is to look at. Nothing of the real one is used."""

    network, account, title, rechecks = "square", "main", "@acme", LOOKS

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []
        self.refs: list[dict[str, str]] = []
        self.trouble: list[NetworkError | None] = []

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Nothing comes."""
        del raw
        yield from ()

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]] | None:
        """Note it; then fail, or have no time, as told."""
        self.rounds.append([ref["id"] for ref in refs])
        self.refs = [dict(ref) for ref in refs]
        if self.trouble:
            trouble = self.trouble.pop()
            if trouble is None:
                return None
            raise trouble
        return []


class LookedForTwoDays(Looked):
    """One that looks at nothing older."""

    rechecks_for = timedelta(days=2)


async def untold(_name: str, _text: str) -> None:
    """Nobody is told anything."""


@dataclass
class Desk:
    """The second looks of one account, and its open cases."""

    store: Store
    clock: TestClock
    account: Looked

    def worker(self) -> Polling:
        """A process."""
        store, clock, titles = self.store, self.clock, Titles(square="Square")
        gate, kept = Gate(store.notes, store.budgets, clock, UTC, titles), (store.inbox, store.cases, store.notes)
        lookups = Lookups(store.notes, store.polls, store.inbox, gate, clock)
        accounts = {("square", "main"): self.account}
        return Polling(*kept, accounts, clock, Metrics(), 20.0, gate, untold, lookups, titles)

    async def held(self) -> Due:
        """The look, taken under a lease; whoever had it before has lost it."""
        await self.store.polls.put(RECHECK, self.clock.now())
        (due,) = await self.store.polls.take(self.clock.now(), 10, LEASE)
        return due

    async def look(self) -> set[str]:
        """One round, by a process that has just started; what was looked at."""
        self.clock.advance(2 * MINUTE)
        due = await self.held()
        assert await self.worker().act(due)
        await self.store.polls.done(due)
        return set(self.account.rounds[-1])

    async def asked(self, names: Sequence[str], at: datetime = NOON, items: int = 1, **changes: Any) -> list[str]:
        """Customers ask, one minute after the other, each in a case of its own; the cases, the newest last."""
        minutes = 0 if changes.pop("at_once", False) else 1
        cases = []
        for n, name in enumerate(names):
            seen = at + n * minutes * MINUTE
            said = tuple(an_item(id=f"{name}.{k}" if k else name, seen_at=seen, **changes) for k in range(items))
            cycle = Cycle(n=1, posted_at=seen, seen_at=seen)
            cases.append(a_case(key=a_key(name, account="main"), items=said, cycle=cycle))
        assert set(await asyncio.gather(*(self.store.cases.commit(Commit(None, each, at)) for each in cases))) == {
            "committed"
        }
        return [each.id for each in cases]

    async def close(self, case_id: str) -> None:
        """A case is closed."""
        case = await self.store.cases.load(case_id)
        assert case
        closed = case.model_copy(update={"status": Status.CLOSED, "wait": None})
        assert await self.store.cases.commit(Commit(case, closed, NOON)) == "committed"


@pytest.fixture(params=[1, 3])
async def desk(redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """Everything real but the network; with one shard, and with three."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock, shards=request.param) as store:
        yield Desk(store, clock, Looked())


def names(many: int) -> list[str]:
    """So many posts."""
    return [f"post-{n:03}" for n in range(many)]


@pytest.mark.parametrize("at_once", [False, True])
async def test_all_of_many_open_cases_have_their_turn(desk: Desk, *, at_once: bool) -> None:
    """Twenty a round: eight are the newest each time, twelve are next in line; then it begins again. Also where all of
    them came in one page, at the same instant."""
    posts = names(300)
    await desk.asked(posts, at_once=at_once)
    rounds = [await desk.look() for _ in range(25)]
    assert all(len(each) <= LOOKS for each in rounds)
    assert set[str]().union(*rounds) == set(posts)
    newest = set.intersection(*rounds)
    assert len(newest) == 8
    if not at_once:
        assert newest == set(posts[-8:])
    again = [await desk.look() for _ in range(25)]
    assert set[str]().union(*again) == set(posts)


async def test_few_are_all_looked_at_every_time(desk: Desk) -> None:
    """As many as there is room for; words that are deleted or private are not looked at."""
    await desk.asked(names(LOOKS))
    await desk.asked(["gone"], deleted=True)
    await desk.asked(["secret"], private=True)
    assert await desk.look() == await desk.look() == set(names(LOOKS))


async def test_long_cases_take_no_more_calls(desk: Desk) -> None:
    """Twelve interactions each: one of them fits behind those of the newest."""
    await desk.asked(names(6), items=12)
    rounds = [await desk.look() for _ in range(7)]
    assert all(len(each) <= LOOKS for each in rounds)
    assert len(set[str]().union(*rounds)) == 72


async def test_what_is_too_old_takes_nobodys_turn(desk: Desk) -> None:
    """X looks at posts of two days, once an hour: a backlog of older cases does not make the young ones wait."""
    desk.account = LookedForTwoDays()
    week = NOON - timedelta(days=7)
    await desk.asked([f"old-{n}" for n in range(160)], week, posted_at=week)
    await desk.asked(young := names(30))
    first, second, third, fourth = [await desk.look() for _ in range(4)]
    assert first | second == third | fourth == set(young)


async def test_many_cases_without_anything_to_look_at_hide_none_behind_them(desk: Desk) -> None:
    """Sixty customers wrote in private; the public post of before is looked at all the same."""
    await desk.asked(["public"])
    await desk.asked([f"secret-{n}" for n in range(60)], NOON + 10 * MINUTE, private=True)
    assert await desk.look() == {"public"}


async def test_the_network_is_asked_with_what_it_takes_once_in_a_while(desk: Desk) -> None:
    """How the words are found there, which wording is known, the newest first; after six of the usual waits again."""
    await desk.asked(["post"], items=2, ref={"uri": "at://carla"}, version="v7")
    again = await desk.worker().act(await desk.held())
    assert desk.account.refs == [{"uri": "at://carla", "id": id_, "version": "v7"} for id_ in ("post.1", "post")]
    assert again == desk.clock.now() + 2 * MINUTE


async def test_what_changes_meanwhile_keeps_nobody_from_their_turn(desk: Desk) -> None:
    """The case behind which it would go on is closed, new ones come in, and one is a newer version's."""
    cases = await desk.asked(posts := names(60))
    await written_by_a_newer_version(desk.store, cases[30])
    seen = await desk.look()
    for n in (51, 50, 49, 48, 47, 40):
        await desk.close(cases[n])
    await desk.asked(["news-1", "news-2"], NOON + 100 * MINUTE)
    for _ in range(5):
        seen |= await desk.look()
    assert seen == {*posts, "news-1", "news-2"} - {posts[30]}


async def test_a_crash_in_the_middle_looks_again_and_skips_nobody(desk: Desk) -> None:
    """The place is stored with what the look found: before that, another worker looks at the same."""
    await desk.asked(names(60))
    await desk.look()
    desk.account.trouble = [Transient("the connection broke")]
    lost = await desk.look()
    assert await desk.look() == lost
    assert await desk.look() != lost


async def test_a_worker_that_was_paused_does_not_turn_the_line_back(desk: Desk) -> None:
    """Its lease ended and another one went on: what it looked at late moves nothing."""
    await desk.asked(names(60))
    late = await desk.held()
    await end_leases(desk.store)
    seen = [await desk.look(), await desk.look()]
    place = await desk.store.inbox.cursor(RECHECK)
    for refused in ([], [Permanent("bad_request", "invalid uri")]):
        desk.account.trouble = [*refused]
        with pytest.raises(LeaseLost):
            await desk.worker().act(late)
        assert await desk.store.inbox.cursor(RECHECK) == place
    assert await desk.look() not in seen


async def test_who_has_no_time_is_asked_the_same_again(desk: Desk) -> None:
    """A network that is looked at once an hour does not miss the turns in between."""
    await desk.asked(names(60))
    desk.account.trouble = [None, None]
    first, second, third, fourth = [await desk.look() for _ in range(4)]
    assert first == second == third != fourth


async def test_what_a_network_refuses_to_look_at_holds_up_nobody(desk: Desk) -> None:
    """One post that makes it answer with an error: those behind have their turn."""
    await desk.asked(names(60))
    desk.account.trouble = [Permanent("bad_request", "invalid uri")]
    refused = await desk.look()
    assert await desk.look() != refused


async def test_what_a_network_has_no_answer_for_holds_up_nobody(desk: Desk) -> None:
    """One post with which it always fails: it is tried twice, then those behind have their turn."""
    await desk.asked(names(60))
    desk.account.trouble = [Transient("HTTP 500"), Transient("HTTP 500")]
    assert await desk.look() == (failed := await desk.look())
    assert await desk.look() != failed
