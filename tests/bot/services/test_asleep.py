"""A worker that slept for longer than it may hold its work must not do what another has done meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from bot.domain.attempts import new_attempt
from bot.domain.case import Case, SendState
from bot.domain.decisions import Decide
from bot.domain.errors import LeaseLost, SlackUnknown
from bot.domain.network import Titles
from bot.domain.ports import Blocks, Commit, Due, Posted
from bot.domain.sending import CALL_LEASE
from bot.http import open_session
from bot.services.casework import Casework, Outcome
from bot.services.drawing import Drawing
from bot.services.gate import Gate
from bot.services.once import STALE
from bot.services.sending import CALL_S, WRITTEN_S, Sending
from bot.slack.gateway import SlackGateway
from bot.store.store import Store
from bot.telemetry import Metrics
from connectors.webhook.connector import WebhookConnector
from sandbox.slack.workspace import CARE
from tests.support.boards import Board, Sleepy, a_board
from tests.support.cases import NOON, a_case, a_key, a_send
from tests.support.policies import a_policy
from tests.support.stores import TestClock, a_store
from tests.support.webhook_rig import Receiver, a_receiver
from tests.support.webhook_rig import Rig as WebhookRig

DUE = "token"


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    """A case that wants a card."""
    async with a_board(redis_url) as board:
        yield board


async def test_an_attempt_that_took_long_to_note_is_not_posted_but_looked_for(board: Board) -> None:
    """Asleep between taking the work and posting: nothing goes out; the next turn posts the card, once."""
    board.naps.append(STALE + timedelta(milliseconds=1))
    drawing = board.worker()
    assert await drawing.act(board.due) is not None
    assert board.slack.messages(CARE) == []
    assert await drawing.act(board.due) is None
    (message,) = board.slack.messages(CARE)
    assert await board.stands_at() == message.ts


async def test_an_attempt_noted_just_in_time_is_posted(board: Board) -> None:
    """One millisecond less, and the card stands at once."""
    board.naps.append(STALE)
    assert await board.worker().act(board.due) is None
    assert len(board.slack.messages(CARE)) == 1


class SlowToLook(SlackGateway):
    """A gateway by which it takes long to look for an attempt."""

    def __init__(self, quick: SlackGateway, clock: TestClock) -> None:
        super().__init__(quick.api, Metrics())
        self._clock = clock

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None:
        """Look, and take longer than an attempt may take to be noted."""
        found = await super().find_attempt(channel, attempt, thread_ts)
        self._clock.advance(STALE + timedelta(milliseconds=1))
        return found


async def test_a_slow_look_is_no_reason_not_to_post(board: Board) -> None:
    """An attempt came to nothing, and Slack answers slowly: whoever has looked in vain posts, and does not look again
    and again for as long as Slack is slow."""
    board.naps.append(STALE + timedelta(milliseconds=1))
    await board.worker().act(board.due)
    assert await board.worker(SlowToLook(board.gateway, board.clock)).act(board.due) is None
    (message,) = board.slack.messages(CARE)
    assert await board.stands_at() == message.ts


async def test_a_card_that_two_workers_posted_is_taken_away_once(board: Board) -> None:
    """Asleep at the very last moment: the one who comes second takes the second card away, and the first one stands."""
    sleeper = board.worker(Sleepy(board.gateway, board.worker(), board.due))
    await sleeper.act(board.due)
    (message,) = board.slack.messages(CARE)
    assert await board.stands_at() == message.ts
    assert len(board.slack.calls_of("chat.postMessage")) == 2


async def test_a_line_that_two_workers_posted_is_taken_away_once(board: Board) -> None:
    """A case forgets a line once it stands, but not where: the second one is known as surplus."""
    await board.with_a_line()
    await board.worker(Sleepy(board.gateway, board.worker(), board.due)).act(board.due)
    assert len(board.slack.calls_of("chat.postMessage")) == 3
    case = await board.case()
    assert board.lines() == list(case.lines)


class Dozing(SlackGateway):
    """A gateway that falls asleep right after it has posted, while another worker finds the message and notes it."""

    def __init__(self, awake: SlackGateway, meanwhile: Drawing, due: Due) -> None:
        super().__init__(awake.api, Metrics())
        self._meanwhile, self._due = meanwhile, due

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Post, and let the other one go on before the answer is seen."""
        posted = await super().post(channel, text, blocks, **more)
        await self._meanwhile.act(self._due)
        return posted


async def test_a_line_that_another_worker_found_stays(board: Board) -> None:
    """The one who posted it wakes after it was noted: that is its own line, and nothing is taken away."""
    await board.with_a_line()
    await board.worker(Dozing(board.gateway, board.worker(), board.due)).act(board.due)
    assert len(board.lines()) == 1
    assert board.slack.calls_of("chat.delete") == []


async def test_a_doubled_card_that_cannot_be_taken_away_stops_nothing(board: Board) -> None:
    """Slack refuses: the case goes on with the card that it knows."""
    sleeper = board.worker(Sleepy(board.gateway, board.worker(), board.due))
    board.slack.set_fault("http_500", "chat.delete")
    assert await sleeper.act(board.due) is None
    assert await board.stands_at() == board.slack.messages(CARE)[0].ts


class Erased(SlackGateway):
    """A gateway during whose post the case goes; with `deaf` the answer is lost as well.

    Unless it was `lost` by the server, what its customer wrote was taken back before.
    """

    def __init__(self, awake: SlackGateway, board: Board, *, deaf: bool = False, lost: bool = False) -> None:
        super().__init__(awake.api, Metrics())
        self._board, self._deaf, self._lost = board, deaf, lost

    async def post(self, channel: str, text: str, blocks: Blocks, **more: Any) -> Posted:
        """Post; afterwards nobody knows of the case."""
        posted = await super().post(channel, text, blocks, **more)
        case, cases = self._board.first, self._board.store.cases
        if not self._lost:
            await cases.take_back(case.key.counts_as(case.latest.id))
        await self._board.store.link.do("DEL", cases.keys.case(0, case.id))
        if self._deaf:
            raise SlackUnknown("no answer")
        return posted


@pytest.mark.parametrize("deaf", [False, True])
async def test_a_card_whose_case_goes_while_it_is_posted_is_taken_away(board: Board, *, deaf: bool) -> None:
    """Nothing stays in Slack of a case that was erased meanwhile, whether or not Slack's answer was heard."""
    await board.worker(Erased(board.gateway, board, deaf=deaf)).act(board.due)
    assert len(board.slack.calls_of("chat.postMessage")) == 1
    assert board.slack.messages(CARE) == []


@pytest.mark.parametrize("deaf", [False, True])
async def test_a_card_whose_case_the_server_lost_stays(board: Board, *, deaf: bool) -> None:
    """It is all that is left of the customer's words."""
    await board.worker(Erased(board.gateway, board, deaf=deaf, lost=True)).act(board.due)
    assert len(board.slack.messages(CARE)) == 1


async def test_a_line_is_looked_for_below_a_message_that_is_gone(board: Board) -> None:
    """Slack knows no such thread: then nothing stands in it."""
    assert await board.gateway.find_attempt(CARE, new_attempt(NOON), "1772625600.000100") is None


SLOW = CALL_LEASE - timedelta(seconds=CALL_S + WRITTEN_S)
"""How long a worker may take from its note to its call."""


class Napping(Casework):
    """Casework after whose first change the worker sleeps."""

    def __init__(self, store: Store, clock: TestClock, nap: timedelta) -> None:
        super().__init__(store.cases, clock)
        self._asleep, self._nap = clock, nap

    async def apply(self, case_id: str, decide: Decide, **more: Any) -> Outcome:
        """Apply, then sleep."""
        outcome = await super().apply(case_id, decide, **more)
        self._asleep.advance(self._nap)
        self._nap = timedelta(0)
        return outcome


@dataclass(frozen=True)
class Desk:
    """A case with a reply to send to a receiver."""

    store: Store
    clock: TestClock
    receiver: Receiver
    connector: WebhookConnector
    case: Case

    def worker(self, nap: timedelta) -> Sending:
        """A worker that sleeps after it has said that it will send."""
        casework = Napping(self.store, self.clock, nap)
        doors = {("webhook", "main"): self.connector}
        gate = Gate(self.store.notes, self.store.budgets, self.clock, ZoneInfo("UTC"), Titles())
        return Sending(casework, self.store.notes, doors, a_policy(), self.clock, Metrics(), gate)

    async def state(self) -> SendState:
        """Where the reply stands."""
        case = await self.store.cases.load(self.case.id)
        assert case is not None
        return case.sends[0].state


@pytest.fixture
async def desk(redis_url: str) -> AsyncIterator[Desk]:
    """Everything real."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store, a_receiver() as receiver, open_session() as http:
        rig = WebhookRig(clock, store, http)
        connector = rig.connector(reply_hosts="127.0.0.1")
        key = a_key(network="webhook", account="main")
        case = a_case(key=key, sends=(a_send(ref={"id": "post-1", "reply_url": f"{receiver.url}/answers"}),))
        await store.cases.commit(Commit(before=None, after=case, at=clock.now()))
        yield Desk(store, clock, receiver, connector, case)


async def test_a_reply_is_not_sent_by_who_slept_but_looked_for_first(desk: Desk) -> None:
    """The call could end after others may look for it: it is left to the look that comes when its time is over."""
    due = Due(desk.case.id, 0, DUE, 2)
    with pytest.raises(LeaseLost, match="paused"):
        await desk.worker(SLOW + timedelta(milliseconds=1)).act(due)
    assert desk.receiver.got == []
    assert await desk.state() is SendState.SENDING
    desk.clock.at = NOON + CALL_LEASE
    await desk.worker(timedelta(0)).act(due)
    assert len(desk.receiver.got) == 1
    assert await desk.state() is SendState.SENT


async def test_a_reply_is_sent_by_who_was_only_slow(desk: Desk) -> None:
    """What is left of its time is enough to call."""
    await desk.worker(SLOW - timedelta(seconds=1)).act(Due(desk.case.id, 0, DUE, 2))
    assert len(desk.receiver.got) == 1
    assert await desk.state() is SendState.SENT


class Slow:
    """Gives its first answer, `first` (0: it hangs up), only once somebody else's call has come, and that one's answer
    only when it may."""

    def __init__(self, desk: Desk, first: int) -> None:
        self._desk, self._first = desk, first
        self.calls, self.second, self.may = 0, asyncio.Event(), asyncio.Event()
        self.other: asyncio.Task[object] | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The first call outlasts its time."""
        self.calls += 1
        if self.calls > 1:
            self.second.set()
            await self.may.wait()
            return web.json_response({"id": "their-2"})
        self._desk.clock.at = NOON + CALL_LEASE
        other = self._desk.worker(timedelta(0)).act(Due(self._desk.case.id, 0, DUE, 2))
        self.other = asyncio.get_running_loop().create_task(other)
        await self.second.wait()
        if not self._first and request.transport is not None:
            request.transport.abort()
        return web.Response(status=self._first or 200)


@pytest.mark.parametrize("first", [0, 404, 429, 503])
async def test_a_call_that_was_given_up_has_no_say_in_the_next(desk: Desk, first: int) -> None:
    """Whatever became of it: the next holder's try is on its way, and must neither be repeated nor end in a no."""
    receiver = Slow(desk, first)
    desk.receiver.handler = receiver.answer
    with pytest.raises(LeaseLost, match="next try"):
        await desk.worker(timedelta(0)).act(Due(desk.case.id, 0, DUE, 2))
    case = await desk.store.cases.load(desk.case.id)
    assert case is not None
    assert (case.sends[0].state, case.sends[0].attempt) == (SendState.SENDING, 2)
    assert case.sends[0].due_at == NOON + 2 * CALL_LEASE
    receiver.may.set()
    assert receiver.other is not None
    await receiver.other
    assert await desk.state() is SendState.SENT
    assert len(desk.receiver.got) == 2
