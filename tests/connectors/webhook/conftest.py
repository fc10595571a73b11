"""The connector with what it needs, and a receiver of its answers."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.clock import SystemClock
from connectors.webhook.connector import WebhookConnector
from tests.support.stores import a_store
from tests.support.webhook_rig import Receiver, Rig, a_clock, a_receiver


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """A rig at noon."""
    async with a_store(redis_url) as store, aiohttp.ClientSession() as http:
        yield Rig(a_clock(), store, http)


@pytest.fixture
async def real_time_rig(redis_url: str) -> AsyncIterator[Rig]:
    """A rig with the real clock, for judges that know no other."""
    async with a_store(redis_url) as store, aiohttp.ClientSession() as http:
        yield Rig(SystemClock(), store, http)


@pytest.fixture
def connector(rig: Rig) -> WebhookConnector:
    """A connector with one secret."""
    return rig.connector()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A system that takes answers."""
    async with a_receiver() as running:
        yield running
