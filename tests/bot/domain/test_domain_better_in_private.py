"""Which matters are better off in private: a hint on the card, so that the whole team decides alike."""

from datetime import timedelta
from typing import Any

import pytest

from bot.cards.states import context_line
from bot.domain.case import Cycle
from bot.domain.reading import Reading
from tests.support.card_cases import PUBLIC_ONLY, a_view
from tests.support.cases import NOON, a_case, an_item

MONEY = Reading(intent="complaint", topics=("billing",))
ANSWERED = Cycle(n=1, posted_at=NOON, seen_at=NOON, acknowledged_at=NOON)
RETURNED = ANSWERED.model_copy(update={"n": 2, "seen_at": NOON + timedelta(seconds=1)})
LONG = tuple(an_item(f"And another thing, {n}", id=f"post-{n}", seq=n) for n in range(1, 5))
GONE = LONG[3].model_copy(update={"deleted": True})


def hint(view: dict[str, Any] | None = None, **changes: Any) -> str:
    """What the card says of it."""
    said = str(context_line(a_case(**changes), a_view(**(view or {}))))
    return said.partition("better in private (")[2].partition(")")[0]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"items": (an_item("My number is [phone ••67]", masked=True),)}, "personal data"),
        ({"items": (an_item(masked=True, deleted=True), an_item("Hello?", id="post-2", seq=2))}, ""),
        ({"items": (an_item(masked=True, hidden=True), an_item("Hello?", id="post-2", seq=2))}, ""),
        ({"items": (an_item(masked=True, private=True), an_item("Hello?", id="post-2", seq=2))}, ""),
        ({"reading": MONEY}, "a payment"),
        ({"reading": MONEY.model_copy(update={"intent": "question"})}, ""),
        ({"reading": Reading(intent="complaint", abuse="heated")}, "heated"),
        ({"items": LONG, "item_count": 4, "cycle": ANSWERED}, "a long exchange"),
        ({"items": LONG, "item_count": 4, "cycle": ANSWERED, "people": 3}, ""),
        ({"items": LONG, "item_count": 4}, ""),
        ({"items": LONG, "item_count": 4, "cycle": RETURNED}, ""),
        ({"items": (*LONG[:3], GONE), "item_count": 4, "cycle": ANSWERED}, ""),
        ({"reading": MONEY, "wait": None}, ""),
        ({"reading": MONEY, "items": (an_item(private=True),)}, ""),
        ({"reading": MONEY, "cycle": Cycle(n=1, posted_at=NOON, seen_at=NOON, private_at=NOON)}, ""),
    ],
)
def test_the_card_says_why_an_answer_belongs_in_private(changes: dict[str, Any], why: str) -> None:
    """Payments, data that all can read, heat and a long exchange; nothing of words that came in parts, and of a case
    that is settled or private already."""
    assert hint(**changes) == why


def test_what_cannot_be_done_is_not_advised() -> None:
    """No private messages on this network, and the company names no other way."""
    nowhere = {"capabilities": PUBLIC_ONLY, "contact": ""}
    assert hint(nowhere, reading=MONEY) == ""
    assert hint({**nowhere, "contact": "care@acme.example"}, reading=MONEY) == "a payment"
