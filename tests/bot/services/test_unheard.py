"""A call to Slack whose end nobody heard: the answer never came, or its step was stopped because its lease was lost.

Meanwhile another worker may have drawn something newer: what was carried out late must not stay.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pytest

from bot.domain.attempts import new_attempt
from bot.domain.decisions import Decide
from bot.domain.errors import SlackUnknown, StoreUnavailable
from bot.domain.ports import Blocks, Commit, Posted
from bot.domain.posting import CARD, attempting
from bot.services.casework import Casework, Outcome
from bot.services.once import STALE, TRIES
from bot.slack.gateway import SlackGateway
from bot.store.budgets import RedisBudgets
from bot.telemetry import Metrics
from sandbox.slack.workspace import CARE
from tests.support.boards import Board, Sleepy, a_board
from tests.support.stores import TestClock
from tests.support.waiting import wait_until

LEASE = timedelta(seconds=30)


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """A case that wants a card."""
    async with a_board(redis_url) as board:
        yield board


class Mute(Sleepy):
    """Another worker posts before this one does, and the answer to its own call never comes."""

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Post, and do not learn of it."""
        await super().post(channel, text, blocks, **more)
        raise SlackUnknown("chat.postMessage: no answer")


@pytest.mark.parametrize("is_line", [False, True])
async def test_who_slept_through_its_call_looks_for_what_became_of_it(board: Board, *, is_line: bool) -> None:
    """Another worker looked in vain and posted, then the call was carried out unheard: its message is taken away."""
    if is_line:
        await board.with_a_line()
    before = len(board.slack.messages(CARE))
    await board.worker(Mute(board.gateway, board.worker(), board.due)).act(board.due)
    assert len(board.slack.messages(CARE)) == before + 1
    stands = (await board.case()).lines[-1] if is_line else await board.stands_at()
    assert board.slack.messages(CARE)[-1].ts == stands


class Deaf(SlackGateway):
    """A gateway to whose first call no answer comes."""

    def __init__(self, hearing: SlackGateway) -> None:
        super().__init__(hearing.api, Metrics())
        self._deaf = True

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Post, and once not learn of it."""
        posted = await super().post(channel, text, blocks, **more)
        if self._deaf:
            self._deaf = False
            raise SlackUnknown("chat.postMessage: no answer")
        return posted


async def test_an_unheard_answer_alone_takes_nothing_away(board: Board) -> None:
    """Nobody posted meanwhile: the next turn finds the message and keeps it."""
    drawing = board.worker(Deaf(board.gateway))
    assert await drawing.act(board.due) is not None
    await drawing.act(board.due)
    (message,) = board.slack.messages(CARE)
    assert await board.stands_at() == message.ts
    assert board.slack.calls_of("chat.delete") == []


class End(StrEnum):
    """How a late call ends for whoever made it."""

    UNANSWERED = "no answer comes"
    STOPPED = "its step is stopped while it waits for the answer"
    STOPPED_NOTING = "its step is stopped while it notes the answer"


class Late(SlackGateway):
    """A gateway whose calls are carried out after something else has happened; their answers come or do not."""

    def __init__(self, awake: SlackGateway, meanwhile: Callable[[], Awaitable[None]], end: End) -> None:
        super().__init__(awake.api, Metrics())
        self._meanwhile, self._end, self.called = meanwhile, end, asyncio.Event()

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Post late."""
        await self._meanwhile()
        posted = await super().post(channel, text, blocks, **more)
        await self._answer()
        return posted

    async def update(self, posted: Posted, text: str, blocks: Blocks) -> None:
        """Update late."""
        await self._meanwhile()
        await super().update(posted, text, blocks)
        await self._answer()

    async def _answer(self) -> None:
        self.called.set()
        if self._end is End.STOPPED:
            await asyncio.Event().wait()
        if self._end is End.UNANSWERED:
            raise SlackUnknown("no answer")


class Torn(Casework):
    """Casework whose store does not answer the next change once, or is not there for the next `away` changes."""

    silent = False
    away = 0

    async def apply(self, case_id: str, decide: Decide, **more: Any) -> Outcome:
        """Apply, or not."""
        if self.silent:
            self.silent = False
            await asyncio.Event().wait()
        if self.away:
            self.away -= 1
            raise StoreUnavailable("gone")
        return await super().apply(case_id, decide, **more)


async def says(board: Board, text: str) -> None:
    """The customer changes the post: the card is to show it."""
    case = await board.case()
    items = (case.items[0].model_copy(update={"text": text}),)
    after = case.model_copy(update={"items": items})
    await board.store.cases.commit(Commit(before=case, after=after, at=board.clock.now()))


async def draws_late(board: Board, meanwhile: Callable[[], Awaitable[None]], end: End, away: int = 0) -> None:
    """A worker draws, but its call comes through only after `meanwhile`, and ends so; when its step is stopped, the
    store is out of reach for the next `away` changes."""
    casework = Torn(board.store.cases, board.clock)

    async def then() -> None:
        await meanwhile()
        casework.silent = end is End.STOPPED_NOTING

    gateway = Late(board.gateway, then, end)
    async with asyncio.TaskGroup() as group:
        step = group.create_task(board.worker(gateway, casework).act(board.due))
        await gateway.called.wait()
        if end is End.STOPPED_NOTING:
            await wait_until(lambda: not casework.silent, "it notes the answer")
        casework.away = away
        if end is not End.UNANSWERED:
            step.cancel()
    assert step.cancelled() is (end is not End.UNANSWERED)


@pytest.mark.parametrize("end", End)
async def test_a_card_posted_late_is_taken_away(board: Board, end: End) -> None:
    """Another card stands already, whether the answer never came or the step was stopped."""

    async def meanwhile() -> None:
        await board.worker().act(board.due)

    await draws_late(board, meanwhile, end)
    (message,) = board.slack.messages(CARE)
    assert await board.stands_at() == message.ts


@pytest.mark.parametrize("is_line", [False, True])
async def test_a_message_posted_late_is_taken_away_once_another_was_begun(board: Board, *, is_line: bool) -> None:
    """Another worker looked in vain, noted an attempt of its own and fell asleep: nobody looks for ours any more."""
    if is_line:
        await board.with_a_line()
    before = len(board.slack.messages(CARE))
    post = (await board.case()).posts[-1]

    async def meanwhile() -> None:
        theirs = new_attempt(board.clock.now())
        casework = Casework(board.store.cases, board.clock)
        assert (await casework.apply(board.first.id, lambda case: attempting(case, post.id, theirs))).done

    await draws_late(board, meanwhile, End.UNANSWERED)
    assert len(board.slack.messages(CARE)) == before
    await board.worker().act(board.due)
    assert len(board.slack.messages(CARE)) == before + 1


class Slow(SlackGateway):
    """A gateway that sleeps through its call, of which nobody hears any more: `then` is what happens meanwhile, and
    `later` what happens once it has woken; between them the call is carried out where there is no other one yet."""

    def __init__(self, board: Board, then: Callable[[], Awaitable[None]] | None, group: asyncio.TaskGroup) -> None:
        super().__init__(board.gateway.api, Metrics())
        self._board, self._then, self._group = board, then, group

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Sleep, and begin to post."""
        self._board.clock.advance(STALE * 2)
        if self._then:
            await self._then()
        self._group.create_task(self._carried_out(channel, text, blocks, more))
        raise SlackUnknown("no answer")

    async def _carried_out(self, channel: str, text: str, blocks: Blocks, more: dict[str, Any]) -> None:
        await asyncio.sleep(0.05)  # the first look is over
        await super().post(channel, text, blocks, **more)
        if not self._then:
            await self._board.worker(Blind(self._board.gateway.api, Metrics())).act(self._board.due)


class Blind(SlackGateway):
    """A gateway that looked for the attempt just before it came to stand."""

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> None:
        """Nothing is there yet."""


async def test_who_is_stopped_while_it_looks_goes_on_looking(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer came; then its lease was found to be lost, after a first look and before the call was carried out."""
    monkeypatch.setattr("bot.services.once.LOOKS_S", (0.0, 0.4))

    async def meanwhile() -> None:
        await board.worker().act(board.due)

    async with asyncio.TaskGroup() as group:
        step = group.create_task(board.worker(Slow(board, meanwhile, group)).act(board.due))
        await wait_until(lambda: len(board.slack.calls_of("chat.postMessage")) == 2, "the late call is carried out")
        step.cancel()
    assert step.cancelled()
    (message,) = board.slack.messages(CARE)
    assert await board.stands_at() == message.ts


class Napping(RedisBudgets):
    """Budgets whose caller sleeps before it hears the answer."""

    async def take_some(self, *asked: Any) -> tuple[int, float]:
        """Take, and let time pass."""
        assert isinstance(self.clock, TestClock)
        self.clock.advance(STALE + timedelta(milliseconds=1))
        return await super().take_some(*asked)


async def an_attempt_nobody_heard_of(board: Board) -> None:
    """The card stands, and its case does not know that: it was posted unheard."""
    await board.worker(Deaf(board.gateway)).act(board.due)
    assert len(board.slack.messages(CARE)) == 1
    assert not await board.stands_at()


async def test_who_slept_after_looking_in_vain_looks_again(board: Board) -> None:
    """The message may have come to stand since: noting another attempt would make everybody forget it."""
    await an_attempt_nobody_heard_of(board)
    ours = board.store.budgets
    napping = board.worker(
        Blind(board.gateway.api, Metrics()), budgets=Napping(ours.link, ours.keys, ours.scripts, ours.clock)
    )
    assert await napping.act(board.due) == board.clock.now()
    await board.worker().act(board.due)
    (card,) = board.slack.messages(CARE)
    assert await board.stands_at() == card.ts


class Leisurely(SlackGateway):
    """A gateway to which Slack answers slowly what stands in a channel."""

    def __init__(self, board: Board) -> None:
        super().__init__(board.gateway.api, Metrics())
        self._clock = board.clock

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None:
        """Look for a while."""
        self._clock.advance(STALE * 2)
        return await super().find_attempt(channel, attempt, thread_ts)


async def test_a_slow_look_does_not_keep_a_card_from_being_posted(board: Board) -> None:
    """It took longer than an attempt may take to note: the attempt begins after it."""
    casework = Casework(board.store.cases, board.clock)
    lost = new_attempt(board.clock.now())
    assert (await casework.apply(board.first.id, lambda case: attempting(case, CARD, lost))).done
    assert await board.worker(Leisurely(board)).act(board.due) is None
    (card,) = board.slack.messages(CARE)
    assert await board.stands_at() == card.ts


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_card_that_comes_to_stand_after_a_first_look_is_taken_away(
    board: Board, monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    """Slack carries the sleeper's call out only after its first look, or the other worker posts only after that."""
    monkeypatch.setattr("bot.services.once.LOOKS_S", (0.0, 0.4, 0.1))

    async def meanwhile() -> None:
        await board.worker().act(board.due)

    async with asyncio.TaskGroup() as group:
        await board.worker(Slow(board, meanwhile if is_first else None, group)).act(board.due)
    assert len(board.slack.calls_of("chat.postMessage")) == 2
    (message,) = board.slack.messages(CARE)
    assert await board.stands_at() == message.ts


@pytest.mark.parametrize(("end", "away"), [*((end, 0) for end in End), (End.STOPPED, 1)])
async def test_an_old_picture_drawn_late_does_not_stay(
    board: Board, monkeypatch: pytest.MonkeyPatch, end: End, away: int
) -> None:
    """The newest picture was drawn and noted before an older one was carried out: the card is drawn once more, though
    whoever drew the old one has lost the case's turn."""
    monkeypatch.setattr("bot.services.once.PAUSE_S", 0.01)

    async def meanwhile() -> None:
        await says(board, "the newest words")
        await board.worker().act(board.due)

    await board.worker().act(board.due)
    await says(board, "the older words")
    await draws_late(board, meanwhile, end, away)
    (card,) = board.slack.messages(CARE)
    assert "the older words" in str(card.blocks)
    (due,) = await board.store.cards.take(board.clock.now(), 5, LEASE)
    assert await board.worker().act(due) is None
    (card,) = board.slack.messages(CARE)
    assert "the newest words" in str(card.blocks)


async def test_a_presss_redraw_that_cannot_be_noted_is_doubted(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store goes away right after the pressed card was redrawn: it may lie over what a worker drew meanwhile."""
    monkeypatch.setattr("bot.services.once.PAUSE_S", 0.01)
    await board.worker().act(board.due)
    pressed = await board.case()
    await says(board, "the newest words")
    await board.worker().act(board.due)
    casework = Torn(board.store.cases, board.clock)
    casework.away = 1
    await board.worker(casework=casework).remember(pressed, CARD, "the older digest")
    assert await board.store.cards.depth() == 1


async def test_a_picture_that_nothing_newer_followed_is_not_doubted(board: Board) -> None:
    """Nobody changed the case meanwhile: its own turn comes again, and nothing is marked besides."""

    async def meanwhile() -> None:
        """Nothing happens."""

    await board.worker().act(board.due)
    await says(board, "the newest words")
    await draws_late(board, meanwhile, End.UNANSWERED)
    assert await board.store.cards.depth() == 0


async def test_a_store_that_stays_away_ends_the_looking(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is to stop does not ask for ever."""
    monkeypatch.setattr("bot.services.once.PAUSE_S", 0.01)

    async def meanwhile() -> None:
        await says(board, "the newest words")

    await board.worker().act(board.due)
    await says(board, "the older words")
    await draws_late(board, meanwhile, End.STOPPED, TRIES)
    assert await board.store.cards.depth() == 0
