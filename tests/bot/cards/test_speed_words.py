"""How fast customers were answered, in words."""

import json
from collections import Counter
from datetime import timedelta
from math import ceil, floor
from typing import Any

import pytest

from bot.cards.home import HomeData, home_view
from bot.cards.limits import CARD_TOTAL, size
from bot.cards.speed import duration_words, home_line, plain_lines, span_words, speed_reply
from bot.domain.calendar import Calendar
from bot.domain.counting import Count, What
from bot.domain.network import Titles
from bot.domain.percentiles import EDGES, Bounds, bucket, percentile
from bot.domain.speed import Queue, Speed, Stage, Waiter, speed
from tests.support.block_kit import check_message, check_view
from tests.support.card_cases import matches_snapshot
from tests.support.cases import ANA, NOON

TITLES = Titles(square="Square", harbour="Harbour <!here>")
SINCE = NOON.replace(hour=0) - timedelta(days=7)
TIMES = (What.WORD_DESK, What.WORD_CUSTOMER, What.ANSWER_DESK, What.ANSWER_CUSTOMER)


def counts(network: str, minutes: float, customers: int) -> dict[Count, int]:
    """So many customers who were answered in time, three of them too late."""
    answered = {Count(network, what, bucket(60 * minutes)): customers for what in TIMES}
    return answered | {Count(network, What.KEPT): customers - 3, Count(network, What.BROKEN): 3}


def a_week(*networks: str, waiting: int = 0) -> Speed:
    """Twenty customers of each network were answered in twenty minutes or longer; some wait since hours."""
    counted = {
        count: amount for n, name in enumerate(networks) for count, amount in counts(name, 20 * 3**n, 20).items()
    }
    stages = (Stage.WORD, Stage.ANSWER, Stage.AGAIN)
    waiters = [
        Waiter(networks[0], NOON - timedelta(hours=3 + n, minutes=12), stages[n % 3], overdue=True)
        for n in range(waiting)
    ]
    return speed(counted, Queue(waiters), Calendar(), SINCE, NOON)


BUSY = a_week("square", "harbour", waiting=9)
CLOSED = speed(counts("square", 20, 20) | {Count("square", What.LEFT): 1}, Queue(), Calendar(), SINCE, NOON)


def text_of(drawn: Any) -> str:
    """All that it says."""
    return json.dumps(drawn, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "told"),
    [("speed", BUSY), ("speed_all_answered", CLOSED), ("speed_nothing", speed({}, Queue(), Calendar(), SINCE, NOON))],
)
def test_each_answer_is_drawn_as_recorded_and_within_the_limits(name: str, told: Speed) -> None:
    """As somebody last looked at it; a network's title pings nobody."""
    drawn = speed_reply(told, TITLES)
    assert check_message(drawn.blocks, drawn.text) == []
    assert matches_snapshot(name, {"text": drawn.text, "blocks": drawn.blocks})
    assert drawn.text == drawn.blocks[0]["text"]["text"], "who hears the text is told all of it"
    assert "<!here>" not in text_of(drawn.blocks)


def test_many_networks_stay_within_the_limits() -> None:
    """The busiest are told of, the others counted."""
    many = a_week(*(f"network-{n}-{'&' * 40}" for n in range(30)), waiting=5000)
    drawn = speed_reply(many, Titles())
    assert check_message(drawn.blocks, drawn.text) == []
    assert size(drawn.blocks) < CARD_TOTAL
    assert "and 22 networks more" in text_of(drawn.blocks)


def test_home_has_one_line() -> None:
    """And none before anybody was answered or waits."""
    line = home_line(BUSY)
    assert "half" in line
    assert "promises kept: 34 of 46 (73 %)" in line
    view = home_view(HomeData(person=ANA, speed=line))
    assert check_view(view) == []
    assert text_of(view).count("`/hark speed` tells more") == 1
    assert home_line(speed({}, Queue(), Calendar(), SINCE, NOON)) == ""


def test_the_command_line_says_the_same_without_signs_of_slack() -> None:
    """Dates in UTC."""
    lines = plain_lines(BUSY, Titles())
    assert lines[0] == "How fast we were since 2026-02-25 00:00 UTC"
    assert "the oldest since 2026-03-04 00:48 UTC" in lines[1]
    assert not any("*" in line or "<" in line for line in lines)


@pytest.mark.parametrize(
    ("seconds", "down", "near", "up"),
    [
        (0, "under 1 min", "under 1 min", "under 1 min"),
        (59.9, "under 1 min", "1 min", "1 min"),
        (60, "1 min", "1 min", "1 min"),
        (42.4 * 60, "42 min", "42 min", "43 min"),
        (3599, "59 min", "1 h", "1 h"),
        (3 * 3600 + 13 * 60, "3 h 10 min", "3 h 15 min", "3 h 15 min"),
        (12 * 3600 + 14 * 60, "12 h 10 min", "12 h 10 min", "12 h 20 min"),
        (86_399, "23 h 50 min", "1 d", "1 d"),
        (53.2 * 3600, "2 d 5 h", "2 d 5 h", "2 d 6 h"),
        (48 * 3600, "2 d", "2 d", "2 d"),
    ],
)
def test_times_are_short_and_rounded_the_honest_way(seconds: float, down: str, near: str, up: str) -> None:
    """Two units at the most."""
    assert [duration_words(seconds, whole) for whole in (floor, round, ceil)] == [down, near, up]


@pytest.mark.parametrize(
    ("answered", "waiting", "words"),
    [
        ([20], [], "20 min"),
        ([200], [], "3 h 15 min"),
        ([0.1], [], "under 1 min"),
        ([20, 20, 60], [240], "20 min"),
        ([20], [190], "20 min"),
        ([20], [190, 190, 190], "at least 3 h"),
        ([60] * 3, [2] * 3, "1 min to 1 h 5 min"),
        ([], [0.2], "still open"),
    ],
)
def test_what_depends_on_who_still_waits_says_so(answered: list[float], waiting: list[float], words: str) -> None:
    """The median of minutes: one time where it is certain, to 5 %; else a span, or "at least"."""
    counted = [Counter(bucket(60 * minutes) for minutes in times) for times in (answered, waiting)]
    bounds = percentile(50, *counted)
    assert bounds is not None
    assert span_words(bounds) == words


@pytest.mark.parametrize(("minutes", "words"), [(9, "9 min"), (8.7, "9 min"), (192, "3 h 10 min")])
def test_nine_of_ten_took_no_less_than_half(minutes: float, words: str) -> None:
    """Rounded down, "at least 8 min" would stand behind "half: 9 min"."""
    answered = dict.fromkeys((Count("square", what, bucket(60 * minutes)) for what in TIMES), 8)
    waiters = [Waiter("square", NOON - timedelta(minutes=minutes), Stage.WORD, overdue=False)] * 2
    told = speed(answered, Queue(waiters), Calendar(), SINCE, NOON)
    assert f"half: {words} · 9 of 10: at least {words}" in home_line(told)


def test_neighbouring_buckets_are_one_figure() -> None:
    """Three are not."""
    at = bucket(3600)
    assert " to " not in span_words(Bounds(EDGES[at], EDGES[at + 2]))
    assert " to " in span_words(Bounds(EDGES[at], EDGES[at + 3]))
