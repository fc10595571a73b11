"""The rig on which the connector is tried."""

from collections.abc import AsyncIterator

import pytest

from tests.support.bluesky_rig import Rig, a_rig


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """A square with its people, an empty store, a clock at noon."""
    async with a_rig(redis_url) as ready:
        yield ready
