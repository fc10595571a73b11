"""Phrases find what their patterns find one by one, and no more."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import phrases
from bot.domain.text.phrases import Families, Phrases, lowered

PATTERNS = (
    r"on hold|hold(?:ing)? for",
    r"no(?:t)?|never",
    r"\.\.\.+|…",
    r"[:;]-?\)+",
    r"\d+ ?(?:h|hours?)",
    r"😍|love\w*",
)
WORDS = st.lists(
    st.sampled_from(
        [
            "on hold",
            "holding for",
            "know",
            "not",
            "never",
            "...",
            "....",
            ":-))",
            "12 hours",
            "3h",
            "h3",
            "😍",
            "loved",
            "’",
            " ",
            "\n",
            "x",
        ]
    ),
    max_size=12,
)


def slowly(pattern: str, words: str, most: int) -> int:
    """What one regular expression finds by itself."""
    found = re.findall(rf"(?<!\w)(?:{pattern})(?!\w)", words.lower().replace("’", "'"))
    return min(most, len(found))


@given(WORDS, st.sampled_from(["", " ", "-"]))
def test_phrases_count_what_each_pattern_counts(words: list[str], between: str) -> None:
    """Whatever the text, the counts are those of the patterns tried one after the other."""
    text = between.join(words)
    assert list(Phrases(PATTERNS).counts(text, 2)) == [slowly(each, text, 2) for each in PATTERNS]


def test_a_wrong_pattern_is_told_at_once() -> None:
    """A pattern that cannot be compiled raises re.error when the phrases are built, not when a customer writes."""
    with pytest.raises(re.error):
        Phrases(("(",))


@given(WORDS)
def test_families_count_what_each_counts_alone(words: list[str]) -> None:
    """Looked for in one walk or one after the other, each family's counts are the same."""
    text = " ".join(words)
    families = PATTERNS[:2], (), PATTERNS[2:]
    together = Families.of(*families).counts(text, 2)
    assert together == [Phrases(each).counts(text, 2) for each in families]


def test_patterns_are_lower_case_with_straight_apostrophes() -> None:
    """Readers may ask for a text as it was written."""
    assert lowered("Don’t SHOUT") == "don't shout"
    assert list(Phrases(("don't shout",)).counts("Don’t SHOUT")) == [1]


@given(WORDS)
def test_what_is_forgotten_is_worked_out_again(words: list[str]) -> None:
    """When no more openings can be remembered, the counts are the same."""
    text = " ".join(words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phrases, "_KNOWN", 3)
        assert list(Phrases(PATTERNS).counts(text, 2)) == [slowly(each, text, 2) for each in PATTERNS]
