"""When something happened, as far as a network's word for it can be used."""

from datetime import timedelta

from connectors.times import happened
from tests.support.cases import NOON

EARLIER = NOON - timedelta(minutes=2)


def test_the_first_time_that_is_told_counts() -> None:
    """The message's own time goes before its delivery's; where nothing is told, it happened when it was received."""
    assert happened(NOON, EARLIER, NOON) == EARLIER
    assert happened(NOON, None, EARLIER) == EARLIER
    assert happened(NOON) == happened(NOON, None) == NOON


def test_nothing_happens_after_it_was_received() -> None:
    """A clock that is ahead never dates a post into the future, nor does a later time make room for an earlier one."""
    assert happened(NOON, NOON + timedelta(microseconds=1)) == NOON
    assert happened(NOON, NOON + timedelta(days=1), EARLIER) == NOON
