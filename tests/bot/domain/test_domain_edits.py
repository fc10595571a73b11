"""Edits arrive in any order."""

from datetime import timedelta

from bot.domain.decisions import Change, Refused
from bot.domain.receiving import edited
from tests.support.cases import NOON, a_case, an_item


def test_an_older_edit_that_arrives_late_does_not_bring_the_old_words_back() -> None:
    """The edit with the latest time counts, whatever the order of arrival."""
    newer = edited(a_case(), "post-1", "newest", "v3", masked=False, cut=False, now=NOON + timedelta(minutes=2))
    assert isinstance(newer, Change)
    late = edited(newer.case, "post-1", "older", "v2", masked=False, cut=False, now=NOON + timedelta(minutes=1))
    assert isinstance(late, Refused)
    assert newer.case.latest.text == "newest"


def test_an_edit_renews_what_answering_takes() -> None:
    """What the network gave anew replaces the old, the rest stays; without anything new nothing changes."""
    case = a_case(items=(an_item(ref={"post": "1", "author": "a"}),))
    new = edited(case, "post-1", "b", "v2", masked=False, cut=False, now=NOON, ref={"post": "2"})
    assert isinstance(new, Change)
    assert new.case.latest.ref == {"post": "2", "author": "a"}
    same = edited(case, "post-1", "b", "v2", masked=False, cut=False, now=NOON)
    assert isinstance(same, Change)
    assert same.case.latest.ref == {"post": "1", "author": "a"}
