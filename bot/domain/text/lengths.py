"""The length of a text as a network counts it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import regex

from bot.domain.models import LengthRule
from bot.domain.text.clean import graphemes, utf8_bytes
from bot.domain.text.weighing import EMOJI, weighted


def length(text: str, rule: LengthRule) -> int:
    """How long a network with this rule takes the text to be, in the rule's unit."""
    return _COUNTS[rule.unit](text)


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _emoji_bytes(text: str) -> int:
    return sum(utf8_bytes(each) if EMOJI.search(each) else len(each) for each in regex.findall(r"\X", text))


_COUNTS: Final[Mapping[str, Callable[[str], int]]] = MappingProxyType(
    {
        "graphemes": graphemes,
        "characters": len,
        "utf16": _utf16,
        "bytes": utf8_bytes,
        "weighted": weighted,
        "emoji_bytes": _emoji_bytes,
    }
)
