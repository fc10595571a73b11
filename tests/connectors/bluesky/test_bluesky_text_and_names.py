"""Facets, record keys and links: small pure parts with sharp edges."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bluesky.names import post_url, record_key, split_uri, timestamp
from connectors.bluesky.richtext import facets, handles

DIDS = {"ana.test": "did:plc:ana"}
NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"


def _marked(text: str) -> list[tuple[str, str]]:
    """Each facet as (the bytes that it covers, what it is)."""
    raw = text.encode("utf-8", "surrogatepass")
    found = []
    for facet in facets(text, DIDS):
        feature = {name: value for name, value in facet["features"][0].items() if name != "$type"}
        covered = raw[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        found.append((covered, next(iter(feature.values()))))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@ana.test hello", [("@ana.test", "did:plc:ana")]),
        ("👨‍👩‍👧‍👦 @Ana.Test!", [("@Ana.Test", "did:plc:ana")]),
        ("e\u0301e\u0301 (@ana.test)", [("@ana.test", "did:plc:ana")]),
        ("שלום @ana.test תודה", [("@ana.test", "did:plc:ana")]),
        ("\u202e@ana.test", []),
        ("@nobody.test", []),
        ("mail@ana.test", []),
        ("@ana", []),
        ("@ana.test.", [("@ana.test", "did:plc:ana")]),
        ("see https://a.example/x?y=1#z.", [("https://a.example/x?y=1#z", "https://a.example/x?y=1#z")]),
        ("(https://a.example/x)", [("https://a.example/x", "https://a.example/x")]),
        ("https://a.example/x_(y)", [("https://a.example/x_(y)", "https://a.example/x_(y)")]),
        ("https://a.example/@ana.test", [("https://a.example/@ana.test", "https://a.example/@ana.test")]),
        ("詳しくはhttps://a.example/xをどうぞ。", [("https://a.example/x", "https://a.example/x")]),
        ("请看：https://a.example/x。谢谢", [("https://a.example/x", "https://a.example/x")]),
        ("👉https://a.example/größe/заказ", [("https://a.example/größe/заказ", "https://a.example/größe/заказ")]),
        ("@ana.testさん、こんにちは", [("@ana.test", "did:plc:ana")]),
        ("@ana.testa @ana.test_b", []),
        ("xhttps://a.example", []),
        ("https://", []),
        ("javascript:alert(1) ftp://a.example", []),
        ("#späti, #123 #a", [("#späti", "späti"), ("#a", "a")]),
        ("#" + "x" * 64, [("#" + "x" * 64, "x" * 64)]),
        ("#" + "x" * 65, []),
        ("a#b # #", []),
    ],
)
def test_facets_cover_exactly_what_they_mark(text: str, expected: list[tuple[str, str]]) -> None:
    """Offsets count bytes, whatever stands before; sentence punctuation stays outside."""
    assert _marked(text) == expected


@given(st.text(alphabet="a@.# ()é👍\u0301\u202ehtps:/\ud83d", max_size=80))
def test_facets_never_overlap_nor_leave_the_text(text: str) -> None:
    """For any text the facets are in order, apart, inside, and cut no character."""
    end = 0
    raw = text.encode("utf-8", "surrogatepass")
    for facet in facets(text, DIDS):
        start, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert end <= start < stop <= len(raw)
        raw[start:stop].decode("utf-8", "surrogatepass")
        end = stop


def test_handles_are_listed_once_in_lower_case() -> None:
    """Each handle is looked up once."""
    assert handles("@Ana.test @ana.test @ben.test") == ("ana.test", "ben.test")


@given(st.text(max_size=40), st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone itself
def test_a_record_key_is_a_valid_tid_and_always_the_same(name: str, at: datetime) -> None:
    """13 sortable letters with the top bit clear; the same name and time give the same key."""
    key = record_key(name, at)
    assert key == record_key(name, at)
    assert len(key) == 13
    assert set(key) <= set(SORTABLE)
    assert key[0] in SORTABLE[:16]


def test_record_keys_sort_by_time_and_differ_by_name() -> None:
    """A later send sorts later; sends of one instant differ."""
    assert record_key("a", NOON) < record_key("a", NOON + timedelta(milliseconds=1))
    assert len({record_key(f"send-{n}", NOON) for n in range(500)}) == 500
    assert record_key("a", NOON) == record_key("a", NOON.astimezone(timezone(timedelta(hours=5))))


def test_timestamps_are_utc_with_milliseconds() -> None:
    """Records carry the form that the network itself writes."""
    assert timestamp(NOON.astimezone(timezone(timedelta(hours=5)))) == "2026-03-04T12:00:00.123Z"


@pytest.mark.parametrize("text", ["", "at://", "at://did:plc:x", "nonsense/", "at://did:plc:x/app.bsky.feed.post/"])
def test_what_is_no_post_has_no_link(text: str) -> None:
    """Odd addresses give no link and never an error."""
    split_uri(text)
    assert post_url("https://bsky.app", text) == ""
