"""The folders of connectors/: each is one network, but for those that several networks share."""

from pathlib import Path
from typing import Final

CONNECTORS: Final = Path(__file__).resolve().parents[2] / "connectors"
SHARED: Final = frozenset({"graph"})
"""Not in the registry; `.importlinter` says who may import them."""


def network_folders() -> list[str]:
    """The folders that are networks: a new one is, unless it is named above."""
    return sorted({path.parent.name for path in CONNECTORS.glob("*/__init__.py")} - SHARED)
