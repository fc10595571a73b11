"""What came while somebody had a form open: a colleague's answer, the customer's newer words. Read before Send."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Final, NamedTuple

from bot.domain.case import Case, Item, Person, Send, SendState
from bot.domain.text.clean import cut
from bot.domain.text.privacy import AllowList, mask

QUOTED: Final = 200
NOTHING_ALLOWED: Final = AllowList()


class Seen(NamedTuple):
    """How far somebody had read a case when a form was opened: the newest of its sends (empty for none) and the number
    of the customer's words (0 where nobody counted: then none of them are news)."""

    send: str = ""
    items: int = 0


def seen_of(case: Case) -> Seen:
    """What whoever opens a form now has read."""
    return Seen(case.sends[-1].id if case.sends else "", case.item_count)


def meanwhile(case: Case, by: Person, seen: Seen | None) -> str:
    """What should be read before that person's words go out, in words; empty when nothing came or nobody asked."""
    if seen is None:
        return ""
    other = overtaken_by(case, by, seen.send)
    if other is None:
        return wrote_meanwhile(case, seen)
    said = mask(other.text, NOTHING_ALLOWED).text if other.private else other.text
    did = "tried to answer" if other.state is SendState.FAILED else "answered"
    return f"{other.by.name} {did} meanwhile: “{cut(said, QUOTED)}”"


def wrote_meanwhile(case: Case, seen: Seen | None) -> str:
    """The customer's newer words; empty when there are none or nobody asked."""
    item = _newest_unread(case, seen.items) if seen is not None and seen.items else None
    if item is None:
        return ""
    who = item.author.label if item.author else "The customer"
    return f"{who} wrote meanwhile: “{cut(item.text, QUOTED) or 'an attachment'}”"


def overtaken_by(case: Case, by: Person, seen: str) -> Send | None:
    """What a colleague last told the customer after the send `seen` (empty: after none); None when there is nothing."""
    return next((send for send in _newer(case, seen) if send.by.id != by.id and _is_said(send)), None)


def _newest_unread(case: Case, items: int) -> Item | None:
    return next((item for item in reversed(case.items) if item.seq > items and not item.deleted), None)


def _newer(case: Case, seen: str) -> Iterator[Send]:
    """The sends after that one, newest first; all if it is not among them: only the oldest are ever dropped."""
    return takewhile(lambda send: send.id != seen, reversed(case.sends))


def _is_said(send: Send) -> bool:
    """Whether a send has words for the customer (a like has none, nor has hiding), and was not taken back."""
    return bool(send.text) and send.state is not SendState.UNDONE
