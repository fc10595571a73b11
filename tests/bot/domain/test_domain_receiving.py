"""What customers do: a case for a conversation, follow-ups in its thread, returns as new cycles, edits, deletions."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.case import Case, Item, PostKind
from bot.domain.decisions import Change, Refused
from bot.domain.lifecycle import close
from bot.domain.models import Attachment, Author, Kind
from bot.domain.posting import LINE_LONGEST
from bot.domain.reading import Reading
from bot.domain.receiving import ITEMS_KEPT, completed, deleted, edited, folded, named, open_case, receive
from tests.support.cases import ANA, CARLA, NOON, a_case, a_key, a_wait, an_interaction, an_item
from tests.support.decisions import case_of
from tests.support.policies import CHANNEL, a_policy

POLICY = a_policy()
COMPLAINT = Reading(intent="complaint", sentiment="negative")
PRAISE = Reading(intent="praise", sentiment="positive")
OTHER = Reading(intent="other")
DAN = CARLA.model_copy(update={"id": "did:plc:dan", "name": "Dan"})


def opened(**changes: Any) -> Case:
    """The case of a customer's first mention."""
    return open_case(a_key(), an_item(**changes), COMPLAINT, POLICY).case


def again(case: Case, text: str = "Still waiting!", reading: Reading = COMPLAINT, **changes: Any) -> Case:
    """The case after the customer's next post, five minutes later."""
    changes = {"id": f"post-{case.item_count + 1}", "seen_at": NOON + timedelta(minutes=5)} | changes
    return receive(case, an_item(text, **changes), reading, POLICY).case


def closed(case: Case, at: datetime = NOON) -> Case:
    """The case, closed by Ana."""
    return case_of(close(case, ANA, "solved", at))


def answered(case: Case) -> Case:
    """The case after an answer, with nobody waiting."""
    cycle = case.cycle.model_copy(update={"answered_at": NOON, "acknowledged_at": NOON})
    return case.model_copy(update={"wait": None, "cycle": cycle})


def test_a_first_post_opens_a_case_with_a_card_and_a_promise() -> None:
    """One conversation, one card wanted in the team's channel, the clock running since Hark saw the words."""
    case = opened()
    assert case.card is not None
    assert case.card.channel == CHANNEL
    assert case.wait is not None
    assert case.wait.since == NOON
    assert case.wait.ack_due is not None


def test_the_audit_log_says_who_wrote() -> None:
    """By the name on the card; somebody without one is the customer."""
    assert [entry.what for entry in open_case(a_key(), an_item(), COMPLAINT, POLICY).log] == ["Carla wrote"]
    nobody = receive(closed(answered(opened())), an_item(author=None, id="post-2"), COMPLAINT, POLICY)
    assert [entry.what for entry in nobody.log] == ["The customer came back"]


def test_a_follow_up_stays_on_the_card_and_adds_one_line_to_the_thread() -> None:
    """No second card; the wait keeps its beginning."""
    case = again(opened())
    assert [post.kind for post in case.posts] == [PostKind.CARD, PostKind.LINE]
    assert case.posts[1].thread
    assert case.posts[1].text == "Carla: Still waiting!"
    assert case.latest.seq == 2
    assert again(case, "Thanks!", PRAISE).reading == PRAISE
    assert case.wait is not None
    assert case.wait.since == NOON


def test_words_go_into_a_line_that_still_waits() -> None:
    """Who writes many times in a row fills no channel, and each of the words is in a line, all of it shown."""
    case = opened()
    for n in range(60):
        case = again(case, f"No answer, number {n:02}!")
    lines = [post.text for post in case.posts if post.kind is PostKind.LINE]
    assert len(lines) == 3
    assert max(map(len, lines)) <= LINE_LONGEST
    assert all(line.startswith("Carla: ") for line in lines)
    said = [words for line in lines for words in line.removeprefix("Carla: ").split("\n")]
    assert said == [f"No answer, number {n:02}!" for n in range(60)]


@pytest.mark.parametrize(
    ("begun", "changes"),
    [
        ({"attempt": "a1"}, {}),
        ({"ts": "17.1"}, {}),
        ({}, {"private": True}),
        ({}, {"author": Author(id="did:plc:eve", name="Eve")}),
    ],
)
def test_what_is_said_otherwise_has_a_line_of_its_own(begun: dict[str, str], changes: dict[str, Any]) -> None:
    """A line that is being posted, somebody else's words, private words beside public ones: nothing is added to it."""
    case = again(opened())
    posts = tuple(post.model_copy(update=begun) if post.kind is PostKind.LINE else post for post in case.posts)
    case = again(case.model_copy(update={"posts": posts}), **changes)
    assert [post.id for post in case.posts if post.kind is PostKind.LINE] == ["item:2", "item:3"]


def test_words_that_are_taken_back_are_in_no_line_that_waits() -> None:
    """They are not posted afterwards: the first, those in between and edited ones. Others that are alike stay."""
    case = opened()
    for text in ("My address is 5 (Elm) Road", "No, 7", "Sorry, No, 7 it is", "And now?"):
        case = again(case, text)
    case = case_of(edited(case, "post-5", "Well?", "v2", masked=False, cut=False, now=NOON + timedelta(minutes=6)))
    for gone in ("post-2", "post-3", "post-5"):
        case = case_of(deleted(case, gone, NOON + timedelta(minutes=7)))
    none = "(deleted by the customer)"
    assert case.posts[-1].text == f"Carla: {none}\n{none}\nSorry, No, 7 it is\n{none}"


def test_the_same_words_of_somebody_else_and_of_a_later_line_stay() -> None:
    """Only what was taken back is gone, not what reads alike."""
    case = again(again(again(opened(), "Yes"), "Yes", author=DAN), "Yes")
    case = case_of(deleted(case, "post-2", NOON + timedelta(minutes=7)))
    lines = [post.text for post in case.posts if post.kind is PostKind.LINE]
    assert lines == ["Carla: (deleted by the customer)", "Dan: Yes", "Carla: Yes"]


def test_words_that_are_taken_back_are_looked_for_where_they_are() -> None:
    """Not in an older line of the same customer's that is full and waits, too; nor in a later one of somebody else."""
    case = again(again(opened(), "x" * LINE_LONGEST), "My address is 5 Elm Road")
    after = case_of(deleted(case, "post-3", NOON + timedelta(minutes=7)))
    assert [post.text for post in after.posts[1:]] == [
        f"Carla: {'x' * LINE_LONGEST}",
        "Carla: (deleted by the customer)",
    ]
    case = again(again(opened(), "Yes"), "Yes", author=DAN)
    posted = case.model_copy(update={"posts": tuple(post for post in case.posts if post.id != "item:2")})
    after = case_of(deleted(posted, "post-2", NOON + timedelta(minutes=7)))
    assert [post.text for post in after.posts[1:]] == ["Dan: Yes"]


def test_a_line_that_is_being_posted_is_as_it_is() -> None:
    """What Slack may have by now is not changed here: another worker would post it anew."""
    case = again(opened())
    posts = tuple(post.model_copy(update={"attempt": "a1"}) for post in case.posts)
    case = case_of(deleted(case.model_copy(update={"posts": posts}), "post-2", NOON + timedelta(minutes=7)))
    assert case.posts[-1].text == "Carla: Still waiting!"


def test_a_picture_without_words_is_told_in_the_thread() -> None:
    """Somebody reads the line on a phone, where no card is in sight."""
    assert again(opened(), "").posts[-1].text == "Carla: sent an attachment"


def test_a_return_after_closing_is_a_new_cycle_of_the_same_case() -> None:
    """The clocks start afresh, nobody holds it, and the channel hears that the customer is back."""
    case = again(closed(answered(opened())))
    assert case.is_open
    assert case.cycle.n == 2
    assert case.cycle.answered_at is None
    assert case.wait is not None
    assert case.claim is None
    assert [post.text for post in case.posts if not post.thread and post.kind is PostKind.LINE] == [
        "Carla is back after this case was closed."
    ]


def test_a_thank_you_neither_reopens_nor_starts_a_promise() -> None:
    """Praise after our answer is shown, and that is all."""
    done = answered(opened())
    assert again(done, "Thank you!", PRAISE).wait is None
    shut = again(closed(done), "Thank you!", PRAISE)
    assert not shut.is_open
    assert shut.latest.text == "Thank you!"


def test_praise_that_nobody_has_answered_waits() -> None:
    """Only a thank-you after our answer asks for nothing: who praises us unasked hears from us."""
    assert open_case(a_key(), an_item("Great shop!"), PRAISE, POLICY).case.wait is not None


def test_praise_with_a_question_waits_for_an_answer() -> None:
    """ "Great, thanks! But where do I send it?" is a question."""
    asking = PRAISE.model_copy(update={"question": True})
    assert again(answered(opened()), "Great, but where?", asking).wait is not None


def test_a_follow_up_after_an_answer_waits_for_the_next_answer_only() -> None:
    """Within a cycle the first word was said already: only the answer clock runs again."""
    case = again(answered(opened()))
    assert case.wait is not None
    assert case.wait.ack_due is None
    assert case.wait.since == NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("intent", "waits"), [("complaint", True), ("question", True), ("praise", False), ("other", False)]
)
def test_a_search_hit_waits_only_if_it_needs_somebody(intent: Any, waits: bool) -> None:
    """A bare match of a monitoring stream is carded without a promise."""
    case = open_case(a_key(), an_item(kind=Kind.MATCH), Reading(intent=intent), POLICY).case
    assert (case.wait is not None) == waits


@pytest.mark.parametrize(("answered_at", "waits"), [(None, True), (-1, True), (1, False)])
def test_a_search_hit_that_turns_out_to_call_on_us_waits(answered_at: int | None, waits: bool) -> None:
    """The network delivers it after the search has found it: from then on it is what it is, unless it was answered."""
    case = open_case(a_key(), an_item(kind=Kind.MATCH, answerable=False, stream="boots"), OTHER, POLICY).case
    if answered_at is not None:
        answered = case.cycle.model_copy(update={"answered_at": NOON + timedelta(minutes=answered_at)})
        case = case.model_copy(update={"cycle": answered})
    case = case_of(completed(case, an_item(), POLICY))
    assert (case.latest.kind, case.latest.answerable) == (Kind.MENTION, True)
    assert case.latest.stream is None
    assert (case.wait is not None) is waits


def test_a_search_hit_that_was_closed_stays_so_when_it_turns_out_to_call_on_us() -> None:
    """Somebody has looked at it and settled it: nobody is late in a case that is closed."""
    case = closed(open_case(a_key(), an_item(kind=Kind.MATCH, answerable=False), OTHER, POLICY).case)
    after = case_of(completed(case, an_item(), POLICY))
    assert (after.latest.kind, after.is_open, after.wait) == (Kind.MENTION, False, None)


def test_a_mention_stays_what_it_was_told_as_first() -> None:
    """Another door calls the same words a comment: the card does not change its name for them."""
    case = opened(url="https://square.example/1")
    other = an_item(kind=Kind.COMMENT, url="https://square.example/2", answerable=False)
    assert isinstance(completed(case, other, POLICY), Refused)


def test_a_search_hit_takes_nothing_from_what_called_on_us() -> None:
    """Not even one that tells an earlier time; and another search takes nothing from the first one."""
    found = an_item(kind=Kind.MATCH, answerable=False, stream="boots")
    after = case_of(completed(opened(), found.model_copy(update={"posted_at": NOON - timedelta(minutes=5)}), POLICY))
    assert (after.latest.kind, after.latest.answerable) == (Kind.MENTION, True)
    case = open_case(a_key(), found, OTHER, POLICY).case
    assert isinstance(completed(case, found.model_copy(update={"stream": "shoes"}), POLICY), Refused)


def test_only_the_newest_interactions_are_kept_in_the_case() -> None:
    """A long forum topic does not grow without end; the count goes on."""
    case = opened()
    for _ in range(ITEMS_KEPT + 3):
        case = again(case)
    assert len(case.items) == ITEMS_KEPT
    assert case.item_count == ITEMS_KEPT + 4
    assert [item.seq for item in case.items] == list(range(5, ITEMS_KEPT + 5))


def test_several_customers_in_one_topic_are_counted() -> None:
    """A second author is a second person; the same one again is not, nor is somebody whom nobody named."""
    case = again(again(again(opened(), author=DAN), author=DAN), author=None)
    assert case.people == 2


def test_who_speaks_first_by_name_is_the_first_person() -> None:
    """Before, nobody was named: that may have been the same one."""
    assert again(opened(author=None), author=DAN).people == 1


@pytest.mark.parametrize(("more", "whose"), [(0, DAN), (ITEMS_KEPT - 2, DAN), (ITEMS_KEPT - 1, CARLA)])
def test_a_case_is_of_whoever_spoke_first(more: int, whose: Author) -> None:
    """Also when those words come last; but of what came before the words that are kept nobody knows who was first."""
    case = opened()
    for _ in range(more):
        case = again(case)
    assert again(case, author=DAN, posted_at=NOON - timedelta(hours=1)).author == whose
    assert again(case, author=DAN, posted_at=NOON + timedelta(hours=1)).author == CARLA


def test_an_edit_shows_new_words_and_keeps_the_old_in_the_history() -> None:
    """The card shows the edit; what stood there before is kept with it, and not in the audit log."""
    answer = edited(opened(), "post-1", "Found it, sorry", "v2", masked=True, cut=True, now=NOON)
    assert isinstance(answer, Change)
    assert (answer.case.latest.masked, answer.case.latest.cut) == (True, True)
    assert answer.case.latest.text == "Found it, sorry"
    assert answer.case.latest.edited
    assert answer.case.latest.earlier == ("My parcel is late. Where is it?",)
    assert answer.log[0].detail == ""


def test_the_same_edit_again_and_edits_of_unknown_things_change_nothing() -> None:
    """Redelivered edits are recognised by their version."""
    case = opened(version="v2")
    for item_id, version in (("post-1", "v2"), ("post-9", "v3")):
        answer = edited(case, item_id, "x", version, masked=False, cut=False, now=NOON)
        assert isinstance(answer, Refused)


def test_a_deletion_leaves_a_tombstone_and_nobody_waiting() -> None:
    """The words are gone from the case, and the pictures; with nothing left, no promise runs."""
    case = opened(attachments=(Attachment(kind="image", description="My passport"),))
    after = case_of(deleted(case, "post-1", NOON))
    item: Item = after.items[0]
    assert item.deleted
    assert not item.text
    assert not item.attachments
    assert not item.earlier
    assert after.wait is None
    assert isinstance(deleted(after, "post-1", NOON), Refused)


def test_one_of_two_deleted_posts_leaves_the_promise() -> None:
    """Somebody who still has words up still waits."""
    after = case_of(deleted(again(opened()), "post-2", NOON))
    assert after.wait is not None
    assert after.latest.id == "post-1"


def test_answers_are_given_to_the_newest_words_that_stand() -> None:
    """In public and in private each to its own; where nothing stands on that side, to the newest of all."""
    words = (("p1", False), ("p2", False), ("d3", True), ("d4", True), ("p5", False))
    items = tuple(an_item(id=id_, private=private, deleted=id_ in ("d4", "p5")) for id_, private in words)
    case = a_case(items=items)
    assert (case.latest.id, case.newest(private=False).id, case.newest(private=True).id) == ("d3", "p2", "d3")
    assert a_case(items=items[:2]).newest(private=True).id == "p2"
    assert a_case(items=items[3:]).latest.id == "p5"


def test_a_question_that_is_deleted_after_an_answer_to_another_waits_no_more() -> None:
    """The first one was answered, the second taken back: nobody is late, and no phone rings for it."""
    asked = again(answered(opened()))
    assert asked.wait is not None
    assert _after_deleting(asked, "post-1").wait == asked.wait
    assert _after_deleting(asked, "post-2").wait is None
    more = again(asked, seen_at=NOON + timedelta(minutes=9))
    assert _after_deleting(more, "post-2").wait == asked.wait


def test_who_waits_since_the_case_was_reopened_waits_for_words_from_before() -> None:
    """Of two unanswered posts one goes: the other still wants its answer."""
    case = again(opened())
    late = a_wait(NOON + timedelta(days=1))
    case = case.model_copy(update={"wait": late})
    assert _after_deleting(case, "post-2").wait == late


def _after_deleting(case: Case, item_id: str) -> Case:
    return case_of(deleted(case, item_id, NOON))


def test_likes_and_reposts_are_counted() -> None:
    """Each for itself; also when the case was closed in the meantime."""
    like = an_interaction(kind=Kind.REACTION)
    repost = an_interaction(kind=Kind.REPOST)
    both = folded(folded(opened(), like).case, repost)
    assert (both.case.likes, both.case.reposts) == (1, 1)
    assert folded(closed(opened()), like).case.likes == 1


def test_a_name_that_was_looked_up_stands_everywhere_and_stays() -> None:
    """On earlier words, on the case and on later words of the same person; others keep theirs; once is enough."""
    nameless = Author(id="42")
    first = an_item("one", author=nameless)
    other = an_item("two", author=Author(id="43"), id="post-2")
    case = a_case(items=(first, other), author=nameless)
    ana = Author(id="42", name="Ana Rey", handle="ana.r", followers=7)
    after = case_of(named(case, ana))
    assert [item.author for item in after.items] == [ana, other.author]
    assert after.author == ana
    assert isinstance(named(after, ana), Refused)
    assert isinstance(named(after, Author(id="42", name="Somebody Else")), Refused)
    later = receive(after, an_item("three", author=nameless, id="post-3"), Reading(), a_policy())
    assert later.case.items[-1].author == ana
    stranger = receive(after, an_item("four", author=Author(id="44"), id="post-4"), Reading(), a_policy())
    assert stranger.case.items[-1].author == Author(id="44")
    assert isinstance(named(a_case(items=(an_item("x", author=None),), author=None), ana), Refused)
