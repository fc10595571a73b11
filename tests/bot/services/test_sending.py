"""Sends on a real store against a network that fails in every way: never twice, never out of order, never silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from bot.domain import circuit as circuits
from bot.domain.case import Case, Cycle, Send, SendState, Status
from bot.domain.circuit import FIRST_PAUSE, SIGN_IN_PAUSE
from bot.domain.errors import LeaseLost, Permanent, Transient, Unknown
from bot.domain.models import Kind
from bot.domain.network import UNKNOWN_FOR, Titles
from bot.domain.ports import Commit, Due
from bot.domain.sending import BACKOFF, CALL_LEASE, CHECK_EVERY, MAX_TRIES
from bot.services.casework import Casework
from bot.services.gate import COUNTED, Gate, trouble
from bot.services.sending import LOOK_AGAIN, Sending
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.cases import NOON, a_case, a_key, a_send, an_item
from tests.support.policies import a_policy
from tests.support.scripted import HANGS, LOST, Scripted
from tests.support.stores import TestClock, a_store
from tests.support.waiting import wait_until

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
DOWN = Transient("could not connect")
EXPIRED = Permanent("token", "The access token has expired.")
TITLES = Titles({Scripted.network: "Bird Site"})


@dataclass
class Desk:
    """A store, a network and two workers that share both."""

    store: Store
    network: Scripted
    clock: TestClock
    workers: list[Sending]
    gate: Gate

    async def wants(self, *sends: Send, conversation: str = "post-1", **changes: Any) -> str:
        """A case with these sends."""
        case = a_case(**{"key": a_key(conversation), "sends": sends, **changes})
        assert await self.store.cases.commit(Commit(None, case, NOON)) == "committed"
        return case.id

    async def act(self, case_id: str, worker: int = 0) -> datetime | None:
        """One worker takes the case's sends in hand."""
        return await self.workers[worker].act(Due(case_id, 0, "token", 0))

    def worker(self, *networks: Scripted) -> Sending:
        """A worker that has these accounts, or none."""
        casework = Casework(self.store.cases, self.clock)
        connectors = {(each.network, each.account): each for each in networks}
        return Sending(casework, self.store.notes, connectors, a_policy(), self.clock, Metrics(), self.gate)

    async def case(self, case_id: str) -> Case:
        """The case as it is stored."""
        case = await self.store.cases.load(case_id)
        assert case is not None
        return case

    async def send(self, case_id: str, send_id: str = "send-1") -> Send:
        """One send as it is stored."""
        send = (await self.case(case_id)).send(send_id)
        assert send is not None
        return send

    async def until_settled(self, case_id: str, most: int = 60) -> None:
        """Act again and again, by turns, at the instants that the workers name, as the queue does."""
        for n in range(most):
            again = await self.act(case_id, n % 2)
            if again is None:
                return
            self.clock.at = max(self.clock.at + timedelta(milliseconds=1), again)
        raise AssertionError(await self.case(case_id))


@asynccontextmanager
async def a_desk(redis_url: str, **capabilities: object) -> AsyncIterator[Desk]:
    """Two workers on one store and one network."""
    clock = TestClock()
    async with a_store(redis_url, clock=clock) as store, aiohttp.ClientSession() as http:
        network = Scripted(http, clock, store.notes, **capabilities)
        gate = Gate(store.notes, store.budgets, clock, ZoneInfo("UTC"), TITLES)
        desk = Desk(store, network, clock, [], gate)
        desk.workers += [desk.worker(network) for _ in range(2)]
        yield desk


@pytest.fixture
async def desk(redis_url: str) -> AsyncIterator[Desk]:
    """A network that can be read back."""
    async with a_desk(redis_url) as opened:
        yield opened


@pytest.mark.parametrize("lost", [LOST, ("act", Transient("the gateway gave up")), ("act", Transient("busy", 7.0))])
async def test_an_act_whose_answer_was_lost_is_found_and_not_repeated(desk: Desk, lost: object) -> None:
    """Whatever the network says of it, even that nothing was done: before a second try Hark looks."""
    desk.network.plan.append(lost)  # type: ignore[arg-type]
    case_id = await desk.wants(a_send())
    await desk.until_settled(case_id)
    assert desk.network.calls == desk.network.stands == ["send-1"]
    send = await desk.send(case_id)
    assert (send.state, send.external_id) == (SendState.SENT, "record-send-1")


async def test_without_its_account_nobody_can_say_that_a_reply_did_not_arrive(desk: Desk) -> None:
    """It may stand there: its card goes on saying so, and once the account is back it is found."""
    desk.network.plan.append(LOST)
    case_id = await desk.wants(a_send())
    await desk.act(case_id)
    desk.clock.advance(CHECK_EVERY)
    again = await desk.worker().act(Due(case_id, 0, "token", 0))
    assert (await desk.send(case_id)).state is SendState.UNKNOWN
    assert again == desk.clock.now() + CHECK_EVERY
    await desk.until_settled(case_id)
    assert (await desk.send(case_id)).state is SendState.SENT
    assert desk.network.calls == ["send-1"]


async def test_a_reply_is_left_to_a_process_that_knows_its_account(desk: Desk) -> None:
    """The account is new, and an older process takes the reply in hand first: a moment later the newer one sends it."""
    case_id = await desk.wants(a_send())
    again = await desk.worker().act(Due(case_id, 0, "token", 0))
    assert again == desk.clock.now() + LOOK_AGAIN
    await desk.until_settled(case_id)
    assert (await desk.send(case_id)).state is SendState.SENT


async def test_a_reply_whose_account_nobody_knows_fails_after_ten_minutes(desk: Desk) -> None:
    """Its author hears of it then: the account was taken out of the settings."""
    case_id = await desk.wants(a_send())
    desk.clock.advance(UNKNOWN_FOR)
    assert await desk.worker().act(Due(case_id, 0, "token", 0)) is None
    send = await desk.send(case_id)
    assert (send.state, send.reason) == (SendState.FAILED, "this account is not set up any more")


async def test_no_second_try_while_nobody_can_look(desk: Desk) -> None:
    """The network takes the reply, says it did not, and cannot be read: the reply is not sent again until it can."""
    desk.network.plan.append(("act", Transient("the gateway gave up")))
    desk.network.unreadable = Transient("cannot be read")
    case_id = await desk.wants(a_send())
    for _ in range(5):
        desk.clock.at = await desk.act(case_id) or desk.clock.at
    desk.network.unreadable = None
    await desk.until_settled(case_id)
    assert desk.network.calls == ["send-1"]
    assert (await desk.send(case_id)).state is SendState.SENT


async def test_a_later_reply_never_overtakes(desk: Desk) -> None:
    """The first is lost, found missing and sent again; the second goes after it, whoever works."""
    desk.network.plan.extend([Unknown("no answer"), Transient("busy", 30.0)])
    second = a_send(id="send-2", text="And one more thing.")
    case_id = await desk.wants(a_send(), second)
    await desk.until_settled(case_id)
    assert desk.network.stands == ["send-1", "send-2"]


async def test_a_failed_reply_holds_up_nothing(desk: Desk) -> None:
    """Its text and the network's reason stay; the next one goes at once."""
    desk.network.plan.append(Permanent("gone", "The post is not there any more."))
    case_id = await desk.wants(a_send(), a_send(id="send-2"))
    await desk.until_settled(case_id)
    failed = await desk.send(case_id)
    assert (failed.state, failed.reason) == (SendState.FAILED, "The post is not there any more.")
    assert failed.text == a_send().text
    assert desk.network.stands == ["send-2"]
    assert desk.clock.at - NOON < 5 * SECOND


async def test_a_silent_network_pauses_the_account_and_is_probed(desk: Desk) -> None:
    """Three failures in a row: nobody else tries, cards and Home say since when; one probe; then all go out."""
    desk.network.plan.extend([DOWN] * 4)
    ids = [await desk.wants(a_send(id=f"send-{n}"), conversation=f"post-{n}") for n in range(5)]
    for case_id in ids:
        await desk.act(case_id)
    assert len(desk.network.calls) == 3
    waiting = await desk.send(ids[4], "send-4")
    assert (waiting.state, waiting.attempt) == (SendState.QUEUED, 0)
    assert waiting.reason == "Bird Site does not answer since 12:00"
    assert await said(desk) == "Bird Site does not answer since 12:00; 5 replies wait"
    desk.clock.advance(FIRST_PAUSE)
    await asyncio.gather(*(desk.act(case_id, n % 2) for n, case_id in enumerate(ids)))
    assert len(desk.network.calls) == 4, "one probe, whoever asks"
    again = await desk.act(ids[4])
    assert again is not None
    desk.clock.advance(2 * FIRST_PAUSE)
    for case_id in ids:
        await desk.until_settled(case_id)
    assert sorted(desk.network.stands) == [f"send-{n}" for n in range(5)]
    assert await said(desk) == ""


async def said(desk: Desk) -> str:
    """What App Home says of the account's sends."""
    health = await trouble(desk.store.notes, desk.store.cases, desk.network, "Bird Site", ZoneInfo("UTC"))
    return health.summary if health else ""


async def test_home_counts_the_replies_of_every_case_and_of_this_account_only(desk: Desk) -> None:
    """Of an old case below hundreds of newer ones (not what went out already), and the last word of one that is closed;
    of very many: at least."""
    shut = circuits.shut_out(circuits.WELL, "The token is gone.", NOON)
    await desk.store.notes.set("circuit:square/hark.example", shut.model_dump_json(), DAY)
    earlier = Cycle(n=1, posted_at=NOON, seen_at=NOON - DAY)
    stands = a_send(id="send-0", state=SendState.SENT, sent_at=NOON)
    await desk.wants(stands, a_send(), conversation="old", cycle=earlier)
    await desk.wants(a_send(), conversation="closed", status=Status.CLOSED, wait=None)
    await desk.wants(a_send(), key=a_key(account="another"))
    await asyncio.gather(*(desk.wants(conversation=f"post-{n}") for n in range(COUNTED)))
    assert (await said(desk)).endswith("; 2 replies wait")
    await asyncio.gather(*(desk.wants(a_send(), conversation=f"more-{n}") for n in range(COUNTED)))
    assert (await said(desk)).endswith((f"; at least {COUNTED} replies wait", f"; at least {COUNTED - 1} replies wait"))


async def test_a_held_case_is_not_committed_again_and_again(desk: Desk) -> None:
    """What waits looks every half minute, and its case stays as it is."""
    desk.network.plan.extend([DOWN] * 3)
    first = [await desk.wants(a_send(), conversation=f"post-{n}") for n in range(3)]
    for case_id in first:
        await desk.act(case_id)
    last = await desk.wants(a_send(), conversation="post-9")
    await desk.act(last)
    version = (await desk.case(last)).version
    for _ in range(3):
        assert await desk.act(last) == desk.clock.now() + FIRST_PAUSE
    assert (await desk.case(last)).version == version


async def test_a_refused_sign_in_stops_the_account_until_check_passes(desk: Desk) -> None:
    """Nothing fails and nothing is tried for an hour; once `check` passes, all of it goes out by itself."""
    desk.network.plan.append(EXPIRED)
    desk.network.well = False
    ids = [await desk.wants(a_send(id=f"send-{n}"), conversation=f"post-{n}") for n in range(3)]
    for case_id in ids:
        await desk.act(case_id)
    assert desk.network.calls == ["send-0"]
    first = await desk.send(ids[0], "send-0")
    assert (first.state, first.attempt) == (SendState.QUEUED, 0)
    assert "The access token has expired." in (await desk.send(ids[2], "send-2")).reason
    accounts = {("square", "hark.example"): desk.network}
    await desk.gate.mend(accounts)
    assert await desk.act(ids[1]) is not None
    assert desk.network.calls == ["send-0"]
    desk.network.well = True
    await desk.gate.mend(accounts)
    assert await desk.act(ids[1]) is not None, "not asked more than once in five minutes"
    await desk.store.link.do("DEL", desk.store.notes.keys.once("mend:square/hark.example"))
    await desk.gate.mend(accounts)
    for case_id in ids:
        await desk.until_settled(case_id)
    assert desk.network.stands == ["send-0", "send-1", "send-2"]


async def test_after_an_hour_it_is_tried_anyway(desk: Desk) -> None:
    """Nobody ran a check and the network accepts the sign-in again: what waits goes out by itself."""
    desk.network.plan.append(EXPIRED)
    desk.network.well = False
    case_id = await desk.wants(a_send())
    await desk.act(case_id)
    desk.clock.advance(SIGN_IN_PAUSE - SECOND)
    await desk.act(case_id)
    assert desk.network.stands == []
    desk.clock.advance(SECOND)
    await desk.until_settled(case_id)
    assert desk.network.stands == ["send-1"]


async def test_retry_after_is_everybodys(desk: Desk) -> None:
    """One worker is told to wait 90 s: the other waits as well, polls a little longer than staff; then all go."""
    desk.network.plan.append(Transient("slow down", 90.0))
    first, second = [await desk.wants(a_send(id=f"send-{n}"), conversation=f"post-{n}") for n in range(2)]
    await desk.act(first, 0)
    again = await desk.act(second, 1)
    assert again == NOON + 90 * SECOND
    assert (await desk.send(second, "send-1")).reason == "Bird Site asks to slow down"
    assert await desk.gate.poll(desk.network) == NOON + 95 * SECOND
    desk.clock.advance(90 * SECOND)
    await desk.until_settled(first)
    await desk.until_settled(second)
    assert sorted(desk.network.stands) == ["send-0", "send-1"]


async def test_a_pause_of_nothing_is_none_that_was_named(desk: Desk) -> None:
    """The network is busy and says "Retry-After: 0", or an instant that our clock has passed: the tries are spread."""
    desk.network.plan += [Transient("busy", 0.0)] * MAX_TRIES
    case_id = await desk.wants(a_send())
    assert await desk.act(case_id) == NOON + BACKOFF
    assert desk.network.calls == ["send-1"]
    assert (await desk.send(case_id)).state is SendState.QUEUED


async def test_a_pause_of_one_thing_is_nobody_elses(desk: Desk) -> None:
    """A reply that the network still prepares does not hold up the account."""
    desk.network.plan.append(Transient("still preparing", 90.0, shared=False))
    first, second = [await desk.wants(a_send(id=f"send-{n}"), conversation=f"post-{n}") for n in range(2)]
    await desk.act(first)
    await desk.act(second)
    assert desk.network.stands == ["send-1"]
    assert await desk.gate.poll(desk.network) is None


async def test_the_pace_of_the_network_is_kept(redis_url: str) -> None:
    """Two at once, then six a minute, both workers together; nothing is lost."""
    async with a_desk(redis_url, sends_per_minute=6.0, send_burst=2) as desk:
        ids = [await desk.wants(a_send(id=f"send-{n}"), conversation=f"post-{n}") for n in range(4)]
        for n, case_id in enumerate(ids):
            await desk.act(case_id, n % 2)
        assert desk.network.stands == ["send-0", "send-1"]
        desk.clock.advance(11 * SECOND)
        await desk.act(ids[2])
        assert await desk.act(ids[3]) is not None
        assert len(desk.network.stands) == 3
        await desk.until_settled(ids[3])
        assert len(desk.network.stands) == 4


async def test_an_orphan_is_found_at_once_but_repeated_only_when_its_call_must_be_over(desk: Desk) -> None:
    """The worker that called died: the next one looks right away; what is not there yet may still be on its way."""
    begun = {"state": SendState.SENDING, "attempt": 1, "due_at": NOON + CALL_LEASE}
    stood, lost = [await desk.wants(a_send(id=f"send-{n}", **begun), conversation=f"post-{n}") for n in range(2)]
    desk.network.stands.append("send-0")
    await desk.act(stood)
    assert (await desk.send(stood, "send-0")).state is SendState.SENT
    for _ in range(20):
        desk.clock.at = await desk.act(lost) or desk.clock.at
        if desk.network.calls:
            break
        assert (await desk.send(lost, "send-1")).state is SendState.SENDING
    assert desk.clock.at >= NOON + CALL_LEASE
    await desk.until_settled(lost)
    assert desk.network.calls == ["send-1"]


@pytest.mark.parametrize("read_back", [False, True])
async def test_an_orphan_that_may_be_repeated_is_repeated_at_once(redis_url: str, *, read_back: bool) -> None:
    """Where the other side knows each send by its id, nobody waits for a dead worker's call."""
    async with a_desk(redis_url, read_back=read_back, idempotent_send=True) as desk:
        case_id = await desk.wants(a_send(state=SendState.SENDING, attempt=1, due_at=NOON + CALL_LEASE))
        await desk.until_settled(case_id)
        assert desk.network.stands == ["send-1"]
        assert desk.clock.at - NOON < CHECK_EVERY


async def test_a_worker_that_slept_before_the_call_does_not_call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds between noting `sending` and calling: by now another may look and try; it lets go."""
    times = iter([0.0, 11.0])
    case_id = await desk.wants(a_send())
    monkeypatch.setattr(desk.clock, "monotonic", lambda: next(times))
    with pytest.raises(LeaseLost):
        await desk.act(case_id)
    assert desk.network.calls == []
    assert (await desk.send(case_id)).state is SendState.SENDING


async def test_two_workers_at_once_send_once(desk: Desk) -> None:
    """A lease lost without notice: the second worker finds the first one's call under way and does not call."""
    desk.network.plan.append(HANGS)
    case_id = await desk.wants(a_send())
    first = asyncio.ensure_future(desk.act(case_id, 0))
    await wait_until(lambda: desk.network.calls, "the first one calls")
    await desk.act(case_id, 1)
    desk.network.release.set()
    await first
    await desk.until_settled(case_id)
    assert desk.network.calls == desk.network.stands == ["send-1"]


@pytest.mark.parametrize(("private", "state"), [(True, SendState.SENT), (False, SendState.FAILED)])
async def test_a_message_of_the_customer_opens_the_window_anew(desk: Desk, private: bool, state: SendState) -> None:
    """The answer waited while the window of the first words closed; words in public have a window of their own each."""
    kinds: dict[str, Any] = {"private": private, "kind": Kind.MESSAGE if private else Kind.MENTION}
    first = an_item(reply_until=NOON + SECOND, **kinds)
    second = an_item(id="post-2", seq=2, posted_at=NOON + SECOND, reply_until=NOON + timedelta(hours=24), **kinds)
    case = a_case(items=(first, second), item_count=2, sends=(a_send(private=private),))
    assert await desk.store.cases.commit(Commit(None, case, NOON)) == "committed"
    desk.clock.advance(2 * SECOND)
    await desk.until_settled(case.id)
    assert (await desk.send(case.id)).state is state
