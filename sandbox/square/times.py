"""The one text form of a moment on the square."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Write a moment the way the network does: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse(text: str) -> datetime:
    """Read an ISO moment with an offset; raises ValueError for anything else, a naive moment included."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the moment has no offset")
    return moment.astimezone(UTC)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as cursors of the network carry them."""
    return round(moment.timestamp() * 1000)
