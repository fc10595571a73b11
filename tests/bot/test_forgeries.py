"""Forged, stale, cut, rewritten, re-encoded and oversized requests to every door: refused alike, and none is stored.

The real web application over real sockets, spoken to in bytes: a client library would not send most of this.
"""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import pytest
from aiohttp import web
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import SystemClock
from bot.slack.listening import http_route
from bot.store.store import Store
from bot.telemetry import Metrics
from bot.web import MAX_BODY, WebDeps, build
from connectors.webhook import signing
from connectors.webhook.connector import MAX_BODY as WEBHOOK_MOST
from connectors.x.connector import MAX_BODY as X_MOST
from tests.support import networks
from tests.support.graph_server import APP_SECRET
from tests.support.stores import a_store
from tests.support.webhook_rig import SECRET as WEBHOOK_SECRET
from tests.support.webhook_rig import a_secret
from tests.support.x_server import SECRET as X_SECRET

SLACK_SECRET: Final = "slack-signing-secret-of-a-test"
BODY: Final = json.dumps(
    {"object": "page", "type": "comment.created", "data": {"id": "c-1", "text": "Wo ist es? ä"}}
).encode()
OTHER: Final = BODY.replace(b"c-1", b"c-2")
Headers = list[tuple[str, str | bytes]]
Sign = Callable[[str, bytes, datetime], Headers]


@dataclass(frozen=True)
class Door:
    """One route: how it is signed, by which secret, which header holds the signature, how large a body may be."""

    path: str
    sign: Sign
    secret: str
    header: str
    most: int
    stale: bool = False
    taken: int = 200


def _meta(secret: str, body: bytes, _at: datetime) -> Headers:
    return [("X-Hub-Signature-256", f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}")]


def _x(secret: str, body: bytes, _at: datetime) -> Headers:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return [("X-Twitter-Webhooks-Signature", f"sha256={base64.b64encode(digest).decode()}")]


def _standard(secret: str, body: bytes, at: datetime) -> Headers:
    return list(signing.headers(signing.decode_secret(secret), "msg-1", at, body).items())


def _slack(secret: str, body: bytes, at: datetime) -> Headers:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return [("X-Slack-Request-Timestamp", stamp), ("X-Slack-Signature", f"v0={digest}")]


META: Final = {
    name: Door(f"/webhooks/{name}", _meta, APP_SECRET, "X-Hub-Signature-256", MAX_BODY)
    for name in ("facebook", "instagram", "threads", "whatsapp")
}
DOORS: Final[Mapping[str, Door]] = {
    **META,
    "x": Door("/webhooks/x", _x, X_SECRET, "X-Twitter-Webhooks-Signature", X_MOST),
    "webhook": Door("/webhooks/webhook", _standard, WEBHOOK_SECRET, "webhook-signature", WEBHOOK_MOST, True, 202),
    "slack": Door("/slack/events", _slack, SLACK_SECRET, "X-Slack-Signature", MAX_BODY, True),
}
ROUTES: Final = pytest.mark.parametrize("name", DOORS)


@dataclass(frozen=True)
class Site:
    """The running application, its inbox, and the hour."""

    port: int
    store: Store
    heard: list[str]

    async def ask(self, raw: bytes, *, hang_up: bool = False) -> tuple[int, bytes]:
        """Send these bytes; status and body of the answer, or 0 when the connection was just closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(raw)
            await writer.drain()
            if hang_up:
                writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            answer = b""
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split(b" ", 2)[1]), body) if head else (0, b"")

    async def post(self, door: Door, body: bytes, headers: Headers, *, length: int | None = None) -> tuple[int, bytes]:
        """One POST with these headers, in this order, as often as they are given."""
        given: Headers = [("Content-Length", str(len(body) if length is None else length)), *headers]
        return await self.ask(_request(door, given) + body, hang_up=length is not None)

    async def assert_empty(self) -> None:
        """Nothing was stored, and nobody behind Slack's door heard anything."""
        assert await self.store.inbox.depth() == 0
        assert self.heard == []


def _request(door: Door, headers: Headers) -> bytes:
    fixed: Headers = [("Host", "hark.example"), ("Connection", "close"), ("Content-Type", "application/json")]
    lines = [f"POST {door.path} HTTP/1.1".encode()]
    for name, value in [*fixed, *headers]:
        lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _anybody() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="xoxb-test")


@asynccontextmanager
async def a_site(redis_url: str) -> AsyncIterator[Site]:
    """Every door of every network that has one, and Slack's."""
    heard: list[str] = []
    clock = SystemClock()
    bolt = AsyncApp(client=AsyncWebClient(token="xoxb-test"), authorize=_anybody, signing_secret=SLACK_SECRET)

    @bolt.middleware
    async def listen(body: dict[str, object]) -> BoltResponse:
        heard.append(str(body))
        return BoltResponse(status=200)

    async with a_store(redis_url) as store, aiohttp.ClientSession() as http:
        names = [name for name in DOORS if name != "slack"]
        connectors = {(name, "main"): networks.connector(name, http, store.notes, clock) for name in names}

        async def ready() -> dict[str, bool]:
            return {}

        async def measure() -> None:
            """Nothing is asked for."""

        deps = WebDeps(store.inbox, connectors, clock, Metrics(), ready, measure, slack=http_route(bolt))
        runner = web.AppRunner(build(deps), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield Site(runner.addresses[0][1], store, heard)
        finally:
            await runner.cleanup()


@pytest.fixture
async def site(redis_url: str) -> AsyncIterator[Site]:
    """The application on a free port."""
    async with a_site(redis_url) as running:
        yield running


def other_secret(name: str) -> str:
    """A secret that was never right, or is so no more."""
    return a_secret("z") if name == "webhook" else "another-secret-altogether"


def forgeries(name: str, now: datetime) -> Iterator[tuple[str, bytes, Headers]]:
    """Requests by somebody who does not know the secret, or has seen a genuine one."""
    door = DOORS[name]
    good = door.sign(door.secret, BODY, now)
    (signature,) = (str(value) for key, value in good if key == door.header)
    others = [(key, value) for key, value in good if key != door.header]

    def with_(value: str | bytes, body: bytes = BODY) -> tuple[bytes, Headers]:
        return body, [*others, (door.header, value)]

    half = len(signature) - 8
    swapped = signature[:-8] + ("0" * 8 if signature[-8:] != "0" * 8 else "1" * 8)
    yield "another secret", BODY, door.sign(other_secret(name), BODY, now)
    yield "no signature at all", BODY, []
    yield "no signature header", BODY, others
    yield "an empty signature", *with_("")
    yield "the last letters changed", *with_(swapped)
    yield "too short", *with_(signature[:half])
    yield "too long", *with_(signature + "00")
    yield "very long", *with_("sha256=" + "a" * 6000)
    yield "not ASCII", *with_(signature[:half].encode() + b"\xe9\xff")
    yield "only the digest", *with_(signature.rpartition("=" if name != "webhook" else ",")[2])
    yield "another algorithm", *with_(signature.replace("sha256", "sha1").replace("v0", "v9").replace("v1", "v9"))
    yield "in the other case", *with_(signature.swapcase())
    yield "a byte of the body changed", *with_(signature, OTHER)
    yield "a byte more", *with_(signature, BODY + b" ")
    yield "a byte less", *with_(signature, BODY[:-1])
    yield "no body", *with_(signature, b"")
    yield "written anew", *with_(signature, json.dumps(json.loads(BODY), ensure_ascii=False).encode())
    yield "written closer", *with_(signature, json.dumps(json.loads(BODY), separators=(",", ":")).encode())
    yield "in UTF-16", *with_(signature, BODY.decode().encode("utf-16"))
    yield "a wrong one after a good one", BODY, [*good, (door.header, swapped)]
    yield "a good one after a wrong one", BODY, [(door.header, swapped), *good]
    yield "the good one twice", BODY, [*good, (door.header, signature)]
    if door.stale:
        for minutes in (-6, 6, 60 * 24 * 365):
            yield f"signed {minutes} minutes away", BODY, door.sign(door.secret, BODY, now + timedelta(minutes=minutes))
        stamp = "webhook-timestamp" if name == "webhook" else "X-Slack-Request-Timestamp"
        for value in ("", "abc", "-1", "9" * 40, "1e9", "١٢٣"):
            changed: Headers = [(key, value if key == stamp else old) for key, old in good]
            yield f"at {value!r}", BODY, changed


@ROUTES
async def test_a_genuine_delivery_is_taken(site: Site, name: str) -> None:
    """In one piece, and in chunks: what is refused below is refused for what is wrong with it."""
    door = DOORS[name]
    signed = door.sign(door.secret, BODY, SystemClock().now())
    assert (await site.post(door, BODY, signed))[0] == door.taken
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:10], BODY[10:])) + b"0\r\n\r\n"
    assert (await site.ask(_request(door, [("Transfer-Encoding", "chunked"), *signed]) + chunks))[0] == door.taken
    if name == "slack":
        assert len(site.heard) == 2
    else:
        assert [one.raw.body for one in await site.store.inbox.take(10, 0)] == [BODY, BODY]


@ROUTES
async def test_every_forgery_is_refused_in_the_same_words(site: Site, name: str) -> None:
    """Whatever is wrong with it, status and text are the same: an answer does not help whoever tries."""
    door, answers = DOORS[name], {}
    for what, body, headers in forgeries(name, SystemClock().now()):
        answers[what] = await site.post(door, body, headers)
    assert len(answers) >= 22
    assert len(set(answers.values())) == 1, answers
    (status, text) = answers["no signature at all"]
    assert status in {401, 403}
    assert door.secret.encode() not in text
    await site.assert_empty()


@ROUTES
async def test_forged_chunks_are_refused_like_everything_else(site: Site, name: str) -> None:
    """A length that nobody has told changes nothing."""
    door = DOORS[name]
    forged = door.sign(other_secret(name), BODY, SystemClock().now())
    chunked = _request(door, [("Transfer-Encoding", "chunked"), *forged])
    answer = await site.ask(chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))
    assert answer == await site.post(door, BODY, forged)
    await site.assert_empty()


@ROUTES
async def test_a_body_that_breaks_off_is_not_stored(site: Site, name: str) -> None:
    """Signed in whole, sent in part, with the length of the whole; and chunks without an end."""
    door = DOORS[name]
    signed = door.sign(door.secret, BODY, SystemClock().now())
    status, _ = await site.post(door, BODY[:-5], signed, length=len(BODY))
    assert not 200 <= status < 300
    chunked = _request(door, [("Transfer-Encoding", "chunked"), *signed]) + b"%x\r\n%s\r\n" % (len(BODY), BODY)
    status, _ = await site.ask(chunked, hang_up=True)
    assert not 200 <= status < 300
    await site.assert_empty()


@ROUTES
async def test_a_compressed_body_is_refused_unread(site: Site, name: str) -> None:
    """No network compresses, so a bomb is not even opened; signed over either form, or broken, or by a made-up name."""
    door, now = DOORS[name], SystemClock().now()
    packed, bomb = gzip.compress(BODY), gzip.compress(b" " * (64 * 1024 * 1024))
    answers = set()
    for encoding, body, signed in (
        ("gzip", packed, packed),
        ("gzip", packed, BODY),
        ("gzip", bomb, bomb),
        ("gzip", BODY, BODY),
        ("deflate", packed, BODY),
        ("hark", BODY, BODY),
        ("gzip, gzip", packed, BODY),
    ):
        headers = [("Content-Encoding", encoding), *door.sign(door.secret, signed, now)]
        answers.add((await site.post(door, body, headers))[0])
    assert answers <= {400, 415}
    await site.assert_empty()


@ROUTES
async def test_the_limit_is_taken_and_one_byte_more_is_not(site: Site, name: str) -> None:
    """By size alone, signed or not: the answer to what is too large tells nothing of the signature."""
    door, now = DOORS[name], SystemClock().now()
    most = BODY[:-1] + b" " * (door.most - len(BODY)) + b"}"
    assert len(most) == door.most
    over = most + b" "
    signed = await site.post(door, over, door.sign(door.secret, over, now))
    forged = await site.post(door, over, door.sign(other_secret(name), over, now))
    assert signed == forged
    assert signed[0] == 413
    await site.assert_empty()
    assert (await site.post(door, most, door.sign(door.secret, most, now)))[0] == door.taken


async def test_an_old_secret_is_good_until_it_is_taken_out(redis_url: str) -> None:
    """While two are set both open the door; afterwards the old one is a forgery like any other."""
    now = SystemClock().now()
    async with a_store(redis_url) as store, aiohttp.ClientSession() as http:
        for name, variable in (
            ("facebook", "META_APP_SECRET"),
            ("x", "X_CONSUMER_SECRET"),
            ("webhook", "WEBHOOK_SECRET"),
        ):
            door, fresh = DOORS[name], other_secret(name)
            request = networks.a_request(BODY, door.sign(door.secret, BODY, now), now)
            both = {variable: f"{fresh},{door.secret}"}
            assert networks.accepted(networks.connector(name, http, store.notes, SystemClock(), both), request)
            alone = {variable: fresh}
            assert not networks.accepted(networks.connector(name, http, store.notes, SystemClock(), alone), request)
