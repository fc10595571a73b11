"""A Threads profile and a connector for it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.graph_server import at_noon
from tests.support.threads_server import Rig, ThreadsServer, connect


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """A connector with a store, a clock at noon and a server."""
    server = ThreadsServer()
    async with at_noon(server, redis_url) as (clock, deps):
        yield Rig(server, clock, deps, connect(server, deps))
