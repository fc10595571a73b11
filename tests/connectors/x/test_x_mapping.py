"""What X delivers, as Hark's events: one test for each fixture's point."""

import json

import pytest

from bot.domain.models import Deleted, Edited, Event, Interaction, Kind, Malformed, UnknownEvent
from connectors.x.connector import XConnector
from tests.support.cases import NOON
from tests.support.x_rig import a_raw, fixture, source_of
from tests.support.x_server import ANA


def parsed(connector: XConnector, name: str) -> list[Event]:
    """What a fixture says."""
    return list(connector.parse(a_raw(fixture(name), source_of(name))))


def one(connector: XConnector, name: str) -> Interaction:
    """The one interaction of a fixture."""
    (event,) = parsed(connector, name)
    assert isinstance(event, Interaction), event
    return event


def test_a_mention_becomes_an_answerable_interaction(connector: XConnector) -> None:
    """Words as people read them, links where they lead, the author from the includes."""
    event = one(connector, "mention__plain")
    assert event.kind is Kind.MENTION
    assert event.answerable
    assert event.text == "@acme my parcel is lost & nobody answers https://shop.example/track/1"
    assert event.author is not None
    assert (event.author.handle, event.author.url) == ("anarey", "https://x.com/anarey")
    assert event.url == f"https://x.com/anarey/status/{event.id}"
    assert event.key.conversation == f"{event.id}|{ANA}"
    assert (event.language, event.version) == ("en", "")


def test_the_same_post_is_the_same_through_every_door(connector: XConnector) -> None:
    """Webhook and poll agree on id, case, kind and words; a reply that also names us is one thing."""
    for pushed, polled in (("mention__plain", "polled__mention"), ("reply__under_our_post", "reply__also_a_mention")):
        a, b = one(connector, pushed), one(connector, polled)
        assert (a.id, a.key, a.kind, a.text, a.answerable) == (b.id, b.key, b.kind, b.text, b.answerable)
    a, b = one(connector, "dm__received"), one(connector, "polled_message__received")
    assert (a.id, a.key, a.text, a.ref, a.posted_at) == (b.id, b.key, b.text, b.ref, b.posted_at)


def test_an_author_that_was_left_out_is_known_by_the_id(connector: XConnector) -> None:
    """X may send no profile."""
    event = one(connector, "mention__no_author_included")
    assert event.author is not None
    assert (event.author.id, event.author.name) == (ANA, "")


def test_an_edit_is_a_new_version_of_the_first_post(connector: XConnector) -> None:
    """Another id at X, the same interaction and case here; the first wording has no version, so it replaces nothing."""
    first, edit = one(connector, "mention__plain"), one(connector, "mention__edited")
    assert edit.id == first.id
    assert edit.key == first.key
    assert edit.version == edit.ref["post"] != edit.id
    assert edit.posted_at < NOON


def test_long_posts_numbers_for_ids_pictures_and_quotes(connector: XConnector) -> None:
    """The whole text of a long post; numeric ids; media by their keys alone."""
    assert one(connector, "mention__long_post").text.endswith("to its end")
    assert one(connector, "mention__numeric_ids").kind is Kind.MENTION
    event = one(connector, "mention__pictures_and_quote")
    assert [each.kind for each in event.attachments] == ["image", "video", "quote"]
    assert event.text == "@acme look"


def test_who_summoned_us_can_be_answered_and_who_did_not_cannot(connector: XConnector) -> None:
    """Replies and quotes yes; a bare keyword match leaves only the way to X."""
    assert one(connector, "reply__under_our_post").kind is Kind.COMMENT
    quote = one(connector, "quote__of_our_post")
    assert (quote.kind, quote.answerable) == (Kind.MENTION, True)
    match = one(connector, "polled__match")
    assert (match.kind, match.answerable, match.stream) == (Kind.MATCH, False, "acme")
    assert match.url


def test_quiet_kinds_point_at_what_they_are_about(connector: XConnector) -> None:
    """Likes, reposts and follows, with the branch of that customer as their case."""
    like, repost = one(connector, "like__of_our_post"), one(connector, "repost__of_our_post")
    assert like.kind is Kind.REACTION
    assert like.key.conversation == f"{like.about}|{ANA}"
    assert (repost.kind, repost.about) == (Kind.REPOST, like.about)
    follow = one(connector, "follow__new")
    assert follow.kind is Kind.FOLLOW
    assert follow.author is not None
    assert follow.author.handle == "anarey"


def test_direct_messages_are_one_conversation_per_customer(connector: XConnector) -> None:
    """The case is the other person's, whoever writes; groups and encrypted messages cannot be answered from here."""
    event, ours = one(connector, "dm__received"), one(connector, "dm__sent_by_us")
    assert event.private
    assert event.key == ours.key
    assert event.key.conversation == f"dm:{ANA}"
    assert (event.by_us, ours.by_us) == (False, True)
    picture = one(connector, "dm__with_picture_old_user")
    assert [each.kind for each in picture.attachments] == ["image"]
    assert picture.author is not None
    assert picture.author.handle == "anarey"
    group = one(connector, "polled_message__group")
    assert not group.answerable
    assert [each.kind for each in group.attachments] == ["video", "video", "image"]
    secret = one(connector, "chat__encrypted")
    assert not secret.answerable
    assert secret.key == event.key


@pytest.mark.parametrize("name", ["post_create__our_own", "polled__our_own"])
def test_our_own_words_are_marked_as_ours(connector: XConnector, name: str) -> None:
    """They close the loop of echoes."""
    assert one(connector, name).by_us


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("post_delete__our_own", "post.delete"),
        ("unfollow__is_counted", "follow.unfollow"),
        ("dm_read__is_counted", "dm.read"),
        ("oauth_revoke__is_counted", "oauth.revoke"),
        ("new_event__is_counted", "spaces.start"),
        ("other_account__is_counted", "other_account"),
        ("replay_status__complete", "replay:Complete"),
        ("account_activity__old_form", "account_activity"),
    ],
)
def test_what_nobody_can_act_on_is_counted_by_name(connector: XConnector, name: str, what: str) -> None:
    """No error and no card."""
    assert parsed(connector, name) == [UnknownEvent(what=what)]


@pytest.mark.parametrize("name", ["malformed__post_without_id", "malformed__message_without_sender"])
def test_what_cannot_be_read_says_where_and_can_be_replayed(connector: XConnector, name: str) -> None:
    """The part alone is what the dead letter keeps."""
    (event,) = parsed(connector, name)
    assert isinstance(event, Malformed)
    assert "missing" in event.error
    assert json.loads(event.part)


def test_one_bad_event_among_good_ones_harms_none(connector: XConnector) -> None:
    """A list under `data` is read entry by entry."""
    good, bad = json.loads(fixture("mention__plain")), json.loads(fixture("malformed__post_without_id"))
    body = json.dumps({"data": [good["data"], bad["data"], 7]}).encode()
    found = list(connector.parse(a_raw(body)))
    assert [type(each) for each in found] == [Interaction, Malformed, Malformed]


def test_a_second_look_tells_of_edits_and_deletions(connector: XConnector) -> None:
    """With the id and the case that the first look had."""
    first = one(connector, "mention__plain")
    (gone,) = parsed(connector, "recheck__deleted")
    (edit,) = parsed(connector, "recheck__edited")
    assert isinstance(gone, Deleted)
    assert isinstance(edit, Edited)
    assert gone.id == edit.id == first.id
    assert gone.key == edit.key == first.key
    assert edit.text.endswith("not lost")


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"\xff\xfe", b"[" * 100_000, b'{"data":null}', b"{}"])
@pytest.mark.parametrize("source", ["webhook", "mentions", "messages", "sweep", "recheck", "search:x", "elsewhere"])
def test_hostile_bodies_yield_something_and_never_raise(connector: XConnector, body: bytes, source: str) -> None:
    """Every door, every kind of rubbish."""
    for event in connector.parse(a_raw(body, source)):
        assert isinstance(event, Malformed | UnknownEvent)
