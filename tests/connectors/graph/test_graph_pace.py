"""The pace on the Graph API: what the usage headers say, and what follows."""

import json
from datetime import timedelta

import pytest

from connectors.graph.pace import KEPT, Pace
from tests.support.cases import NOON


def business(percent: int, minutes: int = 0) -> dict[str, str]:
    """The header for one Page."""
    usage = {"type": "pages", "call_count": percent, "total_time": 1, "estimated_time_to_regain_access": minutes}
    return {"X-Business-Use-Case-Usage": json.dumps({"1122": [usage, {"type": "messenger", "call_count": 2}]})}


def test_in_quiet_times_nothing_waits() -> None:
    """Below 75 % polls keep their interval."""
    pace = Pace()
    pace.note(business(74), NOON)
    assert (pace.wait(NOON), pace.interval(60, NOON)) == (0, 60)


def test_polls_slow_down_at_75_percent() -> None:
    """Four times as long between two polls, until the reading is old."""
    pace = Pace()
    pace.note(business(75), NOON)
    assert (pace.wait(NOON), pace.interval(60, NOON)) == (0, 240)
    assert pace.interval(60, NOON + timedelta(minutes=5)) == 60


def test_from_90_percent_only_staff_are_served() -> None:
    """Everything else waits until the reading is old enough for another look."""
    pace = Pace()
    pace.note({"X-App-Usage": json.dumps({"call_count": 28, "total_time": 90, "total_cputime": 20})}, NOON)
    assert pace.wait(NOON + timedelta(minutes=2)) == 180
    assert pace.interval(60, NOON) == 300
    assert pace.wait(NOON + timedelta(minutes=5)) == 0


def test_a_new_reading_replaces_the_old_one() -> None:
    """The limit is a rolling hour: what was full is empty later."""
    pace = Pace()
    pace.note(business(95), NOON)
    pace.note(business(10), NOON)
    assert pace.wait(NOON) == 0
    pace.note({}, NOON)
    assert pace.percent == 10


def test_a_refusal_pauses_as_told_or_longer_each_time() -> None:
    """Minutes come from the header; without it 5, 10, 20, 40, then 60 minutes; an answer starts over."""
    pace = Pace()
    assert pace.throttled(business(100, minutes=12), NOON) == 720
    assert pace.wait(NOON) == 720
    grown = [pace.throttled({}, NOON) for _ in range(5)]
    assert grown == [600, 1200, 2400, 3600, 3600]
    pace.note({}, NOON)
    assert pace.throttled({}, NOON) == 300
    assert pace.throttled(business(100, minutes=100_000), NOON) == 3600


@pytest.mark.parametrize("value", ["", "{", "[]", "7", '{"1":7}', '{"1":[7]}', '{"call_count":"90"}',
                                   '{"call_count":true}', '{"call_count":-1}', "[" * 50_000])  # fmt: skip
def test_headers_of_another_form_change_nothing(value: str) -> None:
    """A broken header is no reason to stop."""
    pace = Pace()
    pace.note({"X-App-Usage": value}, NOON)
    assert pace.wait(NOON) == 0
    assert pace.percent == 0


def test_what_staff_are_told_of_the_limit() -> None:
    """Nothing while there is room or when the reading is old; else how much is used, and what that means."""
    pace = Pace()
    assert pace.words(NOON) == ""
    for percent, words in ((74, ""), (75, "asks less often"), (90, "nothing but answers")):
        pace.note({"X-App-Usage": json.dumps({"call_count": percent})}, NOON)
        assert words in pace.words(NOON)
        assert bool(words) == bool(pace.words(NOON))
    assert pace.words(NOON + KEPT) == ""
