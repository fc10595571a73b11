"""Signatures: the official library's are taken, ours are taken by it, and nothing else gets in."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from bot.clock import SystemClock
from bot.domain.network import Accepted, Refusal, WebhookRequest
from connectors.webhook import signing
from connectors.webhook.connector import NOT_GENUINE, WebhookConnector
from tests.support.cases import NOON
from tests.support.webhook_rig import OTHER_SECRET, SECRET, Rig, a_request, a_secret, fixture, signed

BODY = fixture("comment_created__whole")
FORGED = Refusal(401, NOT_GENUINE)
KEY = signing.decode_secret(SECRET)


def test_the_librarys_signature_is_taken(connector: WebhookConnector) -> None:
    """A sender who uses the official library gets 202, and the body is stored as it came."""
    verdict = connector.verify(a_request(BODY))
    assert isinstance(verdict, Accepted)
    assert (verdict.status, verdict.raws[0].body) == (202, BODY)


def test_the_library_takes_our_signature() -> None:
    """A receiver who uses the official library can check what we send."""
    body = '{"text": "Grüße 👋"}'.encode()
    headers = signing.headers(KEY, "send-1", SystemClock().now(), body)
    assert Webhook(SECRET).verify(body, headers) == {"text": "Grüße 👋"}


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (-300, True), (300, True), (-301, False), (301, False)])
def test_a_delivery_is_good_for_five_minutes_both_ways(
    connector: WebhookConnector, seconds: int, is_taken: bool
) -> None:
    """Exactly five minutes pass, one second more does not: a recorded delivery cannot be played again later."""
    verdict = connector.verify(a_request(BODY, at=NOON + timedelta(seconds=seconds)))
    assert isinstance(verdict, Accepted) if is_taken else verdict == FORGED


def test_a_fraction_of_a_second_past_is_past(connector: WebhookConnector) -> None:
    """Our clock's fractions count."""
    late = NOON + timedelta(seconds=300, milliseconds=1)
    assert connector.verify(a_request(BODY, received_at=late)) == FORGED


def test_either_secret_is_taken_during_a_change(rig: Rig) -> None:
    """With two secrets set, senders may use the one or the other; with the old one gone it is refused."""
    both = rig.connector(f"{OTHER_SECRET}, {SECRET}")
    assert isinstance(both.verify(a_request(BODY, secret=SECRET)), Accepted)
    assert isinstance(both.verify(a_request(BODY, secret=OTHER_SECRET)), Accepted)
    assert rig.connector(OTHER_SECRET).verify(a_request(BODY, secret=SECRET)) == FORGED


def test_one_good_signature_among_others_is_enough(connector: WebhookConnector) -> None:
    """Senders may sign with several keys and versions; what cannot be read is passed over."""
    good = a_request(BODY).headers["webhook-signature"]
    others = f"v1a,AAAA v1 v1, ,, nonsense v2,{good[3:]} v1,###"
    assert isinstance(connector.verify(a_request(BODY, webhook_signature=f"{others} {good} v1,AAAA")), Accepted)
    assert connector.verify(a_request(BODY, webhook_signature=others)) == FORGED


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_id": ""},
        {"webhook_timestamp": ""},
        {"webhook_signature": ""},
        {"webhook_id": "msg-2"},
        {"webhook_id": "msg-1é"},
        {"webhook_id": "m" * 257},
        {"webhook_timestamp": "1772625600.0"},
        {"webhook_timestamp": " 1772625600"},
        {"webhook_timestamp": "١٧٧٢٦٢٥٦٠٠"},
        {"webhook_timestamp": "1" * 5000},
        {"webhook_timestamp": "-1772625600"},
        {"webhook_timestamp": "nan"},
        {"webhook_signature": "v1,ümlaut"},
        {"webhook_signature": "v1,\udcff\ud800"},
        {"webhook_signature": "v1," + "A" * 44},
    ],
)
def test_a_wrong_header_is_refused(connector: WebhookConnector, changes: dict[str, Any]) -> None:
    """Each in turn missing, changed, or of another form: always the same answer, never an error."""
    assert connector.verify(a_request(BODY, **changes)) == FORGED


def test_the_timestamp_is_part_of_what_is_signed(connector: WebhookConnector) -> None:
    """An old delivery with a fresh timestamp is refused."""
    request = a_request(BODY, at=NOON - timedelta(hours=1), webhook_timestamp=str(int(NOON.timestamp())))
    assert connector.verify(request) == FORGED


@pytest.mark.parametrize(
    "body", [BODY[:-1], BODY + b"\n", BODY.replace(b": ", b":"), BODY.decode().encode("utf-16"), b"", b"\xff" + BODY]
)
def test_the_signature_is_over_the_exact_bytes(connector: WebhookConnector, body: bytes) -> None:
    """A body that was cut, extended, or written anew does not fit, even where it means the same."""
    signed = a_request(BODY)
    assert connector.verify(WebhookRequest("POST", signed.headers, {}, body, NOON)) == FORGED


def test_a_refusal_says_nothing_about_the_content(connector: WebhookConnector) -> None:
    """Whoever lacks the secret cannot learn from the answer what Hark would have read."""
    for body, form in [(b"not json", "application/json"), (BODY, "text/plain"), (b"{}", "application/json")]:
        assert connector.verify(a_request(body, secret=OTHER_SECRET, form=form)) == FORGED


@given(
    body=st.binary(max_size=400),
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "content-type"]),
        st.text(alphabet=st.characters(), max_size=60),
    ),
)
def test_nothing_unsigned_gets_in_or_raises(body: bytes, headers: dict[str, str]) -> None:
    """Whatever bytes and characters come, lone surrogates included."""
    assert not signing.is_genuine(headers, body, [KEY], NOON)


@given(id_=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40), body=st.text())
def test_every_message_of_the_library_is_taken(id_: str, body: str) -> None:
    """Ours and the library's reading of the specification agree for any id and body."""
    raw = body.encode("utf-8", "replace")
    headers = signed(id_, NOON, raw)
    assert signing.is_genuine(headers, raw, [KEY], NOON)
    assert not signing.is_genuine(headers, raw + b"x", [KEY], NOON)


@pytest.mark.parametrize("length", [24, 64])
def test_a_secret_holds_24_to_64_bytes(length: int) -> None:
    """The limits pass, with and without padding."""
    assert len(signing.decode_secret(a_secret(length=length))) == length
    assert signing.decode_secret(a_secret(length=length).rstrip("=")) == signing.decode_secret(a_secret(length=length))


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (a_secret(length=23), "24 to 64"),
        (a_secret(length=65), "24 to 64"),
        ("whsk_" + "A" * 40, "start with whsec_"),
        ("whsec_äöü", "base64"),
        ("whsec_" + "A" * 31 + "!", "base64"),
        ("whsec_", "24 to 64"),
        ("whsec_" + "A" * 33, "base64"),
    ],
)
def test_a_wrong_secret_is_explained_without_showing_it(secret: str, problem: str) -> None:
    """Too short, too long, another kind, not base64."""
    with pytest.raises(ValueError, match=problem) as caught:
        signing.decode_secret(secret)
    assert caught.value.__cause__ is None
    assert secret.removeprefix("whsec_") not in str(caught.value) or secret == "whsec_"


def test_words_make_a_weak_secret() -> None:
    """Repeated words are told from bytes drawn at random."""
    assert signing.is_weak(b"sandbox-sandbox-sandbox-123")
    assert signing.is_weak(b"\0" * 32)
    assert not signing.is_weak(bytes(range(100, 124)))
