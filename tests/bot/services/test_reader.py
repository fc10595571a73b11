"""What a case keeps of a customer: names that a person can see, words of which nothing private is left."""

from datetime import datetime, timedelta
from time import process_time
from typing import Any

import pytest

from bot.domain.models import Attachment, Author
from bot.domain.text.privacy import AllowList
from bot.services.reader import DESCRIPTION_GRAPHEMES, MARGIN, READ_PER_GRAPHEME, TEXT_GRAPHEMES, Reader
from tests.support.cases import NOON, a_raw, an_interaction
from tests.support.hostile import FAMILY
from tests.support.intake import triage

READER = Reader(triage(), AllowList())
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


def test_an_item_keeps_what_a_delivery_tells() -> None:
    """What a card offers and when it is due hangs on each of these."""
    told: dict[str, Any] = {
        "rating": 2,
        "reply_until": NOON + timedelta(hours=24),
        "private_until": NOON + timedelta(days=7),
        "answerable": False,
        "hideable": True,
        "hidden": True,
        "private": True,
        "stream": "boots",
        "url": "https://square.example/1",
        "version": "v2",
        "ref": {"uri": "1"},
    }
    item = READER.item(a_raw(received_at=NOON + timedelta(minutes=1)), an_interaction(**told))
    assert {name: getattr(item, name) for name in told} == told
    assert (item.posted_at, item.seen_at) == (NOON, NOON + timedelta(minutes=1))
    assert (item.late, item.edited, item.edited_at, item.masked, item.cut) == (False, False, None, False, False)


def test_an_item_says_what_is_missing_of_the_words() -> None:
    """The card tells that something was masked, and that there was more."""
    item = READER.item(a_raw(), an_interaction("My card 4111 1111 1111 1111 " + "No!" * TEXT_GRAPHEMES))
    assert (item.masked, item.cut) == (True, True)


@pytest.mark.parametrize(
    ("source", "version", "worded_at", "edited_at", "edited"),
    [
        ("webhook", "v2", None, None, False),
        ("webhook", "v2", NOON, NOON, True),
        ("sweep", "v2", None, NOON + timedelta(minutes=1), False),
        ("sweep", "", None, None, False),
    ],
)
def test_when_words_are_known_to_be_so(
    source: str, version: str, worded_at: datetime | None, edited_at: datetime | None, edited: bool
) -> None:
    """A sweep knows what stands there now; it says that it was late, and not that somebody edited anything."""
    raw = a_raw(source=source, received_at=NOON + timedelta(minutes=1))
    item = READER.item(raw, an_interaction(version=version, worded_at=worded_at))
    assert (item.edited_at, item.edited, item.late) == (edited_at, edited, source == "sweep")


def test_what_a_picture_is_said_to_show_is_masked_and_cut_like_words() -> None:
    """Customers write into it, too; and of many pictures ten are kept."""
    text = "My card 4111 1111 1111 1111. " + "Look!" * DESCRIPTION_GRAPHEMES
    pictures = tuple(Attachment(kind="image", description=text) for _ in range(12))
    kept = READER.item(a_raw(), an_interaction(attachments=pictures)).attachments
    assert {each.description[:22] for each in kept} == {"My card [card ••1111]."}
    assert [len(each.description) for each in kept] == [DESCRIPTION_GRAPHEMES] * 10


def test_a_handle_is_made_fit_to_be_shown_like_a_name() -> None:
    """In one line, whatever stands in it."""
    named = READER.clean(Author(id="1", name="Carla\n@channel", handle="call 07700 900123"))
    assert (named.name, named.handle) == ("Carla @channel", "call [phone ••23]")
