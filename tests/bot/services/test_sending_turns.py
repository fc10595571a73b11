"""One turn of a case's sends: how many it makes, when the next one comes, and what is not asked of a network."""

from datetime import timedelta

from bot.domain.case import SendState
from bot.domain.errors import Transient
from bot.domain.sending import MAX_TRIES
from bot.services.sending import AFTER_TURN, SENDS_A_TURN
from tests.bot.services.test_sending import a_desk
from tests.support.cases import NOON, a_send, an_item


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
