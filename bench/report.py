"""What one scenario found out, as a row for people and as a line for programs."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    `ok` is None where this machine cannot tell (too few cores); `note` holds what else was measured and how far the
    rounds were apart.
    """

    scenario: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    goal: str
    ok: bool | None
    note: str = ""


HEADINGS = ("scenario", "value", "unit", "baseline", "ratio", "goal", "ok")
WIDTHS = (14, 11, 11, 11, 7, 46, 3)
WORDS = {True: "yes", False: "NO", None: "-"}


def heading() -> str:
    """The head of the table."""
    return _line(HEADINGS)


def readable(row: Row) -> str:
    """One row of the table, with its note below."""
    cells = (row.scenario, _number(row.value), row.unit, _number(row.baseline), _number(row.ratio), row.goal)
    note = "".join(f"\n    {line}" for line in row.note.splitlines())
    return _line((*cells, WORDS[row.ok])) + note


def as_json(row: Row) -> str:
    """One JSON object on one line; numbers with five digits that count."""
    fields = asdict(row)
    for name in ("value", "baseline", "ratio"):
        number = fields[name]
        fields[name] = None if number is None else float(f"{number:.5g}")
    return json.dumps(fields)


def _line(cells: tuple[str, ...]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
