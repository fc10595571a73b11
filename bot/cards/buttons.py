"""The row of buttons. A button that cannot work is not shown; one that is shown is always in its place."""

from typing import Final

from bot.cards import build
from bot.cards.action_ids import VERB_ROOM, ActionId, Press, Verb, with_verb
from bot.cards.escape import one_line, safe_url
from bot.cards.limits import OPTION_VALUE, OVERFLOW_OPTIONS
from bot.cards.view import View
from bot.cards.words import staff_name
from bot.domain.case import Case
from bot.domain.offers import Offer, offers

BUTTONS: Final = (
    (Offer.REPLY, ActionId.REPLY, "Reply", "Reply in {where}"),
    (Offer.TEMPLATE, ActionId.REPLY, "Reply", "Reply with an approved template: the reply window is closed"),
    (Offer.THANK, ActionId.THANK, "Thank", "Thank in {where}"),
    (Offer.PRIVATE, ActionId.PRIVATE, "Take private", "Take private: move this conversation out of the public"),
)
OPTIONS: Final = (
    (Offer.ACKNOWLEDGE, Verb.ACKNOWLEDGE, "👋 On it (acknowledge)"),
    (Offer.CLOSE, Verb.CLOSE, "✅ Close…"),
    (Offer.DISMISS, Verb.DISMISS, "🚫 Not for us…"),
    (Offer.HIDE, Verb.HIDE, "🙈 Hide…"),
    (Offer.HISTORY, Verb.HISTORY, "📜 History"),
)
NETWORK_NAME: Final = 40
NETWORK_UNITS: Final = 64
"""What an option's label has room for beside "🔗 Open on "."""


def offered(case: Case, view: View) -> frozenset[Offer]:
    """What the card may offer; the server asks the same question again when a button is pressed."""
    return offers(case, view.capabilities, view.now, view.contact)


def card_actions(case: Case, post_id: str, view: View, *, link: bool = True) -> build.Block:
    """At most four buttons and the menu, with the link to the network's page if wanted; of a closed case only Reopen
    and the menu."""
    found, press = offered(case, view), Press.on(case.id, post_id)
    value = press.value()
    buttons = _open_buttons(case, found, value) if case.is_open else [_reopen(value)]
    return build.actions([*buttons, build.overflow(ActionId.MORE, _options(case, press, view, found, link))])


def _open_buttons(case: Case, found: frozenset[Offer], press: str) -> list[build.Block]:
    where = "private" if case.latest.private else "public"
    return [
        claim_or_release(case, press),
        *(
            build.button(action, label, press, describe=describe.format(where=where))
            for offer, action, label, describe in BUTTONS
            if offer in found
        ),
    ]


def claim_or_release(case: Case, press: str) -> build.Block:
    """The same place for both. Everybody sees Release; who may press it is decided where it is pressed."""
    if case.claim is None:
        return build.button(ActionId.CLAIM, "Claim", press, style="primary", describe="Claim this case for yourself")
    holder = one_line(staff_name(case.claim.by.name), 30)
    return build.button(ActionId.RELEASE, "Release", press, describe=f"Release the claim of {holder}")


def _reopen(press: str) -> build.Block:
    return build.button(ActionId.REOPEN, "Reopen", press, describe="Reopen this case and claim it")


def _options(case: Case, press: Press, view: View, found: frozenset[Offer], link: bool) -> list[build.Block]:
    value = press.value(OPTION_VALUE - VERB_ROOM)
    options = [_option(label, with_verb(value, verb)) for offer, verb, label in OPTIONS if offer in found]
    url = safe_url(case.latest.url)
    if link and url:
        label = f"🔗 Open on {one_line(view.network_title, NETWORK_NAME, NETWORK_UNITS) or 'the network'}"
        options.append({**_option(label, with_verb(value, Verb.OPEN)), "url": url})
    return options[:OVERFLOW_OPTIONS]  # in a full menu the link goes: the card's first line has it too


def _option(label: str, value: str) -> build.Block:
    """One choice of the menu, in our own words: a foreign one goes through `build.option`."""
    return {"text": build.plain_text(label), "value": value}
