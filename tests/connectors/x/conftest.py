"""The rig on which the X connector is tried, and a connector without any server."""

from collections.abc import AsyncIterator

import pytest

from connectors.x.connector import XConnector
from tests.support.x_rig import XRig, an_x_rig


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[XRig]:
    """A server with its people, an empty store, a clock at noon."""
    async with an_x_rig(redis_url) as ready:
        yield ready


@pytest.fixture
def connector(rig: XRig) -> XConnector:
    """A connector that watches one search."""
    return rig.connector(X_SEARCH="acme shoes")
