"""Sessions of the square: passwords, tokens, their end, and the errors that clients must tell apart."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.square.config import SquareConfig
from sandbox.square.limits import LimitRules, Rule
from sandbox.square.seed import BRAND_APP_LOGIN, BRAND_MAIN_LOGIN
from sandbox.square.sessions import TokenRules
from tests.support.square_sandbox import BRAND_PASSWORDS, Client, SquareClock, running_square

CREATE = "com.atproto.server.createSession"
REFRESH = "com.atproto.server.refreshSession"
GET = "com.atproto.server.getSession"
DELETE = "com.atproto.server.deleteSession"


@pytest.fixture
async def square() -> AsyncIterator[tuple[Client, SquareClock]]:
    """A square and its clock."""
    async with running_square() as running:
        yield running


def _with(client: Client, token: str) -> Client:
    return Client(client.square, client.http, token)


@pytest.mark.parametrize("password", BRAND_PASSWORDS)
async def test_a_session_tells_who_and_where(square: tuple[Client, SquareClock], password: str) -> None:
    """Each password of the brand opens a session whose DID document points at the square itself."""
    client, _ = square
    answer = await client.post(CREATE, {"identifier": "acme.square.test", "password": password})
    assert answer.status == 200
    assert answer.data["did"] == client.square.brand.did
    assert answer.data["active"] is True
    service = answer.data["didDoc"]["service"][0]
    assert (service["id"], service["serviceEndpoint"]) == ("#atproto_pds", client.square.url)
    me = await _with(client, answer.data["accessJwt"]).get(GET)
    assert (me.status, me.data["handle"]) == (200, "acme.square.test")


async def test_sign_in_takes_a_did_or_any_case_of_the_handle(square: tuple[Client, SquareClock]) -> None:
    """The identifier may be the DID, and letters of the handle may be large."""
    client, _ = square
    for identifier in (client.square.brand.did, "ACME.square.TEST"):
        body = {"identifier": identifier, "password": BRAND_MAIN_LOGIN}
        assert (await client.post(CREATE, body)).status == 200


@pytest.mark.parametrize(
    ("identifier", "password"),
    [("acme.square.test", "wrong"), ("nobody.square.test", BRAND_MAIN_LOGIN), ("@acme.square.test", BRAND_MAIN_LOGIN)],
)
async def test_wrong_credentials_are_401(square: tuple[Client, SquareClock], identifier: str, password: str) -> None:
    """A wrong password and an unknown name give the same answer."""
    client, _ = square
    answer = await client.post(CREATE, {"identifier": identifier, "password": password})
    assert answer.error == (401, "AuthenticationRequired")
    assert answer.data["message"] == "Invalid identifier or password"


async def test_broken_sign_in_bodies(square: tuple[Client, SquareClock]) -> None:
    """A missing field, a wrong type, another content type and broken JSON are all told apart with status 400."""
    client, _ = square
    missing = await client.post(CREATE, {"identifier": "x"})
    assert missing.data == {"error": "InvalidRequest", "message": 'Missing required key "password" at $'}
    wrong = await client.post(CREATE, {"identifier": 5, "password": "x"})
    assert wrong.data["message"] == "Expected string value type (got 5) at $.identifier"
    plain = await client.call("POST", CREATE, raw=b"x", headers={"Content-Type": "text/plain"})
    assert plain.data["message"] == "Wrong request encoding (Content-Type): text/plain"
    broken = await client.call("POST", CREATE, raw=b"{", headers={"Content-Type": "application/json"})
    assert broken.error == (400, "SyntaxError")


async def test_errors_of_tokens(square: tuple[Client, SquareClock]) -> None:
    """No token is 401; a garbage token, a refresh token used for access, and another scheme are 400 InvalidToken."""
    client, _ = square
    session = (await client.post(CREATE, {"identifier": "acme.square.test", "password": BRAND_APP_LOGIN})).data
    assert (await client.get(GET)).error == (401, "AuthMissing")
    for token in ("garbage", "a.b.c", session["refreshJwt"], session["accessJwt"] + "x"):
        assert (await _with(client, token).get(GET)).error == (400, "InvalidToken")
    assert (await client.get(GET, Authorization="Basic abc")).error == (400, "InvalidToken")
    assert (await _with(client, session["accessJwt"]).post(REFRESH)).error == (400, "InvalidToken")


async def test_access_ends_after_two_hours(square: tuple[Client, SquareClock]) -> None:
    """An access token holds for 7200 s and is then 400 ExpiredToken."""
    client, clock = square
    brand = await client.brand()
    clock.skip(seconds=7199)
    assert (await brand.get(GET)).status == 200
    clock.skip(seconds=1)
    answer = await brand.get(GET)
    assert answer.error == (400, "ExpiredToken")
    assert answer.data["message"] == "Token has expired"


async def test_refresh_takes_no_body(square: tuple[Client, SquareClock]) -> None:
    """Refreshing with `{}` is refused, without a body it works, and the pair rotates."""
    client, clock = square
    first = (await client.post(CREATE, {"identifier": "acme.square.test", "password": BRAND_APP_LOGIN})).data
    refresher = _with(client, first["refreshJwt"])
    refused = await refresher.post(REFRESH, {})
    assert refused.error == (400, "InvalidRequest")
    assert refused.data["message"] == "A request body was provided when none was expected"
    clock.skip(hours=3)
    second = await refresher.post(REFRESH)
    assert second.status == 200
    assert second.data["refreshJwt"] != first["refreshJwt"]
    assert (await _with(client, second.data["accessJwt"]).get(GET)).status == 200


async def test_a_used_refresh_token_works_two_more_hours(square: tuple[Client, SquareClock]) -> None:
    """Within the grace a used token gives the same successor; after it, 400 ExpiredToken "revoked"."""
    client, clock = square
    first = (await client.post(CREATE, {"identifier": "acme.square.test", "password": BRAND_APP_LOGIN})).data
    refresher = _with(client, first["refreshJwt"])
    second = (await refresher.post(REFRESH)).data
    assert (await refresher.post(REFRESH)).data["refreshJwt"] == second["refreshJwt"]
    clock.skip(hours=2)
    late = await refresher.post(REFRESH)
    assert late.error == (400, "ExpiredToken")
    assert late.data["message"] == "Token has been revoked"
    assert (await _with(client, second["refreshJwt"]).post(REFRESH)).status == 200


async def test_without_grace_the_slower_of_two_loses() -> None:
    """A square without grace shows what happens when two workers refresh with one token."""
    config = SquareConfig(tokens=TokenRules(grace=timedelta()))
    async with running_square(config) as (client, _):
        first = (await client.post(CREATE, {"identifier": "acme.square.test", "password": BRAND_APP_LOGIN})).data
        refresher = _with(client, first["refreshJwt"])
        assert (await refresher.post(REFRESH)).status == 200
        assert (await refresher.post(REFRESH)).error == (400, "ExpiredToken")


async def test_a_deleted_session_cannot_be_refreshed(square: tuple[Client, SquareClock]) -> None:
    """After sign-out the refresh token is revoked, while the access token holds until its end."""
    client, _ = square
    session = (await client.post(CREATE, {"identifier": "acme.square.test", "password": BRAND_APP_LOGIN})).data
    refresher = _with(client, session["refreshJwt"])
    assert (await refresher.post(DELETE)).status == 200
    assert (await refresher.post(REFRESH)).error == (400, "ExpiredToken")
    assert (await _with(client, session["accessJwt"]).get(GET)).status == 200


async def test_switches_expire_and_revoke(square: tuple[Client, SquareClock]) -> None:
    """A test can let access tokens expire at once, and take back all sessions of a person."""
    client, _ = square
    session = (await client.post(CREATE, {"identifier": "acme.square.test", "password": BRAND_APP_LOGIN})).data
    client.square.expire_access_tokens()
    assert (await _with(client, session["accessJwt"]).get(GET)).error == (400, "ExpiredToken")
    renewed = await _with(client, session["refreshJwt"]).post(REFRESH)
    assert (await _with(client, renewed.data["accessJwt"]).get(GET)).status == 200
    client.square.revoke_sessions("acme")
    assert (await _with(client, renewed.data["refreshJwt"]).post(REFRESH)).error == (400, "ExpiredToken")


async def test_unknown_methods(square: tuple[Client, SquareClock]) -> None:
    """With a token an unknown method is 501, without one 401; the wrong verb is 400."""
    client, _ = square
    brand = await client.brand()
    assert (await client.get("com.example.nope")).error == (401, "AuthMissing")
    assert (await brand.get("com.example.nope")).error == (501, "MethodNotImplemented")
    wrong = await brand.post("app.bsky.feed.getPosts", {})
    assert wrong.data["message"] == "Incorrect HTTP method (POST) expected GET"


async def test_handles_resolve(square: tuple[Client, SquareClock]) -> None:
    """A handle resolves without a token; an unknown one is 400 InvalidRequest."""
    client, _ = square
    method = "com.atproto.identity.resolveHandle"
    known = await client.get(method, {"handle": "anahorvat.square.test"})
    assert known.data == {"did": client.square.who("anahorvat").did}
    unknown = await client.get(method, {"handle": "nobody.square.test"})
    assert unknown.error == (400, "InvalidRequest")
    assert unknown.data["message"] == "Unable to resolve handle"
    assert (await client.get(method)).error == (400, "InvalidRequest")
    assert (await client.get(method, {"handle": "not a handle"})).error == (400, "InvalidRequest")


async def test_sign_in_is_limited(square: tuple[Client, SquareClock]) -> None:
    """The 31st sign-in within five minutes is 429 with the reset in unix seconds and no Retry-After."""
    client, clock = square
    body = {"identifier": "acme.square.test", "password": "wrong"}
    for _ in range(30):
        assert (await client.post(CREATE, body)).status == 401
    answer = await client.post(CREATE, body)
    assert answer.data == {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
    assert answer.status == 429
    assert "Retry-After" not in answer.headers
    assert answer.headers["RateLimit-Limit"] == "30"
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert answer.headers["RateLimit-Policy"] == "30;w=300"
    assert int(answer.headers["RateLimit-Reset"]) == int(clock.now().timestamp()) + 300
    assert (await client.post(CREATE, body | {"identifier": "tombecker.square.test"})).status == 401
    clock.skip(seconds=300)
    assert (await client.post(CREATE, body)).status == 401


async def test_all_calls_share_one_limit() -> None:
    """Every answer carries the limit headers, and the call after the last point is 429."""
    config = SquareConfig(limits=LimitRules(requests=Rule("requests", 2, 300)))
    async with running_square(config) as (client, _):
        method, query = "com.atproto.identity.resolveHandle", {"handle": "acme.square.test"}
        assert (await client.get(method, query)).headers["RateLimit-Remaining"] == "1"
        assert (await client.get(method, query)).headers["RateLimit-Remaining"] == "0"
        assert (await client.get(method, query)).error == (429, "RateLimitExceeded")
