"""Edits arrive in any order."""

from datetime import timedelta

from bot.domain.case import HideReason
from bot.domain.decisions import Refused
from bot.domain.reading import Reading
from bot.domain.receiving import EARLIER_KEPT, completed, deleted, edited, receive, reread
from tests.support.cases import NOON, a_case, an_item
from tests.support.decisions import case_of
from tests.support.policies import a_policy


def test_an_older_edit_that_arrives_late_does_not_bring_the_old_words_back() -> None:
    """The edit with the latest time counts, whatever the order of arrival."""
    newer = case_of(
        edited(a_case(), "post-1", "newest", "v3", masked=False, cut=False, now=NOON + timedelta(minutes=2))
    )
    late = edited(newer, "post-1", "older", "v2", masked=False, cut=False, now=NOON + timedelta(minutes=1))
    assert isinstance(late, Refused)
    assert newer.latest.text == "newest"


def test_each_wording_is_kept_once_and_an_edit_counts_once() -> None:
    """Told again under its version it is known; a mere change of what answering takes adds no wording."""
    case = a_case()
    for n, text in enumerate(("b", "c", "c"), start=1):
        case = case_of(edited(case, "post-1", text, f"v{n}", masked=False, cut=False, now=NOON))
    assert (case.latest.text, case.latest.earlier) == ("c", ("My parcel is late. Where is it?", "b"))
    assert isinstance(edited(case, "post-1", "d", "v3", masked=False, cut=False, now=NOON), Refused)
    gone = case_of(deleted(case, "post-1", NOON))
    assert isinstance(edited(gone, "post-1", "d", "v4", masked=False, cut=False, now=NOON), Refused)


def test_an_edit_renews_what_answering_takes() -> None:
    """What the network gave anew replaces the old, the rest stays; without anything new nothing changes."""
    case = a_case(items=(an_item(ref={"post": "1", "author": "a"}),))
    new = case_of(edited(case, "post-1", "b", "v2", masked=False, cut=False, now=NOON, ref={"post": "2"}))
    assert new.latest.ref == {"post": "2", "author": "a"}
    same = case_of(edited(case, "post-1", "b", "v2", masked=False, cut=False, now=NOON))
    assert same.latest.ref == {"post": "1", "author": "a"}


def test_words_that_come_late_are_not_shown_as_the_newest() -> None:
    """Items stand in the order of posting; how the case reads stays with the newest words."""
    case = a_case()
    late = an_item("Hello?", id="post-0", posted_at=NOON - timedelta(hours=1))
    change = receive(case, late, Reading(intent="question"), a_policy())
    assert [item.id for item in change.case.items] == ["post-0", "post-1"]
    assert [item.seq for item in change.case.items] == [2, 1]
    assert (change.case.latest.id, change.case.reading) == ("post-1", case.reading)


def test_first_words_that_come_after_their_edit_bring_what_it_lacked() -> None:
    """Time and address of the first telling, the words of the edit; told once more, nothing changes."""
    edit = an_item("Found it", edited=True, edited_at=NOON, posted_at=NOON, version="v2")
    first = an_item("Where is it?", posted_at=NOON - timedelta(minutes=5), url="https://x.example/1")
    after = case_of(completed(a_case(items=(edit,)), first, a_policy()))
    (item,) = after.items
    assert (item.text, item.edited, item.edited_at, item.version) == ("Found it", True, NOON, "v2")
    assert (item.posted_at, item.url, item.earlier) == (first.posted_at, first.url, ("Where is it?",))
    assert isinstance(completed(after, first, a_policy()), Refused)


def test_first_words_that_come_late_show_nothing_that_was_hidden() -> None:
    """Their telling is from before somebody hid them on the network; what they were noted to be like stays, too."""
    known = an_item("Found it", edited=True, edited_at=NOON, hidden=True, hidden_at=NOON, signs=(HideReason.ABUSE,))
    first = an_item("Where is it?", posted_at=NOON - timedelta(minutes=5), seen_at=NOON + timedelta(minutes=5))
    after = case_of(completed(a_case(items=(known,)), first, a_policy())).latest
    assert (after.hidden, after.hidden_at, after.signs, after.seen_at) == (True, NOON, (HideReason.ABUSE,), NOON)


def test_only_the_newest_wordings_are_kept() -> None:
    """Who edits all day makes no case that grows all day."""
    case = a_case()
    for n in range(EARLIER_KEPT + 2):
        case = case_of(edited(case, "post-1", f"{n}", f"v{n}", masked=False, cut=False, now=NOON))
    assert case.latest.earlier == tuple(f"{n}" for n in range(1, EARLIER_KEPT + 1))


def test_the_earliest_telling_says_when_words_were_posted() -> None:
    """A later one from before the edit does not make them younger; and nothing brings words back that are gone."""
    edit = an_item("Found it", edited=True, edited_at=NOON + timedelta(minutes=9))
    case = a_case(items=(edit,))
    between = an_item("Where is it?", posted_at=NOON + timedelta(minutes=5))
    assert case_of(completed(case, between, a_policy())).latest.posted_at == NOON
    gone = case_of(deleted(case, "post-1", NOON))
    assert isinstance(completed(gone, an_item(url="https://x.example/1"), a_policy()), Refused)
    assert isinstance(completed(gone, an_item(id="post-9"), a_policy()), Refused)


def test_first_words_add_what_answering_takes() -> None:
    """What the edit told of it counts, being newer."""
    edit = an_item("Found it", edited=True, edited_at=NOON, ref={"post": "2"})
    first = an_item("Where is it?", posted_at=NOON - timedelta(minutes=5), ref={"post": "1", "author": "a"})
    after = case_of(completed(a_case(items=(edit,)), first, a_policy()))
    assert after.latest.ref == {"post": "2", "author": "a"}


def test_a_case_reads_as_its_newest_words_that_stand() -> None:
    """An edit or a deletion can make other words the newest; without any left it reads as it did."""
    second = an_item("Thanks!", id="post-2", posted_at=NOON + timedelta(minutes=1))
    case = a_case(items=(an_item(), second), reading=Reading(intent="praise"))
    read = {"My parcel is late. Where is it?": Reading(intent="question"), "": Reading(intent="other")}.__getitem__
    one_left = case_of(reread(case, deleted(case, "post-2", NOON), read))
    assert one_left.reading.intent == "question"
    older = case_of(reread(case, deleted(case, "post-1", NOON), read))
    assert older.reading.intent == "praise"
    assert case_of(reread(one_left, deleted(one_left, "post-1", NOON), read)).reading.intent == "question"
    unknown = deleted(case, "post-9", NOON)
    assert reread(case, unknown, read) is unknown


def test_an_edit_from_before_the_known_words_is_refused() -> None:
    """A repetition of older words, told as another version, does not take the place of newer ones."""
    assert isinstance(
        edited(a_case(), "post-1", "older", "v0", masked=False, cut=False, now=NOON - timedelta(days=1)), Refused
    )
