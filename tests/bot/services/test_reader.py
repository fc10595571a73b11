"""What a case keeps of a customer: names that a person can see, words of which nothing private is left."""

from time import process_time

import pytest

from bot.domain.models import Author
from bot.domain.text.privacy import AllowList
from bot.services.reader import MARGIN, READ_PER_GRAPHEME, TEXT_GRAPHEMES, Reader
from tests.support.hostile import FAMILY
from tests.support.intake import triage

KISS = "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fd"
"""One sign to see, ten to count."""


@pytest.mark.parametrize("nothing", ["\u3164", "\u2800\u2800", "\u200e\u200f", "\uffa0", "\u115f", " \u2060 "])
def test_a_name_that_nobody_sees_is_none(nothing: str) -> None:
    """Some take such a name to stay nameless: they go by their handle then, in cards, lines and on lock screens."""
    reader = Reader(triage(), AllowList())
    assert reader.clean(Author(id="1", name=nothing, handle="ana.r")).label == "ana.r"
    assert reader.clean(Author(id="1", name=nothing)).label == "someone"


@pytest.mark.parametrize("name", ["🌸", "★", "Ana \u3164", "م", "\u200fדנה", "王", "!"])
def test_a_name_of_which_anything_is_seen_stays(name: str) -> None:
    """A flower is a name."""
    assert Reader(triage(), AllowList()).clean(Author(id="1", name=name)).name == name


def test_a_text_of_four_megabytes_is_read_like_one_of_its_length_on_a_card() -> None:
    """Looking for numbers takes 10 µs a sign: a worker that stood still for a minute would lose all that it holds."""
    reader, began = Reader(triage(), AllowList()), process_time()
    kept, _, shortened = reader.safe("0 0 " * 1_000_000)
    named = reader.clean(Author(id="1", name="Ana " + "0 0 " * 1_000_000))
    assert process_time() - began < 5
    assert len(kept) == TEXT_GRAPHEMES
    assert shortened
    assert named.name.startswith("Ana 0 0 ")


@pytest.mark.parametrize("before", range(0, 24, 4))
def test_where_reading_ends_no_half_of_a_number_is_left(before: int) -> None:
    """Emoji of many signs take a text to that place with few to count; half a card number is not masked."""
    many = TEXT_GRAPHEMES * READ_PER_GRAPHEME + MARGIN - before
    text = KISS * (many // len(KISS)) + "." * (many % len(KISS)) + "4111 1111 1111 1111 is my card"
    kept, _, shortened = Reader(triage(), AllowList()).safe(text)
    assert shortened
    assert kept.endswith("…")
    assert "1" not in kept


def test_what_is_kept_whole_is_masked_whole() -> None:
    """Also with as many emoji before it as are kept."""
    kept, masked, shortened = Reader(triage(), AllowList()).safe(FAMILY * 2000 + " 4111 1111 1111 1111")
    assert (masked, shortened) == (True, False)
    assert kept.endswith("[card ••1111]")
