"""The comparison of what was acknowledged with what was posted."""

from hypothesis import given
from hypothesis import strategies as st

from bench.ledger import compare


def test_each_acknowledged_event_with_one_card_is_clean() -> None:
    """Nothing is lost and nothing doubled."""
    ledger = compare([1, 2, 3], {1: [0.1], 2: [0.2], 3: [0.3]})
    assert ledger.is_clean
    assert str(ledger) == "3 acked, 0 lost, 0 doubled"


def test_a_planted_loss_is_found() -> None:
    """An acknowledged event without a card is lost, and named."""
    ledger = compare([1, 2, 3], {1: [0.1], 3: [0.3]})
    assert ledger.lost == (2,)
    assert not ledger.is_clean


def test_a_planted_double_is_found() -> None:
    """Two cards of one event are a double, even of an event that nobody acknowledged."""
    ledger = compare([1], {1: [0.1], 9: [0.2, 0.3]})
    assert ledger.doubled == (9,)
    assert not ledger.is_clean


def test_a_loss_is_not_made_up_for_by_a_double() -> None:
    """As many cards as events is not enough."""
    ledger = compare([1, 2], {1: [0.1, 0.2]})
    assert (ledger.lost, ledger.doubled) == ((2,), (1,))


def test_a_card_without_an_acknowledgement_is_allowed() -> None:
    """The 200 may be lost on its way: the network sends the event again, which changes nothing."""
    ledger = compare([1], {1: [0.1], 2: [0.2]})
    assert ledger.unasked == (2,)
    assert ledger.is_clean


@given(st.sets(st.integers(0, 50)), st.dictionaries(st.integers(0, 50), st.lists(st.floats(0, 1), min_size=1)))
def test_it_is_clean_exactly_when_every_event_has_one_card(acked: set[int], posted: dict[int, list[float]]) -> None:
    """Whatever was sent and posted."""
    ledger = compare(acked, posted)
    once = all(len(times) == 1 for times in posted.values())
    assert ledger.is_clean is (acked <= posted.keys() and once)
