"""Business hours: sums over nights, weekends, lunch breaks, holidays and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import Calendar, Span

ZAGREB = "Europe/Zagreb"
DESK = Calendar(
    zone=ZAGREB,
    spans=tuple(
        span
        for day in range(5)
        for span in (
            Span(weekday=day, opens=time(9), closes=time(12, 30)),
            Span(weekday=day, opens=time(13), closes=time(17)),
        )
    ),
    closed=(date(2026, 12, 25),),
)


def at(text: str) -> datetime:
    """An instant given as local time in Zagreb with its offset."""
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-03-04T10:00+01:00", 60, "2026-03-04T11:00+01:00"),
        ("2026-03-04T12:00+01:00", 60, "2026-03-04T13:30+01:00"),  # over lunch
        ("2026-03-04T16:00+01:00", 120, "2026-03-05T10:00+01:00"),  # over night
        ("2026-03-06T16:30+01:00", 60, "2026-03-09T09:30+01:00"),  # over a weekend
        ("2026-03-07T11:00+01:00", 60, "2026-03-09T10:00+01:00"),  # asked on a Saturday
        ("2026-12-24T16:30+01:00", 60, "2026-12-28T09:30+01:00"),  # over Christmas and a weekend
        ("2026-03-27T16:30+01:00", 60, "2026-03-30T09:30+02:00"),  # over the change to summer time
        ("2026-03-04T10:00+01:00", 150, "2026-03-04T12:30+01:00"),  # to the very end of a span
    ],
)
def test_promises_count_only_open_hours(start: str, minutes: int, end: str) -> None:
    """A promise of so many minutes falls due when the desk has been open for that long."""
    assert DESK.after(at(start), timedelta(minutes=minutes)) == at(end)


@given(
    st.integers(0, 350 * 24 * 60),
    st.integers(1, 60 * 60),
)
def test_what_falls_due_has_been_open_for_that_long(minute: int, minutes: int) -> None:
    """The one sum is the other one turned around, whenever in the year it begins."""
    start, opened = at("2026-01-01T00:00+01:00") + timedelta(minutes=minute), timedelta(minutes=minutes)
    assert DESK.between(start, DESK.after(start, opened)) == opened


def test_a_night_is_no_time_at_the_desk() -> None:
    """From the evening to the morning nothing passes; backwards neither; around the clock all of it does."""
    evening, morning = at("2026-03-04T18:00+01:00"), at("2026-03-05T08:30+01:00")
    assert DESK.between(evening, morning) == DESK.between(morning, evening) == timedelta(0)
    assert DESK.between(evening, morning + timedelta(hours=1)) == timedelta(minutes=30)
    assert Calendar().between(evening, morning) == morning - evening
    assert Calendar().between(morning, evening) == timedelta(0)


def test_without_spans_the_desk_never_closes() -> None:
    """No opening hours means around the clock."""
    start = at("2026-03-07T23:00+01:00")
    assert Calendar().after(start, timedelta(hours=2)) == start + timedelta(hours=2)
    assert Calendar().is_open(start)


def test_holidays_count_without_opening_hours() -> None:
    """A desk that never closes but for Christmas: nothing falls due on that day, in its own time zone."""
    desk = Calendar(zone=ZAGREB, closed=(date(2026, 12, 25),))
    assert desk.after(at("2026-12-24T23:30+01:00"), timedelta(hours=1)) == at("2026-12-26T00:30+01:00")
    assert desk.after(at("2026-12-23T23:30+01:00"), timedelta(hours=1)) == at("2026-12-24T00:30+01:00")
    assert [desk.is_open(at(f"2026-12-{day}T12:00+01:00")) for day in (24, 25, 26)] == [True, False, True]
    assert desk.version


def test_a_span_may_end_at_midnight() -> None:
    """00:00 as the end of a span means the end of that day."""
    late = Calendar(spans=(Span(weekday=2, opens=time(20), closes=time(0)),))
    wednesday = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert late.is_open(wednesday)
    assert late.after(wednesday, timedelta(minutes=30)) == datetime(2026, 3, 5, tzinfo=UTC)


def test_the_hour_that_summer_time_takes_is_not_counted() -> None:
    """On the night of the change a desk that opens 01:00-05:00 is open for three hours, not four."""
    night = Calendar(zone=ZAGREB, spans=tuple(Span(weekday=day, opens=time(1), closes=time(5)) for day in range(7)))
    start = at("2026-03-29T01:00+01:00")
    assert night.after(start, timedelta(hours=3)) == at("2026-03-29T05:00+02:00")


def test_the_day_that_summer_time_pushes_is_open_too() -> None:
    """From a minute before the night of the change, less than a day reaches into the second day after it."""
    desk = Calendar(zone=ZAGREB, closed=(date(2026, 12, 25),))
    start, end = at("2026-03-28T23:59+01:00"), at("2026-03-30T00:58+02:00")
    assert desk.between(start, end) == end - start == timedelta(hours=23, minutes=59)


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        (ZAGREB, "2026-03-29T00:00+01:00", 7),
        (ZAGREB, "2026-10-25T00:00+02:00", 7.5),
        ("Australia/Lord_Howe", "2026-10-04T00:00+10:30", 7),
        ("Asia/Kolkata", "2026-03-29T00:00+05:30", 7.5),
    ],
)
def test_no_minute_of_the_night_of_the_change_counts_twice(zone: str, night: str, hours: float) -> None:
    """Open until 02:30 and again from 03:00, of which one night has no 02:30, and another one two: the first counts."""
    spans = [
        Span(weekday=day, opens=opens, closes=closes)
        for day in range(7)
        for opens, closes in ((time(0), time(2, 30)), (time(3), time(8)))
    ]
    desk, start = Calendar(zone=zone, spans=tuple(spans)), at(night)
    end = desk.local(start).replace(hour=8, fold=0).astimezone(UTC)
    assert desk.between(start, end) == timedelta(hours=hours)
    assert desk.after(start, timedelta(hours=hours)) == end


@pytest.mark.parametrize(
    ("closed", "last"),
    [((), None), (("2025-12-25",), date(2025, 12, 25)), (("2025-12-25", "2026-12-31"), None), (("2027-01-01",), None)],
)
def test_a_list_of_holidays_that_is_over_is_known(closed: tuple[str, ...], last: date | None) -> None:
    """On the last of them it is not over yet, by the desk's own clock."""
    desk = Calendar(zone=ZAGREB, closed=tuple(date.fromisoformat(day) for day in closed))
    assert desk.last_holiday_before(at("2026-12-31T23:59+01:00")) == last


def test_a_calendar_that_never_opens_counts_plain_time() -> None:
    """With a holiday on every day that matters a promise still falls due some time."""
    closed = tuple(date(2026, 3, 4) + timedelta(days=day) for day in range(800))
    never = Calendar(spans=(Span(weekday=0, opens=time(9), closes=time(10)),), closed=closed)
    start = datetime(2026, 3, 4, tzinfo=UTC)
    assert never.after(start, timedelta(hours=1)) == start + timedelta(hours=1)


def test_the_desk_is_open_from_the_first_instant_to_before_the_last() -> None:
    """So that one span that ends when the next begins leaves no gap, and none counts twice."""
    nine_to_ten = Calendar(spans=(Span(weekday=2, opens=time(9), closes=time(10)),))
    nine = datetime(2026, 3, 4, 9, tzinfo=UTC)
    instants = (nine - timedelta(seconds=1), nine, nine + timedelta(minutes=59), nine + timedelta(hours=1))
    assert [nine_to_ten.is_open(instant) for instant in instants] == [False, True, True, False]


def test_the_version_changes_with_the_hours_only() -> None:
    """Due times remember by which opening hours they were computed."""
    other = DESK.model_copy(update={"spans": DESK.spans[:-1]})
    assert DESK.version == DESK.model_copy().version != other.version
    assert Calendar().version == ""


@given(
    st.datetimes(  # hypothesis takes naive bounds
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(2027, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    st.integers(1, 3000),
    st.integers(1, 3000),
)
def test_waiting_in_two_parts_is_waiting_once(start: datetime, first: int, second: int) -> None:
    """after(after(t, a), b) is after(t, a + b), and never lies before t."""
    one, two = timedelta(minutes=first), timedelta(minutes=second)
    assert DESK.after(DESK.after(start, one), two) == DESK.after(start, one + two) > start


@pytest.mark.parametrize(
    ("calendar", "now", "within", "opens"),
    [
        (DESK, "2026-03-04T10:00+01:00", 7, "2026-03-04T13:00+01:00"),  # after lunch
        (DESK, "2026-03-04T13:00+01:00", 7, "2026-03-05T09:00+01:00"),  # it has just opened
        (DESK, "2026-12-24T17:00+01:00", 4, "2026-12-28T09:00+01:00"),  # over Christmas
        (DESK, "2026-12-24T17:00+01:00", 3, None),
        (Calendar(), "2026-03-04T10:00+01:00", 7, None),
        (Calendar(zone=ZAGREB, closed=(date(2026, 3, 6),)), "2026-03-04T10:00+01:00", 7, "2026-03-07T00:00+01:00"),
        (Calendar(zone=ZAGREB, closed=(date(2026, 3, 6),)), "2026-03-06T10:00+01:00", 7, "2026-03-07T00:00+01:00"),
        (Calendar(zone=ZAGREB, closed=(date(2026, 3, 6),)), "2026-03-07T10:00+01:00", 7, None),
    ],
)
def test_the_next_opening_comes_after_the_desk_was_closed(
    calendar: Calendar, now: str, within: int, opens: str | None
) -> None:
    """Midnight is none for a desk that is open before and after it."""
    found = calendar.next_opening(at(now), timedelta(days=within))
    assert found == (None if opens is None else at(opens))
