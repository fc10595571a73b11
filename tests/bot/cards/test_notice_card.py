"""What Hark says about itself, as the people who run it read it: on a phone, once, with what to do."""

from datetime import timedelta
from typing import Any

import pytest

from bot.cards.notice import EXAMPLE, caught_up, notice_message
from bot.domain.notices import EVERY, Line, Words
from tests.support.cases import NOON

WORDS = Words(headline="Square sends odd things", example='{"text": "(5 characters)"}', mend="Look at its changelog")


def a_line(**changes: Any) -> Line:
    """Told for the first time."""
    fields: dict[str, Any] = {"words": WORDS, "count": 1, "total": 1, "since": NOON}
    return Line(**(fields | changes))


def shown(line: Line) -> str:
    """Everything in the message."""
    return str(notice_message(line).blocks)


def test_a_notice_says_what_is_wrong_and_what_to_do_also_on_a_lock_screen() -> None:
    """The example stands in the message only."""
    told = notice_message(a_line())
    assert told.text == "⚠️ Hark: Square sends odd things · Look at its changelog"
    assert "(5 characters)" in shown(a_line())
    assert f"told again in {EVERY / timedelta(hours=1):g} hours at the earliest" in shown(a_line())


def test_the_end_of_a_trouble_is_one_line() -> None:
    """With nothing of the trouble itself, which is over."""
    over = a_line(over=True, words=WORDS.model_copy(update={"mend": ""}))
    assert notice_message(over).text == "✅ Square sends odd things"
    assert len(notice_message(over).blocks) == 1


@pytest.mark.parametrize(
    ("count", "total", "said", "not_said"),
    [(1, 1, "At <!date", "in all"), (2, 2, "2 times since <!date", "in all"), (2, 1500, "1,500 in all", "At <!date")],
)
def test_a_notice_says_how_often_and_how_often_in_all(count: int, total: int, said: str, not_said: str) -> None:
    """The latter only where it was told before."""
    assert said in shown(a_line(count=count, total=total))
    assert not_said not in shown(a_line(count=count, total=total))


def test_an_example_of_any_length_fits() -> None:
    """A message that Slack refuses would tell nobody anything."""
    words = WORDS.model_copy(update={"example": "x" * 20_000})
    assert EXAMPLE - 10 < shown(a_line(words=words)).count("x") <= EXAMPLE + 10


@pytest.mark.parametrize(
    ("away", "span"),
    [
        (timedelta(seconds=20), "1 minute"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(minutes=120), "2 hours"),
    ],
)
def test_how_long_slack_was_away_is_told_in_words(away: timedelta, span: str) -> None:
    """Never none at all: somebody has noticed it."""
    assert caught_up(7, away).text == f"✅ Caught up: 7 cards after {span} without Slack"
