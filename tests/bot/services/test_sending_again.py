"""Retry: what was tried is looked for before it is sent again; where nobody can look, a person decides."""

from datetime import datetime, timedelta

import pytest

from bot.domain.agenda import MOST_CHECKS, given_up
from bot.domain.case import PostKind, SendState
from bot.domain.errors import NetworkError, Permanent, Transient, Unknown
from bot.domain.ports import Due
from bot.domain.replying import retry
from bot.domain.sending import LONGEST_HOLD
from bot.services.casework import Casework
from tests.bot.services.test_sending import Desk, a_desk
from tests.support.cases import ANA, NOON, a_send
from tests.support.scripted import LOST

MINUTE = timedelta(minutes=1)
GAVE_UP = ("act", Transient("the gateway gave up"))
NOT_LISTED = Unknown("the network does not list it")
FORBIDDEN = Permanent("permission", "The account may not read that.")


async def presses_retry(desk: Desk, case_id: str) -> None:
    """Ana presses Retry, or Check now."""
    now = desk.clock.now()
    outcome = await Casework(desk.store.cases, desk.clock).apply(case_id, lambda case: retry(case, "send-1", ANA, now))
    assert outcome.done


async def until_failed(desk: Desk, case_id: str) -> None:
    """The workers act as the queue has them, for a day at most, until the send has failed."""
    while desk.clock.now() - NOON < LONGEST_HOLD + timedelta(hours=1):
        again = await desk.act(case_id)
        if again is None:
            break
        desk.clock.at = max(again, desk.clock.now() + 10 * MINUTE)
    assert (await desk.send(case_id)).state is SendState.FAILED


async def while_the_account_is_away(desk: Desk, case_id: str) -> None:
    """A worker whose settings lack the account takes the case in hand: nobody knows more than before."""
    desk.clock.advance(5 * MINUTE)
    await desk.worker().act(Due(case_id, 0, "token", 0))
    assert (await desk.send(case_id)).state is SendState.UNKNOWN


async def test_retry_after_a_day_finds_what_stood_all_along(redis_url: str) -> None:
    """The network took the reply, said it did not, and was down for a day: the reply stands once."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(GAVE_UP)
        desk.network.unreadable = Transient("down")
        case_id = await desk.wants(a_send())
        await until_failed(desk, case_id)
        desk.network.unreadable = None
        desk.clock.advance(30 * MINUTE)
        await presses_retry(desk, case_id)
        await desk.until_settled(case_id)
        assert desk.network.calls == desk.network.stands == ["send-1"]
        assert (await desk.send(case_id)).state is SendState.SENT


@pytest.mark.parametrize("checked", [False, True])
async def test_retry_after_the_account_was_away_looks_first(redis_url: str, checked: bool) -> None:
    """Its fate was unknown when the settings lost the account, whether or not somebody had just pressed Check now."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(LOST)
        desk.network.unreadable = Transient("down")
        case_id = await desk.wants(a_send())
        await desk.act(case_id)
        assert (await desk.send(case_id)).state is SendState.UNKNOWN
        if checked:
            await presses_retry(desk, case_id)
        await while_the_account_is_away(desk, case_id)
        desk.network.unreadable = None
        await presses_retry(desk, case_id)
        await desk.until_settled(case_id)
        assert desk.network.calls == desk.network.stands == ["send-1"]


@pytest.mark.parametrize("never", [NOT_LISTED, FORBIDDEN])
async def test_where_the_network_never_tells_a_person_looks(redis_url: str, never: NetworkError) -> None:
    """No second try and no look every five seconds: it fails with what to do, and the next press sends it."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(Transient("the gateway gave up"))
        desk.network.unreadable = never
        case_id = await desk.wants(a_send())
        await desk.until_settled(case_id)
        assert (desk.network.calls, desk.network.looks) == (["send-1"], ["send-1"])
        send = await desk.send(case_id)
        assert send.state is SendState.FAILED
        assert send.reason.startswith("look there before you press Retry")
        assert str(never) in send.reason
        await presses_retry(desk, case_id)
        await desk.until_settled(case_id)
        assert desk.network.stands == ["send-1"]


async def test_retry_sends_at_once_where_nothing_can_be_read_back(redis_url: str) -> None:
    """The network answered "not now" eight times: somebody pressed Retry, and it goes out."""
    async with a_desk(redis_url, read_back=False) as desk:
        desk.network.plan.extend([Transient("busy", 5.0)] * 8)
        case_id = await desk.wants(a_send())
        await until_failed(desk, case_id)
        await presses_retry(desk, case_id)
        await desk.until_settled(case_id)
        assert desk.network.stands == ["send-1"]


async def test_what_the_network_refused_is_not_looked_for(redis_url: str) -> None:
    """A final no to the only try: nothing of it stands, and a look may cost money."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(Permanent("too_long", "Too long."))
        case_id = await desk.wants(a_send())
        await desk.act(case_id)
        await presses_retry(desk, case_id)
        await desk.act(case_id)
        assert desk.network.looks == ["send-1"], "read back after it went out"
        assert desk.network.stands == ["send-1"]


async def test_looking_in_vain_ends(redis_url: str) -> None:
    """The account is well, but its replies cannot be listed just now: seldom and seldomer, then a person decides."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.append(Transient("busy", 5.0))
        desk.network.unreadable = Transient("not yet listed", 30.0, shared=False)
        case_id = await desk.wants(a_send())
        await desk.until_settled(case_id)
        assert len(desk.network.looks) < 10
        assert (await desk.send(case_id)).reason == "gave up after 8 tries: not yet listed"


async def test_whoever_tried_again_in_vain_hears_of_it_again(redis_url: str) -> None:
    """The same refusal, an hour later: a new direct message takes the place of the first."""
    async with a_desk(redis_url) as desk:
        desk.network.plan.extend([FORBIDDEN, FORBIDDEN])
        case_id = await desk.wants(a_send())
        await desk.act(case_id)
        desk.clock.advance(60 * MINUTE)
        await presses_retry(desk, case_id)
        await desk.act(case_id)
        posts = (await desk.case(case_id)).posts
        assert [(post.kind, post.channel) for post in posts] == [(PostKind.RETIRED, ANA.id), (PostKind.ALERT, ANA.id)]


async def test_what_is_never_answered_is_sent_again_seldom_and_at_last_no_more(redis_url: str) -> None:
    """The other system takes each repetition and never answers in time, while it answers all else."""
    async with a_desk(redis_url, idempotent_send=True, read_back=False) as desk:
        case_id = await desk.wants(a_send())
        again: datetime | None = NOON
        while again is not None and len(desk.network.calls) < 4 * MOST_CHECKS:
            desk.clock.at = max(again, desk.clock.now() + timedelta(seconds=1))
            desk.network.plan.append(LOST)
            again = await desk.act(case_id)
            desk.network.plan.clear()
            await desk.gate.tell(desk.network, None)
        assert given_up(await desk.send(case_id))
        assert len(desk.network.calls) <= MOST_CHECKS + 1
        assert desk.clock.now() - NOON > timedelta(days=1)
