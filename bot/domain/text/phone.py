"""Find phone numbers in flattened text: by how people write them, and by the numbering plans.

A bare run of digits is a phone number only if it starts like one (+, 00, 0), fits the plan of a home
region, or follows a word such as "call"; other bare runs are order numbers more often than not.
"""

from collections.abc import Iterator
from typing import Final, Literal

import phonenumbers
import regex

from bot.domain.text.digits import Group, rows
from bot.domain.text.flatten import cover

FEWEST: Final = 8
MOST: Final = 15
"""Digits of a phone number; 15 is the limit of ITU-T E.164, fewer than 8 are more often something else."""
_MOST_NATIONAL: Final = 12
_MOST_GROUPS: Final = _MOST_NATIONAL // 2
_IN_PLAN: Final = range(10, 12)

_GAP: Final = regex.compile(r"[ \t().\-/]{1,4}")
_NOT_PHONES: Final = regex.compile(
    r"(?<![\d./-])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}([-/.])\d{1,2}\1(?:19|20)?\d\d)(?![./-]?\d)"  # dates
    r"|(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)"  # times
    r"|(?<![\d/.-])\d{1,2}/\d{1,2}(?![\d/])"  # page marks
    r"|(?<![\d.-])(?:19|20)\d\d ?[-/] ?(?:19|20)?\d\d(?![\d-])"  # years
    r"|(?<!\d)(?:19|20)\d\d(?: (?:19|20)\d\d)+(?!\d)"
    r"|(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.])"  # IPv4 addresses
    r"|(?<![\d.])-?\d{1,3}\.\d{5,8}(?![\d.])"  # coordinates
    r"|[$£€¥#№] ?\d[\d,. ]{0,20}"  # prices, and numbers marked as such
)
_BEFORE: Final = 40
_ORDER: Final = regex.compile(
    r"\b(?:order|booking|ref(?:erence)?|case|ticket|invoice|tracking|parcel|package|shipment|confirmation|conf|reservation"
    r"|pnr|record|locator|serial|item|sku|article|product|claim|complaint|incident|request)s?"
    r"[ -]?(?:number|no|nr|num|code|id)?[ .:#=-]{0,3}(?:is |was )?[#(]?$",
    regex.I,
)
_CALL: Final = regex.compile(
    r"(?:\b(?:phone|call(?:ed)?|tel|telephone|mobile|mob|cell|whatsapp|text|sms|ring|fax|dial|reach|contact|number|ph"
    r"|telefon|telefono|tel[ée]fono|t[ée]l[ée]phone|handy|nummer|num[ée]ro|n[úu]mero|тел|телефон)|电话|手机|電話|携帯|전화)"
    r"(?: (?:number|no|me|us|him|her|them|back|is|at|on|under|via)){0,3}[ .:#=-]{0,3}\(?$",
    regex.I,
)
_LETTER: Final = regex.compile(r"\p{L}")
_Said = Literal["plus", "call", "order", "nothing"]
_ZEROS: Final = regex.compile(r"(?:000 ?){1,5}")
_SHAPES: Final = frozenset({"334", "1334", "37", "64", "46", "55", "56", "344", "244", "1244"})


def spans(flat: str, regions: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, digits) for each phone number; digits keep their trunk zero or country code."""
    quiet = cover(_NOT_PHONES, flat)
    for row in rows(quiet, _GAP):
        if sum(len(group.digits) for group in row) >= FEWEST:
            yield from _in_row(quiet, row, regions)


def _in_row(flat: str, row: list[Group], regions: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    at = 0
    while at < len(row):
        some = row[at : at + MOST + 1]
        # The plans are asked only about digits that stand alone, or a whole row of single digits.
        alone = len(some[0].digits) >= FEWEST or (at == 0 and all(len(group.digits) == 1 for group in some))
        size = _longest(flat, some, regions if alone else ())
        if size:
            digits = "".join(group.digits for group in some[:size])
            yield _opening(flat, some[0].start), some[size - 1].end, digits
        at += size or 1


def _opening(flat: str, start: int) -> int:
    """Move the start over the + and the bracket that open a number."""
    while start and flat[start - 1] in "+(":
        start -= 1
    return start


def _longest(flat: str, row: list[Group], regions: tuple[str, ...]) -> int:
    """Return how many groups of the row's head make the longest phone number, or 0."""
    start = row[0].start
    said = _said_before(flat[max(0, start - _BEFORE) : start])
    if not (said in ("plus", "call") or regions or row[0].digits.startswith("0") or _opens_well(row)):
        return 0
    plain = said in ("order", "nothing") and not row[0].digits.startswith("0") and not regions
    most, groups = (_MOST_NATIONAL, _MOST_GROUPS) if plain else (MOST + 2, MOST + 2)
    digits = row[0].digits
    best = 0
    for size in range(1, min(len(row), groups) + 1):
        if len(digits) > most:
            break
        if len(digits) >= FEWEST and _is_phone(said, flat, row[:size], digits, regions):
            best = size
        digits += row[size].digits if size < len(row) else ""
    return best


def _opens_well(row: list[Group]) -> bool:
    """Tell cheaply whether the first two groups may begin a number written in groups."""
    return len(row) > 1 and len(row[0].digits) + len(row[1].digits) > 2


def _said_before(before: str) -> _Said:
    """Tell what stands before a number: the + of a country code, a word that dials, or an order."""
    if before.rstrip("( ").endswith("+"):
        return "plus"
    if not _LETTER.search(before):
        return "nothing"
    if _ORDER.search(before):
        return "order"
    return "call" if _CALL.search(before) else "nothing"


def _is_phone(said: _Said, flat: str, groups: list[Group], digits: str, regions: tuple[str, ...]) -> bool:
    if len(set(digits)) == 1:
        return False
    if said == "plus" or (digits.startswith("00") and len(digits) >= FEWEST + 2):
        return len(digits.removeprefix("00")) <= MOST
    if len(digits) > MOST:
        return False
    if said == "call" or (digits.startswith("0") and len(digits) in range(9, _MOST_NATIONAL + 1)):
        return True
    return said != "order" and (_written_so(flat, groups, digits) or _in_plan(digits, regions))


def _written_so(flat: str, groups: list[Group], digits: str) -> bool:
    """Tell whether the groups stand as people write phone numbers."""
    if not 1 < len(groups) <= _MOST_GROUPS or len(digits) > _MOST_NATIONAL or _ZEROS.fullmatch(digits[-6:]):
        return False
    shape = [len(group.digits) for group in groups]
    if "".join(map(str, shape)) in _SHAPES:
        return True
    bracket = flat[groups[0].end : groups[0].end + 1] == ")"
    sign = flat[groups[-2].end : groups[-1].start].strip()
    return min(shape) > 1 and (bracket or (max(shape) < 5 and (len(shape) > 2 or sign == "-")))


def _in_plan(digits: str, regions: tuple[str, ...]) -> bool:
    """Tell whether the digits are a valid number dialled inside a home region."""
    return len(digits) in _IN_PLAN and any(_valid(digits, region) for region in regions)


def _valid(digits: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, region))
    except phonenumbers.NumberParseException:
        return False


_FEWEST_SAME: Final = 7


def same_number(digits: str, known: str) -> bool:
    """Tell whether two ways of writing may be one number: with or without country code and trunk zero."""
    one, other = _core(digits), _core(known)
    short, long = sorted((one, other), key=len)
    return len(short) >= _FEWEST_SAME and long.endswith(short)


def _core(number: str) -> str:
    plain = number.replace("(0)", "")
    return "".join(sign for sign in plain if sign in "0123456789").lstrip("0")
