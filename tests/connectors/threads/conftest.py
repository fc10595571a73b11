"""A Threads profile and a connector for it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from connectors.base import ConnectorDeps
from tests.support.cases import NOON
from tests.support.graph_server import running
from tests.support.stores import TestClock, a_store
from tests.support.threads_server import Rig, ThreadsServer, connect


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """A connector with a store, a clock at noon and a server."""
    clock = TestClock(NOON)
    async with running(ThreadsServer()) as server, a_store(redis_url, clock=clock) as store:
        server.clock = clock
        async with aiohttp.ClientSession() as http:
            deps = ConnectorDeps(account="main", http=http, clock=clock, notes=store.notes, poll_seconds=20)
            yield Rig(server, clock, deps, connect(server, deps))
