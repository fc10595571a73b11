"""JSON that came from outside: what could not be read is said without a word of it."""

import pytest

from connectors import clean
from connectors.graph.wire import Wire


class Parcel(Wire):
    """Something to read."""

    weight: int


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"weight": "secret"}', "weight: int_parsing"),
        (b"{secret", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_without_the_values(body: bytes, said: str) -> None:
    """The same words from every network."""
    with pytest.raises(ValueError, match=r".") as caught:
        clean.read(Parcel, body)
    assert clean.wrong(caught.value) == said


def test_one_odd_entry_harms_no_other() -> None:
    """What can be read of a list is read, in its order."""
    found = clean.readable(Parcel, [{"weight": 1}, {"weight": "secret"}, None, {"weight": 2}])
    assert [each.weight for each in found] == [1, 2]
