"""A closing word answers the customer's newest public words, whatever was said in private since."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.case import Purpose, SendState, Status
from bot.domain.decisions import Refused
from bot.domain.lifecycle import close
from bot.domain.models import Capabilities
from bot.domain.offers import Offer, offers
from bot.domain.replying import Draft, Outgoing, queue
from tests.support.cases import ANA, NOON, a_case, a_send, an_item
from tests.support.decisions import case_of
from tests.support.hiding_cases import CAN
from tests.support.policies import a_policy

OVER = NOON - timedelta(hours=1)
PRIVATE = an_item("It is order 88", seq=2, id="message-1", private=True, reply_until=OVER)


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({}, True),
        ({"reply_until": NOON + timedelta(hours=1)}, True),
        ({"reply_until": OVER}, False),
        ({"answerable": False}, False),
        ({"deleted": True}, False),
        ({"private": True}, False),
    ],
)
def test_it_is_offered_while_the_public_words_take_an_answer(changes: dict[str, Any], offered: bool) -> None:
    """The window of the private words since is over, and says nothing about the public ones."""
    case = a_case(items=(an_item(**changes), PRIVATE))
    assert (Offer.CLOSING_WORD in offers(case, CAN, NOON)) is offered
    assert Offer.REPLY not in offers(case, CAN, NOON)


def test_deleted_private_words_change_nothing_and_a_mute_network_has_no_closing_word() -> None:
    """Where nobody can speak in public there is none, nor on a closed case."""
    case = a_case(items=(an_item(), PRIVATE.model_copy(update={"deleted": True})))
    assert Offer.CLOSING_WORD in offers(case, CAN, NOON)
    assert Offer.CLOSING_WORD not in offers(case, Capabilities(private_message=CAN.private_message), NOON)
    assert Offer.CLOSING_WORD not in offers(case.model_copy(update={"status": Status.CLOSED}), CAN, NOON)


def test_no_closing_word_below_a_hidden_comment_where_the_network_takes_none() -> None:
    """Instagram does not; others do."""
    case = a_case(items=(an_item(hidden=True), PRIVATE))
    assert Offer.CLOSING_WORD not in offers(case, CAN.model_copy(update={"answers_hidden": False}), NOON)
    assert Offer.CLOSING_WORD in offers(case, CAN, NOON)


def test_it_is_said_where_the_public_words_stand() -> None:
    """It has no place below the private message that came since."""
    public = an_item(ref={"id": "c1"})
    line = Draft(id="s1", purpose=Purpose.NOTICE, private=False, text="All sorted ^AK", closes_loop=True)
    outgoing = Outgoing(by=ANA, drafts=(line,))
    (send,) = case_of(queue(a_case(items=(public, PRIVATE)), outgoing, NOON, a_policy())).sends
    assert (send.to, send.ref) == ("post-1", {"id": "c1"})


@pytest.mark.parametrize(
    ("minutes", "state", "owed"),
    [(1, SendState.SENT, False), (1, SendState.QUEUED, False), (1, SendState.FAILED, True), (-1, SendState.SENT, True)],
)
def test_only_a_closing_word_of_this_return_closes_the_public_thread(
    minutes: int, state: SendState, owed: bool
) -> None:
    """What was said below the customer's words of last month, or did not go out, is none below today's."""
    send = a_send(purpose=Purpose.NOTICE, state=state, closes_loop=True, created_at=NOON + timedelta(minutes=minutes))
    answer = close(a_case(loop_open=True, sends=(send,)), ANA, "private", NOON)
    assert (isinstance(answer, Refused) and answer.code == "loop_open") is owed
