"""A conversation as modals show it: the customer's words and ours, in order of time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.cards import build
from bot.cards.customer import NAME
from bot.cards.escape import one_line, plain
from bot.cards.limits import SECTION_TEXT
from bot.cards.outgoing import shown_text
from bot.cards.view import View
from bot.cards.words import author_label, kind_words, send_title, staff_name
from bot.domain.case import IN_VAIN, MODERATION, Case, Item, Send, SendState
from bot.domain.ports import Blocks

LATEST_GRAPHEMES: Final = 1_500
EARLIER_GRAPHEMES: Final = 250


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said, by a customer or by us."""

    at: datetime
    who: str
    what: str
    text: str


def said(case: Case, view: View, *, edits: bool = False) -> list[Said]:
    """Everything the case keeps, oldest first; with `edits` also the wordings before them.

    Our private words are masked like the customer's.
    """
    ours = [_by_us(send, view) for send in case.sends if send.state not in IN_VAIN and send.purpose not in MODERATION]
    theirs = [_by_customer(item, case) for item in case.items]
    if edits:
        theirs += [each for item in case.items for each in _before(item, case)]
    return sorted([*theirs, *ours], key=lambda each: each.at)


def last_messages(case: Case, view: View) -> Blocks:
    """The last three messages as quotations; the very last one nearly whole."""
    *earlier, latest = said(case, view)[-3:]
    return [*(quoted(each, EARLIER_GRAPHEMES) for each in earlier), quoted(latest, LATEST_GRAPHEMES)]


def quoted(each: Said, graphemes: int) -> build.Block:
    """One message: who, what and when, then the words."""
    who = build.text_part(one_line(each.who, NAME) or "someone", "bold")
    top = build.rich_line(who, build.text_part(f" · {each.what} · "), build.date_part(each.at))
    words = plain(each.text, graphemes, min(2 * graphemes, SECTION_TEXT))
    return build.rich(top, build.rich_quote(words)) if words else build.rich(top)


def _by_customer(item: Item, case: Case) -> Said:
    text = "" if item.deleted else item.text
    what = f"{kind_words(item.kind)}{' (deleted)' if item.deleted else ''}"
    return Said(at=item.posted_at, who=author_label(item, case), what=what, text=text)


def _before(item: Item, case: Case) -> list[Said]:
    """What stood there before the customer edited it, oldest first."""
    return [
        Said(at=item.posted_at, who=author_label(item, case), what="before an edit", text=text) for text in item.earlier
    ]


def _by_us(send: Send, view: View) -> Said:
    what = f"{send_title(send)}{'' if send.state is SendState.SENT else f' ({send.state})'}"
    return Said(
        at=send.sent_at or send.created_at, who=staff_name(send.by.name), what=what, text=shown_text(send, view)
    )
