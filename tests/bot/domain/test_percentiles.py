"""Percentiles of times in buckets, some of them of customers who still wait."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.percentiles import EDGES, LONGEST_S, STEP, Bounds, bucket, percentile

DAY_S = 86_400.0
SECONDS = st.floats(0, LONGEST_S * 0.9) | st.sampled_from([0.0, 29.0, 30.0, 60.0, 3600.0])
NOBODY: Counter[int] = Counter()


def counted(times: list[float]) -> Counter[int]:
    """Times by bucket."""
    return Counter(bucket(each) for each in times)


def nearest_rank(percent: int, times: list[float]) -> float:
    """The same percentile of a plain sorted list."""
    return sorted(times)[max(1, -(-len(times) * percent // 100)) - 1]


def test_each_bucket_is_five_percent_wider() -> None:
    """From half a minute to two months, each time in one bucket."""
    assert (EDGES[0], EDGES[1]) == (0, 30)
    assert all(upper / lower == pytest.approx(STEP) for lower, upper in pairwise(EDGES[1:]))
    assert [bucket(edge) for edge in EDGES] == list(range(len(EDGES)))
    assert bucket(-1) == 0
    assert bucket(10 * LONGEST_S) == len(EDGES) - 1


def test_of_nobody_nothing_is_known() -> None:
    """No figure is better than a made-up one."""
    assert percentile(50, NOBODY, NOBODY) is None
    assert percentile(50, Counter({3: 0}), NOBODY) is None


def test_when_all_wait_it_is_at_least_what_they_have_waited() -> None:
    """Half of them for two hours or longer."""
    bounds = percentile(50, NOBODY, counted([60.0, 7200.0, 90_000.0]))
    assert bounds == Bounds(EDGES[bucket(7200)], None)


@pytest.mark.parametrize(("answered", "known"), [(9, True), (8, False)])
def test_the_limit_and_one_past_it(answered: int, known: bool) -> None:
    """With nine of ten answered the 90th percentile is known; with eight it depends on one who waits."""
    bounds = percentile(90, counted([600.0] * answered), counted([7200.0] * (10 - answered)))
    assert bounds == (
        Bounds(EDGES[bucket(600)], EDGES[bucket(600) + 1]) if known else Bounds(EDGES[bucket(7200)], None)
    )


def test_who_came_just_now_does_not_make_it_shorter() -> None:
    """Ten were answered after an hour, ten came a minute ago: they may be quick, but nobody knows."""
    bounds = percentile(50, counted([3600.0] * 10), counted([60.0] * 10))
    assert bounds == Bounds(EDGES[bucket(60)], EDGES[bucket(3600) + 1])


def test_what_took_longer_than_the_last_bucket_has_no_end() -> None:
    """An answer after three months is said to have taken at least two."""
    bounds = percentile(50, counted([90 * DAY_S]), NOBODY)
    assert bounds == Bounds(EDGES[-1], None)


@settings(max_examples=200)
@given(st.lists(SECONDS, min_size=1, max_size=60), st.integers(1, 100))
def test_it_is_that_of_the_sorted_list(times: list[float], percent: int) -> None:
    """To one bucket, with ties and all."""
    bounds = percentile(percent, counted(times), NOBODY)
    true = nearest_rank(percent, times)
    assert bounds is not None
    assert bounds.high_s is not None
    assert bounds.low_s <= true < bounds.high_s


@settings(max_examples=200)
@given(
    st.lists(SECONDS, max_size=40),
    st.lists(st.tuples(SECONDS, SECONDS), max_size=40).filter(bool),
    st.sampled_from([50, 90]),
)
def test_however_those_who_wait_fare_it_holds(
    answered: list[float], waiting: list[tuple[float, float]], percent: int
) -> None:
    """Whenever each of them is answered in the end, the true percentile lies within the bounds."""
    bounds = percentile(percent, counted(answered), counted([by_now for by_now, _ in waiting]))
    true = nearest_rank(percent, answered + [by_now + more for by_now, more in waiting])
    assert bounds is not None
    assert bounds.low_s <= true
    assert bounds.high_s is None or true < bounds.high_s


@settings(max_examples=200)
@given(st.lists(SECONDS, max_size=30), st.lists(SECONDS, max_size=30), SECONDS, SECONDS, st.sampled_from([50, 90]))
def test_to_let_somebody_wait_never_makes_it_shorter(
    answered: list[float], waiting: list[float], by_now: float, more: float, percent: int
) -> None:
    """One who is left waiting for longer, instead of being answered now, moves both bounds up or not at all."""
    now = percentile(percent, counted([*answered, by_now]), counted(waiting))
    later = percentile(percent, counted(answered), counted([*waiting, by_now + more]))
    assert now is not None
    assert later is not None
    assert later.low_s >= now.low_s
    assert later.high_s is None or (now.high_s is not None and later.high_s >= now.high_s)
