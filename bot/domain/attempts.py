"""Attempts to post a message to Slack. Each has a name that goes into the message's metadata: it is stored before the
call, so that whoever comes after a crash can look whether the message stands."""

from datetime import UTC, datetime
from secrets import token_hex


def new_attempt(now: datetime) -> str:
    """A name for one attempt that begins now; it says when that was, so that nobody looks further back."""
    return f"{int(now.timestamp() * 1000)}-{token_hex(4)}"


def began_at(attempt: str) -> datetime:
    """When an attempt began, in whole ms."""
    return datetime.fromtimestamp(int(attempt.partition("-")[0]) / 1000, tz=UTC)
