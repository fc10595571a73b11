"""The error table: one row, one test; and the settings that an operator may get wrong."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from bot.domain.errors import Permanent, Transient, Unknown
from connectors.bluesky import NETWORK
from connectors.bluesky.settings import BlueskySettings
from connectors.bluesky.xrpc import _BY_STATUS, _PHRASES, ERRORS, classify
from connectors.registry import NETWORKS

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def _body(name: str = "", message: str = "") -> bytes:
    return json.dumps({"error": name, "message": message}).encode()


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_a_named_error(name: str) -> None:
    """Every error name that the protocol documents is permanent, with a word for code and a sentence for people."""
    error = classify(400, _body(name, "whatever"), {}, NOW, writing=True)
    assert isinstance(error, Permanent)
    assert (error.reason, error.text) == ERRORS[name]
    assert error.text.endswith(".")


@pytest.mark.parametrize(("phrase", "reason", "text"), _PHRASES)
def test_an_error_known_by_its_text(phrase: str, reason: str, text: str) -> None:
    """Where the name says too little the text decides, in any case and within a longer sentence."""
    error = classify(400, _body("InvalidRequest", f"Invalid: {phrase.title()} (got 301)"), {}, NOW)
    assert isinstance(error, Permanent)
    assert (error.reason, error.text) == (reason, text)


@pytest.mark.parametrize("status", sorted(_BY_STATUS))
def test_an_error_known_by_its_status(status: int) -> None:
    """A status without a body that we know is permanent."""
    error = classify(status, b"<html>", {}, NOW)
    assert isinstance(error, Permanent)
    assert error.reason == _BY_STATUS[status][0]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_failing_server(status: int) -> None:
    """A read may be tried again; a write may have been carried out."""
    assert isinstance(classify(status, _body("InternalServerError"), {}, NOW), Transient)
    assert isinstance(classify(status, b"", {}, NOW, writing=True), Unknown)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"RateLimit-Reset": str(int(NOW.timestamp()) + 42)}, 42.0),
        ({"RateLimit-Reset": str(int(NOW.timestamp()) - 5)}, 1.0),
        ({"RateLimit-Reset": "99999999999"}, 3600.0),
        ({"RateLimit-Reset": "soon", "Retry-After": "7"}, 7.0),
        ({"Retry-After": "-3"}, None),
        ({}, None),
    ],
)
def test_a_rate_limit(headers: dict[str, str], seconds: float | None) -> None:
    """The pause is the time until the reset, within reason; nothing was done, also for a write."""
    error = classify(429, _body("RateLimitExceeded"), headers, NOW, writing=True)
    assert isinstance(error, Transient)
    assert error.retry_after == seconds


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"error": 5}', b"[" * 5000, b"\xff"])
def test_a_refusal_that_says_nothing(body: bytes) -> None:
    """Any other 400 is a final no."""
    error = classify(400, body, {}, NOW)
    assert isinstance(error, Permanent)
    assert error.reason == "refused"


def test_a_long_message_is_cut() -> None:
    """A server's long answer does not flood the card."""
    error = classify(400, _body("InvalidRequest", "x" * 10_000), {}, NOW)
    assert isinstance(error, Permanent)
    assert len(error.text) < 300


# --- settings -----------------------------------------------------------------------------------------------------

GOOD = {"BLUESKY_IDENTIFIER": "@acme.example.com ", "BLUESKY_APP_PASSWORD": "abcd-efgh"}


def test_settings_tidy_what_people_paste() -> None:
    """An @, blanks, a slash at the end and doubled searches do no harm; the password does not show."""
    settings = BlueskySettings.model_validate(
        GOOD | {"BLUESKY_SERVICE_URL": "https://pds.example/ ", "BLUESKY_SEARCH": " a b,,c,a b"}
    )
    assert settings.identifier == "acme.example.com"
    assert settings.service_url == "https://pds.example"
    assert settings.queries == ("a b", "c")
    assert "abcd" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BLUESKY_SERVICE_URL", "bsky.social"),
        ("BLUESKY_SERVICE_URL", "ftp://bsky.social"),
        ("BLUESKY_SERVICE_URL", "https://"),
        ("BLUESKY_WEB_URL", "app"),
        ("BLUESKY_IDENTIFIER", "@"),
        ("BLUESKY_IDENTIFIER", "acme air"),
        ("BLUESKY_APP_PASSWORD", " "),
        ("BLUESKY_HISTORY_HOURS", "169"),
        ("BLUESKY_SEARCH", ",".join("abcdefghijklmnopqrstu")),
        ("BLUESKY_SERCH", "typo"),
    ],
)
def test_wrong_settings_are_refused(name: str, value: str) -> None:
    """Each wrong value is refused, under the name of its variable."""
    with pytest.raises(ValidationError) as caught:
        BlueskySettings.model_validate(GOOD | {name: value})
    assert caught.value.errors()[0]["loc"] == (name,)


def test_only_the_public_entrance_leads_elsewhere() -> None:
    """The account's own server is followed from the default address alone, so that another server can stand in."""
    assert BlueskySettings.model_validate(GOOD).follows_did_document
    assert not BlueskySettings.model_validate(GOOD | {"BLUESKY_SERVICE_URL": "http://localhost:1"}).follows_did_document


def test_the_network_is_registered_once() -> None:
    """The registry lists Bluesky, and no name twice."""
    names = [network.name for network in NETWORKS]
    assert NETWORK in NETWORKS
    assert len(names) == len(set(names))
