"""Sessions: signed in once, renewed once, by one process at a time."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.errors import Permanent, StoreUnavailable, Transient
from bot.store.notes import RedisNotes
from connectors.bluesky.session import Logins, own_server
from connectors.renewal import LOOK_AGAIN_S, TURN, short
from tests.support.bluesky_rig import Rig, read_all
from tests.support.waiting import wait_until

SIGN_IN = "com.atproto.server.createSession"
REFRESH = "com.atproto.server.refreshSession"


async def test_one_sign_in_serves_many_calls_and_processes(rig: Rig) -> None:
    """The session is kept: later calls and later processes use it."""
    for _ in range(3):
        connector = rig.connector()
        await read_all(connector, "notifications")
        await connector.check()
    assert len(rig.square.calls_of(SIGN_IN)) == 1


async def test_an_expired_token_is_renewed_without_the_password(rig: Rig) -> None:
    """An access token that ran out is exchanged; nobody notices."""
    connector = rig.connector()
    await connector.check()
    rig.square.expire_access_tokens()
    assert (await connector.check()).ok
    assert (len(rig.square.calls_of(REFRESH)), len(rig.square.calls_of(SIGN_IN))) == (1, 1)


async def test_refreshes_at_once_are_one_refresh(rig: Rig) -> None:
    """Two processes with five calls each find the token expired: one renewal serves them all."""
    processes = [rig.connector(), rig.connector()]
    for connector in processes:
        await connector.check()
    rig.square.expire_access_tokens()
    rig.square.set_fault("slow", REFRESH, times=9, delay_s=0.3)
    await asyncio.gather(*(read_all(connector, "notifications") for connector in processes for _ in range(5)))
    assert (len(rig.square.calls_of(REFRESH)), len(rig.square.calls_of(SIGN_IN))) == (1, 1)


async def test_first_sign_ins_at_once_are_one(rig: Rig) -> None:
    """Processes that start together sign in once."""
    rig.square.set_fault("slow", SIGN_IN, times=9, delay_s=0.3)
    connector = rig.connector()
    await asyncio.gather(*(one.check() for one in (connector, connector, rig.connector(), rig.connector())))
    assert len(rig.square.calls_of(SIGN_IN)) == 1


async def test_a_revoked_session_signs_in_again(rig: Rig) -> None:
    """When the refresh token is refused too, the password opens a new session."""
    connector = rig.connector()
    await connector.check()
    rig.square.expire_access_tokens()
    rig.square.revoke_sessions("acme")
    assert (await connector.check()).ok
    assert len(rig.square.calls_of(SIGN_IN)) == 2


@pytest.mark.parametrize("refusal", [{}, {"error": "AuthenticationRequired", "message": "no"}])
async def test_a_refresh_token_refused_by_401_leads_to_the_password(rig: Rig, refusal: dict[str, str]) -> None:
    """Servers differ in how they refuse a refresh token: that one is no word about the password."""
    asked = list[str]()

    async def answer(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        asked.append(method)
        if method == REFRESH:
            return web.json_response(refusal, status=401)
        if request.headers.get("Authorization") == "Bearer old":
            return web.json_response({"error": "ExpiredToken", "message": "Token has expired"}, status=400)
        access = "new" if asked.count(SIGN_IN) > 1 else "old"
        return web.json_response({"accessJwt": access, "refreshJwt": "r", "did": "did:plc:x", "handle": "x.test"})

    app = web.Application()
    app.router.add_route("*", "/xrpc/{method}", answer)
    async with TestServer(app) as server:
        assert (await rig.connector(service_url=str(server.make_url(""))).check()).ok
    assert (asked.count(REFRESH), asked.count(SIGN_IN)) == (1, 2)


async def test_a_failure_while_renewing_is_transient_and_heals(rig: Rig) -> None:
    """A server that fails during the renewal costs a try, not the session; the same process goes on at once."""
    connector = rig.connector()
    await connector.check()
    rig.square.expire_access_tokens()
    rig.square.set_fault("http_500", REFRESH, times=3)
    with pytest.raises(Transient):
        await connector.poll("notifications", None)
    assert (await connector.check()).ok
    assert len(rig.square.calls_of(SIGN_IN)) == 1


async def test_who_renews_has_the_turn_as_long_as_they_are_heard_of(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes longer than a turn lasts: nobody else begins."""
    monkeypatch.setattr("connectors.renewal.TURN", timedelta(seconds=0.3))
    monkeypatch.setattr("connectors.renewal.HEARD_EVERY_S", 0.05)
    connector, other = rig.connector(), rig.connector()
    await connector.check()
    await other.check()
    rig.square.expire_access_tokens()
    rig.square.set_fault("slow", REFRESH, times=9, delay_s=1.0)
    await asyncio.gather(connector.check(), other.check())
    assert (len(rig.square.calls_of(REFRESH)), len(rig.square.calls_of(SIGN_IN))) == (1, 1)


async def test_who_renews_keeps_the_turn_though_the_store_misses_a_word(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sign of life that Redis does not take is no reason to be silent from then on."""
    monkeypatch.setattr("connectors.renewal.TURN", timedelta(seconds=0.5))
    monkeypatch.setattr("connectors.renewal.HEARD_EVERY_S", 0.05)
    connector, other = rig.connector(), rig.connector()
    await connector.check()
    await other.check()
    rig.square.expire_access_tokens()
    rig.square.set_fault("slow", REFRESH, times=9, delay_s=1.5)
    hold, heard = RedisNotes.hold, list[str]()

    async def hiccups(notes: RedisNotes, name: str, holder: str, ttl: timedelta) -> bool:
        heard.append(holder)
        if holder == heard[0] and heard.count(holder) == 2:
            raise StoreUnavailable("failing over")
        return await hold(notes, name, holder, ttl)

    monkeypatch.setattr(RedisNotes, "hold", hiccups)
    renewing = asyncio.ensure_future(connector.check())
    await wait_until(lambda: len(heard) > 2, "a word was missed")
    await other.check()
    await renewing
    assert len(rig.square.calls_of(REFRESH)) == 1


async def test_a_failed_renewal_leaves_the_turn_to_others(rig: Rig) -> None:
    """Whoever could not renew is not heard of any more; else nobody could, until that process ends."""
    connector = rig.connector()
    await connector.check()
    rig.square.expire_access_tokens()
    rig.square.set_fault("http_500", REFRESH, times=9)
    assert not (await connector.check()).ok
    await wait_until(
        lambda: not [task for task in asyncio.all_tasks() if "_is_heard" in repr(task)], "nothing is said any more"
    )


async def test_a_turn_ends_when_nothing_is_heard_of_its_holder(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was killed while it renewed holds the account up for seconds, not for a minute."""
    assert TURN + timedelta(seconds=LOOK_AGAIN_S) < timedelta(seconds=10)
    connector = rig.connector()
    await connector.check()
    rig.square.expire_access_tokens()
    tokens = connector._sessions.known
    assert tokens is not None
    turn = f"session:bluesky:main:renew:{short(tokens.maker, tokens.refresh)}"
    assert await rig.store.notes.hold(turn, "the dead", timedelta(seconds=0.5))
    assert (await connector.check()).ok
    assert len(rig.square.calls_of(REFRESH)) == 1


async def test_a_password_that_is_revoked_later_is_not_tried_over_and_over(rig: Rig) -> None:
    """The quarter of an hour counts from the refusal, not from the first sign-in of the day."""
    connector, now = rig.connector(), rig.clock.now()
    tried = Logins(at=(now - timedelta(hours=1), now - timedelta(minutes=14)), reason="wrong_password", text="No")
    name = f"session:bluesky:main:logins:{connector._sessions._maker}"
    await rig.store.notes.set(name, tried.model_dump_json(), timedelta(days=1))
    assert not (await connector.check()).ok
    assert rig.square.calls_of(SIGN_IN) == []
    rig.clock.advance(timedelta(minutes=1))
    assert (await connector.check()).ok


async def test_a_count_of_sign_ins_that_cannot_be_read_begins_anew(rig: Rig) -> None:
    """As another version may have written it: nobody is signed out for that."""
    connector = rig.connector()
    name = f"session:bluesky:main:logins:{connector._sessions._maker}"
    await rig.store.notes.set(name, '{"at": "yesterday"}', timedelta(days=1))
    assert (await connector.check()).ok


async def test_a_wrong_password_is_said_and_not_tried_over_and_over(rig: Rig) -> None:
    """Check names the variables to mend; polling on does not hammer the server; a corrected password works at once."""
    connector = rig.connector(app_password="wrong")
    health = await connector.check()
    assert not health.ok
    assert "BLUESKY_APP_PASSWORD" in health.mend
    for _ in range(5):
        with pytest.raises(Permanent):
            await connector.poll("notifications", None)
    assert len(rig.square.calls_of(SIGN_IN)) == 1
    assert (await rig.connector().check()).ok


async def test_sign_ins_are_rationed(rig: Rig) -> None:
    """Sessions that die again and again lead to a pause, not to hundreds of sign-ins."""
    connector = rig.connector()
    for _ in range(6):
        await connector.check()
        rig.square.expire_access_tokens()
        rig.square.revoke_sessions("acme")
    with pytest.raises(Transient, match="too many sign-ins") as caught:
        await connector.poll("notifications", None)
    assert len(rig.square.calls_of(SIGN_IN)) == 6
    assert caught.value.retry_after is not None
    rig.clock.advance(timedelta(seconds=caught.value.retry_after + 1))
    assert (await connector.check()).ok


async def test_another_password_starts_another_session(rig: Rig) -> None:
    """A new app password takes effect although the old session would still work."""
    await rig.connector().check()
    await rig.connector(app_password="acme-main-password").check()
    assert len(rig.square.calls_of(SIGN_IN)) == 2


async def test_a_damaged_session_is_replaced(rig: Rig) -> None:
    """What cannot be read in the notes is as good as none."""
    await rig.store.notes.set("session:bluesky:main", "{", timedelta(minutes=1))
    assert (await rig.connector().check()).ok


async def test_a_server_that_is_away_is_transient(rig: Rig) -> None:
    """No server at that address: polling goes on trying, and check names the variable."""
    connector = rig.connector(service_url="http://127.0.0.1:9")
    with pytest.raises(Transient, match="could not be reached"):
        await connector.poll("notifications", None)
    health = await connector.check()
    assert not health.ok
    assert "BLUESKY_SERVICE_URL" in health.mend


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"service": [{"id": "#atproto_pds", "serviceEndpoint": "https://pds.example/"}]}, "https://pds.example"),
        ({"service": [{"id": "did:plc:x#atproto_pds", "serviceEndpoint": "https://a.b"}]}, "https://a.b"),
        ({"service": [{"id": "#atproto_pds", "serviceEndpoint": "http://10.0.0.1"}]}, None),
        ({"service": [{"id": "#other", "serviceEndpoint": "https://pds.example"}]}, None),
        ({"service": "nonsense"}, None),
        (None, None),
    ],
)
def test_the_accounts_own_server_is_read_from_its_document(document: dict[str, object] | None, expected: str) -> None:
    """Only an https address under the service's own name counts."""
    assert own_server(document) == expected


async def test_check_names_a_search_that_the_server_does_not_take(rig: Rig) -> None:
    """A search that the server refuses is named, with the variable to mend; others do not hide it."""

    async def answer(request: web.Request) -> web.Response:
        if request.query.get("q") == "from:":
            return web.json_response({"error": "BadQueryString", "message": "Bad query"}, status=400)
        return web.json_response(
            {"accessJwt": "a", "refreshJwt": "r", "did": "did:plc:x", "handle": "x.test", "posts": []}
        )

    app = web.Application()
    app.router.add_route("*", "/xrpc/{method}", answer)
    async with TestServer(app) as server:
        health = await rig.connector(service_url=str(server.make_url("")), search="suitcase,from:").check()
    assert not health.ok
    assert "'from:'" in health.summary
    assert "BLUESKY_SEARCH" in health.mend


async def test_a_redirect_is_not_followed(rig: Rig) -> None:
    """The password and the tokens go to the server that was named, and nowhere that it points to."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{rig.square.url}{request.path}"})

    app = web.Application()
    app.router.add_route("*", "/xrpc/{method}", answer)
    async with TestServer(app) as server:
        health = await rig.connector(service_url=str(server.make_url(""))).check()
    assert not health.ok
    assert len(rig.square.calls) == 0
