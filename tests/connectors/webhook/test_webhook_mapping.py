"""Mapping: each event of a sender becomes what it is, in the conversation to which it belongs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.models import MOST, Deleted, Interaction, Kind, Malformed, UnknownEvent
from connectors.webhook import mapping
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import NOON
from tests.support.webhook_rig import FIXTURES, a_raw, fixture, parsed

AT = datetime(2026, 3, 4, 11, 58, tzinfo=UTC)


def interaction(connector: WebhookConnector, name: str) -> Interaction:
    """The one interaction of a fixture."""
    (event,) = parsed(connector, name)
    assert isinstance(event, Interaction)
    return event


def of(data: dict[str, Any], type_: str = "comment.created", **envelope: Any) -> Any:
    """The one event of these data."""
    body = json.dumps({"type": type_, "data": data, **envelope}).encode()
    (event,) = mapping.parse(a_raw(body))
    return event


def conversation(data: dict[str, Any], type_: str = "comment.created") -> str:
    """The conversation of these data."""
    return str(of({"id": "c-1", "text": "Hello", **data}, type_).key.conversation)


def test_a_whole_comment(connector: WebhookConnector) -> None:
    """Every field arrives where the card looks for it."""
    event = interaction(connector, "comment_created__whole")
    assert (event.id, event.kind, event.text) == ("c-1", Kind.COMMENT, "My parcel is late. Where is it?")
    assert (event.posted_at, event.language, event.private) == (AT, "en", False)
    assert event.reply_until == datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert (event.url, event.key.network, event.key.account) == ("https://shop.example/posts/7#c-1", "webhook", "main")
    assert event.key.conversation == "post-7|u-1"
    assert event.author is not None
    assert event.author.model_dump() == {
        "id": "u-1",
        "handle": "anahorvat",
        "name": "Ana Horvat",
        "url": "https://shop.example/u/1",
        "followers": 12,
    }
    assert event.attachments[0].description == "A torn box"
    assert event.ref == {"id": "c-1", "conversation": "post-7|u-1", "reply_url": "https://shop.example/reply/c-1"}


def test_the_least_that_makes_a_comment(connector: WebhookConnector) -> None:
    """Words are enough: the id is the event's, the time that of receipt, nobody is named, nothing can be answered."""
    event = interaction(connector, "comment_created__least")
    assert (event.id, event.posted_at, event.author) == ("msg-1", NOON, None)
    assert event.ref == {"id": "msg-1", "conversation": "msg-1"}


@pytest.mark.parametrize(
    ("name", "kind", "where"),
    [
        ("message_created__private", Kind.MESSAGE, "private|7"),
        ("mention_created__reply", Kind.MENTION, "m-1"),
        ("review_created__stars_only", Kind.REVIEW, "r-1"),
        ("post_created__in_forum", Kind.POST, "topic-3"),
        ("match_created__stream", Kind.MATCH, "x-1"),
        ("reaction_created__like", Kind.REACTION, "c-9"),
        ("repost_created__of_post", Kind.REPOST, "c-9"),
        ("follow_created__person", Kind.FOLLOW, "f-1"),
    ],
)
def test_every_kind_and_its_conversation(connector: WebhookConnector, name: str, kind: Kind, where: str) -> None:
    """One fixture for each kind."""
    event = interaction(connector, name)
    assert (event.kind, event.key.conversation, event.posted_at) == (kind, where, AT)


def test_what_only_some_kinds_have(connector: WebhookConnector) -> None:
    """Stars, privacy, the stream, what a like is about, the company's own words."""
    assert interaction(connector, "review_created__stars_only").rating == 2
    message = interaction(connector, "message_created__private")
    assert (message.private, message.id) == (True, "42")
    assert interaction(connector, "match_created__stream").stream == "acme parcel"
    assert interaction(connector, "reaction_created__like").about == "c-9"
    assert interaction(connector, "mention_created__reply").about is None
    assert interaction(connector, "comment_created__by_us").by_us


def test_edits_and_deletions_find_their_case(connector: WebhookConnector) -> None:
    """Both carry the id and the conversation of what they change."""
    created = interaction(connector, "comment_created__whole")
    (edited,) = parsed(connector, "comment_edited__new_words")
    (deleted,) = parsed(connector, "comment_deleted__by_id")
    assert isinstance(edited, Interaction)  # whoever never heard of it makes a card of it
    assert isinstance(deleted, Deleted)
    assert (edited.id, edited.key, edited.text) == (created.id, created.key, "My parcel came.")
    assert (edited.worded_at, created.worded_at) == (NOON - timedelta(minutes=1), None)
    assert edited.version == "msg-1" != created.version
    assert (deleted.id, deleted.key) == (created.id, created.key)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({}, "c-1"),
        ({"in_reply_to": "c-0"}, "c-0"),
        ({"post": "p"}, "p"),
        ({"post": "p", "author": {"id": "u"}}, "p|u"),
        ({"post": "p", "author": {"id": "u"}, "in_reply_to": "c-0"}, "p|u"),
        ({"private": True, "in_reply_to": "c-0"}, "c-0"),
        ({"private": True, "author": {"id": "u"}, "post": "p"}, "private|u"),
        ({"conversation": "k", "private": True, "post": "p", "in_reply_to": "x", "author": {"id": "u"}}, "k"),
    ],
)
def test_who_decides_the_conversation(data: dict[str, Any], where: str) -> None:
    """What the sender says goes first, then privacy, the company's post, what is answered, the event itself."""
    assert conversation(data) == where


def test_a_message_may_be_public_if_the_sender_says_so() -> None:
    """The default goes by the kind; a given value wins."""
    assert not of({"text": "Hi", "private": False}, "message.created").private


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2030-01-01T00:00:00Z", NOON),
        ("0001-01-01T00:00:00+14:00", NOON),
        (None, NOON),
        ("2026-03-04T12:58:00.5+01:00", AT + timedelta(seconds=0.5)),
    ],
)
def test_times_are_sound(given: str | None, expected: datetime) -> None:
    """In UTC, never later than it came."""
    assert of({"text": "Hi"}, timestamp=given).posted_at == expected


def test_a_structured_cloud_event(connector: WebhookConnector) -> None:
    """Its id is unique with its source; answers name the id that the sender knows."""
    event = interaction(connector, "cloud_review_created__structured")
    assert (event.id, event.rating, event.posted_at) == ("https://crm.example/hark#ev-1", 2, AT)
    assert event.ref["id"] == "ev-1"


def test_cloud_events_without_ids_of_their_own_answer_within_their_source() -> None:
    """`in_reply_to` then means the event id of the same source."""
    events = [
        {"specversion": "1.0", "id": id_, "source": "/a", "type": "post.created", "data": {"text": "x"} | more}
        for id_, more in [("1", {}), ("2", {"in_reply_to": "1"})]
    ]
    first, second = mapping.parse(a_raw(json.dumps(events).encode(), "application/cloudevents-batch+json"))
    assert isinstance(first, Interaction)
    assert isinstance(second, Interaction)
    assert first.key == second.key


def test_a_bad_part_of_a_batch_harms_no_other(connector: WebhookConnector) -> None:
    """The good is read, the bad kept with its error, the unknown counted."""
    good, bad, unknown = parsed(connector, "cloud_batch__one_bad")
    assert isinstance(good, Interaction)
    assert isinstance(bad, Malformed)
    assert "data.text" in bad.error
    assert unknown == UnknownEvent(what="thread.locked")


def test_a_buried_part_can_be_read_after_a_fix(connector: WebhookConnector) -> None:
    """The dead letter keeps the delivery's headers with the part alone as its body."""
    _, bad, _ = parsed(connector, "cloud_batch__one_bad")
    assert isinstance(bad, Malformed)
    mended = bad.part.replace("words", "text").encode()
    (event,) = mapping.parse(a_raw(mended, "application/cloudevents-batch+json"))
    assert isinstance(event, Interaction)
    assert event.text == "none"


def test_unknown_types_are_counted(connector: WebhookConnector) -> None:
    """An event that is not about a customer's words is no error."""
    assert parsed(connector, "order_shipped__unknown") == [UnknownEvent(what="order.shipped")]
    for type_ in ("comment", "created", ".", "comment.liked", "reply.created", "x" * 300):
        assert of({}, type_) == UnknownEvent(what=type_[:80])


def test_half_characters_do_no_harm() -> None:
    """Text cut in the middle of an emoji arrives with U+FFFD in its place; whole ones stay."""
    raw = a_raw(b'{"type": "comment.created", "data": {"text": "ok \\ud83d\\ude00 cut \\ud83d", "id": "\\ud83d"}}')
    (event,) = mapping.parse(raw)
    assert isinstance(event, Interaction)
    assert (event.text, event.id) == ("ok 😀 cut �", "�")


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_every_fixture_is_read(connector: WebhookConnector, name: str) -> None:
    """No fixture is left without an event, and what is read can be stored."""
    events = parsed(connector, name)
    assert events
    assert all(event.model_dump_json() for event in events)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["", "2026-03-04T11:58:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = [*json.loads(fixture("comment_created__whole"))["data"], "kind", "rating", "private", "in_reply_to"]
_FORMS = ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain"]


@given(
    type_=st.sampled_from(["comment.created", "review.edited", "message.deleted", "a.b"]),
    data=st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=8) | _VALUES,
    form=st.sampled_from(_FORMS),
    envelope=st.dictionaries(st.sampled_from(["timestamp", "time", "id", "source", "data_base64"]), _VALUES),
)
def test_parsing_never_raises_on_any_json(type_: str, data: object, form: str, envelope: dict[str, object]) -> None:
    """Every field with every kind of value: an event, or Malformed that can be buried."""
    value = {"type": type_, "data": data, "specversion": "1.0", "id": "1", "source": "/s"} | envelope
    for event in mapping.parse(a_raw(json.dumps(value).encode(), form)):
        assert event.model_dump_json()
        if isinstance(event, Malformed):
            assert event.part.encode()


@given(body=st.binary(max_size=200), form=st.text(max_size=30) | st.sampled_from(_FORMS), ce=st.text(max_size=20))
def test_parsing_never_raises_on_any_bytes(body: bytes, form: str, ce: str) -> None:
    """Whatever was stored."""
    for event in mapping.parse(a_raw(body, form, ce_type=ce)):
        assert isinstance(event, Malformed | UnknownEvent)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[" * 900 + b"]" * 900, b'{"a":' * 41 + b"1" + b"}" * 41])
def test_deep_nesting_is_refused(body: bytes) -> None:
    """What would exhaust the stack is malformed."""
    (event,) = mapping.parse(a_raw(body))
    assert isinstance(event, Malformed)
    assert "nested" in event.error


def test_a_number_of_thousands_of_digits_stays_short() -> None:
    """It fits JSON and fills a card."""
    assert of({"id": "c-1", "text": "Hello", "author": {"id": "a", "followers": 10**4000}}).author.followers == MOST
