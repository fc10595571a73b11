"""Make foreign text safe to show as data, and cut or count it as a reader sees it.

A grapheme is what a reader takes for one character (Unicode annex 29, extended clusters): a
family emoji is one grapheme and many code points.
"""

import re
from itertools import islice
from typing import Final

import regex

ELLIPSIS: Final = "…"
MAX_MARKS: Final = 4
"""Marks above or below a letter that are kept in a row: enough for every living script, too few to smear over other
lines. Those that stand beside it (vowels of Burmese, say) take room of their own and are not counted."""

# Whatever tidying may take away or replace, but for piled marks; plain text has none of it.
_ODD: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u180e\u200b-\u200d\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SURROGATE: Final = regex.compile(r"[\ud800-\udfff]")
_NEWLINE: Final = regex.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
# Controls but tab and newline; soft hyphen and other invisible signs; bidi overrides and isolates;
# interlinear annotation; noncharacters.
_UNSEEN: Final = regex.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
# Tag characters spell the flags of England, Scotland and Wales; anywhere else they hide text.
_TAGS: Final = regex.compile(
    r"(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)|[\U000e0000-\U000e007f]+"
)
_MARK_PILE: Final = regex.compile(rf"([\p{{Mn}}\p{{Me}}\u200c\u200d]{{{MAX_MARKS}}})[\p{{Mn}}\p{{Me}}\u200c\u200d]+")
# Joiners change the shape of these scripts and of emoji; between other letters they only hide.
_JOINING: Final = (
    r"\p{Arabic}\p{Syriac}\p{Mongolian}\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}"
    r"\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}\p{Khmer}\p{Myanmar}"
)
_LOST_JOINER: Final = regex.compile(
    r"(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?<![" + _JOINING + r"]\u200d)"
    r"|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?!\p{Extended_Pictographic})"
    r"|(?<![" + _JOINING + r"])\u200c"
    r"|(?<=[" + _JOINING + r"])[\u200c\u200d](?![" + _JOINING + r"])"
)
_GRAPHEME: Final = regex.compile(r"\X")
# Signs of which each is a grapheme of its own whatever stands around it, as long as that is one of them too: Latin,
# Greek, Cyrillic, punctuation, currencies, symbols, Kana, Han, emoji without modifiers.
_SINGLE: Final = re.compile(
    r"[\t\n\x20-\x7e\xa0-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u2bff"
    r"\u3000-\u3029\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\U0001f300-\U0001f3fa\U0001f400-\U0001f9ff]*"
)

# Both end where words in a script begin that sets no spaces.
_LINK: Final = regex.compile(
    r"(?:https?://|www\.|(?<![a-z0-9-])[a-z0-9-]{1,63}\.(?:ly|co|com|me|gl|be|app|link)/)[!-~\xa1-\u04ff]*", regex.I
)
_HANDLE: Final = regex.compile(r"(?<![\w.])@[A-Za-z0-9_][A-Za-z0-9_.@-]{0,120}")


def tidy(text: str) -> str:
    """Return text as harmless data: no hidden or reordering signs, no lone surrogates, `\\n` for newlines.

    Surrogate pairs become the character they meant and lone ones U+FFFD. Emoji sequences and the joiners
    that Arabic and Indic scripts need stay. Tidying twice changes nothing more.
    """
    if text.isascii() and text.isprintable():
        return text
    if not _ODD.search(text):
        return text if text.isascii() else _MARK_PILE.sub(r"\1", text)
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _NEWLINE.sub("\n", text)
    text = _UNSEEN.sub("", text)
    if text.isascii():
        return text
    text = _TAGS.sub(lambda found: found[1] or "", text)
    text = _MARK_PILE.sub(r"\1", text)
    return _LOST_JOINER.sub("", text)


def graphemes(text: str) -> int:
    """Count what a reader sees as characters."""
    return len(text) if _SINGLE.fullmatch(text) else sum(1 for _ in _GRAPHEME.finditer(text))


def utf8_bytes(text: str) -> int:
    """Count the bytes of text in UTF-8; a lone surrogate counts three, as its replacement would."""
    return len(text.encode("utf-8", "surrogatepass"))


def cut(text: str, limit: int) -> str:
    """Shorten text to at most `limit` graphemes, the last one an ellipsis if anything was left out."""
    if limit <= 0:
        return ""
    if len(text) <= limit:  # a grapheme is one code point or more
        return text
    if _SINGLE.fullmatch(text, 0, limit + 1):
        return text[: limit - 1].rstrip() + ELLIPSIS
    ends = [found.end() for found in islice(_GRAPHEME.finditer(text), limit + 1)]
    if len(ends) <= limit:
        return text
    kept = text[: ends[limit - 2]] if limit > 1 else ""
    return kept.rstrip() + ELLIPSIS


def without_handles_and_links(text: str) -> str:
    """Return the customer's own words on one line: handles and links say nothing about mood."""
    if "/" in text or "www." in text.lower():
        text = _LINK.sub(" ", text)
    if "@" in text:
        text = _HANDLE.sub(" ", text)
    return " ".join(text.split())
