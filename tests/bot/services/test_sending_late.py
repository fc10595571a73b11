"""Sends at which nobody has looked for long: Hark was switched off, or its store comes from a backup."""

from datetime import timedelta

import pytest

from bot.domain.case import SendState
from bot.domain.circuit import WELL
from bot.domain.errors import NetworkError, Transient, Unknown
from bot.domain.sending import LATE, LONGEST_HOLD, OUT_OF_DATE
from bot.services.gate import circuit_of
from tests.bot.services.test_sending import Desk, a_desk
from tests.bot.services.test_sending_again import presses_retry
from tests.support.cases import NOON, a_send
from tests.support.scripted import LOST

SECOND = timedelta(seconds=1)


async def after(desk: Desk, case_id: str, away: timedelta) -> tuple[SendState, str]:
    """What becomes of the case's send when Hark is there again after so long."""
    desk.clock.at = NOON + away
    await desk.until_settled(case_id)
    send = await desk.send(case_id)
    return send.state, send.reason


@pytest.mark.parametrize("away", [LATE + SECOND, timedelta(days=2)])
async def test_what_went_out_after_the_backup_is_found_and_not_sent_twice(redis_url: str, away: timedelta) -> None:
    """The backup knows the reply as queued; the network has it since."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send())
        desk.network.stands.append("send-1")
        assert await after(desk, case_id, away) == (SendState.SENT, "")
        assert desk.network.calls == []


@pytest.mark.parametrize("attempt", [0, 1])
async def test_what_is_found_as_the_probe_of_a_pause_ends_it(redis_url: str, attempt: int) -> None:
    """Whoever is let through says what came of it: the network answers again, and nobody waits for a second probe."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send(attempt=attempt))
        desk.network.stands.append("send-1")
        for _ in range(3):
            await desk.gate.tell(desk.network, Unknown("no answer"))
        assert (await after(desk, case_id, LATE + SECOND))[0] is SendState.SENT
        assert await circuit_of(desk.store.notes, desk.network) == WELL


@pytest.mark.parametrize("unreadable", [None, Unknown("the network does not list it"), Transient("down")])
async def test_a_short_absence_costs_a_look_and_nothing_else(redis_url: str, unreadable: NetworkError | None) -> None:
    """Also where nobody can look, the reply goes out: as far as anybody knows it was never tried."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send())
        desk.network.unreadable = unreadable
        assert (await after(desk, case_id, timedelta(minutes=30)))[0] is SendState.SENT
        assert desk.network.calls == ["send-1"]
        assert desk.network.looks[0] == "send-1"


async def test_in_time_nobody_looks_first(redis_url: str) -> None:
    """The usual send is not looked for before it goes out: here it would be found."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send())
        desk.network.stands.append("send-1")
        assert (await after(desk, case_id, LATE))[0] is SendState.SENT
        assert desk.network.calls == ["send-1"]


@pytest.mark.parametrize("read_back", [True, False])
async def test_after_a_week_a_reply_does_not_go_out_by_itself(redis_url: str, read_back: bool) -> None:
    """Hark was switched off with a reply in its hands: its author reads it once more, and decides."""
    async with a_desk(redis_url, read_back=read_back) as desk:
        case_id = await desk.wants(a_send())
        assert await after(desk, case_id, timedelta(days=7)) == (SendState.FAILED, OUT_OF_DATE)
        assert desk.network.calls == []
        assert bool(desk.network.looks) is read_back
        told = [post.text for post in (await desk.case(case_id)).posts]
        assert told == [f"Your reply did not reach Carla: {OUT_OF_DATE}"]


async def test_what_is_found_missing_after_a_week_does_not_go_out_by_itself(redis_url: str) -> None:
    """Its fate was unknown when Hark was switched off, and it never arrived."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send())
        desk.network.plan.append(LOST)
        await desk.act(case_id)
        desk.network.stands.clear()
        assert await after(desk, case_id, LONGEST_HOLD + timedelta(minutes=5)) == (SendState.FAILED, OUT_OF_DATE)
        assert desk.network.calls == ["send-1"]


async def test_what_nobody_could_look_for_is_looked_for_at_a_retry(redis_url: str) -> None:
    """The reply went out after the backup, and the network did not answer when it was looked for: Retry looks again."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send())
        desk.network.stands.append("send-1")
        desk.network.unreadable = Transient("down")
        assert await after(desk, case_id, timedelta(days=2)) == (SendState.FAILED, OUT_OF_DATE)
        desk.network.unreadable = None
        await presses_retry(desk, case_id)
        assert await after(desk, case_id, timedelta(days=2, seconds=1)) == (SendState.SENT, "")
        assert desk.network.calls == []


@pytest.mark.parametrize(("ago", "looks"), [(timedelta(hours=1), 1), (timedelta(hours=1) + SECOND, 0)])
async def test_what_could_not_be_read_back_for_an_hour_is_looked_for_no_more(
    redis_url: str, ago: timedelta, looks: int
) -> None:
    """It was taken; where each look costs money, a case of weeks does not pay for it with every reply."""
    async with a_desk(redis_url) as desk:
        case_id = await desk.wants(a_send(state=SendState.SENT, attempt=1, sent_at=NOON - ago))
        await desk.act(case_id)
        assert len(desk.network.looks) == looks
