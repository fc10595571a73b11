"""Find payment cards and bank accounts (IBAN) in flattened text, by shape and check digits."""

from collections.abc import Iterator
from typing import Final

import regex
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from bot.domain.text.digits import Group, rows

Place = tuple[int, int, str]
"""Where a number stands, and its last four signs."""

# Lengths from the IBAN registry (SWIFT, ISO 13616).
_IBAN_LENGTHS: Final = {
    length: codes.split()
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM TL SO", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
}  # fmt: skip
_IBAN_LENGTH: Final = {code: length for length, codes in _IBAN_LENGTHS.items() for code in codes}
_IBAN_START: Final = regex.compile(r"(?<![a-z0-9])([a-z]{2})[ -]?\d[ -]?\d(?=[ -]?[a-z0-9])", regex.I)
_IBAN_SIGN: Final = regex.compile(r"[ .-]?([a-z0-9])", regex.I)


def ibans(flat: str) -> Iterator[Place]:
    """Yield the IBANs, as long as their country's are and with a right check number."""
    for found in _IBAN_START.finditer(flat):
        length = _IBAN_LENGTH.get(found[1].upper())
        iban = length and _iban_at(flat, found.start(), length)
        if iban:
            yield iban


def _iban_at(flat: str, start: int, length: int) -> Place | None:
    """Read an IBAN of the given length, its groups parted by one sign at most."""
    signs: list[str] = []
    end = start
    while len(signs) < length:
        found = _IBAN_SIGN.match(flat, end)
        if found is None:
            return None
        signs.append(found[1].upper())
        end = found.end()
    number = "".join(signs)
    if end < len(flat) and flat[end].isalnum():
        return None
    if not mod_97_10.is_valid(number[4:] + number[:4]):
        return None
    return start, end, number[-4:]


_CARD_GAP: Final = regex.compile(r"[ .\n-]{1,2}")
_CARD_DIGITS: Final = range(12, 20)
# First digits of the payment schemes: Amex, Diners, JCB, Visa, Mastercard, Maestro, Discover, UnionPay.
_CARD_START: Final = regex.compile(r"3[0-9]|4|5[0-8]|6|2[1-7]|1800")
_SHORT_CARD_START: Final = regex.compile(r"5[06-8]|6")
_CARD_SHAPES: Final = (
    (4, 4, 4, 4, 3),
    (4, 4, 4, 4),
    (4, 4, 4, 1),
    (4, 4, 4),
    (4, 6, 5),
    (4, 6, 4),
    (8, 4, 4),
    (4, 8),
    (8, 8),
)


def cards(flat: str) -> Iterator[Place]:
    """Yield the card numbers of the payment schemes, written as cards are and with a right check digit."""
    for row in rows(flat, _CARD_GAP):
        if flat[row[0].start - 1 : row[0].start] != "+":
            yield from _cards_in(row)


def _cards_in(row: list[Group]) -> Iterator[Place]:
    """Take a whole row that makes a card, else any group or groups in it written as cards are."""
    whole = _card(row)
    if whole:
        yield whole
        return
    at = 0
    while at < len(row) and len(row) > 1:
        card, used = _card_from(row, at)
        if card:
            yield card
        at += used


def _card_from(row: list[Group], at: int) -> tuple[Place | None, int]:
    if len(row[at].digits) < _CARD_SHAPES[0][0]:
        return None, 1
    sizes = tuple(len(group.digits) for group in row[at : at + 5])
    if sizes[0] in _CARD_DIGITS:
        return _card(row[at : at + 1]), 1
    for shape in _CARD_SHAPES if sizes[0] in (4, 8) else ():
        if sizes[: len(shape)] == shape:
            card = _card(row[at : at + len(shape)])
            if card:
                return card, len(shape)
    return None, 1


def _card(groups: list[Group]) -> Place | None:
    if sum(len(group.digits) for group in groups) not in _CARD_DIGITS:
        return None
    number = "".join(group.digits for group in groups)
    start = _SHORT_CARD_START if len(number) == _CARD_DIGITS.start else _CARD_START
    if len(set(number)) == 1 or not start.match(number) or not luhn.is_valid(number):
        return None
    return groups[0].start, groups[-1].end, number[-4:]
