"""Near duplicates: whether two customers say the same thing in nearly the same words.

The measure is the one that was found best on real service posts (docs/triage.md): equal after tidying, or at least
80 % of the signs in common and in the same order (twice the longest common subsequence over both lengths, which is
also what rapidfuzz calls `ratio`). MinHash found less, at half the precision, and cost more.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import regex

from bot.domain.text.clean import without_handles_and_links

READ: Final = 140
"""Signs of a text that are compared: the head says what it is about, and the time stays bounded."""
ALIKE_FROM: Final = 0.8
SHARED_WORDS: Final = 0.25
"""Texts that share fewer of their words are not compared sign by sign."""
WORD_FROM: Final = 4
SKETCH_BITS: Final = 256

_NUMBER: Final = regex.compile(r"\d+")
_BETWEEN: Final = regex.compile(r"[^\p{L}\p{M}\d]+")
_UNPARTED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that set no spaces between words: there each sign counts as one."""
_WORD: Final = regex.compile(rf"[{_UNPARTED}]|[^\s{_UNPARTED}]+")
_MASK: Final = regex.compile(r"\[[^\]\n]{1,30} hidden\]|\[(?:e-mail|phone|card|IBAN|ID) [^\]\s]{1,10}\]")
_COMMON_WORDS: Final = (
    "about after again against also always another anybody anyone anything around back because been before being"
    " could does doing done down even ever every everyone from gets give going have having hello here into itself"
    " just keep know like made make many more most much need never nobody nothing only other over please really said"
    " same says should since some still such take tell than thank thanks that their them then there these they thing"
    " this those through today told under until very want well were what when where which while will with without"
    " would your yours yourself cannot didn doesn wasn number numbers whether take takes took time times"
    " aber auch auf das dass dem den der des die dies diese eine einem einen einer eines habe haben hallo hier ihr ihre"
    " immer ist jetzt kann kein keine mehr mein meine mich mit nach nicht noch nur oder schon sehr seit sich sind und"
    " unter vom von warum wann was wenn werden wie wieder wird wurde zum zur"
    " como cuando desde donde esta este esto está están hace hasta muy nada para pero porque puede qué quiero sobre"
    " solo todo todos usted aussi avec avoir bien cela cette comme dans depuis des donc elle encore être faire fait"
    " mais même mon nous parce pas plus pour pourquoi quand que quel qui sans ses sont sur tous tout très une vos"
    " votre vous"
)
_COMMON: Final = frozenset(_COMMON_WORDS.split())


def normal(text: str) -> str:
    """A text as it is compared: no handles, links, masks, case or punctuation; every number is the same number."""
    bare = without_handles_and_links(_MASK.sub(" ", text[: READ * 3])).casefold()
    return _NUMBER.sub("0", _BETWEEN.sub(" ", bare)).strip()[:READ]


class Print(NamedTuple):
    """A normal text with the sketch of its words: a bit for each, by which most texts are told apart at once."""

    text: str
    sketch: int

    def is_like(self, other: "Print") -> bool:
        """Whether both texts say nearly the same. An empty one is like nothing."""
        if not self.text or not other.text:
            return False
        if self.text == other.text:
            return True
        mine, theirs, both = len(self.text), len(other.text), len(self.text) + len(other.text)
        if 2 * min(mine, theirs) < ALIKE_FROM * both:
            return False
        fewest = min(self.sketch.bit_count(), other.sketch.bit_count())
        if (self.sketch & other.sketch).bit_count() < SHARED_WORDS * fewest:
            return False
        return 2 * _common(self.text, other.text) >= ALIKE_FROM * both


def print_of(text: str) -> Print:
    """The print of a normal text."""
    sketch = 0
    for word in text.split() if text.isascii() else _WORD.findall(text):
        sketch |= 1 << (crc32(word.encode("utf-8", "surrogatepass")) % SKETCH_BITS)
    return Print(text, sketch)


def alike(one: str, other: str) -> bool:
    """Whether two normal texts say nearly the same. An empty one is like nothing."""
    return print_of(one).is_like(print_of(other))


def count_alike(one: Print, others: Iterable[Print]) -> int:
    """How many of the others are like this one."""
    return sum(1 for other in others if one.is_like(other))


def largest_group(texts: Sequence[str]) -> tuple[str, ...]:
    """Of these normal texts the ones that are like one of them, for the one with the most such; each text once."""
    prints = [print_of(text) for text in texts]
    best: tuple[str, ...] = ()
    for one in dict.fromkeys(prints):
        group = tuple(other.text for other in prints if one.is_like(other))
        best = max(best, group, key=len)
    return tuple(dict.fromkeys(best))


def unlike(texts: Sequence[str], most: int) -> list[int]:
    """Where the first `most` texts stand that are not like each other."""
    chosen: list[int] = []
    for place, text in enumerate(texts):
        if len(chosen) == most:
            break
        if text and not any(alike(text, texts[each]) for each in chosen):
            chosen.append(place)
    return chosen


def telling_words(text: str, most: int) -> tuple[str, ...]:
    """The first words of a normal text that say something by themselves, each once."""
    words = (word for word in text.split() if len(word) >= WORD_FROM and word not in _COMMON and not word.isdigit())
    return tuple(dict.fromkeys(words))[:most]


def top_words(texts: Iterable[str], most: int) -> tuple[str, ...]:
    """The telling words that most of these normal texts have, the most frequent first; at least two must have it."""
    counted = Counter(word for text in texts for word in telling_words(text, READ))
    return tuple(word for word, times in counted.most_common(most) if times > 1)


def _common(one: str, other: str) -> int:
    """Length of the longest common subsequence, by bit vectors (Hyyrö 2004): one step per sign of `other`."""
    places: dict[str, int] = {}
    for place, sign in enumerate(one):
        places[sign] = places.get(sign, 0) | 1 << place
    whole = (1 << len(one)) - 1
    row = whole
    for sign in other:
        met = row & places.get(sign, 0)
        row = ((row + met) | (row - met)) & whole
    return len(one) - row.bit_count()
