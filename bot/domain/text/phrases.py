"""Look for many patterns in one text quickly: only those are tried at a word that may begin with its first signs.

A text of forty words tried against forty patterns one after the other costs far more than all the rest of reading it.
What a pattern may begin with is asked of the pattern itself, once for each opening that is met.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import regex

_START: Final = re.compile(r"(?<!\w)(?=\S)")
_OPENING: Final = 4
"""Signs that are looked at: more would tell words apart better, but fewer openings would be known already."""
_KNOWN: Final = 10_000
"""Openings that are remembered."""


@dataclass(frozen=True)
class Opened:
    """A text in lower case, with each place where a word or sign begins and how it begins."""

    text: str
    places: tuple[tuple[int, str], ...]


@lru_cache(maxsize=8)
def opened(words: str) -> Opened:
    """Lower-case text with straight apostrophes, opened; several readers ask for the same text one after the other."""
    text = words.lower().replace("’", "'")
    starts = [start.start() for start in _START.finditer(text)]
    return Opened(text, tuple((start, text[start : start + _OPENING]) for start in starts))


@dataclass(frozen=True)
class Phrases:
    """Patterns that stand between word boundaries, on lower-case text; build it once."""

    patterns: tuple[str, ...]
    _whole: "tuple[re.Pattern[str], ...]" = field(init=False, repr=False)
    _opening: "tuple[regex.Pattern[str], ...]" = field(init=False, repr=False)
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Compile the patterns; raises re.error if one is wrong."""
        object.__setattr__(self, "_whole", tuple(re.compile(rf"(?:{each})(?!\w)") for each in self.patterns))
        object.__setattr__(self, "_opening", tuple(regex.compile(each) for each in self.patterns))

    def counts(self, words: str, most: int = 1) -> Sequence[int]:
        """How often each pattern is met, side by side and not overlapping, up to `most`."""
        lowered = opened(words)
        met = [0] * len(self.patterns)
        free = [0] * len(self.patterns)
        known, text = self._known, lowered.text
        for place, opening in lowered.places:
            beginning = known.get(opening)
            for which in self._beginning(opening) if beginning is None else beginning:
                if place >= free[which] and met[which] < most and (found := self._whole[which].match(text, place)):
                    met[which] += 1
                    free[which] = found.end()
        return met

    def _beginning(self, opening: str) -> tuple[int, ...]:
        """The patterns that may begin so, remembered for the next time."""
        beginning = tuple(n for n, each in enumerate(self._opening) if each.match(opening, partial=True))
        if len(self._known) < _KNOWN:
            self._known[opening] = beginning
        return beginning
