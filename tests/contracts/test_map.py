"""The map of the house in docs/architecture.md names every module where it stands, and none that is not there."""

from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADING = "| what for |"
ROOMS = ("bot/domain", "bot/services", "bot/store", "bot/cards", "handlers")


def the_map() -> dict[str, set[str]]:
    """The modules that the table names, by room."""
    lines = (ROOT / "docs" / "architecture.md").read_text().splitlines()
    table = takewhile(bool, dropwhile(lambda line: not line.startswith(HEADING), lines))
    rows = [[cell.strip() for cell in line.split("|")[2:-1]] for line in table]
    heads = [cell.split("`")[1] for cell in rows[0]]
    named = zip(*rows[2:], strict=True)
    return {head: set(", ".join(filter(None, cells)).split(", ")) for head, cells in zip(heads, named, strict=True)}


@pytest.mark.parametrize("room", ROOMS)
def test_the_map_names_every_module_of_a_room(room: str) -> None:
    """Whoever adds, renames or takes away a module says in which row it stands."""
    assert the_map()[room] == {path.stem for path in (ROOT / room).iterdir() if not path.name.startswith(("_", "."))}
