"""Every network of the registry at once: its variables, its connector, its recorded deliveries.

So that one test can ask the same of all of them, and a new network cannot be forgotten.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import aiohttp

from bot.domain.models import Raw
from bot.domain.network import Accepted, WebhookRequest
from bot.domain.ports import Clock, Notes
from bot.environment import read
from bot.settings import Settings
from connectors.base import Connector, ConnectorDeps
from connectors.registry import NETWORKS
from tests.support import (
    facebook_server,
    instagram_server,
    threads_server,
    webhook_rig,
    whatsapp_server,
    x_rig,
    x_server,
)
from tests.support.cases import NOON
from tests.support.stores import TestClock

POLL_S: Final[float] = Settings.model_fields["poll_seconds"].default
FOLDER: Final = Path(__file__).resolve().parents[1] / "connectors"
NAMES: Final = tuple(network.name for network in NETWORKS)

ENVIRONMENT: Final[Mapping[str, Mapping[str, str]]] = {
    "bluesky": {"BLUESKY_IDENTIFIER": "brand.test", "BLUESKY_APP_PASSWORD": "abcd-efgh-ijkl-mnop"},
    "facebook": facebook_server.VARIABLES,
    "instagram": instagram_server.VARIABLES,
    "threads": threads_server.VARIABLES,
    "webhook": {"WEBHOOK_SECRET": webhook_rig.SECRET},
    "whatsapp": whatsapp_server.VARIABLES,
    "x": x_server.VARIABLES,
}
"""What each network needs to be on. Nothing is called: a server's address is given where a test has a server."""


def connector(
    name: str, http: aiohttp.ClientSession, notes: Notes, clock: Clock, changes: Mapping[str, str] | None = None
) -> Connector:
    """The main account of one network; `changes` are further variables."""
    network = next(one for one in NETWORKS if one.name == name)
    deps = ConnectorDeps(account="main", http=http, clock=clock, notes=notes, poll_seconds=POLL_S)
    return network.build(read(network.settings, {**ENVIRONMENT[name], **(changes or {})}), deps)


@cache
def reader(name: str, **changes: str) -> Connector:
    """A connector that can only read: it has neither a session nor notes, and `verify` and `parse` ask for none."""
    return connector(name, cast("aiohttp.ClientSession", None), cast("Notes", None), TestClock(), changes)


def a_request(body: bytes, headers: Iterable[tuple[str, str | bytes]], at: datetime) -> WebhookRequest:
    """A POST as a connector is given it."""
    given = {"content-type": "application/json"} | {name.lower(): str(value) for name, value in headers}
    return WebhookRequest(method="POST", headers=given, query={}, body=body, received_at=at)


def accepted(one: Connector, request: WebhookRequest) -> bool:
    """Whether the connector takes it."""
    return isinstance(one.verify(request), Accepted)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded delivery: the door, the headers, and its JSON."""

    network: str
    name: str
    source: str
    headers: Mapping[str, str]
    value: Any

    def raw(self, body: bytes) -> Raw:
        """A delivery through the same door with this body, as it is stored."""
        return Raw(
            network=self.network,
            account="main",
            source=self.source,
            body=body,
            headers=dict(self.headers),
            received_at=NOON,
        )


def recorded(network: str) -> Iterator[Recorded]:
    """The recorded deliveries of a network, in order; those of error answers are not deliveries."""
    for path in sorted((FOLDER / network / "fixtures").glob("*.json")):
        if not path.stem.startswith("error_"):
            yield _recorded(network, path.stem, json.loads(path.read_bytes()))


def _recorded(network: str, name: str, value: Any) -> Recorded:
    """Some networks keep the bare body and say the door by the name, the others wrap the body with its door."""
    if network == "facebook":
        kind = name.partition("__")[0]
        return Recorded(network, name, {"swept": "sweep", "recheck": "recheck"}.get(kind, "webhook"), {}, value)
    if network == "x":
        return Recorded(network, name, x_rig.source_of(name), {}, value)
    if network == "webhook":
        headers = {"content-type": webhook_rig.content_type(name), "webhook-id": "msg-1"}
        return Recorded(network, name, "webhook", headers, value)
    return Recorded(network, name, value["source"], value.get("headers", {}), value["body"])
