"""Who is woken by a line of the log finds it in docs/operating.md, and finds no line there that Hark never writes."""

import ast
import re
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADING = "## Lines in the log"
WANTS_A_LOOK = {"warning", "error", "exception"}
PYTHONS_OWN = {"Timeout (0:01:00)!"}


def in_the_table() -> set[str]:
    """The events that the page tells of, as they stand in the first column."""
    lines = (ROOT / "docs" / "operating.md").read_text().splitlines()
    section = list(dropwhile(lambda line: line != HEADING, lines))[1:]
    rows = (line.split("|")[1] for line in takewhile(lambda line: not line.startswith("## "), section) if "|" in line)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def in_the_code() -> Iterator[ast.AST]:
    """Every node of the code that runs in production."""
    for package in ("bot", "connectors", "handlers"):
        for path in (ROOT / package).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text()))


def logged(node: ast.AST) -> str | None:
    """The event of a call that logs a warning or an error in so many words."""
    match node:
        case ast.Call(func=ast.Attribute(value=log, attr=level), args=[ast.Constant(value=str(event)), *_]):
            return event if level in WANTS_A_LOOK and ast.unparse(log).endswith("log") else None
        case _:
            return None


def test_every_warning_and_error_stands_in_the_table() -> None:
    """Whoever adds one says there what it wants of somebody at night."""
    events = {event for node in in_the_code() if (event := logged(node))}
    assert len(events) > 30
    assert events <= in_the_table()


def test_the_table_names_no_line_that_is_never_written() -> None:
    """A renamed event is renamed there, too."""
    words = {node.value for node in in_the_code() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert in_the_table() <= words | PYTHONS_OWN
