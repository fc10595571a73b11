"""Meta's deliveries: handshake, signature, and taking one apart."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.models import Malformed, UnknownEvent
from bot.domain.network import Accepted, Challenge, Refusal, Verdict, WebhookRequest
from connectors.graph.values import moment
from connectors.graph.webhooks import Change, changes
from tests.support import networks
from tests.support.graph_server import APP_SECRET, VERIFY_TOKEN, a_delivery, a_handshake

BODY = b'{"object":"page","entry":[{"id":"1100","time":1790000101,"changes":[{"field":"feed","value":{"a":1}}]}]}'
OTHER = "0123456789abcdef0123456789abcdef"


def judged(request: WebhookRequest, *secrets: str) -> Verdict:
    """What the door says."""
    changes = {"META_APP_SECRET": ",".join(secrets or (APP_SECRET,)), "META_VERIFY_TOKEN": VERIFY_TOKEN}
    return networks.reader("facebook", **changes).verify(request)


def found(value: object) -> list[object]:
    """The parts of a delivery."""
    return list(changes(json.dumps(value).encode()))


def test_the_handshake_gives_the_challenge_back() -> None:
    """As plain text, exactly as it came."""
    verdict = judged(a_handshake())
    assert isinstance(verdict, Challenge)
    assert (verdict.status, verdict.body, verdict.content_type) == (200, "1158201444", "text/plain")


@pytest.mark.parametrize(
    "request_",
    [a_handshake(token="wrong"), a_handshake(token=""), a_handshake(token="ü"), a_handshake(mode="unsubscribe"),
     a_handshake(challenge=""), a_handshake(challenge="<script>\n"), a_handshake(challenge="1" * 257),
     WebhookRequest("GET", {}, {}, b"", datetime(2026, 1, 1, tzinfo=UTC))],
)  # fmt: skip
def test_a_handshake_of_anybody_else_is_refused(request_: WebhookRequest) -> None:
    """Wrong token, wrong mode, or a challenge that is none; the answer does not say which."""
    assert judged(request_) == Refusal(403, "not genuine")


def test_a_signed_delivery_is_stored_as_it_came() -> None:
    """The bytes are kept, whatever is in them."""
    for body in (BODY, b"", b"not json", b'{"a": "\\u00e4"}', b"\xff\xfe"):
        verdict = judged(a_delivery(body))
        assert isinstance(verdict, Accepted)
        assert [each.body for each in verdict.raws] == [body]
        assert verdict.raws[0].headers == {}


def test_each_of_several_secrets_is_good() -> None:
    """While a secret is changed, and where two apps deliver to one address."""
    assert isinstance(judged(a_delivery(BODY, OTHER), APP_SECRET, OTHER), Accepted)
    assert isinstance(judged(a_delivery(BODY), APP_SECRET, OTHER), Accepted)
    assert judged(a_delivery(BODY, OTHER), APP_SECRET) == Refusal(403, "not genuine")


@pytest.mark.parametrize("changed", [BODY[:-1], BODY + b" ", BODY.replace(b'"a":1', b'"a": 1'), b""])
def test_truncated_or_written_anew_is_refused(changed: bytes) -> None:
    """The signature is over the raw bytes: the same JSON in another spelling is not what was signed."""
    header = a_delivery(BODY).headers["x-hub-signature-256"]
    assert judged(a_delivery(changed, x_hub_signature_256=header)) == Refusal(403, "not genuine")


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=" + "0" * 40, "sha256=" + "0" * 64, "0" * 64, "sha256=é",
                                    "SHA256=" + "0" * 64, "sha256=" + "0" * 63 + "\n"])  # fmt: skip
def test_a_forged_signature_is_refused(header: str) -> None:
    """Every refusal is worded alike."""
    assert judged(a_delivery(BODY, x_hub_signature_256=header)) == Refusal(403, "not genuine")


def test_a_signature_under_another_header_or_verb_does_not_count() -> None:
    """The old SHA-1 header is not looked at; other verbs are refused."""
    request = a_delivery(BODY)
    old = WebhookRequest("POST", {"x-hub-signature": "sha1=" + "0" * 40}, {}, BODY, request.received_at)
    assert judged(old) == Refusal(403, "not genuine")
    put = WebhookRequest("PUT", request.headers, {}, BODY, request.received_at)
    assert judged(put) == Refusal(405, "use POST")


def test_both_shapes_of_an_entry_are_taken_apart() -> None:
    """With `changes`, with `messaging` and `standby`, and with one update directly in the entry."""
    parts = found({"object": "page", "entry": [
        {"id": 1100, "time": 1790000101, "changes": [{"field": "feed", "value": {"n": 1}},
                                                     {"field": "mention", "value": {"n": 2}}]},
        {"id": "1100", "time": 1790000101000, "messaging": [{"timestamp": 1790000100123, "n": 3}],
         "standby": [{"n": 4}]},
        {"id": "17841", "time": 1790000101, "field": "comments", "value": {"n": 5}},
    ]})  # fmt: skip
    shown = [(each.owner, each.door, each.field, each.value["n"]) for each in parts if isinstance(each, Change)]
    assert shown == [
        ("1100", "changes", "feed", 1), ("1100", "changes", "mention", 2), ("1100", "messaging", "messaging", 3),
        ("1100", "standby", "standby", 4), ("17841", "changes", "comments", 5),
    ]  # fmt: skip
    assert len(parts) == 5
    times = [each.at for each in parts if isinstance(each, Change)]
    assert times[0] == datetime.fromtimestamp(1790000101, UTC)
    assert times[2] == datetime.fromtimestamp(1790000100.123, UTC)
    assert times[3] == datetime.fromtimestamp(1790000101, UTC)


def test_the_form_of_threads_is_taken_apart() -> None:
    """`values` is an object in the documents and a list elsewhere."""
    value = {"field": "replies", "value": {"id": "890"}}
    for values in (value, [value]):
        parts = found({"app_id": "1", "topic": "moderate", "target_id": "78", "time": 1790000000, "values": values})
        assert [(each.object, each.owner, each.field) for each in parts if isinstance(each, Change)] == [
            ("moderate", "78", "replies")
        ]


def test_one_bad_update_leaves_the_others_alone() -> None:
    """A thousand updates with ten broken ones: 990 are read, ten go to the dead letter, each by itself."""
    good = {"field": "feed", "value": {"item": "comment"}}
    updates: list[object] = [good] * 1000
    for n in range(0, 1000, 100):
        updates[n] = [7, "x", {"field": "feed", "value": "text"}, [], {"field": "feed", "value": 0}][n // 100 % 5]
    parts = found({"object": "page", "entry": [{"id": "1100", "time": 1, "changes": updates}]})
    assert sum(isinstance(each, Change) for each in parts) == 990
    bad = [each for each in parts if isinstance(each, Malformed)]
    assert len(bad) == 10
    assert len(parts) == 1000


def test_a_dead_letter_can_be_read_again_by_itself() -> None:
    """What was put aside has the form of a delivery with this one update."""
    for entry in ({"id": "1", "time": 9, "changes": [{"field": "feed", "value": {"n": 1}}]},
                  {"id": "1", "time": 9, "messaging": [{"n": 1}]}):  # fmt: skip
        (change,) = found({"object": "page", "entry": [entry]})
        assert isinstance(change, Change)
        again = list(changes(change.malformed("why").part.encode()))
        assert again == [change]


@pytest.mark.parametrize(
    ("value", "what"),
    [({"field": "parking"}, "parking:no_value"), ({}, "no_field:no_value"), ({"field": "Ü!"}, "other:no_value")],
)
def test_an_update_without_a_value_is_counted(value: object, what: str) -> None:
    """Such updates exist; names that the network invents stay short."""
    assert found({"object": "page", "entry": [{"id": "1", "changes": [value]}]}) == [UnknownEvent(what=what)]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b"{}", b'{"entry":[7]}', b'{"entry":[{}]}', b"\xff",
                                  b"[" * 200_000, b'{"entry":' + b"[" * 5000 + b"]" * 5000 + b"}"])  # fmt: skip
def test_what_is_no_delivery_goes_to_the_dead_letter(body: bytes) -> None:
    """Nothing raises, and nothing is lost in silence."""
    parts = list(changes(body))
    assert parts
    assert all(isinstance(each, Malformed) for each in parts)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1790000100, 1790000100), (1790000100123, 1790000100.123), ("1790000100", 1790000100),
     ("2026-09-21T10:15:00+0000", datetime(2026, 9, 21, 10, 15, tzinfo=UTC).timestamp()),
     ("2026-09-21T10:15:00", datetime(2026, 9, 21, 10, 15, tzinfo=UTC).timestamp())],
)  # fmt: skip
def test_times_come_in_every_unit(value: object, expected: float) -> None:
    """Seconds, milliseconds, text and ISO 8601."""
    at = moment(value)
    assert at is not None
    assert at.timestamp() == expected


@pytest.mark.parametrize("value", [None, True, "", "soon", [], float("nan"), 1e300, -1e300, "9" * 40, 10**400])
def test_what_is_no_time_is_none(value: object) -> None:
    """Hostile times raise nothing."""
    assert moment(value) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["object", "entry", "changes", "messaging", "standby", "field", "value", "id", "time", "values"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(JSON)
def test_no_json_makes_it_raise(value: object) -> None:
    """Whatever comes, each part is a change, a count or a dead letter."""
    for part in found(value):
        assert isinstance(part, Change | UnknownEvent | Malformed)
        if isinstance(part, Change):
            part.malformed("why")
