"""Who spoke: told by id only, by a handle, or by name, in any order, and never taken for somebody else."""

import pytest

from bot.domain.models import Author, Kind
from bot.domain.reading import Reading
from bot.domain.receiving import completed, receive
from tests.support.cases import a_case, an_item
from tests.support.decisions import case_of
from tests.support.policies import a_policy

POLICY = a_policy()
ID_ONLY, HANDLE, NAMED = Author(id="42"), Author(id="42", handle="ana.r"), Author(id="42", name="Ana Rey")
OTHER = Author(id="43", name="Dan")


@pytest.mark.parametrize(
    ("known", "told", "shown"),
    [
        (None, NAMED, NAMED),
        (ID_ONLY, NAMED, NAMED),
        (HANDLE, NAMED, NAMED),
        (NAMED, HANDLE, NAMED),
        (NAMED, None, NAMED),
        (ID_ONLY, None, ID_ONLY),
        (ID_ONLY, OTHER, ID_ONLY),
        (NAMED, Author(id="42", name="Ana R."), NAMED),
    ],
)
def test_the_same_words_told_again_bring_a_name_that_was_missing(
    known: Author | None, told: Author | None, shown: Author | None
) -> None:
    """A name that is known stays, and nobody gets that of another one."""
    case = a_case(items=(an_item(author=known),), author=known)
    again = an_item(author=told, kind=Kind.MENTION, url="https://square.example/1")
    after = case_of(completed(case, again, POLICY))
    assert (after.latest.author, after.author) == (shown, shown)


def test_whoever_has_a_name_by_now_has_it_on_earlier_words_too() -> None:
    """The first delivery told the id only; the next one, of later words, the name."""
    case = a_case(items=(an_item(author=ID_ONLY),), author=ID_ONLY)
    case = receive(case, an_item("And?", author=NAMED, id="post-2"), Reading(), POLICY).case
    assert [item.author for item in case.items] == [NAMED, NAMED]
    assert case.author == NAMED


def test_a_case_goes_by_the_fullest_name_that_was_told() -> None:
    """A handle gives way to a name, and not the other way round."""
    case = a_case(items=(an_item(author=HANDLE),), author=HANDLE)
    case = receive(case, an_item("And?", author=NAMED, id="post-2"), Reading(), POLICY).case
    assert case.author == NAMED
    assert receive(case, an_item("Hm", author=HANDLE, id="post-3"), Reading(), POLICY).case.author == NAMED
