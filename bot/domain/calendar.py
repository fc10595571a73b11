"""Business hours: how much of a span of time the desk was open, and when a promise falls due.

A calendar is a list of open spans for each weekday, closed days, and a time zone. Without spans the desk is open
around the clock, but on closed days. Sums are made in UTC, so that a change to or from summer time neither adds nor
swallows an hour.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.domain.models import EARLIEST, Model

SEARCH_DAYS = 400
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"


class Span(Model):
    """An open span of one weekday (Monday is 0), in local time; it ends on the same day, at 24:00 at the latest."""

    weekday: int
    opens: time
    closes: time  # 00:00 means the end of the day


AROUND_THE_CLOCK = tuple(Span(weekday=day, opens=time(0), closes=time(0)) for day in range(7))


class Calendar(Model):
    """When the desk is open. `zone` is an IANA name; `closed` are holidays."""

    zone: str = "UTC"
    spans: tuple[Span, ...] = ()
    closed: tuple[date, ...] = ()

    @cached_property
    def version(self) -> str:
        """Changes whenever the opening hours do; stored with each due time. Empty for a desk that never closes."""
        return "" if self._never_closes else blake2b(self.model_dump_json().encode(), digest_size=4).hexdigest()

    def local(self, at: datetime) -> datetime:
        """The same instant on the desk's wall clock."""
        return at.astimezone(ZoneInfo(self.zone))

    def is_open(self, at: datetime) -> bool:
        """Whether the desk is open at this instant."""
        return self._never_closes or any(start <= at < end for start, end in self._open_spans(at, days=1))

    def after(self, start: datetime, opened: timedelta) -> datetime:
        """The instant at which the desk will have been open for `opened` since `start`.

        With an unreachable amount (a calendar that never opens within 400 days) plain time is counted.
        """
        if self._never_closes:
            return start + opened
        left = opened
        for opens, closes in self._open_spans(start, days=SEARCH_DAYS):
            begin = max(opens, start)
            if closes <= begin:
                continue
            if begin + left <= closes:
                return begin + left
            left -= closes - begin
        return start + opened

    def between(self, start: datetime, end: datetime) -> timedelta:
        """For how long the desk was open from `start` to `end`; nothing if that is before."""
        if end <= start or self._never_closes:
            return max(end - start, timedelta(0))
        spans = self._open_spans(start, days=(self.local(end).date() - self.local(start).date()).days)
        parts = (min(closes, end) - max(opens, start) for opens, closes in spans)
        return sum((part for part in parts if part > timedelta(0)), timedelta(0))

    def next_opening(self, at: datetime, within: timedelta) -> datetime | None:
        """When the desk, closed until then, opens next after `at`; None if it does not do so `within` that time."""
        if self._never_closes:
            return None
        closed = EARLIEST
        for opens, closes in self._open_spans(at, days=within.days + 1):
            if at < opens <= at + within and closed < opens:
                return opens
            closed = closes
        return None

    def last_holiday_before(self, at: datetime) -> date | None:
        """The last of the closed days, if all of them are over: nobody has set those of the next year yet."""
        last = max(self.closed, default=None)
        return last if last is not None and last < self.local(at).date() else None

    @property
    def _never_closes(self) -> bool:
        return not self.spans and not self.closed

    def _open_spans(self, start: datetime, *, days: int) -> Iterator[tuple[datetime, datetime]]:
        zone, over = ZoneInfo(self.zone), EARLIEST
        first = start.astimezone(zone).date()
        for offset in range(days + 1):
            day = first + timedelta(days=offset)
            if day in self.closed:
                continue
            spans = [each for each in self.spans or AROUND_THE_CLOCK if each.weekday == day.weekday()]
            for span in sorted(spans, key=lambda each: each.opens):
                opens, closes = _utc(day, span.opens, zone), _utc(day, span.closes, zone, end=True)
                yield max(opens, over), closes  # what closes in the hour that summer time takes ends after that hour
                over = max(closes, over)


def _utc(day: date, at: time, zone: ZoneInfo, *, end: bool = False) -> datetime:
    if end and at == time(0):
        day += timedelta(days=1)
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


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
