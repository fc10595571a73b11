"""Why a case does not offer something is told as it is; a press draws what it changes, the queue draws for a form."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.case import Case, Status
from bot.domain.claims import claim
from bot.domain.models import Capabilities, LengthRule
from bot.domain.network import Titles
from bot.domain.offers import Offer
from bot.domain.ports import Commit
from bot.domain.text.privacy import AllowList
from bot.domain.text.tone import ToneReader
from bot.services.casework import Outcome
from bot.services.composing import Composing
from bot.services.desk import CloseForm, Desk
from bot.services.desk_context import PRESS_DRAW, DeskContext
from bot.services.wording import Problems
from bot.store.store import Store
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import ANA, NOON, a_card, a_case, a_send, a_wait, an_item
from tests.support.desks import a_context
from tests.support.stores import a_store

RULE = LengthRule(limit=300)
CAN = Capabilities(public_reply=RULE, private_message=RULE)
STERN = CAN.model_copy(update={"answers_hidden": False})
MOMENT = timedelta(seconds=1)
OVER = {"reply_until": NOON - MOMENT}
LEASE = timedelta(seconds=30)


class Network(WebhookConnector):
    """A connector of which nothing but what it can do is used."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities  # type: ignore[misc]


def a_desk(store: Store, case: Case, capabilities: Capabilities | None) -> DeskContext:
    """The desk, with the account of the case as long as it is set up."""
    context = a_context(store)
    account = (case.key.network, case.key.account)
    connectors = {account: Network(capabilities)} if capabilities else {}
    return DeskContext(context.casework, context.people, context.notes, connectors, context.policy, context.clock)


@pytest.mark.parametrize(
    ("item", "changes", "offer", "capabilities", "words"),
    [
        ({}, {"status": Status.CLOSED}, Offer.REPLY, CAN, "Reopen it first"),
        ({}, {"sends": (a_send(),)}, Offer.ACKNOWLEDGE, CAN, "first word already, or it is on its way"),
        ({}, {}, Offer.REPLY, None, "cannot be answered here any more"),
        (OVER, {}, Offer.REPLY, CAN, "cannot be answered here any more"),
        ({"private": True}, {}, Offer.PRIVATE, CAN, "can be answered there: press Reply"),
        ({"private": True, **OVER}, {}, Offer.PRIVATE, CAN, "cannot be answered here any more"),
        ({"hidden": True}, {}, Offer.REPLY, STERN, "Unhide it first"),
        ({"hidden": True, **OVER}, {}, Offer.REPLY, CAN, "cannot be answered here any more"),
    ],
)
async def test_why_something_is_not_offered_is_told_as_it_is(
    redis_url: str, item: dict[str, Any], changes: dict[str, Any], offer: Offer, capabilities: Capabilities, words: str
) -> None:
    """Nobody is sent to a button that will not help."""
    case = a_case(items=(an_item(**item),), wait=a_wait(), **changes)
    async with a_store(redis_url) as store:
        desk = a_desk(store, case, capabilities)
        refused = desk.refused(case, offer)
        assert refused is not None
        assert words in refused.text


async def test_what_a_press_changes_is_left_to_the_press_for_a_moment(redis_url: str) -> None:
    """It redraws its own message at once; drawn by the queue as well, each press would cost two calls to Slack."""
    async with a_store(redis_url) as store:
        await store.cases.commit(Commit(None, a_case(posts=(a_card(),)), NOON))
        desk = a_desk(store, a_case(), CAN)
        outcome = await desk.press(a_case().id, ANA.id, lambda case, by: claim(case, by, NOON, desk.policy))
        assert outcome.done
        assert await store.cards.take(NOON + PRESS_DRAW - MOMENT, 9, LEASE) == []
        assert [due.id for due in await store.cards.take(NOON + PRESS_DRAW, 9, LEASE)] == [a_case().id]


SUBMITTED: dict[str, Callable[[Desk], Awaitable[Outcome | Problems]]] = {
    "close": lambda desk: desk.close(CloseForm("s1", a_case().id, ANA.id, "solved")),
    "not for us": lambda desk: desk.dismiss(a_case().id, ANA.id),
    "on it": lambda desk: desk.acknowledge(a_case().id, ANA.id, "s1", pressed=False),
}


@pytest.mark.parametrize("verb", SUBMITTED)
async def test_what_a_form_changes_is_drawn_at_once(redis_url: str, verb: str) -> None:
    """Nothing that was pressed is redrawn by it, and the seconds in which words can be taken back are running."""
    async with a_store(redis_url) as store:
        await store.notes.save_person(ANA)
        await store.cases.commit(Commit(None, a_case(posts=(a_card(),), wait=a_wait()), NOON))
        context, rng = a_desk(store, a_case(), CAN), random.SystemRandom()
        composing = Composing(context, Titles(), AllowList(), ToneReader.load(), rng)
        outcome = await SUBMITTED[verb](Desk(context, composing, rng))
        assert isinstance(outcome, Outcome)
        assert outcome.done
        assert [due.id for due in await store.cards.take(NOON, 9, LEASE)] == [a_case().id]
