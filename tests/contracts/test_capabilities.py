"""What the guide says that a network can do is what its connector can do."""

import re
from pathlib import Path

import pytest

from bot.commands.pages import capabilities_page
from connectors.base import Connector, Network
from connectors.registry import NETWORKS
from tests.support.bot_process import run_bot

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "connectors"
SAMPLES = {
    "bluesky": ("poll, search", "300 graphemes, 3,000 bytes", "1,000 graphemes, 10,000 bytes", "yes", "no", "yes"),
    "instagram": ("webhook, poll", "300 characters", "1,000 bytes of UTF-8", "no", "yes", "yes"),
    "threads": ("webhook, poll", "500 characters (emoji as bytes)", "no", "no", "yes", "yes"),
    "webhook": ("webhook", "10,000 characters", "10,000 characters", "no", "no", "by its id"),
    "x": ("webhook, poll, search", "280 weighted characters", "10,000 characters", "no", "yes", "yes"),
}
"""Some rows up to "read back", as a person knows them from the networks' own guides."""


def cells(network: Network) -> list[str]:
    """The row of a network."""
    line = next(line for line in capabilities_page().splitlines() if f"]({network.name}.md)" in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


async def test_the_page_is_fresh() -> None:
    """`python -m bot capabilities > docs/connectors/capabilities.md` makes it anew, and needs no setting."""
    path = FOLDER / "capabilities.md"
    assert path.is_file(), "docs/connectors/capabilities.md is missing"
    assert path.read_text() == capabilities_page()
    assert await run_bot({}, "capabilities") == (0, capabilities_page())


def test_the_page_can_be_found() -> None:
    """The overview of the connectors leads to it, and it leads to each network's own page."""
    assert "(capabilities.md)" in (FOLDER / "README.md").read_text()
    linked = re.findall(r"^\| \[[^]]+\]\((\w+\.md)\)", capabilities_page(), re.MULTILINE)
    assert linked == [f"{network.name}.md" for network in NETWORKS]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_every_network_takes_something_in_and_says_all(network: Network) -> None:
    """A row has every cell; a network from which nothing came would be of no use."""
    row = cells(network)
    assert len(row) == 11
    assert all(row)
    assert set(row[4:9]) <= {"yes", "no", "by its id", "second look"}


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_what_can_be_read_back_is_read_back(network: Network) -> None:
    """The capability and the method come together, so do polling and its sources, and a second look and its size."""
    kind = network.build
    assert isinstance(kind, type)
    assert issubclass(kind, Connector)
    assert kind.capabilities.read_back == (kind.read_back is not Connector.read_back)
    assert (kind.rechecks > 0) == (kind.recheck is not Connector.recheck)
    assert (kind.poll is Connector.poll) == (kind.sources is Connector.sources)


@pytest.mark.parametrize("name", SAMPLES)
def test_known_rows(name: str) -> None:
    """The words of a row, for networks whose limits are known from elsewhere."""
    network = next(network for network in NETWORKS if network.name == name)
    assert tuple(cells(network)[1:7]) == SAMPLES[name]
