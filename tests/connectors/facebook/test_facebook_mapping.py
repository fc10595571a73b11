"""What Facebook delivers, as Hark's events: one test for each kind, and deliveries that break off."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.models import Deleted, Edited, Event, Hidden, Interaction, Kind, Malformed, Raw, UnknownEvent
from connectors.facebook import mapping
from connectors.facebook.names import HUMAN_AGENT, STANDARD, Page
from tests.support.cases import NOON

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json") if not path.stem.startswith("error__"))
READ = ("swept__", "recheck__")
PAGE = Page("1100", "main", STANDARD)
AT = NOON - timedelta(minutes=2)
ANA = "1100_501|9001"


def raw(body: bytes, source: str = "webhook") -> Raw:
    """A stored delivery."""
    return Raw(network="facebook", account="main", source=source, body=body, received_at=NOON)


def events(name: str, page: Page = PAGE) -> list[Event]:
    """What a fixture says."""
    source = name.partition("__")[0].replace("swept", "sweep") if name.startswith(READ) else "webhook"
    return list(mapping.parse(raw((FIXTURES / f"{name}.json").read_bytes(), source), page))


def made(name: str, page: Page = PAGE) -> Interaction:
    """The only interaction of a fixture."""
    (found,) = (each for each in events(name, page) if isinstance(each, Interaction))
    return found


def test_a_comment_below_our_post() -> None:
    """Every field of it: the branch of this customer, what answering takes, seven days for a private reply."""
    found = made("comment__add")
    assert (found.id, found.key.conversation, found.kind) == ("501_777", ANA, Kind.COMMENT)
    assert found.author is not None
    assert (found.author.id, found.author.name, found.text) == ("9001", "Ana Rey", "My parcel never came")
    assert found.posted_at == AT
    assert found.url == "https://www.facebook.com/1100_501?comment_id=777"
    assert (found.private_until, found.reply_until) == (AT + timedelta(days=7), None)
    assert found.ref["id"] == found.ref["thread"] == "501_777"
    assert (found.version, found.by_us, found.private) == ("", False, False)


def test_webhook_and_sweep_name_the_same_thing_alike() -> None:
    """Id, conversation, author, words and what answering takes are the same through both doors."""
    for one, other in (("comment__add", "swept__comment"), ("post__visitor", "swept__post"),
                       ("mention__post_no_sender", "swept__tagged"), ("message__text", "swept__message")):  # fmt: skip
        first, second = made(one), made(other)
        assert (first.id, first.key, first.kind, first.text) == (second.id, second.key, second.kind, second.text)
        assert first.ref.get("words") == second.ref.get("words")
        assert first.ref["what"] == second.ref["what"]


@pytest.mark.parametrize(
    ("name", "id_", "conversation", "kind"),
    [
        ("comment__reply_to_comment", "501_778", ANA, Kind.COMMENT),
        ("comment__old_sender", "501_777", ANA, Kind.COMMENT),
        ("comment__numbers_as_ids", "501777", "1100501|9001", Kind.COMMENT),
        ("comment__no_author", "501_777", "1100_501|?501_777", Kind.COMMENT),
        ("post__visitor", "1100_88", "1100_88|9001", Kind.POST),
        ("post__visitor_photo", "1100_89", "1100_89|9001", Kind.POST),
        ("mention__post_no_sender", "9002_31", "9002_31|?9002_31", Kind.MENTION),
        ("mention__comment", "31_5", "9002_31|?31_5", Kind.MENTION),
        ("rating__negative", "6601", "6601|9001", Kind.REVIEW),
        ("reaction__like_on_post", f"reaction:1100_501:9001:like:{int(AT.timestamp())}", ANA, Kind.REACTION),
        ("reaction__love_on_comment", f"reaction:501_780:9001:love:{int(AT.timestamp())}", ANA, Kind.REACTION),
        ("like__of_post_old_form", f"reaction:1100_501:9001:like:{int(AT.timestamp())}", ANA, Kind.REACTION),
        ("like__of_page", f"reaction:1100:9001:like:{int(AT.timestamp()) + 1}", "1100|9001", Kind.REACTION),
        ("share__of_our_post", f"share:77:9001:{int(AT.timestamp())}", "9001_77|9001", Kind.REPOST),
        ("message__text", "m_1", "private|7001", Kind.MESSAGE),
        ("message__postback", "m_8", "private|7001", Kind.MESSAGE),
        ("message_reaction__love", f"reaction:m_5:7001:{int(AT.timestamp())}", "private|7001", Kind.REACTION),
        ("standby__message", "m_9", "private|7001", Kind.MESSAGE),
    ],
)
def test_every_kind_with_its_id_and_conversation(name: str, id_: str, conversation: str, kind: Kind) -> None:
    """The id makes a redelivery recognisable, the conversation finds the card."""
    found = made(name)
    assert (found.id, found.key.conversation, found.kind) == (id_, conversation, kind)
    assert not found.by_us


@pytest.mark.parametrize("name", ["comment__own", "post__own_status", "message__echo"])
def test_our_own_words_are_echoes(name: str) -> None:
    """The Page's id as author, or the mark of an echo."""
    assert made(name).by_us


def test_an_echo_belongs_to_the_conversation_with_the_customer() -> None:
    """Its sender is the Page, its recipient the person."""
    assert made("message__echo").key.conversation == "private|7001"


def test_an_edit_is_told_also_when_it_comes_first() -> None:
    """The interaction in its new wording, then the edit: whichever of them is new takes effect."""
    for name in ("comment__edited", "comment__edit_old_verb", "post__visitor_edited", "message__edited"):
        first, second = events(name)
        assert isinstance(first, Interaction)
        assert isinstance(second, Edited)
        assert (first.id, first.key, first.text) == (second.id, second.key, second.text)
        assert second.version


def test_an_edit_renews_what_answering_takes() -> None:
    """The new wording's name: a second look and a hiding compare with it."""
    for name in ("comment__edited", "post__visitor_edited", "recheck__edited"):
        (edit,) = (each for each in events(name) if isinstance(each, Edited))
        assert edit.ref["words"] == edit.version


@pytest.mark.parametrize(("name", "hidden"), [("comment__hide", True), ("comment__unhide", False)])
def test_a_comment_hidden_on_facebook_is_told(name: str, hidden: bool) -> None:
    """Dated by the delivery, not by the comment."""
    at = AT + timedelta(seconds=1)
    assert events(name) == [Hidden(id="501_777", key=made("comment__add").key, hidden=hidden, at=at)]


def test_comments_can_be_hidden_and_nothing_else() -> None:
    """Neither posts nor what stands elsewhere; a sweep knows whether Facebook lets us, and whether it is hidden."""
    assert made("comment__add").hideable
    assert not any(made(name).hideable for name in ("post__visitor", "mention__comment", "message__text"))
    swept = json.loads((FIXTURES / "swept__comment.json").read_bytes())
    swept["item"] |= {"can_hide": False, "is_hidden": True}
    (found,) = mapping.parse(raw(json.dumps(swept).encode(), "sweep"), PAGE)
    assert isinstance(found, Interaction)
    assert (found.hideable, found.hidden) == (False, True)


def test_removals_find_their_case() -> None:
    """Comments, posts, and messages that were unsent."""
    for name, id_, conversation in (("comment__remove", "501_777", ANA), ("message__unsent", "m_1", "private|7001"),
                                    ("post__visitor_removed", "1100_88", "1100_88|9001")):  # fmt: skip
        (found,) = events(name)
        assert isinstance(found, Deleted)
        assert (found.id, found.key.conversation) == (id_, conversation)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("feed__block", "comment:block"),
        ("feed__unknown_item", "feed:hologram:add"), ("field__without_value", "parking:no_value"),
        ("field__unknown", "leadgen"), ("entry__of_another_page", "another_page"),
        ("object__of_another_product", "object:instagram"), ("reaction__changed", "reaction:edit:wow"),
        ("reaction__removed", "reaction:remove:like"), ("reaction__angry", "reaction:add:angry"),
        ("rating__comment", "ratings:comment"), ("message_reaction__taken_back", "message_reaction:unreact"),
        ("message_reaction__angry", "message_reaction:react:angry"),
        ("message__policy_enforcement", "messaging:policy_enforcement"),
    ],
)  # fmt: skip
def test_what_is_not_for_the_desk_is_counted(name: str, what: str) -> None:
    """By a short name, never as an error."""
    assert events(name) == [UnknownEvent(what=what)]


@pytest.mark.parametrize("name", ["message__read", "message__delivery"])
def test_reads_and_deliveries_are_nothing(name: str) -> None:
    """They come in masses and say nothing that a team acts on."""
    assert events(name) == []


@pytest.mark.parametrize("name", ["comment__no_id", "message__no_id", "message__no_sender"])
def test_what_cannot_be_read_can_be_replayed_by_itself(name: str) -> None:
    """The dead letter holds the one update in the form of a delivery."""
    (found,) = events(name)
    assert isinstance(found, Malformed)
    assert list(mapping.parse(raw(found.part.encode()), PAGE)) == [found]


@pytest.mark.parametrize(
    ("name", "without"),
    [("comment__add", {"post_id"}), ("comment__add", {"comment_id"}), ("mention__post_no_sender", {"post_id"})],
)
def test_without_the_ids_that_name_a_conversation_nothing_is_made(name: str, without: set[str]) -> None:
    """It goes to the dead letter: a case of a guessed name would never be found again."""
    doc = json.loads((FIXTURES / f"{name}.json").read_bytes())
    value = doc["entry"][0]["changes"][0]["value"]
    for each in without:
        del value[each]
    (found,) = mapping.parse(raw(json.dumps(doc).encode()), PAGE)
    assert isinstance(found, Malformed)
    assert "without" in found.error


def test_a_mixed_delivery_is_read_update_by_update() -> None:
    """A comment, an update without value, a broken one, a message and one on standby."""
    found = Counter(type(each).__name__ for each in events("batch__mixed"))
    assert found == {"Interaction": 3, "UnknownEvent": 1, "Malformed": 1}


def test_attachments_are_listed_with_kind_and_link() -> None:
    """Nothing is fetched; what has no picture of its own is named."""
    assert [(each.kind, each.url) for each in made("comment__with_photo").attachments] == [
        ("image", "https://scontent.example/p.jpg")
    ]
    assert [each.kind for each in made("comment__with_video_and_link").attachments] == ["video", "link"]
    assert [each.kind for each in made("message__attachments").attachments] == [
        "image", "video", "audio", "file", "video",
    ]  # fmt: skip
    odd = made("message__sticker_location_template").attachments
    assert [(each.kind, each.url, each.description) for each in odd] == [
        ("image", "https://cdn.example/s.png", "sticker"), ("link", "https://maps.example/?q=1", "Ana's place"),
        ("link", "", "template"), ("link", "https://example.org/f", "A page"),
    ]  # fmt: skip
    assert "only in its own inbox" in made("message__unsupported").attachments[0].description
    assert [each.kind for each in made("swept__message").attachments] == ["image", "file", "image"]
    assert [each.kind for each in made("swept__post").attachments] == ["video"]


def test_messenger_windows_are_clocks() -> None:
    """24 hours, or seven days where Meta has granted Human Agent; a private reply has seven days anyway."""
    assert made("message__text").reply_until == AT + timedelta(milliseconds=123) + timedelta(hours=24)
    granted = made("message__text", Page("1100", "main", HUMAN_AGENT))
    assert granted.reply_until == AT + timedelta(milliseconds=123) + timedelta(days=7)


def test_what_cannot_be_answered_says_so() -> None:
    """On standby another app speaks; a mention and a recommendation take no private reply; the network may say no."""
    assert not made("standby__message").answerable
    for name in ("mention__comment", "rating__negative"):
        assert made(name).private_until == made(name).posted_at
    closed = made("swept__reply_closed")
    assert not closed.answerable
    assert closed.private_until == closed.posted_at
    assert closed.ref["thread"] == "501_777"


def test_a_recommendation_says_which_way_it_goes() -> None:
    """In words of its own, so that the customer's stay the customer's; stars where there are any."""
    assert made("rating__negative").attachments[0].description == "does not recommend the Page"
    assert made("rating__with_stars").rating == 4


def test_a_second_look_tells_edits_and_deletions() -> None:
    """By the conversation that the reference carries, also where the network would not name the author again."""
    (edited,), (gone,) = events("recheck__edited"), events("recheck__gone")
    assert isinstance(edited, Edited)
    assert isinstance(gone, Deleted)
    assert edited.key == gone.key
    assert (edited.key.conversation, edited.text) == (ANA, "My parcel came")


def test_times_are_sound() -> None:
    """Never later than the delivery, in UTC."""
    body = json.loads((FIXTURES / "comment__add.json").read_bytes())
    for given, expected in ((99999999999, NOON), (None, AT + timedelta(seconds=1)), ("x", AT + timedelta(seconds=1)),
                            (0, datetime(1970, 1, 1, tzinfo=UTC))):  # fmt: skip
        body["entry"][0]["changes"][0]["value"]["created_time"] = given
        (found,) = mapping.parse(raw(json.dumps(body).encode()), PAGE)
        assert isinstance(found, Interaction)
        assert found.posted_at == expected


@pytest.mark.parametrize("name", NAMES[::6])
def test_no_cut_makes_it_raise(name: str) -> None:
    """A delivery that breaks off anywhere is malformed."""
    body = (FIXTURES / f"{name}.json").read_bytes()
    for end in range(0, len(body) - 2, 40):
        (found,) = mapping.parse(raw(body[:end], "sweep" if name.startswith(READ) else "webhook"), PAGE)
        assert isinstance(found, Malformed)
