"""Bring text to plain signs for detection, and remember where each came from."""

import unicodedata
from dataclasses import dataclass
from typing import Final

import regex

COVER: Final = "\x01"
"""Stands for a sign already taken: no digit, letter, space or separator."""

_PLAIN_ASCII: Final = regex.compile(r"[\t\n\x20-\x7e]*")
_UNSEEN_KINDS: Final = frozenset({"Cf", "Cs", "Cc", "Mn", "Me"})
_ALSO_UNSEEN: Final = frozenset("\ufffd\u115f\u1160\u3164\uffa0")
# On a Japanese keyboard the key of the dash writes the long vowel mark (ー, ｰ).
_DASHES: Final = dict.fromkeys("‐‑‒–—―−⁃·•․‧∙⋅‚،ーｰ", "-") | {"。": ".", "｡": ".", "⠀": " ", "∕": "/", "⁄": "/"}
_LONGEST: Final = 3


@dataclass(frozen=True)
class Flat:
    """The flattened text; `origin[i]` is the place in the original that sign i came from (None: same)."""

    text: str
    origin: tuple[int, ...] | None
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original, with the unseen signs that follow it."""
        if self.origin is None:
            return start, end
        after = self.origin[end] if end < len(self.origin) else self.length
        return self.origin[start], max(self.origin[end - 1] + 1, after)


def flatten(text: str) -> Flat:
    """Flatten text: ASCII digits, letters and separators where Unicode has look-alikes, nothing unseen."""
    if text.isascii() and (text.isprintable() or _PLAIN_ASCII.fullmatch(text)):
        return Flat(text, None, len(text))
    known: dict[str, str] = {}
    signs: list[str] = []
    origin: list[int] = []
    for place, sign in enumerate(text):
        plain = known.get(sign)
        if plain is None:
            plain = known[sign] = _plain(sign)
        signs.append(plain)
        origin += [place] * len(plain)
    return Flat("".join(signs), tuple(origin), len(text))


def _plain(sign: str) -> str:
    """Return what a reader takes the sign for, or nothing if it cannot be seen."""
    if sign in "\t\n" or "\x20" <= sign <= "\x7e":
        return sign
    if sign in _DASHES:
        return _DASHES[sign]
    if sign in _ALSO_UNSEEN or unicodedata.category(sign) in _UNSEEN_KINDS:
        return ""
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(sign) == "Zs":
        return " "
    wide = unicodedata.normalize("NFKC", sign)
    return wide if len(wide) <= _LONGEST and wide.isascii() else sign


def cover(pattern: "regex.Pattern[str]", text: str) -> str:
    """Return text with every match of the pattern covered, at the same length."""
    return pattern.sub(lambda found: COVER * len(found[0]), text)
