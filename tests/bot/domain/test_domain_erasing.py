"""A customer who asks to be erased: who that is, what of a case is theirs, what is left without them."""

from datetime import timedelta

import pytest

from bot.domain.case import Case, HideReason, Hiding, Item, PostKind, SendState
from bot.domain.decisions import Refused
from bot.domain.erasing import (
    ERASED,
    Customer,
    Seen,
    Stands,
    authors_of,
    customer,
    is_own,
    items_of,
    known_by,
    remains,
    scrubbed,
    share,
    tells_of,
    without,
)
from bot.domain.models import Attachment, Author
from bot.domain.posting import with_line
from tests.support.cases import ANA, CARLA, NOON, a_card, a_case, a_log_entry, a_raw, a_send, a_wait, an_item
from tests.support.decisions import case_of

SQUARE = "square"
DANIEL = Author(id="did:plc:daniel", handle="daniel.example", name="Daniel Diaz")
LATER = NOON + timedelta(minutes=5)


def found(who: str, *authors: Author) -> Customer:
    """The customer as these profiles make them known."""
    return known_by(customer(SQUARE, who), authors)


def a_thread(**changes: object) -> Case:
    """Carla's case, in which Daniel wrote too: the newest words are his."""
    his = an_item(
        "Same here, Daniel Diaz in Ulm",
        id="at://did:plc:daniel/2",
        seq=2,
        author=DANIEL,
        url="https://square.example/daniel/2",
        ref={"uri": "at://did:plc:daniel/2"},
        attachments=(Attachment(kind="image", url="https://square.example/daniel.jpg"),),
        earlier=("Me too!",),
        posted_at=LATER,
        seen_at=LATER,
    )
    return a_case(items=(an_item(), his), item_count=2, people=2, posts=(a_card(),), **changes)


@pytest.mark.parametrize("who", ["did:plc:carla", "carla.example", "@carla.example", "@CARLA.Example"])
def test_an_id_or_a_handle_names_a_customer(who: str) -> None:
    """With or without @, in any case."""
    assert is_own(a_case(), customer(SQUARE, who))


@pytest.mark.parametrize("who", ["did:plc:carla", "carla.example", "@CARLA.Example"])
def test_every_case_of_theirs_is_found_worth_reading(who: str) -> None:
    """However the network writes the handle: what is not read is not erased."""
    shouting = CARLA.model_copy(update={"handle": "Carla.EXAMPLE"})
    case = a_case(author=shouting, items=(an_item(author=shouting),))
    assert is_own(case, customer(SQUARE, who))
    assert customer(SQUARE, who).may_be_in(case.model_dump_json())
    assert not customer(SQUARE, who).may_be_in(a_case(author=DANIEL, items=(an_item(author=DANIEL),)).model_dump_json())


def test_the_author_of_a_case_counts_also_when_none_of_the_kept_words_are_theirs() -> None:
    """The first words of a long conversation are kept no more."""
    assert authors_of(a_case(items=(an_item(author=DANIEL),))) == [CARLA, DANIEL]


def test_the_longest_of_their_names_goes_first() -> None:
    """Else the rest of it would stay: "somebody Diaz"."""
    one = found(DANIEL.id, DANIEL, DANIEL.model_copy(update={"name": "Daniel"}))
    assert one.scrubbed("Daniel Diaz wrote, says Daniel") == one.scrubbed("Daniel wrote, says Daniel")


@pytest.mark.parametrize("who", ["Carla", "carla", "carla.exampl", "DID:PLC:CARLA", "erased"])
def test_a_name_or_a_part_names_nobody(who: str) -> None:
    """Names are not unique, and an id is exact. What stands for the erased is nobody."""
    case = a_case(items=(an_item(author=ERASED),))
    assert not is_own(case, customer(SQUARE, who))
    assert items_of(case, customer(SQUARE, who)) == []


def test_another_network_is_another_customer() -> None:
    """The same handle there is somebody else."""
    assert not is_own(a_case(), customer("bluesky", "carla.example"))


def test_a_handle_leads_to_the_id_and_so_to_cases_that_tell_no_handle() -> None:
    """Some deliveries name the id only."""
    nameless = a_case(author=Author(id=CARLA.id), items=(an_item(author=Author(id=CARLA.id)),))
    assert not is_own(nameless, customer(SQUARE, "carla.example"))
    assert is_own(nameless, found("carla.example", CARLA))


def test_an_id_does_not_lead_to_others_who_have_its_handle() -> None:
    """A handle may have changed hands."""
    heir = Author(id="did:plc:heir", handle="carla.example")
    assert not is_own(a_case(author=heir, items=(an_item(author=heir),)), found(CARLA.id, CARLA))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"uri": "at://did:plc:carla/post/1"}', True),
        (b'{"handle": "Carla.Example"}', True),
        (b'{"text": "hello @carla.example"}', True),
        (b'{"did": "did:plc:carlaX", "handle": "carla.example2"}', False),
        (b'{"name": "Carla"}', False),
        (b"\xff carla.example {", True),
    ],
)
def test_a_delivery_names_them_by_id_or_handle(body: bytes, named: bool) -> None:
    """As whole words, in JSON or not. A name is not enough, nor is another network's delivery."""
    assert found(CARLA.id, CARLA).sent(a_raw(body)) is named
    assert not found(CARLA.id, CARLA).sent(a_raw(body, network="x"))


def test_an_id_written_with_escapes_is_read_as_its_network_meant_it() -> None:
    """JSON may write any letter as a number."""
    one = known_by(customer(SQUARE, "zoë.example"), ())
    assert one.sent(a_raw(b'{"handle": "zo\\u00eb.example"}'))


@pytest.mark.parametrize(
    ("body", "named"), [(b'{"id": "42"}', True), (b'{"user": "@al"}', True), (b'{"n": 42, "text": "al 42"}', False)]
)
def test_a_short_name_counts_only_where_nothing_else_can_be(body: bytes, named: bool) -> None:
    """A number or a little word stands in many deliveries that have nothing to do with them."""
    assert found("42", Author(id="42", handle="al")).sent(a_raw(body)) is named


def left_of(case: Case, who: Author = DANIEL) -> Case:
    """The case without them."""
    return case_of(without(case, found(who.id, *(each for each in authors_of(case) if each)), LATER))


def test_their_items_become_tombstones_that_name_nobody() -> None:
    """Words, links, attachments, addresses and earlier wordings go; the place stays, and so do the others' words."""
    case = left_of(a_thread())
    assert case.items[0] == an_item()
    assert case.items[1] == Item(
        seq=2,
        id="erased:2",
        kind=case.items[0].kind,
        author=ERASED,
        text="",
        posted_at=LATER,
        seen_at=LATER,
        deleted=True,
        answerable=False,
    )
    assert case.latest == an_item()
    assert case.wait is not None, "Carla still waits"
    assert "daniel" not in case.model_dump_json().casefold()


def test_nobody_waits_for_an_answer_to_what_is_gone() -> None:
    """As after a deletion: Carla was answered, only Daniel waited."""
    case = left_of(a_thread(wait=a_wait(since=LATER)))
    assert case.wait is None


def test_what_was_to_be_said_to_them_or_about_them_goes() -> None:
    """A queued answer is not sent, nor looked for or tried again; a line that waits is not posted; what went out names
    nobody."""
    queued = a_send(id="q", to="at://did:plc:daniel/2", text="Hi Daniel Diaz")
    sent = queued.model_copy(update={"id": "s", "state": SendState.SENT, "ref": {"parent": "at://did:plc:daniel/2"}})
    tried = [
        queued.model_copy(update={"id": state, "state": state}) for state in SendState if state is not SendState.SENT
    ]
    other = a_send(id="o", text="As with Daniel Diaz, we look for it")
    asked = Hiding(
        id="h", item="at://did:plc:daniel/2", reason=HideReason.SPAM, note="@daniel.example again", by=ANA, at=NOON,
        until=LATER,
    )  # fmt: skip
    case = a_thread(sends=(*tried, queued, sent, other), hidings=(asked,))
    case = with_line(with_line(case, "item:1", "Carla: hello"), "item:2", "Daniel Diaz: Same here")
    case = with_line(case, "back:2", "Daniel Diaz is back after this case was closed.", thread=False)
    left = left_of(case)
    assert [each.id for each in left.sends] == ["s", "o"]
    assert left.sends[0].text == "Hi someone"
    assert left.sends[0].read_back
    assert left.sends[1] == other
    assert left.sends[0].to == left.hidings[0].item == "erased:2"
    assert [each.id for each in left.posts if each.kind is PostKind.LINE] == ["item:1"]
    rest = left.model_copy(update={"sends": left.sends[:1]})
    assert "daniel" not in rest.model_dump_json().casefold()


def test_an_alert_of_somebody_else_names_them_no_more() -> None:
    """It stands, and is drawn anew."""
    alert = a_card(id="warn", kind=PostKind.ALERT, channel="U1", place="D1", ts="2.0", text="Daniel Diaz waits")
    case = a_thread()
    left = left_of(case.model_copy(update={"posts": (*case.posts, alert)}))
    assert left.posts[-1] == alert.model_copy(update={"text": "someone waits"})


def test_a_line_with_their_words_is_theirs_without_a_name() -> None:
    """The network had told none by then."""
    left = left_of(with_line(a_thread(), "item:2", "Somebody: Where is it?"))
    assert [each.kind for each in left.posts] == [PostKind.CARD]


def test_what_they_said_in_private_was_private() -> None:
    """Its place stays what it was: nobody owes it a public word."""
    case = a_thread()
    said = case.items[1].model_copy(update={"private": True})
    assert left_of(case.model_copy(update={"items": (case.items[0], said)})).items[1].private


def test_erasing_twice_changes_nothing() -> None:
    """The second time there is nothing of theirs."""
    case = left_of(a_thread())
    assert isinstance(without(case, found(DANIEL.id, DANIEL), LATER), Refused)


def test_the_log_says_who_acted_but_not_about_whom() -> None:
    """Staff stay named, the customer does not; nobody whose name only contains theirs is touched."""
    one = found(DANIEL.id, DANIEL)
    entry = a_log_entry("Daniel Diaz wrote", by="U0ANA00001", detail="Hi @daniel.example, Daniel Diazos asked")
    assert scrubbed(entry, one) == a_log_entry(
        "someone wrote", by="U0ANA00001", detail="Hi someone, Daniel Diazos asked"
    )


def test_a_line_in_slack_is_theirs_by_its_name_or_its_words() -> None:
    """Never a card, never a person's message; a word or two are nobody's own."""
    one, theirs = found(DANIEL.id, DANIEL), items_of(a_thread(), customer(SQUARE, DANIEL.id))
    at = Stands(channel="C1", ts="1.1")
    assert tells_of(Seen(at=at, own=True, text="someone: Same here, Daniel Diaz in Ulm"), theirs, one)
    assert tells_of(Seen(at=at, own=True, text="Daniel Diaz is back"), (), one)
    assert not tells_of(Seen(at=at, own=True, text="Carla: Me too!"), theirs, one)
    assert not tells_of(Seen(at=at, own=True, text="Daniel Diaz", buttons=True), theirs, one)
    assert not tells_of(Seen(at=at, own=False, text="Daniel Diaz called me"), theirs, one)
    long = an_item("And again: " + "it never came, " * 30, earlier=("The first wording of it",))
    assert tells_of(Seen(at=at, own=True, text=f"someone: {long.text[:200]}…"), [long], one)
    assert tells_of(Seen(at=at, own=True, text="someone: The first wording of it"), [long], one)


def test_a_name_of_two_letters_is_not_taken_for_theirs_in_a_sentence() -> None:
    """But behind an @ it is, and in a script where names are that short."""
    one = found("42", Author(id="42", handle="al", name="I"))
    assert not one.is_shown_in("Dora: I had 42 of them, al dente")
    assert one.scrubbed("Hello @Al, hello @42") == "Hello someone, hello someone"
    assert found("did:plc:w", Author(id="did:plc:w", name="王伟")).is_shown_in("王伟: 你好")


def test_what_remains_is_where_messages_stand_and_nothing_else() -> None:
    """The card last; what is being posted by its attempt; what was found beside it once."""
    card = a_card(place="C0CARE0001", ts="1.0", attempt="1-a")
    alert = a_card(id="warn", kind=PostKind.ALERT, channel="U1", place="D1", ts="2.0", text="Carla waits")
    coming = a_card(id="item:2", kind=PostKind.LINE, thread=True, attempt="1772625600000-b", text="Carla: hello")
    wanted = a_card(id="item:3", kind=PostKind.LINE, thread=True)
    case = a_case(posts=(card, alert, coming, wanted), lines=("1.5",))
    left = remains(case, [Stands(channel="D1", ts="2.0"), Stands(channel="C0CARE0001", ts="0.9")], 2)
    assert left.card == Stands(channel="C0CARE0001", ts="1.0")
    assert [each.ts or each.attempt for each in left.messages] == ["2.0", "1.5", "1772625600000-b", "0.9"]
    assert left.messages[2].thread == "1.0"
    assert left.messages[2].comes_until == NOON + timedelta(seconds=15)
    assert "Carla" not in left.model_dump_json()
    assert left.replies == 2


def test_what_there_is_is_counted() -> None:
    """A case of their own with what goes along, and their part in a case of somebody else. An answer of which nobody
    knows whether it arrived may have to be deleted by hand like one that did."""
    sent = a_send(state=SendState.SENT)
    to_his = {"id": "his", "to": "at://did:plc:daniel/2"}
    like, private = {"id": "like", "text": ""}, {"id": "private", "private": True}
    went_out = [sent, *(sent.model_copy(update=each) for each in (to_his, to_his | like, to_his | private))]
    states = (SendState.SENDING, SendState.UNKNOWN, SendState.FAILED)
    went_out += [sent.model_copy(update=to_his | {"id": state, "state": state}) for state in states]
    case = a_thread(sends=(*went_out, a_send(id="2"), a_send(id="3"), a_send(id="4")))
    own = share(case, found(CARLA.id, CARLA))
    assert (own.open, own.closed, own.queued, own.answers, own.others_words) == (1, 0, 3, 4, 1)
    other = share(case, found(DANIEL.id, DANIEL))
    assert (other.open, other.shared, other.items, other.answers) == (0, 1, 1, 3)
    assert (own + other).items == 1
