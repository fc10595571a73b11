"""Find and mask personal data in customers' words and in staff's drafts.

Detection runs on a flattened copy of the text: fullwidth and other digits become ASCII, signs that nobody
sees are left out, and every sign remembers where it came from. Kinds: email, phone, card, iban, national_id.
Order numbers, IP addresses and street addresses are left alone. What a detector takes is covered before
the next one looks, and the round is repeated until nothing is left, so a masked text has no finding.

Rules for phone numbers and their order of precedence were measured, see docs/triage.md.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import regex

from bot.domain.text import identity_numbers, payments, phone
from bot.domain.text.flatten import COVER, Flat, cover, flatten

Kind = Literal["email", "phone", "card", "iban", "national_id"]


@dataclass(frozen=True)
class AllowList:
    """What belongs to the company and so is never masked, and how to read local numbers.

    `emails` are whole addresses, `domains` cover their subdomains, `phones` may be written in any form;
    `regions` are ISO country codes whose numbering plans apply to a bare run of digits.
    """

    emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    regions: tuple[str, ...] = ("US", "GB")

    def has_email(self, address: str) -> bool:
        """Tell whether the address is one of the company's."""
        address = address.lower()
        domain = address.rpartition("@")[2]
        return address in {known.lower() for known in self.emails} or any(
            domain == known or domain.endswith("." + known) for known in map(str.lower, self.domains)
        )

    def has_phone(self, digits: str) -> bool:
        """Tell whether the digits are one of the company's numbers, with or without a country code."""
        return any(phone.same_number(digits, known) for known in self.phones)


@dataclass(frozen=True)
class Finding:
    """A piece of personal data: its kind, where it is in the text searched, and what is shown instead.

    The data itself is not kept, so that a finding may be logged.
    """

    kind: Kind
    start: int
    end: int
    shown: str


@dataclass(frozen=True)
class Masked:
    """A text with its personal data replaced, and what was found in the original."""

    text: str
    found: tuple[Finding, ...]


@dataclass(frozen=True)
class _Hit:
    """A match in the flattened text; `shown` is None for the company's own, which is covered but kept."""

    kind: Kind
    start: int
    end: int
    shown: str | None


_Detector = Callable[[str, AllowList], Iterable[_Hit]]

# A link or a handle ends where words in a script begin that sets no spaces: "@acme我的卡号是4111…" has a card in it.
# Our own masks count as one sign of a link, so that masking part of a link leaves it one link.
_MASK: Final = r"\[(?:e-mail|phone|card|IBAN|ID) [^\]\s]{1,10}\]"
_LINK: Final = regex.compile(
    rf"(?:https?://|www\.|\b[a-z0-9-]{{1,63}}\.(?:ly|co|com|me|gl|be|app|link|net|org|io)/)(?:{_MASK}|[{COVER}!-\u04ff])+",
    regex.I,
)
_PHONE_LINK: Final = regex.compile(r"(?:wa\.me/|whatsapp\.com/send/?\?phone=)\+?", regex.I)
_HANDLE: Final = regex.compile(r"(?<![\w.+%-])@[A-Za-z0-9_][A-Za-z0-9_.@-]{0,120}")

_TLD: Final = r"(?:com|net|org|edu|gov|io|co|us|uk|de|fr|es|it|nl|se|no|dk|fi|pl|pt|br|in|au|ca|ch|at|eu|me|info|biz)"
_DOT: Final = r"(?: ?(?:\.|[(\[{<] ?(?:dot|\.) ?[)\]}>]) ?| dot )"
# The part from the @ on, plain or written around a filter; what stands before it is read backwards.
_EMAIL_TAIL: Final = regex.compile(
    r"@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}"
    r"|@(?:[\w-]{1,63}\.){1,8}\p{L}{2,24}"
    rf"| ?[(\[{{<] ?(?:at|@) ?[)\]}}>] ?[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{1,4}}"
    rf"| @ [\w-]{{1,63}}(?: ?\. ?[\w-]{{1,63}}){{0,3}} ?\. ?{_TLD}\b"
    rf"| at [\w-]{{1,63}}(?: dot [\w-]{{1,63}}){{0,3}} dot {_TLD}\b",
    regex.I,
)
_BRACKETS: Final = "([{<"
# Latin letters first: Chinese or Japanese text runs up to an address without a space.
_LOCALS: Final = (regex.compile(r"[A-Za-z0-9.+_%'-]+$"), regex.compile(r"[\w.+%'-]+$"))
_LOCAL_LIMIT: Final = 64


def _may_be_emails(flat: str) -> bool:
    """Tell cheaply whether anything of which an address has one is there: an @, or "at" as a filter writes it."""
    if "@" in flat:
        return True
    words = flat.lower()
    return "at" in words and ((" at " in words and " dot " in words) or any(sign in words for sign in _BRACKETS))


def _emails(flat: str, allow: AllowList) -> Iterator[_Hit]:
    if not _may_be_emails(flat):
        return
    free = 0
    for tail in _EMAIL_TAIL.finditer(flat):
        before = flat[max(free, tail.start() - _LOCAL_LIMIT) : tail.start()]
        local = next(filter(None, (pattern.search(before) for pattern in _LOCALS)), None)
        if local is None or before[: local.start()].endswith("@"):
            continue
        start, free = tail.start() - len(local[0]), tail.end()
        ours = allow.has_email(flat[start : tail.end()])
        yield _Hit("email", start, tail.end(), None if ours else "[e-mail hidden]")


def _ibans(flat: str, _: AllowList) -> Iterator[_Hit]:
    for start, end, last in payments.ibans(flat):
        yield _Hit("iban", start, end, f"[IBAN ••{last}]")


def _cards(flat: str, _: AllowList) -> Iterator[_Hit]:
    for start, end, last in payments.cards(flat):
        yield _Hit("card", start, end, f"[card ••{last}]")


def _identities(flat: str, _: AllowList) -> Iterator[_Hit]:
    for start, end in identity_numbers.spans(flat):
        yield _Hit("national_id", start, end, "[ID hidden]")


def _phones(flat: str, allow: AllowList) -> Iterator[_Hit]:
    for start, end, digits in phone.spans(flat, allow.regions):
        yield _Hit("phone", start, end, None if allow.has_phone(digits) else f"[phone ••{digits[-2:]}]")


def _quiet(flat: str) -> str:
    """Cover @handles and links, whose digits are nobody's number, except links that dial."""
    opened = _PHONE_LINK.sub(lambda found: "+".rjust(len(found[0])), flat)
    return cover(_HANDLE, cover(_LINK, opened))


# Most texts have nothing that could be personal data, and that is quickly seen.
_SOME_DIGITS: Final = regex.compile(r"(?:\D*+\d){4}")
"""No identity, card or phone number and no IBAN in use has fewer than four."""
_ANYWHERE: Final[tuple[_Detector, ...]] = (_emails,)
_IN_WORDS: Final[tuple[_Detector, ...]] = (_ibans, _cards, _identities, _phones)


def _hits(flat: str, allow: AllowList) -> Iterator[_Hit]:
    """Yield hits until a round brings nothing new; each covers its place."""
    taken = True
    while taken:
        taken = False
        for quiet, detectors in ((False, _ANYWHERE), (True, _IN_WORDS)):
            if quiet and not _SOME_DIGITS.match(flat):
                continue
            view = _quiet(flat) if quiet else flat
            for detect in detectors:
                hits = list(detect(view, allow))
                flat, view = _covered(flat, hits), _covered(view, hits)
                taken = taken or bool(hits)
                yield from hits


def _covered(flat: str, hits: list[_Hit]) -> str:
    if not hits:
        return flat
    parts, at = [], 0
    for hit in hits:
        parts += [flat[at : hit.start], COVER * (hit.end - hit.start)]
        at = hit.end
    return "".join(parts) + flat[at:]


def find(text: str, allow: AllowList) -> tuple[Finding, ...]:
    """Return the personal data in text, in order of place; never raises."""
    flat = flatten(text)
    hits = sorted(_hits(flat.text, allow), key=lambda hit: hit.start)
    return tuple(_finding(flat, hit) for hit in hits if hit.shown)


def _finding(flat: Flat, hit: _Hit) -> Finding:
    start, end = flat.span(hit.start, hit.end)
    return Finding(hit.kind, start, end, hit.shown or "")


def mask(text: str, allow: AllowList) -> Masked:
    """Return text with each piece of personal data replaced by `[kind …]`; masking again changes nothing."""
    found = find(text, allow)
    if not found:
        return Masked(text, ())
    parts, at = [], 0
    for one in found:
        parts += [text[at : max(at, one.start)], one.shown]
        at = max(at, one.end)
    return Masked("".join(parts) + text[at:], found)
