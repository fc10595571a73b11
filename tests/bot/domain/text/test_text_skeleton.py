"""The shape of a delivery can be shown: nothing that a person wrote, is called or can be found by is in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text.skeleton import KIND_FIELDS, skeleton

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "text", "id"]), inner, max_size=3)
    ),
    max_leaves=20,
)


def test_fields_and_kinds_stay_words_and_numbers_go() -> None:
    """What a developer needs, and no more."""
    body = (
        b'{"object": "page", "entry": [{"id": "17841400", "time": 1700000000, "message": "call me, Ana", "ok": true}]}'
    )
    shape = skeleton(body)
    assert json.loads(shape) == {
        "object": "page",
        "entry": [{"id": "(8 characters)", "time": "#", "message": "(12 characters)", "ok": True}],
    }


@given(JSON, st.sampled_from(["Ana Petrov", "ana@example.com", "+385 91 555 0100", "17841400008460056"]))
def test_no_planted_word_is_ever_shown(value: object, planted: str) -> None:
    """Wherever a name, an address or a number stands, as a value or as a key."""
    body = json.dumps({"a": [value, planted, {planted: planted, "text": planted}]})
    assert planted not in skeleton(body.encode(), most=100_000)


@pytest.mark.parametrize("field", sorted(KIND_FIELDS))
def test_a_kind_field_that_holds_other_words_is_hidden_too(field: str) -> None:
    """Only what looks like a technical word stays."""
    assert "Ana" not in skeleton(json.dumps({field: "Ana Petrov"}).encode())
    assert "comment" in skeleton(json.dumps({field: "comment"}).encode())


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"<html>Ana</html>", b"[" * 100_000, b'{"a": 1', json.dumps(["x"] * 10**5).encode()]
)
def test_anything_is_readable_and_short(body: bytes) -> None:
    """Not JSON, half of it, too deep, too long: never an error, never long."""
    shape = skeleton(body)
    assert 0 < len(shape) <= 600
    assert "Ana" not in shape
