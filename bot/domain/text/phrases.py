"""Look for many patterns in one text quickly: only those are tried at a word that may begin with its first signs.

A text of forty words tried against forty patterns one after the other costs far more than all the rest of reading it.
What a pattern may begin with is asked of the pattern itself, once for each opening that is met.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import regex

_START: Final = re.compile(r"\w+|(?<!\w)[^\w\s]")
"""Where a word or a sign after no word begins; the rest of the word is skipped."""
_OPENING: Final = 4
"""Signs that are looked at: more would tell words apart better, but fewer openings would be known already."""
_KNOWN: Final = 40_000
"""Openings that are remembered."""


def lowered(words: str) -> str:
    """The text as patterns are written: in lower case, with straight apostrophes."""
    return words.lower().replace("’", "'")


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
        text = lowered(words)
        met = [0] * len(self.patterns)
        free = [0] * len(self.patterns)
        known = self._known
        for start in _START.finditer(text):
            place = start.start()
            opening = text[place : place + _OPENING]
            beginning = known.get(opening)
            for which in self._beginning(opening) if beginning is None else beginning:
                if place >= free[which] and met[which] < most and (found := self._whole[which].match(text, place)):
                    met[which] += 1
                    free[which] = found.end()
        return met

    def _beginning(self, opening: str) -> tuple[int, ...]:
        """The patterns that may begin so, remembered for the next time. They are some of those for one sign less."""
        known = self._known.get(opening)
        if known is not None:
            return known
        fewer = self._beginning(opening[:-1]) if opening else range(len(self._opening))
        beginning = tuple(n for n in fewer if self._opening[n].match(opening, partial=True))
        if len(self._known) < _KNOWN:
            self._known[opening] = beginning
        return beginning


@dataclass(frozen=True)
class Families:
    """The patterns of several readers, looked for in one walk through the text; build it once with `of`."""

    phrases: Phrases
    parts: tuple[slice, ...]

    @classmethod
    def of(cls, *families: tuple[str, ...]) -> "Families":
        """Put families together; raises re.error if a pattern is wrong."""
        ends = [sum(map(len, families[:count])) for count in range(len(families) + 1)]
        return cls(Phrases(sum(families, ())), tuple(slice(*each) for each in pairwise(ends)))

    def counts(self, words: str, most: int = 1) -> list[Sequence[int]]:
        """What `Phrases.counts` tells, for each family."""
        counts = self.phrases.counts(words, most)
        return [counts[part] for part in self.parts]
