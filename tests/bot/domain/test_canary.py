"""The canary learns a rhythm, keeps still while the rhythm holds, and tells of a silence that means something."""

import random
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.calendar import Calendar, Span
from bot.domain.canary import Arrival, Stream, first_heard, hear, is_learned, rings, usual_gap, watch

MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
ALWAYS = Calendar()
LOOK = timedelta(minutes=20)
DAYTIME = Calendar(spans=tuple(Span(weekday=d, opens=clock_time(9), closes=clock_time(17)) for d in range(5)))


def rhythm(at: datetime, daily: float) -> float:
    """Arrivals an hour of a stream with so many a day: busy by day, nearly still at night, half at the weekend."""
    share = 0.07 if 8 <= at.hour < 20 else 0.0133
    return daily * share * (0.5 if at.weekday() >= 5 else 1.0)


class Life:
    """A stream that lives: a simulated Poisson process and the canary that looks every twenty minutes."""

    def __init__(self, seed: int, daily: float, calendar: Calendar = ALWAYS, burst: int = 1) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a simulation
        self.daily = daily
        self.calendar = calendar
        self.burst = burst
        self.now = MONDAY
        self.stream: Stream = first_heard(MONDAY)
        self.rung: list[datetime] = []

    def live(self, span: timedelta, *, dead: bool = False) -> "Life":
        """Let time pass; each ring is answered by taking it as told."""
        end = self.now + span
        while self.now < end:
            came = [] if dead else self._arrivals(self.now)
            self.now += LOOK
            self.look(came)
        return self

    def look(self, came: list[Arrival]) -> None:
        """One look of the chore."""
        self.stream = hear(watch(self.stream, self.now, self.calendar), came, self.calendar)
        if self.stream.back:
            self.stream = self.stream.model_copy(update={"rung": None, "back": 0, "back_at": None})
        if rings(self.stream, self.now, self.calendar):
            self.rung.append(self.now)
            self.stream = self.stream.model_copy(update={"rung": self.now})

    def _arrivals(self, start: datetime) -> list[Arrival]:
        """Each minute of the twenty has its own chance."""
        chance = rhythm(start, self.daily) / 60 / self.burst
        lit = [n for n in range(20) if self.random.random() < chance]
        minutes = {n + k for n in lit for k in range(self.burst) if n + k < 20}
        return [Arrival(at=start + timedelta(minutes=n)) for n in sorted(minutes)]


@settings(max_examples=6)
@given(st.integers(0, 10**6), st.sampled_from([3.0, 8.0, 40.0, 150.0, 300.0]))
def test_a_living_stream_rings_less_than_once_a_month(seed: int, daily: float) -> None:
    """Rare, usual and busy streams with day, night and weekend: two weeks to learn, a month to keep still."""
    life = Life(seed, daily).live(timedelta(weeks=6))
    assert len(life.rung) <= 1


def test_false_alarms_are_rare_over_many_streams() -> None:
    """Ten months of streams of all sizes: one ring at most."""
    rung = [
        len(Life(seed, daily).live(timedelta(weeks=6)).rung)
        for seed in range(4)
        for daily in (8.0, 25.0, 80.0, 200.0, 400.0)
    ]
    assert sum(rung) <= 1


@settings(max_examples=5)
@given(st.integers(0, 10**6), st.sampled_from([60.0, 150.0, 400.0]))
def test_a_busy_stream_that_dies_is_found_within_a_few_usual_gaps(seed: int, daily: float) -> None:
    """It dies on a Wednesday at eleven; the silence is told within ten of the gaps that are usual then."""
    life = Life(seed, daily).live(timedelta(weeks=3, days=2, hours=11))
    life.rung.clear()
    died = life.now
    usual = usual_gap(life.stream, ALWAYS)
    life.live(timedelta(hours=12), dead=True)
    assert life.rung
    assert life.rung[0] - died <= max(usual * 10, timedelta(minutes=25)) + LOOK


def test_a_night_that_is_always_still_says_nothing() -> None:
    """Dead at two in the morning, it is told in the morning, when people usually write."""
    life = Life(5, 120.0).live(timedelta(weeks=3, hours=2))
    life.live(timedelta(hours=4), dead=True)
    assert life.rung == []
    life.live(timedelta(hours=6), dead=True)
    assert life.rung
    assert 7 <= life.rung[0].hour < 12


def test_a_naturally_rare_stream_never_rings() -> None:
    """Two a day may well be silent for a fortnight."""
    life = Life(3, 2.0).live(timedelta(weeks=8)).live(timedelta(days=14), dead=True)
    assert life.rung == []


def test_few_data_say_nothing() -> None:
    """Six days of a busy stream are not a week; a week with little in it is not enough either."""
    young = Life(1, 300.0).live(timedelta(days=6)).live(timedelta(hours=20), dead=True)
    assert young.rung == []
    thin = Life(1, 3.0).live(timedelta(days=8))
    assert not is_learned(thin.stream, thin.now)


def test_it_rings_only_while_the_desk_is_open() -> None:
    """A stream that dies on Friday evening is told on Monday at nine, once."""
    life = Life(7, 400.0, DAYTIME).live(timedelta(weeks=3, days=4, hours=17, minutes=10))
    life.rung.clear()
    life.live(timedelta(days=4), dead=True)
    assert [(each.weekday(), each.hour) for each in life.rung] == [(0, 9)]


def test_time_in_which_hark_was_away_proves_nothing() -> None:
    """After a weekend without a worker the silence begins anew, and the hours are not learned as still ones."""
    life = Life(9, 300.0).live(timedelta(weeks=3, days=2, hours=12))
    hours = sum(life.stream.hours)
    life.rung.clear()
    life.now += timedelta(days=2)
    life.look([])
    assert life.rung == []
    assert sum(life.stream.hours) == hours
    life.live(timedelta(hours=3), dead=True)
    assert life.rung


def test_a_stream_that_became_slower_rings_once_at_most() -> None:
    """A fifth of the traffic is a new habit, not a string of alarms."""
    life = Life(11, 500.0).live(timedelta(weeks=4))
    life.rung.clear()
    life.daily = 100.0
    life.live(timedelta(weeks=2))
    assert len(life.rung) <= 2


def test_the_first_arrival_ends_the_silence() -> None:
    """It is counted from then on, and what a sweep found meanwhile is known."""
    life = Life(13, 300.0).live(timedelta(weeks=3, days=2, hours=11)).live(timedelta(hours=3), dead=True)
    assert life.stream.rung
    swept = hear(life.stream, [Arrival(at=life.now, count=3, swept=True)], ALWAYS)
    assert swept.missed == 3
    back = hear(swept, [Arrival(at=life.now, count=2), Arrival(at=life.now + timedelta(minutes=1))], ALWAYS)
    assert (back.back, back.back_at, back.missed) == (3, life.now, 0)


def test_the_same_minute_twice_counts_once() -> None:
    """A crash between storing and forgetting repeats what was heard; it changes nothing."""
    once = hear(first_heard(MONDAY), [Arrival(at=MONDAY)], ALWAYS)
    assert hear(once, [Arrival(at=MONDAY)], ALWAYS) == once


def test_what_is_kept_is_bounded() -> None:
    """Half a year of a busy stream is a few kilobytes, and can be read again."""
    life = Life(17, 600.0).live(timedelta(weeks=8))
    text = life.stream.model_dump_json()
    assert len(text) < 12_000
    assert Stream.model_validate_json(text) == life.stream


@pytest.mark.parametrize(("weekday", "hour", "shorter"), [(2, 11, True), (2, 3, False)])
def test_the_usual_gap_is_that_of_the_time_of_week(weekday: int, hour: int, shorter: bool) -> None:
    """Short by day, long at night."""
    life = Life(19, 120.0).live(timedelta(weeks=4))
    at = life.now + timedelta(days=weekday, hours=hour)
    gap = usual_gap(life.stream.model_copy(update={"quiet_from": at}), ALWAYS)
    assert (gap < timedelta(minutes=40)) is shorter
    assert gap < timedelta(hours=8)
