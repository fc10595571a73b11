"""What changes around a call to the network: before it, while nothing is heard of it, and when its answer is lost."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from bot.domain.agenda import QUICK_CHECKS
from bot.domain.case import SendState
from bot.domain.errors import LeaseLost, Permanent, Transient
from bot.domain.replying import undo
from bot.domain.sending import begin
from bot.services.casework import Casework
from bot.services.joining import alias
from bot.store.budgets import RedisBudgets
from tests.bot.services.test_sending import a_desk
from tests.support.cases import ANA, NOON, a_send
from tests.support.scripted import HANGS, LOST

SECOND = timedelta(seconds=1)
EXPIRED = Permanent("token", "The access token has expired.")


@pytest.mark.parametrize("what", ["taken back", "begun by another"])
async def test_what_changes_while_the_gate_is_asked_is_heeded(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The customer does not get what Ana took back at the last moment, nor anything twice."""
    ask = RedisBudgets.take

    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send())

        async def meanwhile(budgets: RedisBudgets, bucket: str, rate: float, burst: int, now: datetime) -> float:
            await Casework(desk.store.cases, desk.clock).apply(
                case_id,
                lambda case: undo(case, "send-1", ANA, now) if what == "taken back" else begin(case, "send-1", now),
            )
            return await ask(budgets, bucket, rate, burst, now)

        monkeypatch.setattr(RedisBudgets, "take", meanwhile)
        with suppress(LeaseLost):
            await desk.act(case_id)
        assert desk.network.calls == []


async def test_the_public_line_waits_until_the_private_message_is_found(redis_url: str) -> None:
    """Its fate is unknown for so long that it holds up nothing else: "we have written to you" may not be true."""
    async with a_desk(redis_url) as desk:
        doubtful = {"state": SendState.UNKNOWN, "attempt": QUICK_CHECKS + 1, "due_at": NOON + timedelta(hours=1)}
        case_id = await desk.wants(a_send(private=True, **doubtful), a_send(id="line", after="send-1"))
        for _ in range(3):
            await desk.act(case_id)
            desk.clock.advance(10 * SECOND)
        assert desk.network.calls == []
        desk.network.stands.append("send-1")
        desk.clock.advance(timedelta(hours=1))
        await desk.until_settled(case_id)
        assert desk.network.calls == ["line"]


async def test_a_sign_in_that_ends_before_the_look_costs_no_reply(redis_url: str) -> None:
    """The network was busy, and refuses the sign-in when the first try is looked for: the reply waits like others."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(Transient("busy", 5.0))
        case_id = await desk.wants(a_send())
        again = await desk.act(case_id)
        assert again is not None
        desk.clock.at = again
        desk.network.unreadable = EXPIRED
        await desk.act(case_id)
        send = await desk.send(case_id)
        assert (send.state, send.attempt) == (SendState.QUEUED, 1)
        assert EXPIRED.text in send.reason
        desk.network.unreadable = None
        await desk.gate.tell(desk.network, None)
        await desk.until_settled(case_id)
        assert desk.network.stands == ["send-1"]


async def test_a_call_that_never_ends_is_looked_for(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network holds the connection open and says nothing: the fate of that reply is unknown, and staff see it."""
    monkeypatch.setattr("bot.services.sending.CALL_S", 0.05)
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(HANGS)
        case_id = await desk.wants(a_send())
        await desk.act(case_id)
        assert (await desk.send(case_id)).state is SendState.UNKNOWN


@pytest.mark.parametrize("lost", [False, True])
async def test_what_the_customer_answers_in_private_belongs_to_the_case(redis_url: str, *, lost: bool) -> None:
    """Also where the answer to our call was lost, and the message was found on the network."""
    async with a_desk(redis_url) as desk:
        desk.network.conversation = "thread-7"
        desk.network.plan.extend([LOST] if lost else [])
        case_id = await desk.wants(a_send(private=True))
        await desk.until_settled(case_id)
        there = (await desk.case(case_id)).key.model_copy(update={"conversation": "thread-7"})
        assert await desk.store.notes.get(alias(there)) == case_id
