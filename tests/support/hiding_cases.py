"""A rude comment, and the steps of hiding it: asked by Ana, approved by Ben, hidden by the network."""

from datetime import timedelta
from typing import Any

from bot.domain.case import Case, HideReason, Item
from bot.domain.hiding import Ask, approve, ask
from bot.domain.models import Capabilities, LengthRule, Sent
from bot.domain.reading import Reading
from bot.domain.sending import sent
from tests.support.cases import ANA, BEN, NOON, a_card, a_case, an_item
from tests.support.decisions import case_of
from tests.support.policies import a_policy

CAN = Capabilities(public_reply=LengthRule(limit=300), private_message=LengthRule(limit=300), hide=True)
TROLL = Reading(language="en", abuse="troll")
POLICY = a_policy()
LATER = NOON + timedelta(minutes=5)
SOON = NOON + timedelta(minutes=1)


def a_troll(**changes: Any) -> Item:
    """A comment that triage lets staff ask to hide."""
    signs = (HideReason.ABUSE, HideReason.HATE)
    return an_item("You are all idiots", **({"hideable": True, "signs": signs, "ref": {"id": "c1"}} | changes))


def a_rude_case(**changes: Any) -> Case:
    """An open case of such a comment, its card in the channel."""
    return a_case(**({"items": (a_troll(),), "reading": TROLL, "posts": (a_card(),)} | changes))


def an_ask(**changes: Any) -> Ask:
    """Ana asks because of abuse."""
    fields: dict[str, Any] = {"id": "hide-1", "item": "post-1", "reason": "abuse", "by": ANA}
    return Ask(**(fields | changes))


def asked(case: Case | None = None, **changes: Any) -> Case:
    """The case after Ana asked."""
    return case_of(ask(case or a_rude_case(), an_ask(**changes), CAN, NOON, POLICY))


def approved(case: Case | None = None) -> Case:
    """The case after Ben approved."""
    return case_of(approve(case or asked(), "hide-1", BEN, CAN, SOON, POLICY))


def hidden(case: Case | None = None) -> Case:
    """The case after the network hid the comment."""
    return case_of(sent(case or approved(), "hide-1", Sent(id="hide:c1"), LATER, POLICY))
