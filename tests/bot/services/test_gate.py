"""The gate tells waiting sends when to look again, staff what is worth saying, and ends only the pauses that it may."""

from datetime import UTC, timedelta

import aiohttp
import pytest

from bot.domain.circuit import FAILURES, FIRST_PAUSE, WELL
from bot.domain.errors import NetworkError, Permanent, StoreUnavailable, Transient, Unknown
from bot.domain.models import Health
from bot.services.gate import GO_OUT, LOOK_AGAIN, MEND_EVERY, circuit_of, trouble
from bot.store.notes import RedisNotes
from tests.bot.services.test_sending import a_desk
from tests.support.cases import NOON, a_send
from tests.support.scripted import Scripted
from tests.support.stores import forget

EXPIRED = Permanent("token", "The access token has expired.")
SILENT = Unknown("no answer")
SECOND = timedelta(seconds=1)


class Away(Scripted):
    """An account whose network does not answer a check."""

    async def check(self) -> Health:
        """No answer."""
        raise Transient("could not connect")


async def test_what_waits_for_a_sign_in_looks_again_soon(redis_url: str) -> None:
    """The pause lasts an hour, and the check that passes after five minutes ends it: nobody waits for the hour."""
    async with a_desk(redis_url) as desk:
        await desk.gate.tell(desk.network, EXPIRED)
        assert await desk.act(await desk.wants(a_send())) == NOON + LOOK_AGAIN


async def test_a_short_pause_is_waited_for_to_its_end(redis_url: str) -> None:
    """Whoever looks again after it goes ahead."""
    async with a_desk(redis_url) as desk:
        for _ in range(FAILURES):
            await desk.gate.tell(desk.network, SILENT)
        assert await desk.act(await desk.wants(a_send())) == NOON + FIRST_PAUSE


async def test_a_wait_of_seconds_is_not_worth_a_word(redis_url: str) -> None:
    """It would change the card, and back again, for each reply of a busy minute."""
    async with a_desk(redis_url, sends_per_minute=6.0, send_burst=1) as desk:
        await desk.act(await desk.wants(a_send(id="send-0"), conversation="post-0"))
        case_id = await desk.wants(a_send())
        before = await desk.case(case_id)
        assert await desk.act(case_id) == NOON + 10 * SECOND
        assert await desk.case(case_id) == before


async def test_a_check_that_passes_does_not_end_the_pause_of_a_silent_network(redis_url: str) -> None:
    """It answers the check and no send: the pauses go on, and get longer."""
    async with a_desk(redis_url) as desk:
        for _ in range(FAILURES):
            await desk.gate.tell(desk.network, SILENT)
        await desk.gate.mend({("square", "hark.example"): desk.network})
        assert (await circuit_of(desk.store.notes, desk.network)).until == NOON + FIRST_PAUSE


@pytest.mark.parametrize("error", [Transient("slow down", retry_after=5.0), Permanent("too_long", "Too long.")])
async def test_a_network_that_answers_with_a_no_answers(redis_url: str, error: NetworkError) -> None:
    """The send that shows how things stand is put off, or refused for its own sake: all others go out."""
    async with a_desk(redis_url) as desk:
        for _ in range(FAILURES):
            await desk.gate.tell(desk.network, SILENT)
        assert await desk.gate.tell(desk.network, error) == WELL
        assert await circuit_of(desk.store.notes, desk.network) == WELL


async def test_an_account_that_cannot_be_checked_keeps_no_other_from_being_mended(
    redis_url: str,
) -> None:
    """The first one's network is away; the second is well again."""
    async with a_desk(redis_url) as desk, aiohttp.ClientSession() as http:
        away = Away(http, desk.clock, desk.store.notes)
        away.account = "away"
        for account in (away, desk.network):
            await desk.gate.tell(account, EXPIRED)
        await desk.gate.mend({("square", "away"): away, ("square", "hark.example"): desk.network})
        assert (await circuit_of(desk.store.notes, desk.network)).until is None
        assert (await circuit_of(desk.store.notes, away)).sign_in


async def test_a_pause_of_a_host_is_found_though_redis_was_away_when_it_began(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between one note and the next: else App Home would never name the host, nor a check that passes end its pause."""

    async def away(_notes: RedisNotes, _what: str, _text: str) -> None:
        raise StoreUnavailable("gone")

    async with a_desk(redis_url) as desk:
        with monkeypatch.context() as patch:
            patch.setattr(RedisNotes, "note_recent", away)
            with pytest.raises(StoreUnavailable):
                await desk.gate.tell(desk.network, EXPIRED, "shop.example")
        await desk.gate.tell(desk.network, EXPIRED, "shop.example")
        assert (await circuit_of(desk.store.notes, desk.network, "shop.example")).sign_in
        await desk.gate.mend({("square", "hark.example"): desk.network})
        assert await circuit_of(desk.store.notes, desk.network, "shop.example") == WELL


class Counting(Scripted):
    """An account that counts how often it is checked."""

    checks = 0

    async def check(self) -> Health:
        """Count it."""
        self.checks += 1
        return await super().check()


async def test_an_account_whose_sign_in_is_good_is_not_checked(redis_url: str) -> None:
    """A check is a call; and once the sign-in is refused, the first one is made at once, and others now and then."""
    async with a_desk(redis_url) as desk, aiohttp.ClientSession() as http:
        account = Counting(http, desk.clock, desk.store.notes)
        accounts = {(account.network, account.account): account}
        await desk.gate.mend(accounts)
        assert account.checks == 0
        for _ in range(2):
            await desk.gate.tell(account, EXPIRED)
            await desk.gate.mend(accounts)
        assert account.checks == 1
        await forget(desk.store, MEND_EVERY)
        await desk.gate.mend(accounts)
        assert account.checks == 2


@pytest.mark.parametrize(("error", "mend"), [(EXPIRED, "run `python -m bot check`"), (SILENT, GO_OUT)])
async def test_app_home_says_what_there_is_to_do(redis_url: str, error: NetworkError, mend: str) -> None:
    """A refused sign-in needs a person, a silent network none."""
    async with a_desk(redis_url) as desk:
        for _ in range(FAILURES):
            await desk.gate.tell(desk.network, error)
        found = await trouble(desk.store.notes, desk.store.cases, desk.network, "Bird Site", UTC)
        assert found is not None
        assert found.mend == mend
