"""The JSON of a message is written once: it is what would be sent, what is measured and what is hashed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.cards import build
from bot.cards.card import render
from bot.cards.escape import DAY_AND_TIME, TIME, TIME_AND_SECONDS, fallback_time, plain
from bot.cards.limits import BUTTON_TEXT, CARD_TOTAL, as_json, size
from bot.domain.text.clean import ELLIPSIS
from tests.support.card_cases import CARD, a_view, states


@pytest.mark.parametrize("name", sorted(states()))
def test_the_digest_is_that_of_what_is_sent(name: str) -> None:
    """A message drawn by an earlier version has the same digest, so nothing is redrawn for nothing."""
    drawn = render(states()[name], CARD, a_view())
    assert drawn.digest == build.digest([drawn.text, drawn.blocks])


def test_the_json_is_that_of_the_blocks() -> None:
    """Ids that are put in afterwards are written as they stand in the blocks, whatever they hold."""
    parts: build.Parts = [("a", build.section('é "quoted" \n 😢')), ("b", build.divider())]
    for scope in ("abc", 'q"é\\'):
        sheet = build.with_ids(scope, parts)
        assert sheet.json == as_json(sheet.blocks)
    assert build.with_ids("abc", []).json == b"[]"


@pytest.mark.parametrize("sign", ["a", "é", "漢", "😢"])
def test_a_sheet_fits_below_the_limit(sign: str) -> None:
    """Counted in UTF-16 units, as Slack may count: one below the limit fits, the limit does not."""
    bare = size(build.with_ids("s", [("r", build.section(""))]).blocks)
    units = len(sign.encode("utf-16-le")) // 2
    room = CARD_TOTAL - 1 - bare
    text = sign * (room // units) + "a" * (room % units)
    full = build.with_ids("s", [("r", build.section(text))])
    over = build.with_ids("s", [("r", build.section(f"{text}a"))])
    assert (size(full.blocks), full.fits) == (CARD_TOTAL - 1, True)
    assert (size(over.blocks), over.fits) == (CARD_TOTAL, False)


def test_what_readers_without_dates_see() -> None:
    """An instant of any zone is told in UTC: the clock, with seconds, or with the day."""
    at = datetime(2026, 3, 5, 0, 7, 9, tzinfo=timezone(timedelta(hours=1)))
    assert fallback_time(at, TIME) == "23:07 UTC"
    assert fallback_time(at, TIME_AND_SECONDS) == "23:07:09 UTC"
    assert fallback_time(at, DAY_AND_TIME) == "2026-03-04 23:07 UTC"
    assert fallback_time(datetime(1, 1, 1, tzinfo=UTC), "{date}") == "0001-01-01 00:00 UTC"


def test_plain_words_of_either_limit() -> None:
    """Text of exactly the length is left alone; one more is cut, by graphemes or by units, whichever ends first."""
    assert plain(" ab ", 4) == "ab"
    assert plain("x" * BUTTON_TEXT, BUTTON_TEXT, BUTTON_TEXT) == "x" * BUTTON_TEXT
    assert plain("x" * 76, BUTTON_TEXT, BUTTON_TEXT) == "x" * 74 + ELLIPSIS
    assert plain("x" * 10, 20, 5) == "x" * 4 + ELLIPSIS
