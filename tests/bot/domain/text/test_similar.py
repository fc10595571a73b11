"""Near duplicates: the same measure as twice the longest common subsequence over both lengths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text.similar import (
    READ,
    alike,
    count_alike,
    largest_group,
    normal,
    print_of,
    telling_words,
    top_words,
    unlike,
)

FERRY = "Could you tell me whether the evening ferry number 7 to Hvar takes bicycles on board?"
WORDS = st.lists(st.sampled_from(["ferry", "late", "bag", "lost", "error", "pay", "0"]), max_size=12).map(" ".join)


def by_the_book(one: str, other: str) -> int:
    """The longest common subsequence as a textbook computes it."""
    row = [0] * (len(other) + 1)
    for sign in one:
        before = 0
        for place, met in enumerate(other, start=1):
            before, row[place] = row[place], before + 1 if sign == met else max(row[place], row[place - 1])
    return row[-1]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (FERRY, True),
        ("@acme could you tell me whether the evening ferry number 123 to Hvar takes bicycles on board", True),
        (FERRY.upper() + " https://example.org/x", True),
        ("Could you tell me if the evening ferry number 7 to Split takes bicycles on board?", True),
        ("Could you tell me where my suitcase is? It was on the boat.", False),
        ("", False),
        ("!!! 😡😡😡", False),
        ("ferry", False),
    ],
)
def test_what_counts_as_nearly_the_same(other: str, expected: bool) -> None:
    """Handles, links, case, punctuation and numbers make no difference; other words do."""
    assert alike(normal(FERRY), normal(other)) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("我的行李丢了请问怎么办", "我的行李丢了，请问怎么办呢", True),
        ("アプリで支払いができませんどうすればいいですか", "アプリで支払いが出来ませんどうすればいいでしょうか", True),
        ("ระบบล่มเข้าแอปไม่ได้", "ระบบล่มครับเข้าแอปไม่ได้เลย", True),
        ("我的行李丢了请问怎么办", "请问明天的渡轮可以带自行车吗", False),
    ],
)
def test_scripts_without_spaces_are_compared_too(one: str, other: str, expected: bool) -> None:
    """No words can be told apart there before the signs are compared."""
    assert alike(normal(one), normal(other)) is expected


@given(WORDS, WORDS)
def test_alike_is_the_measure_of_the_book(one: str, other: str) -> None:
    """Whoever is alike shares at least four fifths; it holds both ways, and everybody is like themselves."""
    both = len(one) + len(other)
    enough = both > 0 and bool(one) and bool(other) and 2 * by_the_book(one, other) >= 0.8 * both
    found = alike(one, other)
    assert found is alike(other, one)
    assert not found or enough
    assert alike(one, one) is bool(one)


@given(st.text(max_size=600))
def test_any_text_has_a_normal_form(text: str) -> None:
    """Whatever comes, the form is short, on one line and does not change when taken again."""
    form = normal(text)
    assert len(form) <= READ
    assert "\n" not in form
    assert "@" not in form


def test_masks_are_no_words() -> None:
    """What was hidden when the words came in is not compared and not counted."""
    assert normal("Write to [e-mail hidden] or [phone ·45] please") == "write to or please"


def test_the_window_counts_and_groups() -> None:
    """A dozen people with the same question are one group, the others stay apart."""
    texts = [normal(FERRY.replace("7", str(n))) for n in range(12)] + [normal("My suitcase is lost, what now?")] * 3
    assert count_alike(print_of(normal(FERRY)), map(print_of, texts)) == 12
    assert largest_group(texts) == (normal(FERRY),)
    assert largest_group([]) == ()
    assert unlike(texts, 3) == [0, 12]


def test_words_that_say_something() -> None:
    """Small words, numbers and repeats are left out; what only one customer said is no top word."""
    text = normal("The checkout, the CHECKOUT says error 502 and I would really like to pay")
    assert telling_words(text, 12) == ("checkout", "error")
    assert top_words([text, text, normal("zebra")], 5) == ("checkout", "error")
