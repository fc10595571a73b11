"""Find national identity numbers that can be told from other numbers by shape and check digit.

Kept to numbers whose shape or check makes a chance hit rare; a bare run of digits counts only after the
number's own name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import regex
from stdnum.be import nn as belgian
from stdnum.br import cpf as brazilian
from stdnum.ch import ssn as swiss
from stdnum.dk import cpr as danish
from stdnum.es import dni as spanish
from stdnum.es import nie as spanish_foreigner
from stdnum.fi import hetu as finnish
from stdnum.fr import nir as french
from stdnum.in_ import aadhaar as indian
from stdnum.in_ import pan as indian_tax
from stdnum.it import codicefiscale as italian
from stdnum.nl import bsn as dutch
from stdnum.pl import pesel as polish
from stdnum.se import personnummer as swedish
from stdnum.us import ssn as american


@dataclass(frozen=True)
class _Rule:
    """The fewest digits that a number has, what it looks like, and the check it must pass."""

    digits: int
    pattern: str
    valid: Callable[[str], bool]


def _british(number: str) -> bool:
    """National Insurance prefixes that are never given out (HMRC manual NIM39110)."""
    return number[:2].upper() not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


_RULES: Final = (
    _Rule(9, r"\d{3}[- ]\d{2}[- ]\d{4}", american.is_valid),
    _Rule(9, r"(?:ssn|social security)(?: number| no)?\W{1,3}(?:is )?\K\d{9}", american.is_valid),
    _Rule(6, r"[a-ceghj-prtw-z][a-ceghj-npr-tw-z] ?\d\d ?\d\d ?\d\d ?[a-d]", _british),
    _Rule(8, r"\d{8}-?[a-hj-np-tv-z]", spanish.is_valid),
    _Rule(7, r"[xyz]-?\d{7}-?[a-hj-np-tv-z]", spanish_foreigner.is_valid),
    _Rule(7, r"[a-z]{6}\d\d[a-ehlmprst]\d\d[a-z]\d{3}[a-z]", italian.is_valid),
    _Rule(12, r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?\d[\dab] ?\d{3} ?\d{3} ?\d\d", french.is_valid),
    _Rule(11, r"\d{3}\.\d{3}\.\d{3}-\d\d", brazilian.is_valid),
    _Rule(13, r"756\.?\d{4}\.?\d{4}\.?\d\d", swiss.is_valid),
    _Rule(11, r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", belgian.is_valid),
    _Rule(10, r"(?:\d\d)?\d{6}[-+]\d{4}", swedish.is_valid),
    _Rule(10, r"\d{6}-\d{4}", danish.is_valid),
    _Rule(9, r"\d{6}[-+a]\d{3}[\da-fhj-npr-y]", finnish.is_valid),
    _Rule(12, r"\d{4} \d{4} \d{4}", indian.is_valid),
    _Rule(4, r"[a-z]{5}\d{4}[a-z]", indian_tax.is_valid),
    _Rule(9, r"(?:bsn|burgerservicenummer)\W{1,3}\K\d{9}", dutch.is_valid),
    _Rule(11, r"pesel\W{1,3}\K\d{11}", polish.is_valid),
)
_NO_DIGITS: Final = regex.compile(r"\D+")
_COMPILED: Final = tuple(
    (rule, regex.compile(rf"(?<![A-Za-z0-9_])(?:{rule.pattern})(?![A-Za-z0-9_])", regex.I)) for rule in _RULES
)


def spans(flat: str) -> Iterator[tuple[int, int]]:
    """Yield the places of identity numbers, which do not overlap."""
    free = 0
    digits = len(_NO_DIGITS.sub("", flat))
    found = (
        hit.span()
        for rule, pattern in _COMPILED
        if rule.digits <= digits
        for hit in pattern.finditer(flat)
        if rule.valid(hit[0].replace(" ", ""))
    )
    for start, end in sorted(found):
        if start >= free:
            yield start, end
            free = end
