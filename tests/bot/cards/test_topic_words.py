"""What customers write about, in words."""

import pytest

from bot.cards.topics import SHOWN, topics_reply
from bot.domain.topics import Said, Topics, topics
from tests.support.block_kit import check_message
from tests.support.card_cases import matches_snapshot
from tests.support.cases import NOON

BUSY = {
    Said("square", "complaint"): 40,
    Said("square", "complaint", "delivery"): 30,
    Said("square", "question", "delivery"): 5,
    Said("square", "question"): 12,
    Said("harbour", "praise"): 1,
    Said("harbour", "praise", "staff"): 1,
    Said("harbour", "other"): 1_200,
}
BEFORE = {Said("square", "complaint"): 9, Said("square", "complaint", "delivery"): 8}
MANY = {Said("square", "complaint", f"topic {n}"): n for n in range(1, 30)} | BUSY


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("topics", topics(BUSY, BEFORE, NOON)),
        ("topics_first_week", topics(BUSY, {}, NOON)),
        ("topics_nothing", topics({}, {}, NOON)),
    ],
)
def test_each_answer_is_drawn_as_recorded_and_within_the_limits(name: str, told: Topics) -> None:
    """One message to one person."""
    drawn = topics_reply(told)
    assert check_message(drawn.blocks, drawn.text) == []
    assert matches_snapshot(name, {"text": drawn.text, "blocks": drawn.blocks})


def test_of_many_topics_the_most_frequent_are_shown() -> None:
    """A list that nobody reads to its end helps nobody."""
    drawn = topics_reply(topics(MANY, MANY, NOON))
    assert drawn.text.count("•") == SHOWN
    assert "*topic 20*" not in drawn.text
