"""Tokens that X exchanges at each use: kept before they are used, one renewal at a time."""

import asyncio
import gc
from datetime import timedelta

import pytest
from aiohttp import web

from bot.domain.errors import Permanent, StoreUnavailable, Transient
from bot.store.notes import RedisNotes
from connectors.renewal import TURN, short
from tests.support.stores import forget
from tests.support.waiting import wait_until
from tests.support.x_rig import XRig
from tests.support.x_server import FIRST_REFRESH, Fault, Json, XServer

TOKEN = "POST /2/oauth2/token"
ME = "GET /2/users/me"
A_MINUTE = timedelta(minutes=1)


async def takes_turn(rig: XRig) -> None:
    """Another process renews."""
    maker = rig.connector()._api._tokens._maker
    assert await rig.store.notes.hold(f"session:x:main:renew:{short(maker, FIRST_REFRESH)}", "another", A_MINUTE)


async def test_many_processes_renew_once(rig: XRig) -> None:
    """Five connectors at once, as five processes would have them: one exchange."""
    connectors = [rig.connector() for _ in range(5)]
    await asyncio.gather(*(each._api.me() for each in connectors))
    assert rig.server.renewals == 1


async def test_a_new_process_goes_on_with_the_stored_token(rig: XRig) -> None:
    """The one in the environment was used up long ago."""
    await rig.connector()._api.me()
    rig.clock.advance(timedelta(hours=3))
    assert rig.server.refresh != FIRST_REFRESH
    await rig.connector()._api.me()
    assert rig.server.renewals == 2


async def test_the_new_pair_is_stored_before_it_is_used(rig: XRig) -> None:
    """Were the process to die with the first call, nothing would be lost."""
    rig.server.faults[ME] = [(500, {}, {})] * 3
    with pytest.raises(Transient):
        await rig.connector()._api.me()
    stored = await rig.store.notes.get("session:x:main")
    assert stored is not None
    assert rig.server.refresh in stored
    await rig.connector()._api.me()
    assert rig.server.renewals == 1


async def test_a_refused_access_token_is_renewed_once(rig: XRig) -> None:
    """Revoked before its time; a second refusal is final."""
    connector = rig.connector()
    await connector._api.me()
    rig.server.access = "revoked-at-x"
    await connector._api.me()
    assert rig.server.renewals == 2
    rig.server.faults[ME] = [(401, {"title": "Unauthorized"}, {})] * 2
    with pytest.raises(Permanent) as caught:
        await connector._api.me()
    assert caught.value.reason == "token_lost"


async def test_a_token_near_its_end_is_renewed_before_it_fails(rig: XRig) -> None:
    """Two minutes early."""
    connector = rig.connector()
    await connector._api.me()
    rig.clock.advance(timedelta(hours=1, minutes=57))
    await connector._api.me()
    assert rig.server.renewals == 1
    rig.clock.advance(timedelta(minutes=2))
    await connector._api.me()
    assert rig.server.renewals == 2
    assert not [call for call in rig.server.calls if call[1] == "/2/users/me" and call[2].get("status")]


async def test_a_stored_token_that_is_used_up_as_well_is_not_shown_to_x(rig: XRig) -> None:
    """Another process renewed since, but that was hours ago, too."""
    early, late = rig.connector(), rig.connector()
    for connector in (early, late, early):
        rig.clock.advance(timedelta(hours=3))
        await connector._api.me()
    assert (rig.server.renewals, len([call for call in rig.server.calls if call[1] == "/2/users/me"])) == (3, 3)


async def test_a_lost_token_asks_for_a_new_sign_in_and_is_not_hammered(rig: XRig) -> None:
    """Words for a person; not asked again for a quarter of an hour; a new X_REFRESH_TOKEN works at once."""
    rig.server.refresh = "somebody-else-used-it"
    connector = rig.connector()
    for _ in range(3):
        with pytest.raises(Permanent, match="signed in again"):
            await connector._api.me()
    assert len(rig.server.calls) == 1
    health = await connector.check()
    assert not health.ok
    assert "X_REFRESH_TOKEN" in health.mend
    rig.server.refresh = "fresh-from-the-console"
    assert (await rig.connector(X_REFRESH_TOKEN="fresh-from-the-console").check()).ok


async def test_whoever_comes_second_waits_for_the_first(rig: XRig) -> None:
    """While another process holds the lock, this one waits for its result and uses that."""
    first, second = rig.connector(), rig.connector()
    tokens = first._api._tokens
    await takes_turn(rig)
    waiting = asyncio.ensure_future(second._api.me())
    await wait_until(second._api._tokens._lock.locked, "the second waits")
    await tokens._renew(None)
    await waiting
    assert rig.server.renewals == 1


async def test_a_token_that_another_used_up_meanwhile_is_not_shown_to_x(
    rig: XRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process sleeps between its look and its turn; another renews, and its turn ends. X may take the second use of
    a refresh token for theft, and end the new one as well."""
    other, sleeper = rig.connector()._api._tokens, rig.connector()._api._tokens
    stale = await other.current()
    hold, dreams = RedisNotes.hold, [other.renewed(stale)]

    async def sleeps(notes: RedisNotes, name: str, holder: str, ttl: timedelta) -> bool:
        while dreams:
            await dreams.pop()
            await forget(rig.store, TURN)
        return await hold(notes, name, holder, ttl)

    monkeypatch.setattr(RedisNotes, "hold", sleeps)
    assert (await sleeper.renewed(stale)).access == rig.server.access
    assert len([call for call in rig.server.calls if call[:2] == ("POST", "/2/oauth2/token")]) == 2


async def test_who_stops_waiting_loses_no_token(rig: XRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is stopped while X exchanges the refresh token: the new pair is stored all the same."""
    stopped = asyncio.ensure_future(rig.connector()._api.me())
    exchange = XServer._token

    def stops(server: XServer, body: Json) -> web.Response:
        stopped.cancel()
        return exchange(server, body)

    monkeypatch.setattr(XServer, "_token", stops)
    with pytest.raises(asyncio.CancelledError):
        await stopped
    await rig.connector()._api.me()
    assert rig.server.renewals == 1


async def test_a_new_pair_outlives_a_store_that_is_away(rig: XRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """X has exchanged the refresh token while Redis fails over: were the new pair dropped, somebody would have to sign
    the account in again."""
    keeps, away = RedisNotes.set, [2]

    async def fails_over(notes: RedisNotes, name: str, value: str, ttl: timedelta) -> None:
        if away[0]:
            away[0] -= 1
            raise StoreUnavailable("failing over")
        await keeps(notes, name, value, ttl)

    monkeypatch.setattr(RedisNotes, "set", fails_over)
    await rig.connector()._api.me()
    await rig.connector()._api.me()
    assert (away, rig.server.renewals) == ([0], 1)


async def test_a_renewal_that_fails_with_nobody_waiting_is_no_defect(rig: XRig) -> None:
    """Another process has the turn until patience ends; who asked is gone by then. Python would log a traceback."""
    connector, unheard = rig.connector(), list[dict[str, object]]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    tokens = connector._api._tokens
    await takes_turn(rig)
    asked = asyncio.ensure_future(connector._api.me())
    await wait_until(tokens._lock.locked, "it waits for the other process")
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    rig.clock.advance(A_MINUTE)
    await wait_until(lambda: not tokens._under_way, "the renewal gives up")
    del asked
    gc.collect()
    assert unheard == []


async def test_who_comes_too_late_with_a_used_up_token_takes_the_new_one(rig: XRig) -> None:
    """X refuses the token because another process was quicker: that is no lost sign-in."""
    await rig.connector()._api.me()
    late = rig.connector()
    assert (await late._api._tokens._renew(None)).access == rig.server.access
    await late._api.me()
    assert rig.server.renewals == 1


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_each_way_to_refuse_a_token_is_final_for_a_while(rig: XRig, status: int) -> None:
    """Asked again and again, X would take it for an attack."""
    rig.server.faults[TOKEN] = [(status, {"title": "No"}, {})]
    for _ in range(2):
        with pytest.raises(Permanent) as caught:
            await rig.connector()._api.me()
        assert caught.value.reason == "token_lost"
        await forget(rig.store, TURN)
    assert rig.server.renewals == 0
    assert [call[:2] for call in rig.server.calls].count(("POST", "/2/oauth2/token")) == 1


async def test_what_x_leaves_out_of_a_new_pair_is_as_usual(rig: XRig) -> None:
    """The refresh token stays, and the access token lasts for two hours."""
    rig.server.faults[TOKEN] = [(200, {"access_token": "access-1"}, {})]
    pair = await rig.connector()._api._tokens._renew(None)
    assert (pair.refresh, pair.expires_at) == (FIRST_REFRESH, rig.clock.now() + timedelta(hours=2))


async def test_a_broken_answer_of_the_token_address_is_tried_again_later(rig: XRig) -> None:
    """Not final: X may be ill."""
    faults: list[Fault] = [(503, {}, {}), (200, {"token_type": "bearer"}, {})]
    for fault in faults:
        rig.server.faults[TOKEN] = [fault]
        with pytest.raises(Transient):
            await rig.connector()._api._tokens._renew(None)
    assert await rig.store.notes.get("session:x:main") is None
