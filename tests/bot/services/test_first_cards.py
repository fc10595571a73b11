"""A new case that is stored and shown in one go: posted once, by whoever holds it, and never forgotten."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.domain.case import Case
from bot.domain.decisions import Change, changed
from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Blocks, Commit, CommitResult, Conflict, Due, Posted, WorkerQueue
from bot.services.casework import Casework, Outcome
from bot.services.drawing import Drawing
from bot.services.first_cards import FirstCards
from bot.services.once import STALE
from bot.services.outage import Outage, PausableQueue
from bot.services.slack_budget import POST_BURST, POSTS_PER_S
from bot.services.worker import QueueWorker
from bot.slack.gateway import SlackGateway
from bot.store.budgets import RedisBudgets
from bot.store.cases import RedisCases
from bot.store.connect import Link
from bot.telemetry import Metrics
from sandbox.slack.workspace import CARE, RANDOM
from tests.support.boards import Board, a_board
from tests.support.cases import a_card, a_case, a_key
from tests.support.stores import end_leases
from tests.support.waiting import wait_until

LEASE = timedelta(seconds=30)


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """A Slack, a store, and a case that is there already."""
    async with a_board(redis_url) as board:
        yield board


@dataclass
class Team:
    """A process that takes in and draws."""

    first: FirstCards
    stop: asyncio.Event

    async def open(self, case: Case) -> Outcome | Conflict:
        """Store a new case."""
        return await self.first.create(Change(case=case), dedupe=(f"seen-{case.id}",))


@asynccontextmanager
async def a_team(
    board: Board, drawing: Drawing | None = None, queue: WorkerQueue | None = None, at_once: int = 4
) -> AsyncIterator[Team]:
    """The process at work, stopped with the block."""
    stop, drawing, queue = asyncio.Event(), drawing or board.worker(), queue or board.store.cards
    worker = QueueWorker("cards", queue, drawing.act, board.clock, Metrics(), LEASE, at_once)
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(stop))
        await asyncio.sleep(0)  # it has begun
        try:
            yield Team(FirstCards(Casework(board.store.cases, board.clock), drawing, worker), stop)
        finally:
            stop.set()


def a_new_case(conversation: str = "new") -> Case:
    """A case that nobody has stored."""
    return a_case(key=a_key(conversation), posts=(a_card(channel=CARE),))


async def stored(board: Board, case: Case) -> Case:
    """The case as it stands in the store."""
    found = await board.store.cases.load(case.id)
    assert found is not None
    return found


async def given_back(board: Board) -> bool:
    """Whether no case is due or held any more (the one that is there already was never marked)."""
    return await board.store.cards.depth() == 0


async def test_a_new_case_is_shown_without_waiting_in_line(board: Board) -> None:
    """Two changes of the case in all: made with its attempt, then placed. The queue never had it to give away."""
    new = a_new_case()
    async with a_team(board) as team:
        outcome = await team.open(new)
        assert isinstance(outcome, Outcome)
        assert outcome.done
        assert await board.store.cards.take(board.clock.now(), 5, LEASE) == []
        await wait_until(lambda: given_back(board), "its lease is given back")
    (message,) = board.slack.messages(CARE)
    case = await stored(board, new)
    assert case.card is not None
    assert (case.card.ts, case.version) == (message.ts, 2)
    assert case.card.drawn
    assert board.slack.calls_of("conversations.history") == []
    casework = Casework(board.store.cases, board.clock)
    again = await casework.apply(new.id, partial(changed, likes=9), dedupe=(f"seen-{new.id}",))
    assert again.code == "duplicate", "a second delivery of its words changes nothing"


async def test_who_dies_before_posting_is_followed_by_another(board: Board) -> None:
    """The attempt is in the store and never was made: the next one looks for it, finds nothing, and posts."""
    new = a_new_case()
    opening = board.worker().opening(Change(case=new))
    assert opening is not None
    due = board.store.cards.hold(new.id, 2)
    await Casework(board.store.cases, board.clock).create(opening, dedupe=(), hold=(due, LEASE))
    assert await board.store.cards.take(board.clock.now(), 5, LEASE) == []
    await end_leases(board.store)
    async with a_team(board):
        await wait_until(lambda: given_back(board), "another took it over")
    assert len(board.slack.messages(CARE)) == 1
    assert len(board.slack.calls_of("conversations.history")) == 1


async def test_who_dies_after_posting_is_followed_by_one_who_finds_it(board: Board) -> None:
    """The card stands and nobody noted where: the next one finds it by its attempt, and posts nothing."""
    new = a_new_case()
    opening = board.worker().opening(Change(case=new))
    assert opening is not None
    assert opening.case.card is not None
    due = board.store.cards.hold(new.id, 2)
    await Casework(board.store.cases, board.clock).create(opening, dedupe=(), hold=(due, LEASE))
    await board.gateway.post(CARE, "x", [], attempt=opening.case.card.attempt)
    await end_leases(board.store)
    async with a_team(board):
        await wait_until(lambda: given_back(board), "another took it over")
    (message,) = board.slack.messages(CARE)
    card = (await stored(board, new)).card
    assert card is not None
    assert card.ts == message.ts


async def test_who_sleeps_after_storing_does_not_post_blindly(board: Board) -> None:
    """A drawing that came too late may be another's by now: it is looked for first, and stands once."""
    board.naps.append(STALE + timedelta(milliseconds=1))
    new = a_new_case()
    async with a_team(board) as team:
        await team.open(new)
        await wait_until(lambda: given_back(board), "it was drawn with its next turn")
    assert len(board.slack.messages(CARE)) == 1
    assert len(board.slack.calls_of("conversations.history")) == 1


async def test_of_two_who_open_the_same_case_one_does(board: Board) -> None:
    """Two processes take in the same first words: one case, one card, and the other one is told so."""
    new = a_new_case()
    async with a_team(board) as one, a_team(board, board.worker()) as two:
        outcomes = await asyncio.gather(one.open(new), two.open(new))
        assert [isinstance(outcome, Outcome) and outcome.done for outcome in outcomes].count(True) == 1
        await wait_until(lambda: given_back(board), "it is drawn")
    assert len(board.slack.messages(CARE)) == 1


async def test_what_slacks_budget_has_no_room_for_waits_in_line(board: Board) -> None:
    """The burst but its last token goes to new cases at once; of the others, in line, one gets that token.

    Which one, the queue decides: they came in the same millisecond. No attempt stays noted for those that wait, so that
    nobody looks for one: the first of them was called off, the others were told that there is no room.
    """
    cases = [a_new_case(f"new-{n}") for n in range(POST_BURST + 2)]
    async with a_team(board) as team:
        for case in cases:
            await team.open(case)
        await wait_until(lambda: len(board.slack.messages(CARE)) == POST_BURST, "the burst is shown")

        async def late() -> list[bool]:
            cards = [(await stored(board, case)).card for case in cases[POST_BURST - 1 :]]
            return sorted(bool(card and (card.attempt or card.ts)) for card in cards)

        async def wait_in_line() -> bool:
            return await late() == [False, False, True]

        await wait_until(wait_in_line, "those for whom there is no room have no attempt")
        board.clock.advance(timedelta(minutes=1))
        await wait_until(lambda: given_back(board), "the late ones follow")
    assert len(board.slack.messages(CARE)) == len(cases)
    assert board.slack.calls_of("conversations.history") == []


async def test_words_of_a_case_that_stands_take_no_room_from_a_new_one(board: Board) -> None:
    """Each was about to open a case and found one: the token of Slack's budget is there for whoever comes next."""
    async with a_team(board) as team:
        first = a_new_case()
        await team.open(first)
        await wait_until(lambda: given_back(board), "it is shown")
        for n in range(2 * POST_BURST):
            change = Change(case=first)
            assert isinstance(await team.first.create(change, dedupe=(f"more-{n}",)), Conflict)
        news = [a_new_case(f"new-{n}") for n in range(POST_BURST - 2)]
        for case in news:
            await team.open(case)
        await wait_until(lambda: given_back(board), "they are shown at once")
    assert len(board.slack.messages(CARE)) == 1 + len(news)


async def test_a_crowd_that_comes_at_once_is_called_off_but_for_the_burst(board: Board) -> None:
    """All are stored before anybody knows that there is no room: each has one card, and nobody looks for one."""
    cases = [a_new_case(f"new-{n}") for n in range(3 * POST_BURST)]
    async with a_team(board, at_once=len(cases)) as team:
        await asyncio.gather(*(team.open(case) for case in cases))
        await wait_until(lambda: len(board.slack.messages(CARE)) == POST_BURST, "the burst is shown")
        for shown in range(POST_BURST + 1, len(cases) + 1):
            board.clock.advance(timedelta(seconds=1 / POSTS_PER_S))
            await wait_until(partial(at_least, board, shown), "one more second, one more card")
        await wait_until(lambda: given_back(board), "all are drawn")
    assert len(board.slack.messages(CARE)) == len(cases)
    assert board.slack.calls_of("conversations.history") == []


def at_least(board: Board, cards: int) -> bool:
    """Whether so many cards stand."""
    return len(board.slack.messages(CARE)) >= cards


async def test_who_dies_before_calling_off_is_followed_by_another(board: Board) -> None:
    """An attempt that was noted and neither made nor called off is looked for, and posted once there is room."""
    new, drawing = a_new_case(), board.worker()
    opening = drawing.opening(Change(case=new))
    assert opening is not None
    due = board.store.cards.hold(new.id, 2)
    created = await Casework(board.store.cases, board.clock).create(opening, dedupe=(), hold=(due, LEASE))
    await end_leases(board.store)
    async with a_team(board):
        await wait_until(lambda: given_back(board), "another took it over")
    assert created is not None
    assert created.case is not None
    await drawing.call_off(created.case)  # who slept instead of dying changes nothing any more
    (message,) = board.slack.messages(CARE)
    card = (await stored(board, new)).card
    assert card is not None
    assert (card.ts, bool(card.attempt)) == (message.ts, True)


async def test_whoever_was_told_to_wait_begins_nothing_more_in_that_channel(board: Board) -> None:
    """For as long as a token takes to come; other channels are none of its business."""
    drawing, elsewhere = board.worker(), a_case(key=a_key("new"), posts=(a_card(channel=RANDOM),))
    for _ in range(POST_BURST - 1):
        assert await drawing.room(a_card(channel=CARE)).has_room()
    assert drawing.opening(Change(case=a_new_case())) is not None
    assert not await drawing.room(a_card(channel=CARE)).has_room()
    assert drawing.opening(Change(case=a_new_case())) is None
    assert drawing.opening(Change(case=elsewhere)) is not None
    board.clock.advance(timedelta(seconds=1 / POSTS_PER_S))
    assert drawing.opening(Change(case=a_new_case())) is not None


async def test_a_case_is_stored_while_the_budgets_are_away(board: Board) -> None:
    """In a cluster they may be on a node that has died: then only the card has to wait."""
    ours, new = board.store.budgets, a_new_case()
    nowhere = Link(Redis.from_url("redis://127.0.0.1:1/0"), cluster=False)
    drawing = board.worker(budgets=RedisBudgets(nowhere, ours.keys, ours.scripts, ours.clock))
    async with a_team(board, drawing) as team:
        outcome = await team.open(new)
        assert isinstance(outcome, Outcome)
        assert outcome.done
    card = (await stored(board, new)).card
    assert card is not None
    assert (card.attempt, card.ts) == ("", "")
    await nowhere.close()


def slow_slack(board: Board, release: asyncio.Event, quick: str = "") -> SlackGateway:
    """The gateway to a Slack that takes no message before its release, but in the quick channel."""

    class Slow(SlackGateway):
        async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
            if channel != quick:
                await release.wait()
            return await super().post(channel, text, blocks, **more)

    return Slow(board.gateway.api, Metrics())


async def test_with_no_hand_free_the_queue_has_it(board: Board) -> None:
    """A worker that is busy takes nothing more in hand than it has hands for."""
    release = asyncio.Event()
    async with a_team(board, board.worker(slow_slack(board, release)), at_once=1) as team:
        await team.open(a_new_case("one"))
        await team.open(a_new_case("two"))
        (due,) = await board.store.cards.take(board.clock.now(), 5, LEASE)
        assert due.id == a_new_case("two").id
        await board.store.cards.later(due, board.clock.now())
        release.set()
        await wait_until(lambda: given_back(board), "both are drawn")
    assert len(board.slack.messages(CARE)) == 2
    casework = Casework(board.store.cases, board.clock)
    again = await casework.apply(due.id, partial(changed, likes=9), dedupe=(f"seen-{due.id}",))
    assert again.code == "duplicate"


async def test_while_slack_is_away_the_queue_has_it(board: Board) -> None:
    """Behind the gate nothing is taken, new cases included."""
    outage = Outage(board.store.notes, board.store.timers, board.gateway.connect, board.clock)
    outage.answered("chat.postMessage", "refused", "invalid_auth")
    async with a_team(board, queue=PausableQueue(board.store.cards, outage)) as team:
        await team.open(a_new_case())
        assert board.slack.messages(CARE) == []
        assert (await stored(board, a_new_case())).version == 1
        (due,) = await board.store.cards.take(board.clock.now(), 5, LEASE)
        assert due.id == a_new_case().id


async def test_what_is_promised_is_kept_while_the_worker_stops(board: Board) -> None:
    """Told to stop between the promise and the storing: the case is still drawn here; a new one is not promised."""
    storing, may_store = asyncio.Event(), asyncio.Event()

    class SlowCases(RedisCases):
        async def commit(self, commit: Commit) -> CommitResult:
            storing.set()
            await may_store.wait()
            return await super().commit(commit)

    cases = board.store.cases
    slow = Casework(SlowCases(cases.link, cases.keys, cases.scripts, cases.retention), board.clock)
    async with asyncio.TaskGroup() as group:
        async with a_team(board) as team:
            first = FirstCards(slow, team.first.drawing, team.first.cards)
            group.create_task(first.create(Change(case=a_new_case()), dedupe=()))
            await storing.wait()
            team.stop.set()
            group.create_task(let_go(may_store))
        with team.first.cards.promise("another", 2) as hand:
            assert hand is None
    assert len(board.slack.messages(CARE)) == 1
    assert await given_back(board)


async def test_a_hand_that_is_done_is_free_at_once(board: Board) -> None:
    """Others are slow: a first card that stands gives its lease back, and what came meanwhile is drawn."""
    release = asyncio.Event()
    async with a_team(board, board.worker(slow_slack(board, release, quick=CARE)), at_once=2) as team:
        slow = a_case(key=a_key("slow"), posts=(a_card(channel=RANDOM),))
        await team.open(slow)
        await team.open(a_new_case())
        await wait_until(lambda: len(board.slack.messages(CARE)) == 1, "the quick one stands")
        await wait_until(lambda: alone_is_held(board, slow), "the quick one's lease is given back")
        release.set()


async def alone_is_held(board: Board, case: Case) -> bool:
    """Whether this case and no other is held."""
    queue = board.store.cards
    return bool(await board.store.link.do("HKEYS", queue.keys.due(0, queue.name)[1]) == [case.id.encode()])


async def test_a_worker_that_has_failed_begins_nothing(board: Board) -> None:
    """The case is stored, and its lease ends by itself; nobody is told of a failure of the delivery."""
    drawing, stop = board.worker(), asyncio.Event()
    worker = QueueWorker("cards", board.store.cards, drawing.act, board.clock, Metrics(), LEASE)
    running = asyncio.ensure_future(worker.run(stop))
    await asyncio.sleep(0)
    with worker.promise(a_new_case().id, 2) as hand:
        assert hand is not None
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        hand.begin(drawing.act)
    with worker.promise(a_new_case().id, 2) as hand:
        assert hand is None


async def let_go(event: asyncio.Event) -> None:
    """Let the store answer, a moment after the worker was told to stop."""
    await asyncio.sleep(0.05)
    event.set()


async def test_a_store_that_does_not_answer_leaves_no_promise(board: Board) -> None:
    """Nobody knows whether the case is stored: the hand is free again, and the words come again from the inbox."""

    class Gone(Casework):
        async def create(
            self, change: Change, *, dedupe: Collection[str], hold: tuple[Due, timedelta] | None = None
        ) -> Outcome | Conflict:
            await super().create(change, dedupe=dedupe, hold=hold)
            raise StoreUnavailable("no answer")

    async with a_team(board, at_once=1) as team:
        first = FirstCards(Gone(board.store.cases, board.clock), team.first.drawing, team.first.cards)
        with pytest.raises(StoreUnavailable):
            await first.create(Change(case=a_new_case()), dedupe=())
        with team.first.cards.promise("another", 2) as hand:
            assert hand is not None
        assert board.slack.messages(CARE) == []
        await end_leases(board.store)
        await wait_until(lambda: given_back(board), "the lease ended and it was drawn")
    assert len(board.slack.messages(CARE)) == 1
