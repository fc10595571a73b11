"""What tests of the webhook connector need: secrets, signed requests, a connector, a receiver of answers."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

from bot.domain.case import Send
from bot.domain.models import Event, Raw
from bot.domain.network import WebhookRequest
from bot.domain.ports import Clock
from bot.store.store import Store
from connectors.base import ConnectorDeps
from connectors.webhook.connector import WebhookConnector
from connectors.webhook.settings import WebhookSettings
from tests.support.cases import ANA, NOON, a_send
from tests.support.loopback import catch_all
from tests.support.stores import TestClock

FIXTURES = Path(__file__).resolve().parents[1] / "connectors" / "webhook" / "fixtures"


def a_secret(letter: str = "a", length: int = 32) -> str:
    """A secret whose bytes count up from a letter."""
    return "whsec_" + base64.b64encode(bytes((ord(letter) * 7 + 5 * n) % 256 for n in range(length))).decode()


SECRET, OTHER_SECRET = a_secret("a"), a_secret("b")


def fixture(name: str) -> bytes:
    """The body of one fixture."""
    return (FIXTURES / f"{name}.json").read_bytes()


def content_type(name: str) -> str:
    """The content type that a fixture goes with, by its name."""
    form = {True: "application/cloudevents-batch+json", False: "application/cloudevents+json"}
    return form["batch" in name] if name.startswith("cloud_") else "application/json"


def signed(
    id_: str, at: datetime, body: bytes, *, secret: str = SECRET, form: str = "application/json"
) -> dict[str, str]:
    """The headers of a delivery, signed by the official library."""
    return {
        "content-type": form,
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": str(Webhook(secret).sign(id_, at, body.decode())),
    }


def a_request(
    body: bytes | str | dict[str, Any],
    *,
    secret: str = SECRET,
    at: datetime = NOON,
    received_at: datetime = NOON,
    id_: str = "msg-1",
    form: str = "application/json",
    **changes: str,
) -> WebhookRequest:
    """A request that the official library signed; `changes` are headers, `_` for `-`, empty for none."""
    raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    headers = signed(id_, at, raw, secret=secret, form=form)
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    kept = {name: value for name, value in headers.items() if value}
    return WebhookRequest(method="POST", headers=kept, query={}, body=raw, received_at=received_at)


def settings(secret: str = SECRET, **changes: Any) -> WebhookSettings:
    """Settings by field name."""
    return WebhookSettings.model_validate({"secret": secret, **changes})


def a_raw(body: bytes, form: str = "application/json", **headers: str) -> Raw:
    """A delivery as it is stored."""
    given = {"content-type": form, "webhook-id": "msg-1"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return Raw(network="webhook", account="main", source="webhook", body=body, headers=given, received_at=NOON)


def parsed(connector: WebhookConnector, name: str) -> list[Event]:
    """What a fixture says."""
    return list(connector.parse(a_raw(fixture(name), content_type(name))))


def answer_of(url: str, **changes: Any) -> Send:
    """A send that answers an interaction which gave this reply_url."""
    ref = {"id": "c-1", "conversation": "post-7|u-1"} | ({"reply_url": url} if url else {})
    return a_send(**({"ref": ref, "by": ANA, "to": "c-1"} | changes))


@dataclass(slots=True)
class Rig:
    """A clock, a store and a session from which connectors are made."""

    clock: Clock
    store: Store
    http: aiohttp.ClientSession

    def connector(self, secret: str = SECRET, *, account: str = "main", **changes: Any) -> WebhookConnector:
        """A connector; `changes` are settings by field name."""
        deps = ConnectorDeps(
            account=account, http=self.http, clock=self.clock, notes=self.store.notes, poll_seconds=20.0
        )
        return WebhookConnector(settings(secret, **changes), deps)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Receiver:
    """A system that takes answers; `handler` decides what it says. Requests are kept with their bodies."""

    url: str = ""
    handler: Handler | None = None
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Keep the request and answer."""
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return await self.handler(request) if self.handler else web.json_response({"id": "their-1"})


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """A real server on loopback."""
    receiver = Receiver()
    async with catch_all(receiver.handle) as receiver.url:
        yield receiver


def a_clock() -> TestClock:
    """Noon."""
    return TestClock(NOON)
