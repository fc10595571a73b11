"""Who looks up what Hark told them finds it in the documents, and finds nothing there that Hark never says."""

import ast
import re
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADING = "## Lines in the log"
WANTS_A_LOOK = {"warning", "error", "exception"}
PYTHONS_OWN = {"Timeout (0:01:00)!"}
QUOTED = re.compile(r'"([^"]+)"')
PUT_TOGETHER = {"error 131042", "error 133010", "direct messages not allowed"}
SLACKS_OWN = {"This didn't work"}


def in_the_table() -> set[str]:
    """The events that the page tells of, as they stand in the first column."""
    lines = (ROOT / "docs" / "operating.md").read_text().splitlines()
    section = list(dropwhile(lambda line: line != HEADING, lines))[1:]
    rows = (line.split("|")[1] for line in takewhile(lambda line: not line.startswith("## "), section) if "|" in line)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def quoted(page: Path) -> set[str]:
    """What somebody may see, by the first column of the page's tables."""
    rows = (line.split("|")[1] for line in page.read_text().splitlines() if line.startswith("|"))
    return {words for row in rows for words in QUOTED.findall(row)}


def is_said(words: str, texts: list[str]) -> bool:
    """Whether the code has these words in one text; "..." stands for what is filled in."""
    parts = [part.strip(" .").lower() for part in re.split(r"\.\.\.|…", words)]
    return any(all(part in text for part in parts) for text in texts)


def text_of(node: ast.AST) -> str | None:
    """A text in the code; what is filled in stands as "…"."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in parts)
        case _:
            return None


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
    assert in_the_table() <= set(map(text_of, in_the_code())) | PYTHONS_OWN


def test_what_the_pages_explain_is_said() -> None:
    """A message that was reworded is reworded in the tables, too, and one that is gone is gone there."""
    texts = [text.lower() for node in in_the_code() if (text := text_of(node))]
    pages = [ROOT / "docs" / "slack.md", *(ROOT / "docs" / "connectors").glob("*.md")]
    found = {words for page in pages for words in quoted(page)} - PUT_TOGETHER - SLACKS_OWN
    assert len(found) > 80
    assert [words for words in sorted(found) if not is_said(words, texts)] == []
