"""VADER's compound score of an English text, by its own lexicon and rules, in time linear in the words.

The package works out four scores where one is wanted, and lowers every word of the text again for each word that has a
mood. Its rules look no further than three words back and two ahead, so here only those are looked at. What comes out is
the same, odd corners included: tests/bot/domain/text/test_text_vader.py holds it to the package.

After C.J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text".
"""

import string
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    C_INCR,
    N_SCALAR,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
    normalize,
)

_NEGATIONS: Final = frozenset(NEGATE)
_DAMPED: Final = (1.0, 0.95, 0.9)
"""How much a word that strengthens counts directly before the word, one further back, two further back."""
_STRESSED: Final = frozenset({"so", "this"})
_SHORTEST_WORD: Final = 3
"""A sign that is shorter without its punctuation is taken for an emoticon and keeps it."""
_BUT: Final = (0.5, 1.5)
"""How much a mood before and after "but" counts."""


@dataclass(frozen=True)
class _Words:
    """The words of a text, as written and in lower case; `some_capitals` where some but not all are in capitals."""

    written: Sequence[str]
    lowered: Sequence[str]
    some_capitals: bool


@dataclass(frozen=True)
class Vader:
    """VADER's lexicon and what it says of emoji; load it once with `load`."""

    lexicon: Mapping[str, float]
    emoji: Mapping[str, str]

    @classmethod
    def load(cls) -> "Vader":
        """Read the package's word lists; raises OSError if one is missing."""
        with warnings.catch_warnings():
            # The package opens its files with codecs.open, deprecated since Python 3.14.
            warnings.simplefilter("ignore", DeprecationWarning)
            package = SentimentIntensityAnalyzer()
        return cls(package.lexicon, package.emojis)

    def compound(self, text: str) -> float:
        """From -1, as negative as can be, to 1; 0 for a text without any mood."""
        text = (text if text.isascii() else self._spelled(text)).strip()
        words = _words(text)
        places = [place for place, word in enumerate(words.lowered) if word in self.lexicon]
        places = [place for place in places if not _only_modifies(words.lowered, place)]
        moods = _weighed_by_but(words.lowered, places, [self._mood(words, place) for place in places])
        total = float(sum(moods))
        if total:
            total += _emphasis(text) if total > 0 else -_emphasis(text)
        return round(float(normalize(total)), 4)

    def _spelled(self, text: str) -> str:
        """The text with words in the place of emoji."""
        parts: list[str] = []
        spaced = True
        for sign in text:
            said = self.emoji.get(sign)
            parts.append(sign if said is None else said if spaced else f" {said}")
            spaced = said is None and sign == " "
        return "".join(parts)

    def _mood(self, words: _Words, place: int) -> float:
        """What the word at this place says, among its neighbours."""
        lowered, word = words.lowered, words.lowered[place]
        mood = self.lexicon[word]
        if _refused(lowered, place):
            mood *= N_SCALAR
        elif word == "no" and place + 1 < len(lowered) and lowered[place + 1] in self.lexicon:
            mood = 0.0
        if words.some_capitals and words.written[place].isupper():
            mood += C_INCR if mood > 0 else -C_INCR
        for back in range(1, min(place, len(_DAMPED)) + 1):
            if lowered[place - back] not in self.lexicon:
                mood += _boost(words, place - back, mood) * _DAMPED[back - 1]
                mood = _negated(lowered, place, back, mood)
                if back == len(_DAMPED):
                    mood = _in_idiom(lowered, place, mood)
        least = place > 0 and lowered[place - 1] == "least" and "least" not in self.lexicon
        if least and not (place > 1 and lowered[place - 2] in ("at", "very")):
            mood *= N_SCALAR
        return mood


def _words(text: str) -> _Words:
    written = [word if word.isalnum() else _bare(word) for word in text.split()]
    capitals = sum(map(str.isupper, written))
    return _Words(written, [word.lower() for word in written], 0 < capitals < len(written))


def _bare(word: str) -> str:
    """The word without punctuation around it, unless it is an emoticon."""
    bare = word.strip(string.punctuation)
    return bare if len(bare) >= _SHORTEST_WORD else word


def _only_modifies(lowered: Sequence[str], place: int) -> bool:
    """Whether the word, although it has a mood, only strengthens or weakens another."""
    return lowered[place] in BOOSTER_DICT or lowered[place : place + 2] == ["kind", "of"]


def _refused(lowered: Sequence[str], place: int) -> bool:
    """Whether a "no" stands before the word."""
    before = lowered[max(0, place - 3) : place]
    return "no" in before[-2:] or (len(before) > 2 and before[0] == "no" and before[2] in ("or", "nor"))


def _boost(words: _Words, place: int, mood: float) -> float:
    """What the word at this place adds to a mood after it."""
    boost: float = BOOSTER_DICT.get(words.lowered[place], 0.0)
    if not boost:
        return 0.0
    boost = -boost if mood < 0 else boost
    if words.some_capitals and words.written[place].isupper():
        boost += C_INCR if mood > 0 else -C_INCR
    return boost


def _negated(lowered: Sequence[str], place: int, back: int, mood: float) -> float:
    """The mood after what the word so many places back does to it, if that denies it."""
    word, between = lowered[place - back], lowered[place - back + 1 : place]
    if back == 2 and word == "never" and between[0] in _STRESSED:
        return mood * 1.25
    if back == 3 and ((word == "never" and between[0] in _STRESSED) or between[1] in _STRESSED):
        return mood * 1.25
    if word == "without" and "doubt" in between:
        return mood
    return mood * N_SCALAR if word in _NEGATIONS or "n't" in word else mood


def _in_idiom(lowered: Sequence[str], place: int, mood: float) -> float:
    """The mood of the idiom that the word is part of, if it is one; and what "kind of" and its like do before it."""
    three, two, one, this, *after = lowered[place - 3 : place + 3]
    behind = (f"{three} {two} {one}", f"{three} {two}", f"{two} {one}")
    for phrase in (f"{one} {this}", f"{two} {one} {this}", behind[2], behind[0], behind[1]):
        if phrase in SPECIAL_CASES:
            mood = SPECIAL_CASES[phrase]
            break
    for count in range(1, len(after) + 1):
        mood = SPECIAL_CASES.get(" ".join((this, *after[:count])), mood)
    for phrase in behind:
        mood += BOOSTER_DICT.get(phrase, 0.0)
    return mood


def _weighed_by_but(lowered: Sequence[str], places: list[int], moods: list[float]) -> list[float]:
    """The moods, less before a "but" and more after it. As in the package, of equal moods the first is changed."""
    if "but" not in lowered:
        return moods
    but = lowered.index("but")
    for turn in range(len(moods)):
        first = moods.index(moods[turn])
        if places[first] != but:
            moods[first] *= _BUT[places[first] > but]
    return moods


def _emphasis(text: str) -> float:
    """What exclamation marks (up to four) and several question marks add."""
    asked = text.count("?")
    return min(text.count("!"), 4) * 0.292 + (0.0 if asked < 2 else asked * 0.18 if asked < 4 else 0.96)
