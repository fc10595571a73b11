"""The menu behind a card's three dots. Slack gives it five places: what finds none stands in the More dialog."""

from typing import Final, NamedTuple

from bot.cards import build
from bot.cards.action_ids import VERB_ROOM, ActionId, CallbackId, Press, Verb, with_verb
from bot.cards.escape import line, one_line, safe_url
from bot.cards.limits import OPTION_TEXT, OPTION_VALUE, OVERFLOW_OPTIONS
from bot.cards.modal import ViewJson, modal
from bot.cards.view import View, offered
from bot.domain.case import Case
from bot.domain.offers import Offer

OPTIONS: Final = (
    (Offer.ACKNOWLEDGE, Verb.ACKNOWLEDGE, "👋 On it (acknowledge)", ""),
    (Offer.CLOSE, Verb.CLOSE, "✅ Close…", ""),
    (Offer.DISMISS, Verb.DISMISS, "🚫 Not for us…", ""),
    (Offer.HIDE, Verb.HIDE, "🙈 Hide…", ""),
    (Offer.ASSIGN, Verb.ASSIGN, "👥 Assign or escalate…", "Give it to a colleague, or call one to help"),
    (Offer.SNOOZE, Verb.SNOOZE, "💤 Snooze…", "Have it brought back at a time; no clock stops"),
    (Offer.HISTORY, Verb.HISTORY, "📜 History", "All that was said and done here, and by whom"),
)
"""What may be offered, with its label, and for those that may find no place what they are good for."""
MORE: Final = "⋯ More…"
NETWORK_NAME: Final = 40
NETWORK_UNITS: Final = 64
"""What an option's label has room for beside "🔗 Open on "."""


class Entry(NamedTuple):
    """One thing that can be chosen. `url` is opened by Slack itself."""

    verb: Verb
    label: str
    why: str = ""
    url: str = ""


def menu(case: Case, press: Press, view: View, found: frozenset[Offer], *, link: bool = True) -> build.Block:
    """What the case offers besides its buttons, with the link to the network's page if wanted."""
    entries = _entries(case, view, found, link=link)
    if len(entries) > OVERFLOW_OPTIONS:
        entries = [*entries[: OVERFLOW_OPTIONS - 1], Entry(Verb.MORE, MORE)]
    value = press.value(OPTION_VALUE - VERB_ROOM)
    return build.overflow(ActionId.MORE, [_option(each, value) for each in entries])


def more_modal(case: Case, view: View) -> ViewJson:
    """What may have found no place in the menu, each with a button: the same things whatever stands there."""
    value = Press(case=case.id).value()
    rows = [_row(each, value) for each in _entries(case, view, offered(case, view), link=True) if each.why]
    return modal(CallbackId.MORE, "More", rows, close="Close")


def _entries(case: Case, view: View, found: frozenset[Offer], *, link: bool) -> list[Entry]:
    entries = [Entry(verb, label, why) for offer, verb, label, why in OPTIONS if offer in found]
    url = safe_url(case.latest.url)
    if link and url:
        network = one_line(view.network_title, NETWORK_NAME, NETWORK_UNITS) or "the network"
        entries.append(Entry(Verb.OPEN, f"🔗 Open on {network}", "The conversation where the customer sees it", url))
    return entries


def _option(entry: Entry, value: str) -> build.Block:
    """One choice of the menu, in our own words: a foreign one goes through `build.option`."""
    option = {"text": build.plain_text(entry.label), "value": with_verb(value, entry.verb)}
    return {**option, "url": entry.url} if entry.url else option


def _row(entry: Entry, value: str) -> build.Block:
    button = build.button(ActionId.ACT, "Open", with_verb(value, entry.verb), describe=entry.label)
    words = f"*{line(entry.label, OPTION_TEXT)}*\n{entry.why}"
    return build.section(words, {**button, "url": entry.url} if entry.url else button)
