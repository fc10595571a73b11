"""A running Page and a connector for it."""

from collections.abc import AsyncIterator

import pytest

from bot.http import open_session
from connectors.base import ConnectorDeps
from tests.support.cases import NOON
from tests.support.facebook_server import Rig, a_page
from tests.support.stores import TestClock, a_store


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """Server, clock, session and store."""
    clock = TestClock(NOON)
    async with a_page(clock) as server, open_session() as http, a_store(redis_url, clock=clock) as store:
        deps = ConnectorDeps(account="main", http=http, clock=clock, notes=store.notes, poll_seconds=20.0)
        yield Rig(server, clock, deps)
