"""Mapping: each recorded delivery says what its file says, and nothing that arrives can raise."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.models import Interaction, Malformed, Raw, UnknownEvent
from connectors.bluesky.mapping import BEFORE_START_HEADER, parse
from tests.support.fixtures import a_raw, assert_as_expected, fixtures, load

FIXTURES = Path(__file__).parent / "fixtures"
RECEIVED = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
WEB = "https://bsky.app"


def _raw(source: str, body: bytes, **headers: str) -> Raw:
    return Raw(
        network="bluesky",
        account="main",
        source=source,
        body=body,
        headers={"did": "did:plc:brand", **headers},
        received_at=RECEIVED,
    )


@pytest.mark.parametrize("path", fixtures(FIXTURES), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    """A recorded delivery gives the events that its file expects."""
    doc = load(path)
    assert_as_expected(list(parse(a_raw("bluesky", doc, RECEIVED), WEB)), doc["expect"])


def test_there_is_a_fixture_for_every_kind_of_event() -> None:
    """The recorded deliveries cover every kind that the connector can bring."""
    expected = [one for path in fixtures(FIXTURES) for one in load(path)["expect"]]
    kinds = {one["kind"] for one in expected if "kind" in one}
    assert kinds == {"mention", "comment", "reaction", "repost", "follow", "match", "message"}
    types = {one["type"] for one in expected}
    assert types == {"Interaction", "Edited", "Deleted", "UnknownEvent", "Malformed"}


def test_links_lead_to_the_web_page() -> None:
    """A post's link names its author by handle, or by DID where the handle is broken; the base is a setting."""
    body = load(FIXTURES / "mention__with_facets.json")["body"]
    [good] = parse(_raw("notifications", json.dumps(body).encode()), "http://localhost:1")
    body["author"]["handle"] = "handle.invalid"
    [broken] = parse(_raw("notifications", json.dumps(body).encode()), "http://localhost:1")
    assert isinstance(good, Interaction)
    assert isinstance(broken, Interaction)
    assert good.url == "http://localhost:1/profile/ana.test/post/3lbq2aaaaaa2k"
    assert broken.url == "http://localhost:1/profile/did:plc:ana/post/3lbq2aaaaaa2k"


def test_a_broken_handle_is_no_name() -> None:
    """Everybody's broken handle reads alike: whoever is erased or recognised by it would be somebody else, too."""
    body = load(FIXTURES / "mention__with_facets.json")["body"]
    body["author"] |= {"handle": "handle.invalid", "displayName": ""}
    [event] = parse(_raw("notifications", json.dumps(body).encode()), WEB)
    assert isinstance(event, Interaction)
    assert event.author is not None
    assert (event.author.id, event.author.handle, event.author.label) == ("did:plc:ana", "", "someone")


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ("2026-11-20T10:02:03.000Z", datetime(2026, 11, 20, 10, 2, 3, tzinfo=UTC)),
        ("2026-11-20T12:02:03+02:00", datetime(2026, 11, 20, 10, 2, 3, tzinfo=UTC)),
        ("2026-11-20T10:02:03", datetime(2026, 11, 20, 10, 2, 3, tzinfo=UTC)),
        ("2031-01-01T00:00:00Z", RECEIVED),
        ("0001-01-01T00:00:00+14:00", RECEIVED),
        ("yesterday", RECEIVED),
        (17, RECEIVED),
    ],
)
def test_times_are_aware_and_never_in_the_future(claimed: object, expected: datetime) -> None:
    """An odd or future time becomes the time of receipt."""
    body = load(FIXTURES / "mention__with_facets.json")["body"] | {"indexedAt": claimed}
    [event] = parse(_raw("notifications", json.dumps(body).encode()), WEB)
    assert isinstance(event, Interaction)
    assert event.posted_at == expected


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"uri":' * 5000, b"[" * 100_000, b"{}"])
@pytest.mark.parametrize("source", ["notifications", "activity", "search:x", "sweep", "chat", "recheck"])
def test_what_cannot_be_read_is_malformed_or_unknown(source: str, body: bytes) -> None:
    """Broken bytes never raise, through whichever door they come."""
    [event] = parse(_raw(source, body), WEB)
    assert isinstance(event, Malformed | UnknownEvent)


def test_what_could_not_be_read_is_kept_whole() -> None:
    """A replay after a fix needs all of it. The error, which people see, names the field, none of the words."""
    good = load(FIXTURES / "mention__with_facets.json")["body"]
    raw = _raw("notifications", json.dumps(good | {"uri": ""}).encode())
    [event] = parse(raw, WEB)
    assert isinstance(event, Malformed)
    assert event.error == "uri: string_too_short"
    assert json.loads(event.part) == good | {"uri": ""}
    mended = event.part.replace('"uri": ""', f'"uri": "{good["uri"]}"', 1)
    [replayed] = parse(raw._replace(body=mended.encode()), WEB)
    assert isinstance(replayed, Interaction)
    assert replayed.text == good["record"]["text"]


def test_unknown_doors_and_what_was_there_before_are_counted() -> None:
    """A door that this version does not know, and what was there before the first start, become no card."""
    assert list(parse(_raw("jetstream", b"{}"), WEB)) == [UnknownEvent(what="unknown_door")]
    before = _raw("sweep", b"{}", **{BEFORE_START_HEADER: "1"})
    assert list(parse(before, WEB)) == [UnknownEvent(what="before_start")]
