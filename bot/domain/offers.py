"""What can be done with a case right now: a button that cannot work is not shown, and the server checks the same."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from bot.domain.case import FIRST_WORDS, IN_VAIN, UNSETTLED, Case, Item, Purpose
from bot.domain.hiding import subject
from bot.domain.models import Capabilities, LengthRule

PAYMENT: Final = "billing"
"""The topic of triage that is about somebody's money."""
LONG: Final = 4
"""So many posts of one customer in one care episode, and a word of ours, are more than many others want to read."""


class Offer(StrEnum):
    """One thing that a case may not always let staff do. Claim, release and reopen follow from where it stands."""

    REPLY = "reply"
    THANK = "thank"
    PRIVATE = "private"
    ACKNOWLEDGE = "acknowledge"  # only while it still stops a clock
    TEMPLATE = "template"  # words approved in advance, once the reply window is closed
    CLOSE = "close"
    DISMISS = "dismiss"
    ASSIGN = "assign"  # to a colleague; or have one called to help
    CLOSING_WORD = "closing_word"  # a last word in public, also while the newest words are private
    HISTORY = "history"
    HIDE = "hide"  # ask a second person to hide a comment
    SNOOZE = "snooze"  # have it brought back later


def offers(case: Case, capabilities: Capabilities, now: datetime, contact: str = "") -> frozenset[Offer]:
    """What this case, this network and the hour allow. `contact` is the company's private way without the network."""
    if not case.is_open:
        return frozenset({Offer.HISTORY})
    found = {Offer.HISTORY, Offer.CLOSE, Offer.DISMISS, Offer.ASSIGN, Offer.SNOOZE}
    item = case.latest
    if _takes_words(item, capabilities, now) and reply_rule(case, capabilities) is not None:
        found |= {Offer.REPLY, Offer.THANK}
        if case.wait is not None and case.wait.ack_due is not None and not first_word_under_way(case):
            found.add(Offer.ACKNOWLEDGE)
    if _takes_closing_word(case, capabilities, now):
        found.add(Offer.CLOSING_WORD)
    if _reachable(item, now) and private_route(case, capabilities, now, contact):
        found.add(Offer.PRIVATE)
    if subject(case, capabilities) is not None:
        found.add(Offer.HIDE)
    if item.private and item.answerable and capabilities.templates and not window_open(item, now):
        found.add(Offer.TEMPLATE)
    return frozenset(found)


def _reachable(item: Item, now: datetime) -> bool:
    return item.answerable and not item.deleted and window_open(item, now)


def _takes_words(item: Item, capabilities: Capabilities, now: datetime) -> bool:
    """Whether the network takes an answer where this was written."""
    return _reachable(item, now) and (capabilities.answers_hidden or not item.hidden)


def _takes_closing_word(case: Case, capabilities: Capabilities, now: datetime) -> bool:
    """Whether the newest public words take an answer: their own window counts, not that of private words since."""
    item = case.newest(private=False)
    return capabilities.public_reply is not None and not item.private and _takes_words(item, capabilities, now)


def private_route(
    case: Case, capabilities: Capabilities, now: datetime, contact: str
) -> Literal["message", "contact"] | None:
    """How a public conversation goes private: by a message, or by naming the company's contact way in public."""
    item = case.latest
    if item.private or (capabilities.private_once and private_used(case, item)):
        return None
    if capabilities.private_message is not None and (item.private_until is None or now < item.private_until):
        return "message"
    return "contact" if contact and capabilities.public_reply is not None else None


def better_in_private(case: Case, found: frozenset[Offer]) -> str:
    """Why this should go private rather than on in public, in a word or two; nothing where it need not or cannot.

    A hint to staff, read off the words: whoever answers decides.
    """
    reading, items = case.reading, case.items
    if Offer.PRIVATE not in found or case.wait is None or case.cycle.private_at is not None:
        return ""
    if any(item.masked and not (item.private or item.deleted or item.hidden) for item in items):
        return "personal data"
    if reading.intent == "complaint" and PAYMENT in reading.topics:
        return "a payment"
    if reading.abuse == "heated":
        return "heated"
    since = [item for item in items if item.seen_at >= case.cycle.seen_at and not item.deleted]
    answered = case.cycle.acknowledged_at is not None  # a post in many parts is no exchange yet
    return "a long exchange" if answered and len(since) >= LONG and case.people == 1 else ""


def first_word_under_way(case: Case) -> bool:
    """Whether somebody has said something to the customer that has not arrived yet, or may have."""
    return any(send.purpose in FIRST_WORDS and send.state in UNSETTLED for send in case.sends)


def private_used(case: Case, item: Item) -> bool:
    """Whether a private message about this very comment went out, or is on its way."""
    about = (send for send in case.sends if send.to == item.id and send.purpose is Purpose.PRIVATE)
    return any(send.private and send.state not in IN_VAIN for send in about)


def reply_rule(case: Case, capabilities: Capabilities) -> LengthRule | None:
    """The length rule for an answer where the customer spoke; None when the network takes no answers there."""
    return capabilities.private_message if case.latest.private else capabilities.public_reply


def window_open(item: Item, now: datetime) -> bool:
    """Whether the network still takes an answer to this interaction."""
    return item.reply_until is None or now < item.reply_until
