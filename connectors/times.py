"""Times as networks tell them, made fit to count with."""

from datetime import UTC, datetime, timedelta
from typing import Final

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Nothing happens before or after these; nearer to the ends of the calendar a window or another zone has no room."""

CLOCK_TOLERANCE: Final = timedelta(minutes=2)
"""How far a network's clock may be behind ours when we look for our own words. If it is further behind, what stands is
not found, and sent twice; older words of ours that stand within it are known to be another send's."""


def sound(at: datetime | None) -> datetime | None:
    """The instant in UTC, of a time without a zone as if it were UTC; None for one that nobody can count with."""
    if at is None:
        return None
    try:
        found = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None
    return found if EARLIEST <= found <= LATEST else None


def happened(received_at: datetime, *told: datetime | None) -> datetime:
    """When something happened: as the first of these tells, but never later than it was received."""
    return min(next((at for at in told if at is not None), received_at), received_at)


def spelled(text: str) -> datetime | None:
    """An ISO 8601 time in UTC; None for what is none."""
    try:
        return sound(datetime.fromisoformat(text))
    except ValueError:
        return None
