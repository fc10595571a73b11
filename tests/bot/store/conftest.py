"""The store on an empty server, once with one shard and once with three."""

from collections.abc import AsyncIterator

import pytest

from bot.store.store import Store
from tests.support.stores import TestClock, a_store


@pytest.fixture
def clock() -> TestClock:
    """A clock that stands at noon until the test moves it."""
    return TestClock()


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"])
async def store(request: pytest.FixtureRequest, redis_url: str, clock: TestClock) -> AsyncIterator[Store]:
    """An empty store."""
    async with a_store(redis_url, shards=request.param, clock=clock) as opened:
        yield opened
