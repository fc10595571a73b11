"""How often each network is asked, with the settings as they come: what its page in docs/connectors promises."""

from collections.abc import Mapping
from typing import Final

import pytest

from tests.support.networks import NAMES, reader

SECONDS: Final[Mapping[str, Mapping[str, float]]] = {
    "bluesky": {"notifications": 20, "chat": 20, "activity": 80, "sweep": 3600},
    "facebook": {"posts": 300, "mentions": 600, "messages": 300},
    "instagram": {"comments": 300, "messages": 300},
    "threads": {"replies": 300, "mentions": 300},
    "webhook": {},
    "whatsapp": {},
    "x": {"mentions": 60, "messages": 300, "webhook": 900},
}


@pytest.mark.parametrize("network", NAMES)
def test_every_source_has_the_interval_that_its_page_tells(network: str) -> None:
    """In seconds; a search is another source for each query, and none is set up here."""
    assert dict(reader(network).sources()) == SECONDS[network]
