"""One turn of a case's sends: how many it makes, when the next one comes, and what is not asked of a network."""

from datetime import timedelta

import pytest

from bot.domain.case import SendState
from bot.domain.errors import Transient
from bot.domain.sending import CALL_LEASE, MAX_TRIES
from bot.services.gate import circuit_of
from bot.services.sending import AFTER_TURN, SENDS_A_TURN
from tests.bot.services.test_sending import a_desk
from tests.support.cases import NOON, a_send, an_item
from tests.support.scripted import LOST


async def test_many_sends_of_one_case_let_others_go_in_between(redis_url: str) -> None:
    """A turn makes ten of them; the next turn, a second later, makes the rest."""
    async with a_desk(redis_url) as desk:
        names = [f"send-{n}" for n in range(SENDS_A_TURN + 2)]
        case_id = await desk.wants(*(a_send(id=name) for name in names))
        assert await desk.act(case_id) == NOON + AFTER_TURN
        assert desk.network.calls == names[:SENDS_A_TURN]
        await desk.until_settled(case_id)
        assert desk.network.calls == names


async def test_a_case_that_is_gone_asks_for_no_other_turn(redis_url: str) -> None:
    """It was erased, or its time was over, while its sends stood in the queue."""
    async with a_desk(redis_url) as desk:
        assert await desk.act("nobody") is None


async def test_a_network_that_tells_of_no_send_is_not_asked(redis_url: str) -> None:
    """Neither before a second try, nor after it, nor in any later turn."""
    async with a_desk(redis_url, read_back=False) as desk:
        desk.network.plan.append(Transient("busy"))
        case_id = await desk.wants(a_send())
        await desk.until_settled(case_id)
        await desk.act(case_id)
        assert (await desk.send(case_id)).state is SendState.SENT
        assert (len(desk.network.calls), desk.network.looks) == (2, [])


async def test_a_send_that_comes_too_late_by_seconds_is_not_looked_for(redis_url: str) -> None:
    """Its window closed while it stood in the queue; nobody has tried it, so there is nothing to find."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send(), items=(an_item(reply_until=NOON - timedelta(seconds=1)),))
        assert await desk.act(case_id) is None
        assert (await desk.send(case_id)).state is SendState.FAILED
        assert desk.network.looks == []


async def test_seconds_of_waiting_do_not_take_the_reason_off_the_card(redis_url: str) -> None:
    """The network was busy; that others of the account go first now is not worth a word."""
    async with a_desk(redis_url, sends_per_minute=60, send_burst=1) as desk:
        await desk.gate.ask(desk.network)
        case_id = await desk.wants(a_send(reason="busy"))
        assert await desk.act(case_id) == NOON + timedelta(seconds=1)
        assert (await desk.send(case_id)).reason == "busy"


async def test_probes_of_an_account_that_pauses_are_no_tries_of_the_send_that_makes_them(redis_url: str) -> None:
    """Its network is down for longer than one send is tried for: it goes out when the network is back."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.extend([Transient("could not connect")] * (MAX_TRIES + 2))
        case_id = await desk.wants(a_send())
        await desk.until_settled(case_id, 900)
        send = await desk.send(case_id)
        assert (send.state, send.reason) == (SendState.SENT, "")


async def test_an_account_whose_answers_are_lost_pauses(redis_url: str) -> None:
    """Three in a row: whoever waits behind would be left in doubt as well."""
    async with a_desk(redis_url) as desk:
        for n in range(3):
            assert (await circuit_of(desk.store.notes, desk.network)).until is None
            desk.network.plan.append(LOST)
            await desk.act(await desk.wants(a_send(), conversation=f"post-{n}"))
        assert (await circuit_of(desk.store.notes, desk.network)).until is not None


@pytest.mark.parametrize("has_key", [True, False])
async def test_what_nobody_can_ask_about_is_made_again_only_where_twice_is_once(
    redis_url: str, *, has_key: bool
) -> None:
    """A worker died over its call. Where the network knows a send by its key it is made again; else a person looks."""
    async with a_desk(redis_url, read_back=False, idempotent_send=has_key) as desk:
        case_id = await desk.wants(a_send(state=SendState.SENDING, attempt=1))
        for _ in range(3):
            await desk.act(case_id)
            desk.clock.advance(CALL_LEASE)
        assert (await desk.send(case_id)).state is (SendState.SENT if has_key else SendState.UNKNOWN)
        assert desk.network.calls == ["send-1"] * has_key
