"""Opening hours as people write them ("mon-fri 09:00-17:30"), as spans of the week."""

import re
from collections.abc import Sequence
from datetime import time
from itertools import pairwise

from bot.domain.calendar import Span

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"


def opening_hours(texts: Sequence[str]) -> tuple[Span, ...]:
    """One span for each day of each text. Raises ValueError that shows the form, or the day on which two overlap."""
    spans = tuple(span for text in texts for span in _spans(text))
    in_order = sorted((span.weekday, _minutes(span)) for span in spans)
    for (day, (_, closes)), (next_day, (opens, _)) in pairwise(in_order):
        if day == next_day and opens < closes:
            msg = f"two spans overlap on {WEEKDAYS[day]}"
            raise ValueError(msg)
    return spans


def _minutes(span: Span) -> tuple[int, int]:
    """When a span begins and ends, in minutes of its day."""
    return span.opens.hour * 60 + span.opens.minute, span.closes.hour * 60 + span.closes.minute or DAY_MINUTES


def _spans(text: str) -> list[Span]:
    """ "mon-fri 09:00-17:30" as one span for each day."""
    match = re.fullmatch(rf"([a-z]{{3}})(?:-([a-z]{{3}}))? ({TIME})-({TIME}|24:00)", text.lower())
    if match is None or any(day not in WEEKDAYS for day in match.group(1, 2) if day):
        msg = f"{text[:60]!r} does not read like 'mon-fri 09:00-17:30'"
        raise ValueError(msg)
    first, last = WEEKDAYS.index(match[1]), WEEKDAYS.index(match[2] or match[1])
    opens, closes = time.fromisoformat(match[3]), time.fromisoformat(match[4].replace("24:", "00:"))
    if last < first or (closes != time(0) and closes <= opens):
        msg = f"{text!r} ends before it begins"
        raise ValueError(msg)
    return [Span(weekday=day, opens=opens, closes=closes) for day in range(first, last + 1)]
