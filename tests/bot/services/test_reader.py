"""What a case keeps of a customer: names that a person can see."""

import pytest

from bot.domain.models import Author
from bot.domain.text.privacy import AllowList
from bot.services.reader import Reader
from tests.support.intake import triage


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
