"""The web server over real sockets: webhooks, health, metrics, with a real Redis that can be killed."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest
from pydantic import SecretStr

from bot.clock import SystemClock
from bot.domain.case import Send
from bot.domain.models import Event, Health, Raw, Sent
from bot.domain.network import Accepted, Challenge, Refusal, Verdict, WebhookRequest
from bot.roles import Role
from bot.store.store import Store
from bot.telemetry import Metrics
from bot.web import BODY_S, MAX_BODY, WebDeps, build
from connectors.base import Connector, ConnectorDeps
from connectors.webhook import signing
from connectors.webhook.connector import WebhookConnector
from connectors.webhook.settings import WebhookSettings
from tests.support.bot_process import a_sandbox, serving
from tests.support.loopback import on_loopback
from tests.support.real_servers import a_server
from tests.support.stores import a_store
from tests.support.waiting import wait_until

SECRETS = {
    "main": "whsec_TUFLRS1ZT1VSLU9XTi1SQU5ET00tU0VDUkVULTE=",
    "support": "whsec_TUFLRS1ZT1VSLU9XTi1SQU5ET00tU0VDUkVULTI=",
}
EVENT = json.dumps(
    {"type": "comment.created", "data": {"id": "c1", "text": "My bag is lost", "author": {"id": "u1"}}}
).encode()
JSON = {"Content-Type": "application/json"}
ROOT = Path(__file__).resolve().parents[2]


class Postbox(Connector):
    """A network that takes whatever comes, but for a handshake and what calls itself forged."""

    network: ClassVar[str] = "postbox"

    @property
    def title(self) -> str:
        """Its name."""
        return "Postbox"

    def verify(self, request: WebhookRequest) -> Verdict:
        """Take it."""
        if request.method == "GET":
            return Challenge(body=request.query.get("token", ""), headers={"X-Shaken": "yes"})
        if "x-forged" in request.headers:
            return Refusal(401, "not genuine")
        raw = Raw(network="postbox", account=self.account, source="web", body=request.body, received_at=NOW)
        return Accepted((raw, raw) if "x-twice" in request.headers else (raw,), body="thanks")

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Nothing is read here."""
        del raw
        return iter(())

    async def check(self) -> Health:
        """It is fine."""
        return Health(ok=True, summary="Postbox: open")

    async def send(self, send: Send) -> Sent:
        """It sends as it takes."""
        return Sent(id=send.id)


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Site:
    """A listening web server and a browser for it."""

    store: Store
    http: aiohttp.ClientSession
    url: str
    metrics: Metrics
    states: dict[str, bool | str] = field(default_factory=lambda: {"server": True, "slack": True, "workers": True})

    async def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, Mapping[str, str]]:
        """One request: status, text, headers."""
        data = None if body is None else io.BytesIO(body)
        async with self.http.request(method, self.url + path, data=data, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers.copy()

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> int:
        """The status of a POST."""
        return (await self.ask("POST", path, body, headers))[0]

    async def stored(self) -> list[tuple[str, str, bytes]]:
        """What stands in the inbox: network, account, body."""
        taken = await self.store.inbox.take(100, 0)
        return [(each.raw.network, each.raw.account, each.raw.body) for each in taken]


@asynccontextmanager
async def a_site(
    url: str, token: str | None = None, postboxes: Sequence[str] = ("east",), body_s: float = BODY_S
) -> AsyncIterator[Site]:
    """The routes on a free port, with two webhook accounts and the postboxes of these names."""
    metrics = Metrics()
    async with a_store(url) as store, aiohttp.ClientSession() as http:

        def deps(account: str) -> ConnectorDeps:
            return ConnectorDeps(account, http, SystemClock(), store.notes, 20)

        def door(account: str) -> WebhookConnector:
            return WebhookConnector(WebhookSettings(secret=SecretStr(SECRETS[account])), deps(account))

        site = Site(store, http, "", metrics)

        async def ready() -> dict[str, bool | str]:
            return site.states

        async def measure() -> None:
            metrics.depth.labels("inbox").set(await store.inbox.depth())
            metrics.depth.labels("cards").set(await store.cards.depth())

        app = build(
            WebDeps(
                inbox=store.inbox,
                connectors={
                    **{("webhook", account): door(account) for account in SECRETS},
                    **{("postbox", name): Postbox(deps(name)) for name in postboxes},
                },
                clock=SystemClock(),
                metrics=metrics,
                ready=ready,
                measure=measure,
                metrics_token=SecretStr(token) if token else None,
                body_s=body_s,
            )
        )
        async with on_loopback(app) as site.url:
            yield site


def signed(account: str, body: bytes = EVENT) -> dict[str, str]:
    """The headers of a genuine delivery."""
    key = signing.decode_secret(SECRETS[account])
    return JSON | signing.headers(key, "msg-1", SystemClock().now(), body)


# --- Webhooks ----------------------------------------------------------------------------------------------


async def test_a_genuine_delivery_is_stored_before_it_is_answered(redis_url: str) -> None:
    """202 from this network, and the raw bytes stand in the inbox under the main account."""
    async with a_site(redis_url) as site:
        assert await site.post("/webhooks/webhook", EVENT, signed("main")) == 202
        assert await site.stored() == [("webhook", "main", EVENT)]
        assert 'hark_webhooks_total{network="webhook",status="202"} 1.0' in (await site.ask("GET", "/metrics"))[1]


async def test_the_path_names_the_account(redis_url: str) -> None:
    """Each account has its own address and its own secret; capitals do not matter."""
    async with a_site(redis_url) as site:
        assert await site.post("/webhooks/webhook/support", EVENT, signed("support")) == 202
        assert await site.post("/webhooks/webhook/SUPPORT", EVENT, signed("support")) == 202
        assert await site.post("/webhooks/webhook/support", EVENT, signed("main")) == 401
        assert await site.post("/webhooks/webhook", EVENT, signed("support")) == 401
        assert [account for _, account, _ in await site.stored()] == ["support", "support"]


async def test_an_only_account_needs_no_name_in_the_path(redis_url: str) -> None:
    """200 with the network's own answer; several deliveries of one request are all stored."""
    async with a_site(redis_url) as site:
        status, text, _ = await site.ask("POST", "/webhooks/postbox", b"a", {"X-Twice": "1"})
        assert (status, text) == (200, "thanks")
        assert await site.stored() == [("postbox", "east", b"a")] * 2


async def test_of_several_accounts_without_a_main_one_each_needs_its_name(redis_url: str) -> None:
    """Nobody can know which of them is meant by the network's path; with a name, capitals or not, it is that one.

    A body that says that it is sent as it is, is.
    """
    async with a_site(redis_url, postboxes=("east", "west")) as site:
        assert await site.post("/webhooks/postbox", b"whose?") == 404
        assert await site.post("/webhooks/postbox/west", b"a") == 200
        assert await site.post("/webhooks/postbox/East", b"b") == 200
        assert await site.post("/webhooks/postbox/East", b"c", {"Content-Encoding": "gzip"}) == 415
        assert await site.post("/webhooks/postbox/east", b"d", {"Content-Encoding": "Identity"}) == 200
        assert await site.stored() == [("postbox", "west", b"a"), ("postbox", "east", b"b"), ("postbox", "east", b"d")]


@pytest.mark.parametrize(
    "path", ["/webhooks/nowhere", "/webhooks/webhook/nobody", "/webhooks/webhook/", "/webhooks/postbox/main", "/nope"]
)
async def test_what_is_not_set_up_is_404(redis_url: str, path: str) -> None:
    """Nothing is stored, and no metric is made of a name that comes from outside."""
    async with a_site(redis_url) as site:
        assert await site.post(path, EVENT, signed("main")) == 404
        assert await site.stored() == []
        assert "nowhere" not in (await site.ask("GET", "/metrics"))[1]


async def test_what_is_not_genuine_is_refused_and_not_stored(redis_url: str) -> None:
    """A forged, an altered and an unsigned delivery all leave nothing behind."""
    async with a_site(redis_url) as site:
        assert await site.post("/webhooks/webhook", EVENT, JSON) == 401
        assert await site.post("/webhooks/webhook", EVENT + b" ", signed("main")) == 401
        status, text, _ = await site.ask("POST", "/webhooks/postbox", b"a", {"X-Forged": "1"})
        assert (status, text) == (401, "not genuine\n")
        assert await site.stored() == []


async def test_a_handshake_is_answered_and_not_stored(redis_url: str) -> None:
    """Body, headers and content type are the network's."""
    async with a_site(redis_url) as site:
        status, text, headers = await site.ask("GET", "/webhooks/postbox?token=abc")
        assert (status, text, headers["X-Shaken"]) == (200, "abc", "yes")
        assert headers["Content-Type"].startswith("text/plain")
        assert await site.stored() == []


async def test_four_mebibytes_are_taken_and_one_byte_more_is_not(redis_url: str) -> None:
    """The limit holds for a body with a length and for one that comes in pieces without saying how long it is."""
    async with a_site(redis_url) as site:
        assert await site.post("/webhooks/postbox", b"x" * MAX_BODY) == 200
        assert await site.post("/webhooks/postbox", b"x" * (MAX_BODY + 1)) == 413

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(2 * MAX_BODY // 65536):
                yield b"x" * 65536

        async with site.http.post(site.url + "/webhooks/postbox", data=pieces()) as answer:
            assert answer.status == 413
        assert [len(body) for _, _, body in await site.stored()] == [MAX_BODY]


async def test_without_redis_the_network_is_told_to_come_again() -> None:
    """503 with Retry-After, never a 200; once Redis is back the same delivery is taken, and nothing stood halfway."""
    with a_server() as server:
        async with a_site(server.url) as site:
            assert await site.post("/webhooks/postbox", b"before") == 200
            server.kill()
            answers = await asyncio.gather(*(site.ask("POST", "/webhooks/postbox", b"during") for _ in range(20)))
            assert {status for status, _, _ in answers} == {503}
            assert all(int(headers["Retry-After"]) > 0 for _, _, headers in answers)
            assert (await site.ask("GET", "/healthz"))[0] == 200
            assert (await site.ask("GET", "/metrics"))[0] == 200
            server.start()

            async def again() -> bool:
                return await site.post("/webhooks/postbox", b"after") == 200

            await wait_until(again, "deliveries are taken again", within_s=20)
            bodies = [body for _, _, body in await site.stored()]
            assert bodies[0] == b"before"
            assert set(bodies[1:]) == {b"after"}


async def test_storage_that_hangs_is_no_200() -> None:
    """A server that is stopped in mid-breath (SIGSTOP) answers nobody: the delivery is refused in the end."""
    with a_server() as server:
        async with a_site(server.url) as site:
            assert await site.post("/webhooks/postbox", b"before") == 200
            assert server.process is not None
            server.process.send_signal(19)
            try:
                status, _, headers = await site.ask("POST", "/webhooks/postbox", b"during")
            finally:
                server.process.send_signal(18)
            assert status == 503
            assert "Retry-After" in headers


# --- Health ------------------------------------------------------------------------------------------------


async def test_alive_says_only_that_the_process_runs(redis_url: str) -> None:
    """Whatever is wrong around it: a platform must not restart a process because Slack is away."""
    async with a_site(redis_url) as site:
        site.states.update(server=False, slack=False, workers=False)
        assert (await site.ask("GET", "/healthz"))[:2] == (200, "alive\n")


@pytest.mark.parametrize("wrong", ["server", "slack", "workers"])
async def test_ready_names_what_is_not(redis_url: str, wrong: str) -> None:
    """503 as long as one thing is missing, and the body says which."""
    async with a_site(redis_url) as site:
        assert (await site.ask("GET", "/readyz"))[0] == 200
        site.states[wrong] = False
        status, text, _ = await site.ask("GET", "/readyz")
        expected = dict.fromkeys(("server", "slack", "workers"), "ok") | {wrong: "not ready"}
        assert (status, json.loads(text)) == (503, expected)
        site.states[wrong] = "why not"
        status, text, _ = await site.ask("GET", "/readyz")
        assert (status, json.loads(text)[wrong]) == (503, "why not")


async def readiness(http: aiohttp.ClientSession, port: int) -> tuple[int, Any]:
    """What /readyz says."""
    async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
        return answer.status, await answer.json()


async def test_a_real_service_becomes_ready_and_says_what_fails() -> None:
    """Web alone has no worker; a worker makes it ready; then the socket drops for good, then Redis dies."""
    with a_server() as server:
        async with a_sandbox(server.url) as (sandbox, env), aiohttp.ClientSession() as http:  # noqa: SIM117 - too long
            async with serving(env, Role.WEB) as (_, port):

                async def says(expected: Mapping[str, str]) -> bool:
                    _, states = await readiness(http, port)
                    return bool(states == dict(expected))

                fine = dict.fromkeys(("server", "slack", "workers"), "ok")
                await wait_until(lambda: says(fine | {"workers": "not ready"}), "only a worker is missing", within_s=20)
                assert (await readiness(http, port))[0] == 503
                async with serving(env | {"HARK_LOG_LEVEL": "error"}, Role.WORKER):
                    await wait_until(lambda: says(fine), "a worker is there", within_s=20)
                    assert (await readiness(http, port))[0] == 200
                sandbox.slack.set_fault("http_500", "apps.connections.open", times=1000)
                await sandbox.slack.hub.sockets.drop()
                await wait_until(lambda: says(fine | {"slack": "not ready"}), "Slack is away", within_s=20)
                server.kill()
                gone = dict.fromkeys(("server", "slack", "workers"), "not ready")
                await wait_until(lambda: says(gone), "Redis is away too", within_s=20)
                server.start()


# --- Metrics -----------------------------------------------------------------------------------------------


async def test_the_metrics_are_for_this_machine_only(redis_url: str) -> None:
    """Loopback may read them; whoever comes through a proxy on loopback may not."""
    async with a_site(redis_url) as site:
        assert (await site.ask("GET", "/metrics"))[0] == 200
        for header in ("X-Forwarded-For", "Forwarded"):
            status, text, _ = await site.ask("GET", "/metrics", headers={header: "for=127.0.0.1"})
            assert status == 403
            assert "HARK_METRICS_TOKEN" in text
            assert "hark_" not in text


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (None, 403),
        ("Bearer wrong-token", 403),
        ("Bearer ", 403),
        ("Basic the-token", 403),
        ("Bearer the-token-and-more", 403),
        ("Bearer the-tok\N{LATIN SMALL LETTER E WITH ACUTE}n", 403),
        ("Bearer the-token", 200),
    ],
)
async def test_a_token_is_asked_of_everybody(redis_url: str, given: str | None, status: int) -> None:
    """Loopback too; through a proxy the right token is enough."""
    async with a_site(redis_url, token="the-token") as site:
        headers = {"X-Forwarded-For": "192.0.2.7"} | ({"Authorization": given} if given else {})
        assert (await site.ask("GET", "/metrics", headers=headers))[0] == status


async def test_every_metric_of_the_docs_is_there(redis_url: str) -> None:
    """docs/metrics.md and /metrics name the same ones, and the depths are those of the queues."""
    documented = set(re.findall(r"^\| `(hark_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    async with a_site(redis_url) as site:
        await site.post("/webhooks/postbox", b"one")
        await site.store.cards.put("case", NOW)
        text = (await site.ask("GET", "/metrics"))[1]
    shown = set(re.findall(r"^# TYPE (hark_\w+)", text, re.MULTILINE))
    assert {name for name in shown if not name.endswith("_created")} == documented
    assert 'hark_queue_depth{queue="inbox"} 1.0' in text
    assert 'hark_queue_depth{queue="cards"} 1.0' in text


async def test_depths_that_nobody_knows_are_not_shown() -> None:
    """Without Redis the other metrics are still there, and no old depth passes for a new one."""
    with a_server() as server:
        async with a_site(server.url) as site:
            assert "hark_queue_depth{" in (await site.ask("GET", "/metrics"))[1]
            server.kill()
            status, text, _ = await site.ask("GET", "/metrics")
            assert status == 200
            assert "hark_queue_depth{" not in text
            server.start()
