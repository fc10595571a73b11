"""How fast Hark may go on the Graph API, by what the answers themselves say about the limits.

After "Rate Limits": X-App-Usage counts an app's calls, X-Business-Use-Case-Usage those for one Page or number, both in
percent of what is allowed in a rolling hour. From 75 % Hark asks less often, from 90 % only staff are served.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

HEADERS: Final = ("X-App-Usage", "X-Page-Usage", "X-Ad-Account-Usage", "X-Business-Use-Case-Usage")
COUNTS: Final = frozenset({"call_count", "total_time", "total_cputime"})
REGAIN: Final = "estimated_time_to_regain_access"
"""Minutes."""

SLOW_AT: Final = 75.0
STAFF_ONLY_AT: Final = 90.0
SLOWER: Final = 4.0
KEPT: Final = timedelta(minutes=5)
"""How long a reading is believed: afterwards one call goes out and brings a new one."""

FIRST_PAUSE: Final = timedelta(minutes=5)
LONGEST_PAUSE: Final = timedelta(hours=1)


class Pace:
    """What is known of the limits of one account in this process; every answer refreshes it."""

    def __init__(self) -> None:
        self.percent = 0.0
        self._read_at: datetime | None = None
        self._paused_until: datetime | None = None
        self._refusals = 0

    def note(self, headers: Mapping[str, str], now: datetime) -> None:
        """Read the usage headers of an answer that was not throttled; without any, nothing changes."""
        self._refusals = 0
        found = list(_usage(headers))
        if found:
            self.percent, self._read_at = max(_percent(one) for one in found), now

    def throttled(self, headers: Mapping[str, str], now: datetime) -> float:
        """The network refused a call as one too many: seconds until the next may go out, 5 minutes to an hour.

        As the network says in its header; where it says nothing, longer with each refusal in a row.
        """
        told = max((_minutes(one) for one in _usage(headers)), default=0.0)
        grown = FIRST_PAUSE * 2 ** min(self._refusals, 8)
        pause = min(timedelta(minutes=told) if told > 0 else grown, LONGEST_PAUSE)
        self._refusals += 1
        self._paused_until = now + pause
        return pause.total_seconds()

    def wait(self, now: datetime) -> float:
        """Seconds that everything but an act of staff has to wait; 0 when it may go now."""
        paused = (self._paused_until - now).total_seconds() if self._paused_until else 0.0
        full = (self._fresh_for(now)).total_seconds() if self.percent >= STAFF_ONLY_AT else 0.0
        return max(paused, full, 0.0)

    def interval(self, seconds: float, now: datetime) -> float:
        """How long to wait between two polls that are `seconds` apart in quiet times."""
        slow = self.percent >= SLOW_AT and self._fresh_for(now) > timedelta(0)
        return max(seconds * SLOWER if slow else seconds, self.wait(now))

    def words(self, now: datetime) -> str:
        """What staff should know of the limits; empty while there is room enough."""
        if self.percent < SLOW_AT or self._fresh_for(now) <= timedelta(0):
            return ""
        held = (
            "nothing but answers goes out until it falls" if self.percent >= STAFF_ONLY_AT else "Hark asks less often"
        )
        return f"the network's limit is nearly used up ({self.percent:.0f} %), so {held}"

    def _fresh_for(self, now: datetime) -> timedelta:
        return self._read_at + KEPT - now if self._read_at else timedelta(0)


def _usage(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Every usage object of an answer's headers; what has another form is passed over."""
    for name in HEADERS:
        try:
            value = json.loads(headers.get(name, "null"))
        except (ValueError, RecursionError):
            continue
        yield from _objects(value)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Usage stands directly in the object, or in lists below the ids of businesses."""
    if not isinstance(value, dict):
        return
    yield value
    for inner in value.values():
        if isinstance(inner, list):
            yield from (one for one in inner if isinstance(one, dict))


def _percent(usage: Mapping[str, Any]) -> float:
    return max((_number(usage.get(name)) for name in COUNTS), default=0.0)


def _minutes(usage: Mapping[str, Any]) -> float:
    return _number(usage.get(REGAIN))


def _number(value: object) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return min(max(float(value), 0.0), 10_000.0) if number else 0.0  # type: ignore[arg-type]
