"""The circuit of an account: opens after failures in a row, waits longer each time, closes at the first success."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.circuit import (
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SIGN_IN,
    SIGN_IN_PAUSE,
    WELL,
    Circuit,
    shut_out,
    unanswered,
    words,
)
from tests.support.cases import NOON

SECOND = timedelta(seconds=1)


def broken(times: int) -> Circuit:
    """A circuit after so many failures, each at the end of the pause before."""
    circuit, now = WELL, NOON
    for _ in range(times):
        circuit = unanswered(circuit, "no answer", now)
        now = circuit.until or now + SECOND
    return circuit


def test_one_failure_pauses_nothing_three_do() -> None:
    """A single lost connection says nothing about a network."""
    assert broken(FAILURES - 1).until is None
    opened = broken(FAILURES)
    assert opened.until == NOON + (FAILURES - 1) * SECOND + FIRST_PAUSE
    assert opened.since == NOON
    assert {broken(times).why for times in range(1, FAILURES + 1)} == {"no answer"}


def test_each_pause_is_longer_up_to_five_minutes() -> None:
    """10, 20, 40, 80, 160, 300, 300 seconds; the first failure stays the beginning."""
    circuit, pauses, now = broken(FAILURES), [], NOON
    for _ in range(7):
        assert circuit.until
        now = circuit.until
        circuit = unanswered(circuit, "no answer", now)
        assert circuit.until
        pauses.append((circuit.until - now).total_seconds())
    assert pauses == [20, 40, 80, 160, 300, 300, 300]
    assert circuit.since == NOON
    assert timedelta(seconds=pauses[-1]) == LONGEST_PAUSE


def test_a_network_that_is_away_for_days_is_still_asked_every_five_minutes() -> None:
    """A thousand pauses in a row are no number too large."""
    circuit = broken(1000)
    assert circuit.until
    assert unanswered(circuit, "no answer", circuit.until).until == circuit.until + LONGEST_PAUSE


def test_calls_that_were_under_way_do_not_lengthen_the_pause() -> None:
    """Sixteen sends at once that all fail are one failure too many, not fourteen."""
    circuit = broken(FAILURES)
    assert circuit.until
    for _ in range(13):
        assert unanswered(circuit, "no answer", circuit.until - SECOND) == circuit


def test_a_refused_sign_in_waits_an_hour_and_says_since_when() -> None:
    """Tried again after an hour, refused again: since the first time."""
    first = shut_out(WELL, "the token has expired", NOON)
    assert first.until == NOON + SIGN_IN_PAUSE
    again = shut_out(first, "the token has expired", NOON + SIGN_IN_PAUSE)
    assert (again.since, again.until) == (NOON, NOON + 2 * SIGN_IN_PAUSE)
    assert words(again, "Facebook", ZoneInfo("Europe/Zagreb")) == (
        "Facebook does not accept the account's sign-in since 13:00: the token has expired"
    )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_people_read_their_own_time(zone: str) -> None:
    """The hour is that of the desk."""
    at = NOON.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    assert words(broken(FAILURES), "X", ZoneInfo(zone)) == f"X does not answer since {at}"


def test_a_circuit_survives_storage() -> None:
    """It is kept as JSON."""
    circuit = broken(5)
    assert Circuit.model_validate_json(circuit.model_dump_json()) == circuit
    assert "token" in SIGN_IN
