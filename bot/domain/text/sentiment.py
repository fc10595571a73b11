"""Score the mood of an English text: service lexicon plus VADER, with thresholds measured on public data.

score = sum over groups of valence x hits (at most two a group) + 2 x VADER compound, where VADER does not see
the words that only sound happy or sad ("please", "help"). See docs/triage.md for how well it does.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import regex
from pydantic import BaseModel, ConfigDict

from bot.domain.reading import Sentiment
from bot.domain.text.vader import Vader

NEGATIVE_AT: Final = -0.62
POSITIVE_ABOVE: Final = 1.44
SURE_NEGATIVE_AT: Final = -2.0
SURE_POSITIVE_ABOVE: Final = 2.9
SURE_NEUTRAL_WITHIN: Final = 0.2
"""Beyond these a label is shown; between them it reads "unsure"."""
_VADER_WEIGHT: Final = 2.0
MOST_HITS: Final = 2
"""Hits of a group that count."""
# The figures of docs/triage.md were measured so; an emoji becomes several words.
_VADER_READ: Final = 1_000
_VADER_EMOJI: Final = 20
_PIECES: Final = re.compile(r"\w+|\W+")
_EMOJI: Final = regex.compile(r"\p{Extended_Pictographic}")


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    tag: str
    valence: float
    pattern: str


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    note: str
    negative: tuple[_Group, ...]
    positive: tuple[_Group, ...]
    neutralised: tuple[str, ...]


@dataclass(frozen=True)
class Mood:
    """`lean` is the likelier label, `label` the one to show; `score` has no unit, 0 is neutral."""

    score: float
    lean: Literal["positive", "negative", "neutral"]
    label: Sentiment


@dataclass(frozen=True)
class MoodReader:
    """The lexicon and VADER; build it once with `load`."""

    valences: tuple[float, ...]
    patterns: tuple[str, ...]
    neutralised: frozenset[str]
    vader: Vader

    @classmethod
    def load(cls) -> "MoodReader":
        """Read the lexicon beside this module and VADER's own; raises OSError if either is missing."""
        words = _Words.model_validate(json.loads(Path(__file__).with_name("lexicon.json").read_text("utf-8")))
        groups = (*words.negative, *words.positive)
        return cls(
            tuple(group.valence for group in groups),
            tuple(group.pattern for group in groups),
            frozenset(words.neutralised),
            Vader.load(),
        )

    def read(self, words: str, hits: Sequence[int]) -> Mood:
        """Score text without handles and links; `hits` are how often each of `patterns` is met. Empty text scores 0."""
        score = sum(valence * hit for valence, hit in zip(self.valences, hits, strict=True) if hit)
        score += _VADER_WEIGHT * self.vader.compound(self._without_neutralised(_head(words)))
        return _mood(score)

    def _without_neutralised(self, words: str) -> str:
        pieces = _PIECES.findall(words)
        return "".join([" " if piece.lower() in self.neutralised else piece for piece in pieces])


def _head(words: str) -> str:
    """Return as much as VADER reads in bounded time."""
    head = words[:_VADER_READ]
    if head.isascii():
        return head
    return next((head[: found.start()] for found in islice(_EMOJI.finditer(head), _VADER_EMOJI, None)), head)


def _mood(score: float) -> Mood:
    if score <= NEGATIVE_AT:
        return Mood(score, "negative", "negative" if score <= SURE_NEGATIVE_AT else "unsure")
    if score > POSITIVE_ABOVE:
        return Mood(score, "positive", "positive" if score > SURE_POSITIVE_ABOVE else "unsure")
    return Mood(score, "neutral", "neutral" if abs(score) <= SURE_NEUTRAL_WITHIN else "unsure")
