"""What a case lets staff do, as its newest words, its network and the hour have it."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.case import Case, Purpose
from bot.domain.offers import Offer, offers
from tests.support.cases import NOON, a_case, a_send, a_wait, an_item
from tests.support.hiding_cases import CAN

CONTACT = "care@acme.example"
OUT_OF_TIME = an_item(private=True, reply_until=NOON)


def offered(case: Case, contact: str = "", **can: Any) -> frozenset[Offer]:
    """What is offered at noon where the network lets us do that."""
    return offers(case, CAN.model_copy(update=can), NOON, contact)


def test_words_are_offered_where_the_network_takes_them() -> None:
    """A network without public answers takes none below a comment, nor does any after its window."""
    assert {Offer.REPLY, Offer.THANK, Offer.ACKNOWLEDGE} <= offered(a_case())
    assert not {Offer.REPLY, Offer.THANK, Offer.ACKNOWLEDGE} & offered(a_case(), public_reply=None)
    assert Offer.REPLY not in offered(a_case(items=(an_item(reply_until=NOON),)))
    assert Offer.REPLY in offered(a_case(items=(an_item(reply_until=NOON + timedelta(seconds=1)),)))


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({"wait": None}, False),
        ({"wait": a_wait(ack_due=None)}, False),
        ({"sends": (a_send(),)}, False),
        ({"sends": (a_send(purpose=Purpose.LIKE, text=""),)}, True),
    ],
)
def test_a_first_word_is_offered_while_one_is_owed(changes: dict[str, Any], there: bool) -> None:
    """Not once it was said or is on its way; a like says nothing."""
    assert (Offer.ACKNOWLEDGE in offered(a_case(**changes))) is there


def test_a_private_conversation_has_no_closing_word() -> None:
    """Nothing of it is known in public."""
    assert Offer.CLOSING_WORD not in offered(a_case(items=(an_item(private=True),)))


@pytest.mark.parametrize(
    ("changes", "can", "contact", "there"),
    [
        ({}, {}, "", True),
        ({"answerable": False}, {}, CONTACT, False),
        ({"deleted": True}, {}, CONTACT, False),
        ({"reply_until": NOON}, {}, CONTACT, False),
        ({"private_until": NOON}, {}, "", False),
        ({"private_until": NOON + timedelta(seconds=1)}, {}, "", True),
        ({"private_until": NOON}, {}, CONTACT, True),
        ({}, {"private_message": None}, CONTACT, True),
        ({}, {"private_message": None, "public_reply": None}, CONTACT, False),
    ],
)
def test_take_private_needs_a_way_there(
    changes: dict[str, Any], can: dict[str, Any], contact: str, there: bool
) -> None:
    """A private message, within its own window; or a public line with the company's contact."""
    assert (Offer.PRIVATE in offered(a_case(items=(an_item(**changes),)), contact, **can)) is there


@pytest.mark.parametrize(
    ("changes", "can", "there"),
    [
        ({}, {}, True),
        ({"reply_until": NOON + timedelta(seconds=1)}, {}, False),
        ({"answerable": False}, {}, False),
        ({"private": False}, {}, False),
        ({}, {"templates": False}, False),
    ],
)
def test_a_template_is_offered_once_the_window_is_closed(
    changes: dict[str, Any], can: dict[str, Any], there: bool
) -> None:
    """To somebody who can be written to in private, on a network that has templates."""
    case = a_case(items=(OUT_OF_TIME.model_copy(update=changes),))
    assert (Offer.TEMPLATE in offered(case, **{"templates": True, **can})) is there
