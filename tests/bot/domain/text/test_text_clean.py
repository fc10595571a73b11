"""Foreign text becomes harmless data, and is cut and counted as a reader sees it."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text.clean import (
    _LOST_JOINER,
    _NEWLINE,
    _ODD,
    _SINGLE,
    _SURROGATE,
    _TAGS,
    _UNSEEN,
    ELLIPSIS,
    MAX_MARKS,
    cut,
    graphemes,
    tidy,
    utf8_bytes,
    without_handles_and_links,
)

FAMILY = "👩‍👩‍👧"


def test_hidden_and_reordering_signs_go() -> None:
    """Zero-width signs, bidi overrides and isolates, controls and hidden tags are removed."""
    assert tidy("pay\u200b\u2060pal\ufeff \u202etxt\u202c \u2066x\u2069\x00\x1b\x9f\xad!\U000e0041") == "paypal txt x!"


def test_newlines_are_one_kind() -> None:
    """Every kind of line end becomes a newline, and tabs stay."""
    assert tidy("a\r\nb\rc\u2028d\x85e\vf\tg") == "a\nb\nc\nd\ne\nf\tg"


def test_broken_utf16_is_mended() -> None:
    """A surrogate pair becomes its character, a lone surrogate U+FFFD."""
    assert tidy("\ud83d\ude00 \ud83d x \ude00") == "😀 \ufffd x \ufffd"


def test_emoji_sequences_and_living_scripts_stay() -> None:
    """Joiners in emoji, Persian and Hindi, variation selectors, and the flag of England are kept."""
    england = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    text = f"{FAMILY} ❤️‍🔥 👍🏽 می‌خواهم क्‍ष {england} naïve"
    assert tidy(text) == text


@pytest.mark.parametrize("word", ["လျှော့", "ဈေးလျှော့ပေးပါ", "မြွှေ့", "ཧྲཱིཿ", "ញ៉ាំ", "श्र्ङ्ग्यैः", "ก็ผู้ซื้อ", "Nguye\u0302\u0303n"])
def test_words_with_many_marks_stay(word: str) -> None:
    """Burmese puts five and more on one letter, most of them beside it and not above: "to reduce" is such a word."""
    assert tidy(word) == word


def test_a_joiner_between_latin_letters_goes() -> None:
    """A joiner that only hides a word from filters is removed."""
    assert tidy("re\u200dfund re\u200cfund") == "refund refund"


def test_piles_of_marks_are_capped() -> None:
    """Text that smears over other lines keeps a few marks on each letter."""
    assert tidy("Z" + "\u0301" * 40 + "a") == "Z" + "\u0301" * MAX_MARKS + "a"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=80))
def test_tidying_twice_changes_nothing(text: str) -> None:
    """Tidy text is tidy, encodable, and free of override signs."""
    once = tidy(text)
    assert tidy(once) == once
    once.encode()
    assert not regex.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x08]", once)


@given(st.text(alphabet="\u200d\u200c\ufe0f\u0301👩🏽❤aक्می\U000e0067🏴\ud800", max_size=30))
def test_tidying_twice_changes_nothing_in_joined_text(text: str) -> None:
    """The same holds for strings made of joiners, marks and emoji."""
    assert tidy(tidy(text)) == tidy(text)


def test_single_signs_are_graphemes_of_their_own() -> None:
    """Each sign that is counted without a look at its neighbours joins none of its kind, on either side."""
    singles = [sign for sign in map(chr, range(0x110000)) if _SINGLE.fullmatch(sign)]
    assert len(singles) > 20_000
    joined = [sign for sign in singles if len(regex.findall(r"\X", f"a{sign}❤{sign}a{sign}{sign}é")) != 8]
    assert joined == []


@given(st.text(alphabet="aé \n…😢👩🏽\u200d\ufe0f\u0301\r漢", max_size=12), st.integers(0, 10))
def test_cutting_counts_the_graphemes_that_are_there(text: str, limit: int) -> None:
    """What is short stays as it is; of what is long, one less than the limit is kept."""
    whole = regex.findall(r"\X", text)
    long = "".join(whole[: max(0, limit - 1)]).rstrip() + ELLIPSIS if limit else ""
    assert cut(text, limit) == (text if len(whole) <= limit else long)
    assert graphemes(text) == len(whole)


def test_each_odd_sign_is_found() -> None:
    """No sign that tidying takes away or replaces is passed over, whatever stands beside it."""
    beside = ("a", "é", "👩", "ک", "\n")
    passed = [chr(n) for n in range(0x110000) if not _ODD.search(chr(n))]
    piece = "".join(f"{sign}a" for sign in passed)
    for pattern in (_SURROGATE, _NEWLINE, _UNSEEN, _TAGS, _LOST_JOINER):
        assert not pattern.search(piece)
    assert all(tidy(f"{sign}{each}") == f"{sign}{each}" for sign in passed[::97] for each in beside)


def test_cut_keeps_graphemes_whole() -> None:
    """A family emoji counts one, and is kept or left out as a whole."""
    assert graphemes(FAMILY + "ab") == 3
    assert cut(FAMILY + "ab", 3) == FAMILY + "ab"
    assert cut(FAMILY + "abc", 3) == FAMILY + "a…"
    assert cut("a" + FAMILY + "b", 2) == "a…"
    assert cut("abc", 1) == "…"
    assert cut("abc", 0) == ""


@given(st.text(max_size=60), st.integers(1, 20))
def test_cut_never_exceeds_its_limit(text: str, limit: int) -> None:
    """A cut text has at most as many graphemes as asked for."""
    assert graphemes(cut(text, limit)) <= limit


def test_bytes_are_counted_even_for_broken_text() -> None:
    """Bytes are those of UTF-8; a lone surrogate does not raise."""
    assert (utf8_bytes("aé😀"), utf8_bytes("\ud800")) == (7, 3)


def test_own_words_have_no_handles_or_links() -> None:
    """Handles and links go, addresses and words stay, on one line."""
    text = "@hark.example hey\nlook https://x.example/a?b bit.ly/zz me@x.example now"
    assert without_handles_and_links(text) == "hey look me@x.example now"


def test_own_words_stay_where_no_space_parts_them_from_a_handle_or_a_link() -> None:
    """Chinese, Japanese and Thai set none."""
    text = "@acme返金して。詳しくはhttps://x.example/aを見て @acmeช่วยด้วย bit.ly/zzで"
    assert without_handles_and_links(text) == "返金して。詳しくは を見て ช่วยด้วย で"
