"""How Slack reaches Hark: signed requests in HTTP mode, and the socket with its watchdog."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp

from bot.domain.errors import SetupError
from bot.roles import Role
from bot.slack.gateway import SlackGateway
from bot.slack.listening import LONGEST_DOWN_S, Socket, build_bolt
from bot.telemetry import Metrics
from sandbox.demo import Sandbox
from sandbox.slack.app import SlackSandbox
from sandbox.slack.http_delivery import signature
from sandbox.slack.model import Message
from sandbox.slack.workspace import ANA, BEN, CARE
from tests.chaos.proxy import a_line
from tests.support.bot_process import CALM, a_sandbox, serving
from tests.support.real_servers import free_ports
from tests.support.slack_sandbox import UNLIMITED, ManualTime, slack_api, web_client
from tests.support.waiting import wait_until

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


# --- HTTP mode ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HttpSlack:
    """Hark in HTTP mode; `send` speaks to it as Slack would, or as somebody who is not Slack."""

    sandbox: Sandbox
    http: aiohttp.ClientSession
    url: str

    async def send(
        self, body: bytes, content_type: str = JSON, *, age_s: float = 0, secret: str | None = None, **headers: str
    ) -> tuple[int, str]:
        """A request signed `age_s` seconds ago; `headers` replace what a signed one has ("" takes it out)."""
        moment = str(int(self.sandbox.slack.hub.http._wall.now().timestamp() - age_s))
        key = self.sandbox.config.signing_secret if secret is None else secret
        sent = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": signature(key, moment, body),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        filled = {name: value for name, value in sent.items() if value}
        async with self.http.post(self.url, data=body, headers=filled) as answer:
            return answer.status, await answer.text()

    def home_drawn(self) -> int:
        """How often somebody's Home was drawn."""
        return len(self.sandbox.slack.calls_of("views.publish"))


@asynccontextmanager
async def http_mode(redis_url: str) -> AsyncIterator[HttpSlack]:
    """The real bot without an app-level token, and a local Slack that posts to it."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/slack/events"
    config = replace(CALM, events_url=url, http_retry_delays_s=(0.0, 0.0, 0.0))
    async with a_sandbox(redis_url, config) as (sandbox, env), aiohttp.ClientSession() as http:
        mode = {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": config.signing_secret, "PORT": str(port)}
        async with serving(env | mode, Role.ALL, sandbox.clock) as (service, _):
            await wait_until(lambda: service.slack.bot_user, "Slack has been asked who we are", within_s=20)
            yield HttpSlack(sandbox, http, url)


async def a_card(sandbox: Sandbox) -> Message:
    """A customer's post, as a card."""
    sandbox.square.post("jamalreed", "@acme.square.test my bag is lost")
    await wait_until(lambda: [m for m in sandbox.slack.messages(CARE) if m.blocks], "a card stands", within_s=20)
    return next(message for message in sandbox.slack.messages(CARE) if message.blocks)


def home_opened(event_id: str) -> bytes:
    """An event of the Events API."""
    event = {"type": "app_home_opened", "user": ANA, "channel": "D1", "tab": "home", "event_ts": "1.2"}
    return json.dumps(
        {
            "type": "event_callback",
            "team_id": "T01ACME7Q2X",
            "api_app_id": "A01HARK9S4K",
            "event": event,
            "event_id": event_id,
            "event_time": 1,
        }
    ).encode()


async def test_a_press_over_http_is_acknowledged_within_its_request(redis_url: str) -> None:
    """The handshake works, a press is answered in time and carried out, and a modal opens within three seconds."""
    async with http_mode(redis_url) as slack:
        await slack.sandbox.slack.hub.http.verify_url()
        card = await a_card(slack.sandbox)
        assert (await slack.sandbox.slack.press_in(ANA, CARE, card.ts, "hark:claim:v1")).ok
        await wait_until(
            lambda: "Claimed by Ana" in str(slack.sandbox.slack.message(CARE, card.ts).blocks), "Ana has it"
        )
        assert (await slack.sandbox.slack.press_in(ANA, CARE, card.ts, "hark:reply:v1")).ok
        await wait_until(lambda: slack.sandbox.slack.views(ANA), "the modal is open")
        outcome = await slack.sandbox.slack.command(BEN, CARE, "/hark queue")
        assert outcome.ok


async def test_what_is_not_signed_by_slack_is_401(redis_url: str) -> None:
    """A wrong secret, another body, no signature, an old or coming time, a time that is none: nothing is done."""
    async with http_mode(redis_url) as slack:
        body = home_opened("Ev1")
        digits = "9" * 5000
        assert (await slack.send(body, secret="guessed"))[0] == 401
        assert (await slack.send(body + b" ", X_Slack_Signature=signature("guessed", "1", body)))[0] == 401
        assert (await slack.send(body, X_Slack_Signature=""))[0] == 401
        assert (await slack.send(body, age_s=305))[0] == 401
        assert (await slack.send(body, age_s=-305))[0] == 401
        for stamp in ("", "soon", "-1", "1e9", "12.5", "\N{ARABIC-INDIC DIGIT ONE}", "0x10", digits, " 1"):
            assert (await slack.send(body, X_Slack_Request_Timestamp=stamp))[0] == 401, stamp[:20]
        press = urlencode({"payload": json.dumps({"type": "block_actions"})}).encode()
        assert (await slack.send(press, FORM, secret="guessed"))[0] == 401
        assert slack.home_drawn() == 0
        assert (await slack.send(body, age_s=290))[0] == 200
        await wait_until(lambda: slack.home_drawn() == 1, "the genuine one is acted on")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe", JSON),
        (b"{", JSON),
        (b"[1, 2]", JSON),
        (b"7", JSON),
        (b"[" * 100_000, JSON),
        (b'{"a":' * 100_000, JSON),
        (b"payload=%7B", FORM),
        (b"payload=%5B1%5D", FORM),
        (b"", JSON),
        (b"hello", "text/plain; charset=klingon"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_order(redis_url: str, body: bytes, content_type: str) -> None:
    """4xx and never 500, signed or not: anyone on the internet may try this."""
    async with http_mode(redis_url) as slack:
        for secret in ("guessed", None):
            status, _ = await slack.send(body, content_type, secret=secret)
            assert 400 <= status < 500, (status, secret)


async def test_the_handshake_needs_a_signature_too(redis_url: str) -> None:
    """The challenge comes back to Slack, and to nobody else."""
    async with http_mode(redis_url) as slack:
        body = json.dumps({"type": "url_verification", "challenge": "c-123"}).encode()
        status, text = await slack.send(body)
        assert status == 200
        assert "c-123" in text
        status, text = await slack.send(body, secret="guessed")
        assert status == 401
        assert "c-123" not in text


async def test_an_event_delivered_again_is_acted_on_once(redis_url: str) -> None:
    """Slack repeats what it thinks was lost, up to three times, perhaps at once: 200 each time, one act."""
    async with http_mode(redis_url) as slack:
        answers = await asyncio.gather(
            slack.send(home_opened("Ev1")), *(slack.send(home_opened("Ev1"), X_Slack_Retry_Num="1") for _ in range(3))
        )
        assert [status for status, _ in answers] == [200] * 4
        assert (await slack.send(home_opened("Ev2")))[0] == 200
        await wait_until(lambda: slack.home_drawn() == 2, "each event is acted on once")
        assert (await slack.send(home_opened("Ev1"), X_Slack_Retry_Num="2"))[0] == 200
        assert (await slack.send(home_opened("Ev3")))[0] == 200
        await wait_until(lambda: slack.home_drawn() >= 3, "the third is acted on")
        assert slack.home_drawn() == 3


# --- Socket Mode -------------------------------------------------------------------------------------------


async def test_the_first_delivery_over_the_socket_is_handled(redis_url: str) -> None:
    """Slack marks it with retry_attempt 0, which is no retry; a repeated event_id is acknowledged, not acted on."""
    async with a_sandbox(redis_url) as (sandbox, env), serving(env, Role.WEB, sandbox.clock):
        await wait_until(lambda: sandbox.slack.hub.sockets.open, "the socket is up", within_s=20)
        await sandbox.slack.open_home(ANA)

        def drawn() -> int:
            return len(sandbox.slack.calls_of("views.publish"))

        await wait_until(lambda: drawn() == 1, "Home is drawn")
        first = sandbox.slack.hub.sockets.log[0]
        await wait_until(lambda: first.outcome == "acknowledged", "the event is acknowledged")
        sandbox.slack.hub.sockets.event(dict(first.payload))
        await sandbox.slack.open_home(BEN)
        await wait_until(lambda: drawn() == 2, "Ben's Home is drawn")
        again = sandbox.slack.hub.sockets.log[1]
        await wait_until(lambda: again.outcome == "acknowledged", "the repeated one is acknowledged")
        assert [call.args["user_id"] for call in sandbox.slack.calls_of("views.publish")] == [ANA, BEN]


async def test_a_refreshed_socket_goes_on(redis_url: str) -> None:
    """Slack asks for a new connection every few hours, and drops one now and then: presses work afterwards."""
    async with a_sandbox(redis_url) as (sandbox, env), serving(env, Role.ALL, sandbox.clock):
        sockets = sandbox.slack.hub.sockets
        await wait_until(lambda: sockets.open, "the socket is up", within_s=20)
        card = await a_card(sandbox)
        for part, press in ((sockets.refresh(0.05), "hark:claim:v1"), (sockets.drop(), "hark:release:v1")):
            old = sockets.open[0]
            await part
            await wait_until(partial(is_replaced, sandbox, old), "a new socket is up", within_s=20)
            assert (await sandbox.slack.press_in(ANA, CARE, card.ts, press)).ok
            await wait_until(partial(has_lost, sandbox, card.ts, press), f"{press} is done")


def is_replaced(sandbox: Sandbox, old: object) -> bool:
    """Whether another socket than this is open."""
    now = sandbox.slack.hub.sockets.open
    return bool(now) and old not in now


def has_lost(sandbox: Sandbox, ts: str, action_id: str) -> bool:
    """Whether a button is gone from a message."""
    return action_id not in str(sandbox.slack.message(CARE, ts).blocks)


@dataclass
class MovedClock(ManualTime):
    """A clock that a test moves; waiting is real."""

    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def sleep(self, seconds: float) -> None:
        """Wait really."""
        await asyncio.sleep(seconds)


@asynccontextmanager
async def a_socket(slack: SlackSandbox, changes: Mapping[str, Any] | None = None) -> AsyncIterator[Any]:
    """A socket to a local Slack, its clock, and its running task with the event that ends it."""
    clock, stop = MovedClock(), asyncio.Event()
    async with web_client(slack) as client, slack_api(slack) as api, aiohttp.ClientSession() as http:
        bolt: AsyncApp = build_bolt(SlackGateway(api, Metrics()), http, "s")
        token = (changes or {}).get("token", slack.config.app_token)
        socket = Socket(bolt, token, client, clock, watch_s=0.01)
        running = asyncio.ensure_future(socket.run(stop))
        try:
            yield socket, clock, running, stop
        finally:
            stop.set()
            await asyncio.gather(running, return_exceptions=True)


async def looked(times: int = 5) -> None:
    """Let the watchdog, which looks every 10 ms here, look a few times."""
    await asyncio.sleep(0.02 * times)


async def test_a_connection_that_stays_down_ends_the_process() -> None:
    """Down for two minutes and not a second less; while it is up, time does not count."""
    async with SlackSandbox(UNLIMITED) as slack, a_socket(slack) as (socket, clock, running, _):
        await wait_until(socket.is_connected, "the socket is up")
        await looked()
        clock.move(10_000)
        await looked()
        assert not running.done()
        await slack.stop()

        async def is_down() -> bool:
            return not await socket.is_connected()

        await wait_until(is_down, "the socket is down")
        await looked()
        clock.move(LONGEST_DOWN_S)
        await looked()
        assert not running.done()
        clock.move(1)
        await wait_until(running.done, "the watchdog ends it")
        with pytest.raises(SetupError, match="down for two minutes"):
            running.result()


async def test_a_socket_that_never_comes_up_is_watched_too() -> None:
    """A wrong app-level token: the SDK would try for ever without a word."""
    async with (
        SlackSandbox(UNLIMITED) as slack,
        a_socket(slack, {"token": "xapp-wrong"}) as (socket, clock, running, _),
    ):
        await wait_until(lambda: slack.calls_of("apps.connections.open"), "it was tried")
        await looked()
        clock.move(LONGEST_DOWN_S + 1)
        await wait_until(running.done, "the watchdog ends it")
        with pytest.raises(SetupError, match="down for two minutes"):
            running.result()
        assert not await socket.is_connected()


async def test_a_connection_whose_beginning_was_lost_is_tried_with_a_new_ticket(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Slack took the ticket, and its answer never came: the same one is refused from then on. No log tells of any."""
    hurried = partial(AsyncSocketModeHandler, ping_interval=0.05)
    monkeypatch.setattr("bot.slack.listening.AsyncSocketModeHandler", hurried)
    async with SlackSandbox(UNLIMITED) as slack, a_line(urlsplit(slack.url).port or 0) as line:
        slack.hub.base_url = f"http://127.0.0.1:{line.port}"
        line.fail("mute")
        async with a_socket(slack) as (socket, _, _, _):
            await wait_until(lambda: line.has_swallowed, "Slack has taken the ticket, and its answer is lost")
            line.mend()
            await wait_until(socket.is_connected, "the socket is up")
        assert "Failed to connect" in caplog.text
        assert not re.search("ticket=[0-9a-f]", caplog.text)


async def test_stopping_does_not_wait_for_slack() -> None:
    """Told to stop while Slack is away, the socket ends at once and without an error."""
    async with SlackSandbox(UNLIMITED) as slack, a_socket(slack, {"token": "xapp-wrong"}) as (_, _, running, stop):
        await wait_until(lambda: slack.calls_of("apps.connections.open"), "it was tried")
        stop.set()
        async with asyncio.timeout(5):
            await running
