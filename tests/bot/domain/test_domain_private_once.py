"""A private message that the network allows once for each comment is offered once."""

from typing import Any

import pytest

from bot.domain.case import Purpose, Send, SendState
from bot.domain.offers import Offer, offers
from tests.support.cases import NOON, a_case, a_send, an_item
from tests.support.hiding_cases import CAN


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({}, False),
        ({"state": SendState.SENT}, False),
        ({"state": SendState.UNKNOWN}, False),
        ({"state": SendState.FAILED}, True),
        ({"state": SendState.UNDONE}, True),
        ({"to": "post-0"}, True),
        ({"private": False}, True),
        ({"purpose": Purpose.REPLY, "private": False}, True),
    ],
)
def test_take_private_is_offered_once_for_a_comment(changes: dict[str, Any], offered: bool) -> None:
    """Where the network allows one private message; where it allows more, always; a contact way changes nothing."""
    send: Send = a_send(**({"purpose": Purpose.PRIVATE, "private": True} | changes))
    case = a_case(sends=(send,))
    once = CAN.model_copy(update={"private_once": True})
    assert (Offer.PRIVATE in offers(case, once, NOON, "help@acme.example")) is offered
    assert Offer.PRIVATE in offers(case, CAN, NOON)


def test_a_newer_comment_may_be_taken_private_again() -> None:
    """The limit is for each comment."""
    send = a_send(purpose=Purpose.PRIVATE, private=True, state=SendState.SENT)
    case = a_case(items=(an_item(), an_item("And another", seq=2, id="post-2")), sends=(send,))
    assert Offer.PRIVATE in offers(case, CAN.model_copy(update={"private_once": True}), NOON)
