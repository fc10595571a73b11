"""What a network begins to send: which names of fields are read from a body, when one is news, how it is told."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.drift import (
    BODY_READ,
    DEPTH,
    FIELDS,
    LEARN,
    LEARN_DELIVERIES,
    SHOWN,
    TOLD_EVERY,
    field_words,
    fields_of,
    is_learned,
)
from tests.support.cases import NOON


def nested(levels: int) -> Any:
    """Objects in objects."""
    value: Any = 1
    for n in range(levels, 0, -1):
        value = {f"f{n}": value}
    return value


def test_fields_are_named_by_their_paths_each_once() -> None:
    """Names only: what stands in them is never kept."""
    body = {"entry": [{"id": "42", "text": "Carla"}, {"id": "43"}], "object": "page"}
    assert fields_of(json.dumps(body).encode()) == ["entry", "entry[].id", "entry[].text", "object"]


@pytest.mark.parametrize("body", [b"not JSON", b"\xff", b"[" * 5000, b"17", b'"text"'])
def test_a_body_without_fields_has_none(body: bytes) -> None:
    """Whatever it is, reading it does no harm."""
    assert fields_of(body) == []


def test_a_body_of_any_size_and_depth_costs_little() -> None:
    """One that is very big is not read, one that is deep or broad only so far."""
    whole = json.dumps({"a": "x" * (BODY_READ - len('{"a": ""}'))}).encode()
    assert len(whole) == BODY_READ
    assert fields_of(whole) == ["a"]
    assert fields_of(whole + b" ") == []
    assert len(fields_of(json.dumps(nested(DEPTH + 5)).encode())) == DEPTH
    for broad in ({f"f{n}": 1 for n in range(FIELDS + 1)}, {f"f{n}": {f"g{n}": 1} for n in range(FIELDS)}):
        assert len(fields_of(json.dumps(broad).encode())) == FIELDS


@pytest.mark.parametrize(
    ("after", "deliveries", "learned"),
    [
        (LEARN, LEARN_DELIVERIES, True),
        (LEARN - timedelta(seconds=1), LEARN_DELIVERIES, False),
        (LEARN, LEARN_DELIVERIES - 1, False),
    ],
)
def test_a_field_is_news_after_a_week_and_enough_deliveries(after: timedelta, deliveries: int, learned: bool) -> None:
    """A quiet account learns for longer."""
    assert is_learned(NOON, deliveries, NOON + after) is learned


@pytest.mark.parametrize(("more", "words"), [(0, f"f{SHOWN - 1}"), (3, f"f{SHOWN - 1} and 3 more")])
def test_of_many_new_fields_the_first_are_named(more: int, words: str) -> None:
    """The notice has the shape as its example, says what to do, and comes once a week at most."""
    told = field_words("Square", [f"f{n}" for n in range(SHOWN + more)], "the shape")
    assert told.headline.startswith("Square sends fields that it did not send before: f0, f1, ")
    assert told.headline.endswith(words)
    assert (told.example, told.every) == ("the shape", TOLD_EVERY)
    assert "changelog" in told.mend
