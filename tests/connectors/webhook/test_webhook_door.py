"""The door: what is taken, what is refused and with which words; CloudEvents as the official library writes them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.models import Interaction, Malformed
from bot.domain.network import Accepted, Challenge, Refusal, WebhookRequest
from connectors.webhook.connector import MAX_BODY, WebhookConnector
from tests.support.cases import NOON
from tests.support.webhook_rig import Rig, a_request, content_type, fixture

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def refusal(connector: WebhookConnector, body: object, **changes: Any) -> Refusal:
    """The refusal of a signed request."""
    verdict = connector.verify(a_request(body if isinstance(body, bytes | str) else json.dumps(body), **changes))
    assert isinstance(verdict, Refusal)
    return verdict


def taken(connector: WebhookConnector, request: WebhookRequest) -> list[Any]:
    """The events of a request that is taken."""
    verdict = connector.verify(request)
    assert isinstance(verdict, Accepted), verdict
    assert verdict.status == 202
    return [event for raw in verdict.raws for event in connector.parse(raw)]


def comment(**data: Any) -> dict[str, Any]:
    """A comment in Hark's own form."""
    return {"type": "comment.created", "data": {"text": "Hi", **data}}


def a_cloud_event(**changes: Any) -> CloudEvent:
    """An event of the official library."""
    attributes = {
        "id": "ev 1",
        "source": "https://crm.example/größe",
        "type": "com.example.review.created",
        "time": NOON - timedelta(minutes=2),
        "datacontenttype": "application/json",
        "subject": "r-1",
    }
    return CloudEvent(attributes=attributes | changes, data={"text": "Slow", "rating": 2, "author": {"id": "u"}})


def test_only_what_reading_needs_is_stored(connector: WebhookConnector) -> None:
    """Signatures, cookies and addresses of proxies do not stay."""
    verdict = connector.verify(a_request(fixture("comment_created__whole"), cookie="a=b", x_forwarded_for="192.0.2.1"))
    assert isinstance(verdict, Accepted)
    assert verdict.raws[0].headers == {"content-type": "application/json", "webhook-id": "msg-1"}
    assert (verdict.raws[0].source, verdict.raws[0].received_at) == ("webhook", NOON)


@pytest.mark.parametrize("form", ["application/json", "Application/JSON; charset=utf-8", "application/json ;x"])
def test_the_content_type_is_read_as_a_person_would(connector: WebhookConnector, form: str) -> None:
    """Case and parameters do not matter."""
    assert len(taken(connector, a_request(comment(), form=form))) == 1


@pytest.mark.parametrize(
    "form", ["text/plain", "application/xml", "", "application/cloudevents+avro", "multipart/form-data", "é"]
)
def test_other_content_types_are_refused(connector: WebhookConnector, form: str) -> None:
    """415 names the ones that can be read."""
    answer = refusal(connector, comment(), form=form)
    assert answer.status == 415
    assert STRUCTURED in answer.reason


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_delivers(connector: WebhookConnector, method: str) -> None:
    """Anything else is 405, signed or not."""
    request = a_request(comment())
    verdict = connector.verify(WebhookRequest(method, request.headers, {}, request.body, NOON))
    assert verdict == Refusal(405, "use POST")


def test_the_size_limit_is_256_kib(connector: WebhookConnector) -> None:
    """Exactly that is taken, one byte more is not."""
    empty = len(json.dumps(comment(text="")))
    assert taken(connector, a_request(comment(text="x" * (MAX_BODY - empty))))
    assert refusal(connector, comment(text="x" * (MAX_BODY - empty + 1))).status == 413


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("not json", "the body is not JSON"),
        ("", "the body is not JSON"),
        ('{"type": NaN}', "the body is not JSON"),
        ("[]", "the event: must be an object"),
        ("null", "the event: must be an object"),
        ({"data": {}}, "type: is missing"),
        ({"type": "comment.created"}, "data: is missing"),
        ({"type": "comment.created", "data": []}, "data: must be an object"),
        (comment(text=None), "data.text: is missing"),
        (comment(text=""), "data.text: is missing"),
        (comment(text=["Hi"]), "data.text: Input should be a valid string"),
        (comment(kind="story"), "data.kind: Input should be 'comment', 'mention'"),
        (comment(author={"name": "Ana"}), "data.author.id: is missing"),
        (comment(author="Ana"), "data.author: must be an object"),
        (comment(url="javascript:alert(1)"), "data.url: must be an address that starts with http"),
        (comment(reply_url="https://x y"), "data.reply_url: must be an address"),
        (comment(rating=6), "data.rating: Input should be less than or equal to 5"),
        (comment(id="x" * 301), "data.id: String should have at most 300"),
        (comment(attachments=[{"kind": "file"}, {"kind": "virus"}]), "data.attachments.1.kind: Input should be"),
        ({**comment(), "timestamp": 1772625600}, "timestamp: must be a time such as"),
        ({**comment(), "timestamp": "2026-03-04T11:58:00"}, "timestamp: must carry a time zone"),
        ({"type": "comment.edited", "data": {"text": "Hi"}}, "data.id: is missing"),
        ({"type": "comment.edited", "data": {"id": "1"}}, "data.text: is missing"),
        ({"type": "comment.deleted", "data": {}}, "data.id: is missing"),
        ({"type": "review.created", "data": {"author": {"id": "u"}}}, "data.text: is missing, and so is data.rating"),
    ],
)
def test_a_wrong_field_is_named(connector: WebhookConnector, body: object, words: str) -> None:
    """400 says which field and what was expected."""
    answer = refusal(connector, body)
    assert answer.status == 400
    assert answer.reason.startswith(words)


def test_the_answer_does_not_repeat_what_was_sent(connector: WebhookConnector) -> None:
    """Values may be personal and answers are logged by senders."""
    answer = refusal(connector, comment(author={"id": "u", "url": "ana@example.com"}, rating="ana@example.com"))
    assert "ana@" not in answer.reason


def test_many_errors_are_counted_not_listed(connector: WebhookConnector) -> None:
    """Five are shown."""
    assert refusal(connector, comment(attachments=[{}] * 9)).reason.endswith("; and 4 more")


def test_what_hark_does_not_know_is_ignored(connector: WebhookConnector) -> None:
    """Additional fields, null for fields left out, numbers for ids."""
    (event,) = taken(connector, a_request(comment(id=5, mood="sad", url=None, author={"id": 7, "x": 1})))
    assert (event.id, event.author.id) == ("5", "7")


def test_an_unknown_type_is_taken(connector: WebhookConnector) -> None:
    """It is no mistake to send more than Hark can show."""
    assert len(taken(connector, a_request({"type": "order.shipped"}))) == 1


def test_the_same_delivery_again_is_the_same_thing(connector: WebhookConnector) -> None:
    """Both are taken; the interaction's id lets the rest know that it is the same."""
    first = taken(connector, a_request(comment()))
    again = taken(connector, a_request(comment(), at=NOON + timedelta(seconds=5)))
    assert first[0].id == again[0].id == "msg-1"


# --- CloudEvents ---------------------------------------------------------------------------------------------------


def test_structured_as_the_library_writes_it(connector: WebhookConnector) -> None:
    """One JSON object."""
    message = http.to_structured_event(a_cloud_event())
    (event,) = taken(connector, a_request(message.body, form=message.headers["content-type"]))
    assert (event.id, event.rating, event.posted_at) == (
        "https://crm.example/größe#ev 1",
        2,
        NOON - timedelta(minutes=2),
    )


def test_binary_as_the_library_writes_it(connector: WebhookConnector) -> None:
    """Attributes in headers, percent-encoded, the data as the body: the same event as the structured one."""
    message = http.to_binary_event(a_cloud_event())
    headers: dict[str, Any] = {name.lower(): value for name, value in message.headers.items()}
    request = a_request(message.body, form=headers.pop("content-type"), **headers)
    (event,) = taken(connector, request)
    structured = http.to_structured_event(a_cloud_event())
    (same,) = taken(connector, a_request(structured.body, form=STRUCTURED))
    assert event == same


def test_a_batch_of_the_librarys_events(connector: WebhookConnector) -> None:
    """A list of structured events."""
    bodies = [json.loads(http.to_structured_event(a_cloud_event(id=str(n))).body) for n in range(3)]
    events = taken(connector, a_request(json.dumps(bodies), form=BATCH))
    assert [event.id.rpartition("#")[2] for event in events] == ["0", "1", "2"]


def test_data_as_base64(connector: WebhookConnector) -> None:
    """The library puts bytes into data_base64; JSON in them is read, anything else is refused."""
    event = CloudEvent(attributes=dict(a_cloud_event().get_attributes()), data=b'{"text": "Slow"}')
    body = json.loads(http.to_structured_event(event).body)
    assert "data_base64" in body
    (found,) = taken(connector, a_request(json.dumps(body), form=STRUCTURED))
    assert found.text == "Slow"
    for wrong in ("AAAA", "not base64!"):
        assert refusal(connector, body | {"data_base64": wrong}, form=STRUCTURED).reason.startswith("data_base64")


def test_an_empty_batch_stores_nothing(connector: WebhookConnector) -> None:
    """The format allows it."""
    assert connector.verify(a_request("[]", form=BATCH)) == Accepted(raws=(), status=202)


def test_a_batch_with_a_bad_part_is_taken(connector: WebhookConnector) -> None:
    """The good parts must not wait for a mend of the bad one, which goes to the dead letter."""
    name = "cloud_batch__one_bad"
    events = taken(connector, a_request(fixture(name), form=content_type(name)))
    assert [type(event) for event in events[:2]] == [Interaction, Malformed]


def test_a_batch_without_a_good_part_is_refused(connector: WebhookConnector) -> None:
    """Nothing of it could ever be used."""
    assert refusal(connector, [{}, {}], form=BATCH).status == 400
    assert refusal(connector, "3", form=BATCH).reason == "a batch must be a list of events"


@pytest.mark.parametrize(("count", "is_taken"), [(500, True), (501, False)])
def test_a_batch_holds_at_most_500(connector: WebhookConnector, count: int, is_taken: bool) -> None:
    """So that one request cannot keep the door busy."""
    parts = [{"specversion": "1.0", "id": str(n), "source": "/s", "type": "a.b"} for n in range(count)]
    assert isinstance(connector.verify(a_request(json.dumps(parts), form=BATCH)), Accepted) is is_taken


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"specversion": "0.3"}, "specversion: Input should be '1.0'"),
        ({"id": ""}, "id: String should have at least 1"),
        ({"source": None}, "source: "),
        ({"type": None}, "type: "),
        ({"time": "yesterday"}, "time: must be a time such as"),
        ({"datacontenttype": "text/plain"}, "datacontenttype: must be JSON"),
        ({"data": "words"}, "data: must be an object"),
    ],
)
def test_a_wrong_attribute_is_named(connector: WebhookConnector, changes: dict[str, Any], words: str) -> None:
    """The same in structured form and, where a header can say it, in binary form."""
    body = json.loads(fixture("cloud_review_created__structured")) | changes
    assert refusal(connector, body, form=STRUCTURED).reason.startswith(words)


def test_binary_form_needs_its_headers(connector: WebhookConnector) -> None:
    """A ce- header says that it is a CloudEvent; then all the required ones must be there."""
    answer = refusal(connector, {"text": "Hi"}, ce_type="comment.created", ce_specversion="1.0", ce_source="/s")
    assert answer == Refusal(400, "id: is missing")


# --- the handshake ---------------------------------------------------------------------------------------------------


def options(connector: WebhookConnector, **headers: str) -> Any:
    """The answer to an OPTIONS request."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return connector.verify(WebhookRequest("OPTIONS", given, {}, b"", NOON))


def test_the_abuse_check_is_answered(connector: WebhookConnector) -> None:
    """A sender that asks first is told that it may send, as often as it likes."""
    answer = options(connector, webhook_request_origin="events.example.com", webhook_request_rate="120")
    assert isinstance(answer, Challenge)
    assert answer.status == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "events.example.com"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"


@pytest.mark.parametrize("origin", ["", "a b", "a\r\nSet-Cookie: x", "é", "x" * 256, "\udcff"])
def test_a_strange_origin_is_not_repeated(connector: WebhookConnector, origin: str) -> None:
    """Nothing of it can reach our answer's headers."""
    assert isinstance(options(connector, webhook_request_origin=origin), Refusal)


@given(
    method=st.sampled_from(["POST", "OPTIONS", "GET", "\udcff"]),
    body=st.binary(max_size=100),
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-signature", "content-type", "ce-id", "webhook-request-origin"]),
        st.text(st.characters(), max_size=20),
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_never_raises(connector: WebhookConnector, method: str, body: bytes, headers: dict[str, str]) -> None:
    """Whatever comes, there is a verdict, and nothing unsigned is taken."""
    assert not isinstance(connector.verify(WebhookRequest(method, headers, {}, body, NOON)), Accepted)


@given(body=st.binary(max_size=100).filter(lambda b: b.decode("utf-8", "ignore").encode() == b), header=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_genuine_sender_cannot_make_it_raise(connector: WebhookConnector, body: bytes, header: str) -> None:
    """Signed nonsense has a verdict too, and what is taken can be stored."""
    for form in ("application/json", STRUCTURED, BATCH, header or "x"):
        verdict = connector.verify(a_request(body, form=form, ce_id=header, ce_type=header))
        if isinstance(verdict, Accepted):
            assert all(json.dumps(raw.headers).encode() for raw in verdict.raws)
            assert all(event.model_dump_json() for raw in verdict.raws for event in connector.parse(raw))


async def test_signed_strange_headers_can_be_stored(rig: Rig) -> None:
    """A header that is no UTF-8 reaches us with half characters; what is kept of it can be written to Redis."""
    request = a_request(
        {"text": "Hi"}, ce_id="a\udcff", ce_source="/s", ce_type="comment.created", ce_specversion="1.0"
    )
    verdict = rig.connector().verify(request)
    assert isinstance(verdict, Accepted)
    await rig.store.inbox.put(verdict.raws[0])
    (stored,) = await rig.store.inbox.take(1, 0)
    (event,) = rig.connector().parse(stored.raw)
    assert isinstance(event, Interaction)
