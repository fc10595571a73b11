"""What tests of the X connector need: the server, a store, a clock that the test moves, connectors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.domain.case import Send
from bot.domain.models import Event, Interaction, Raw
from bot.environment import read
from bot.store.store import Store
from connectors.base import ConnectorDeps
from connectors.x.connector import XConnector
from connectors.x.settings import XSettings
from tests.support.cases import NOON, a_send
from tests.support.stores import TestClock, a_store
from tests.support.x_server import XServer, an_x_server, environment

FIXTURES = Path(__file__).resolve().parents[1] / "connectors" / "x" / "fixtures"


@dataclass(slots=True)
class XRig:
    """A server, a store and a clock; `connector` makes a process's connector."""

    clock: TestClock
    server: XServer
    store: Store
    http: aiohttp.ClientSession

    def connector(self, **changes: str) -> XConnector:
        """A connector as a fresh process would build it; `changes` are environment variables."""
        settings = read(XSettings, environment(self.server, **changes))
        deps = ConnectorDeps(
            account="main", http=self.http, clock=self.clock, notes=self.store.notes, poll_seconds=20.0
        )
        return XConnector(settings, deps)


def fixture(name: str) -> bytes:
    """The body of one fixture."""
    return (FIXTURES / f"{name}.json").read_bytes()


def a_raw(body: bytes, source: str = "webhook") -> Raw:
    """A delivery as it is stored."""
    return Raw(network="x", account="main", source=source, body=body, received_at=NOON)


def source_of(name: str) -> str:
    """The door that a fixture came through, by its name."""
    kind = name.partition("__")[0]
    doors = {"polled": "search:acme", "polled_message": "messages", "recheck": "recheck"}
    return doors.get(kind, "webhook")


def answer_to(event: Interaction, text: str = "So sorry, Ana. We are looking. ^AK", **changes: Any) -> Send:
    """A send that answers an interaction."""
    return a_send(**({"ref": event.ref, "to": event.id, "text": text, "attempt": 1} | changes))


async def read_all(connector: XConnector, source: str, cursor: str | None = None) -> tuple[list[Raw], str | None]:
    """Poll a source until it says that there is no more."""
    raws: list[Raw] = []
    while True:
        page = await connector.poll(source, cursor)
        raws += [raw for _, raw in page.items]
        cursor = page.cursor
        if not page.more:
            return raws, cursor


def events(connector: XConnector, raws: list[Raw]) -> list[Event]:
    """What deliveries say."""
    return [event for raw in raws for event in connector.parse(raw)]


def texts(connector: XConnector, raws: list[Raw]) -> list[str]:
    """The words of what was read, oldest first."""
    found = [each for each in events(connector, raws) if isinstance(each, Interaction)]
    return [each.text for each in sorted(found, key=lambda each: int(each.id.removeprefix("dm:")))]


@asynccontextmanager
async def an_x_rig(redis_url: str) -> AsyncIterator[XRig]:
    """Everything that a connector needs, closed with the block."""
    clock = TestClock(NOON)
    async with (
        an_x_server(clock) as server,
        a_store(redis_url, clock=clock) as store,
        aiohttp.ClientSession() as http,
    ):
        yield XRig(clock, server, store, http)
