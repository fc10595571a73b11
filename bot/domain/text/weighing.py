"""How X counts the length of a post: in weights, not in characters.

After X's page "Counting characters" and its published configuration, version 3: most Latin, Greek, Cyrillic, Hebrew,
Arabic and Indic letters and general punctuation weigh 1, all else (Chinese, Japanese, Korean, symbols) weighs 2, an
emoji weighs 2 however many code points it is made of, and a link weighs 23 however long it is. Text counts in NFC.
"""

import unicodedata
from typing import Final

import regex

LIMIT: Final = 280
LINK_WEIGHT: Final = 23
EMOJI_WEIGHT: Final = 2

_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that weigh 1."""

_IN_PATH: Final = r"[!#-;=?-~\xc0-\u024f\u0300-\u036f\u0400-\u04ff\u1e00-\u1eff\u2013]"
"""What X takes into a link behind its name: ASCII, accented Latin, Cyrillic. Before any other letter the link ends: in
Chinese or Japanese words follow it without a space."""

_LINK: Final = regex.compile(
    rf"""
    https?://(?:[^\s./?\#<>"]+\.)+(?:[a-z0-9-]+|[^\s\x00-\x7f]+)(?:[:/?\#]{_IN_PATH}*(?<![.,;:!?)\]']))?
    |
    (?<![a-z0-9_@＠.$\#＃/-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+
    (?:[a-z]{{2}}|com|net|org|info|biz|edu|gov|mil|int|app|dev|shop|store|online|site|blog|news|xyz|club|live|tech|cloud|
       page|travel|museum|aero|jobs|mobi|name|pro|tel|coop|asia|cat|support|help|care|link|bank|email|agency|company)
    (?![a-z0-9_-]|\.[a-z0-9_])(?:/{_IN_PATH}*(?<![.,;:!?)\]']))?
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
"""A link with its scheme, or a bare name under a usual ending (any two letters: a country). Counting a link where X
sees none only makes a text seem longer."""

EMOJI: Final = regex.compile(
    r"[\p{Emoji_Presentation}\p{Regional_Indicator}\uFE0F\u20E3]|\p{Extended_Pictographic}\u200D"
)
"""In what a person sees as one character: it is an emoji."""


def weighted(text: str) -> int:
    """The length of a post as X counts it; LIMIT is the most that it takes."""
    text = unicodedata.normalize("NFC", text)
    links = len(_LINK.findall(text))
    rest = _LINK.sub("", text)
    return links * LINK_WEIGHT + sum(_weight(cluster) for cluster in regex.findall(r"\X", rest))


def has_link(text: str) -> bool:
    """Whether X would find a link in it: such a post costs many times more."""
    return _LINK.search(text) is not None


def without_links(text: str, mark: str) -> str:
    """The text with a mark in the place of each link."""
    return _LINK.sub(mark, text)


def _weight(cluster: str) -> int:
    """The weight of what a person sees as one character."""
    if EMOJI.search(cluster):
        return EMOJI_WEIGHT
    return sum(1 if any(low <= ord(letter) <= high for low, high in _LIGHT) else 2 for letter in cluster)
