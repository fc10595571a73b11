"""Values of Meta's JSON that come in several forms: ids as text or as numbers, times in three spellings."""

from datetime import UTC, datetime
from typing import Final

from connectors.times import sound, spelled

MILLISECONDS: Final = 1e11
"""Times above this are milliseconds: as seconds they would lie after the year 5000."""


def identifier(value: object) -> str:
    """An id, which comes as text or as a number; empty for anything else."""
    if isinstance(value, str):
        return text(value).strip()[:200]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40 else ""


def text(value: object) -> str:
    """Words; empty for anything else. Halves of characters are replaced, so that the text can be stored."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def moment(value: object) -> datetime | None:
    """A time in UTC: seconds or milliseconds as a number or as text, or ISO 8601; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _spelled(value.strip()[:40])
    if not isinstance(value, int | float):
        return None
    try:
        return sound(datetime.fromtimestamp(value / 1000 if value > MILLISECONDS else value, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _spelled(value: str) -> datetime | None:
    if value.isascii() and value.isdigit():
        return moment(int(value))
    return spelled(value)
