"""One or two Hark processes on the same square: real notes, real HTTP, a clock that the test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from bot.domain.case import Purpose, Send
from bot.domain.models import Event, Interaction, Raw
from bot.store.store import Store
from connectors.base import ConnectorDeps
from connectors.bluesky.connector import BlueskyConnector
from connectors.bluesky.settings import BlueskySettings
from sandbox.square.config import SquareConfig
from sandbox.square.limits import LimitRules
from sandbox.square.seed import BRAND_APP_LOGIN, BRAND_CHAT_LOGIN
from sandbox.square.square import SquareSandbox
from tests.support.cases import ANA, NOON
from tests.support.stores import TestClock, a_store

NO_CHAT_PASSWORD = BRAND_APP_LOGIN


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a source to its end brought: the stored deliveries with their keys, and how many pages it took."""

    items: tuple[tuple[str, Raw], ...]
    cursor: str | None
    pages: int

    @property
    def raws(self) -> list[Raw]:
        """The deliveries without their keys."""
        return [raw for _, raw in self.items]


@dataclass(slots=True)
class Rig:
    """A square, a store and a clock; `connector` makes a process's connector."""

    clock: TestClock
    square: SquareSandbox
    store: Store
    http: aiohttp.ClientSession

    def connector(self, **changes: Any) -> BlueskyConnector:
        """A connector as a fresh process would build it; `changes` are settings by field name."""
        fields: dict[str, Any] = {
            "service_url": self.square.url,
            "identifier": self.square.brand.handle,
            "app_password": BRAND_CHAT_LOGIN,
        }
        settings = BlueskySettings.model_validate(fields | changes)
        deps = ConnectorDeps(
            account="main", http=self.http, clock=self.clock, notes=self.store.notes, poll_seconds=20.0
        )
        return BlueskyConnector(settings, deps)

    def send(self, to: Interaction, text: str = "So sorry, Ana. We are looking. ^AK", **changes: Any) -> Send:
        """A send that answers an interaction, made now."""
        fields: dict[str, Any] = {
            "id": "send-1",
            "purpose": Purpose.REPLY,
            "private": False,
            "text": text,
            "by": ANA,
            "to": to.id,
            "ref": to.ref,
            "created_at": self.clock.now(),
            "due_at": self.clock.now() + timedelta(seconds=15),
        }
        return Send(**(fields | changes))


@asynccontextmanager
async def a_rig(redis_url: str, *, limits: LimitRules | None = None) -> AsyncIterator[Rig]:
    """Everything that a connector needs, closed with the block."""
    clock = TestClock(NOON)
    async with (
        SquareSandbox(clock, SquareConfig(limits=limits or LimitRules())) as square,
        a_store(redis_url, clock=clock) as store,
        aiohttp.ClientSession() as http,
    ):
        yield Rig(clock, square, store, http)


async def read_all(connector: BlueskyConnector, source: str, cursor: str | None = None) -> Reading:
    """Poll a source until it says that there is no more."""
    items: list[tuple[str, Raw]] = []
    pages = 0
    while True:
        page = await connector.poll(source, cursor)
        items.extend(page.items)
        cursor, pages = page.cursor, pages + 1
        if not page.more:
            return Reading(tuple(items), cursor, pages)


def events(connector: BlueskyConnector, reading: Reading) -> list[Event]:
    """What the deliveries say."""
    return [event for raw in reading.raws for event in connector.parse(raw)]


def interactions(connector: BlueskyConnector, reading: Reading) -> list[Interaction]:
    """The interactions among it."""
    return [event for event in events(connector, reading) if isinstance(event, Interaction)]
