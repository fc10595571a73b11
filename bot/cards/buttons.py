"""The row of buttons. A button that cannot work is not shown; one that is shown is always in its place."""

from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, Press
from bot.cards.escape import one_line
from bot.cards.menu import menu
from bot.cards.view import View, offered
from bot.cards.words import staff_name
from bot.domain.case import Case
from bot.domain.offers import Offer

BUTTONS: Final = (
    (Offer.REPLY, ActionId.REPLY, "Reply", "Reply in {where}"),
    (Offer.TEMPLATE, ActionId.REPLY, "Reply", "Reply with an approved template: the reply window is closed"),
    (Offer.THANK, ActionId.THANK, "Thank", "Thank in {where}"),
    (Offer.PRIVATE, ActionId.PRIVATE, "Take private", "Take private: move this conversation out of the public"),
)


def card_actions(case: Case, post_id: str, view: View, *, link: bool = True) -> build.Block:
    """At most four buttons and the menu, with the link to the network's page if wanted; of a closed case only Reopen
    and the menu."""
    found, press = offered(case, view), Press.on(case.id, post_id)
    value = press.value()
    buttons = _open_buttons(case, found, value) if case.is_open else [_reopen(value)]
    return build.actions([*buttons, menu(case, press, view, found, link=link)])


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
