"""The card that README.md shows is one that Hark draws."""

import re
from pathlib import Path
from typing import Any

from bot.cards.card import render
from bot.slack.gateway import texts_of
from tests.support.card_cases import CARD, URL, a_public_case, a_view
from tests.support.cases import an_item

README = Path(__file__).resolve().parents[2] / "README.md"
WORDS = "Three days late, and your phone line keeps me on hold. I need the parcel today!"
DATE = re.compile(r"<!date\^[^|]*\|([^>]*)>")


def as_text(block: dict[str, Any]) -> str:
    """One block of a card as a line of text."""
    if block["type"] == "actions":
        buttons = [f"[{each['text']['text']}]" for each in block["elements"] if each["type"] == "button"]
        return " ".join([*buttons, "[⋯]"])
    line = "".join(texts_of(block))
    quoted = any(part["type"] == "rich_text_quote" for part in block.get("elements", ()))
    return f"▎ {line}" if quoted else DATE.sub(r"\1", line).replace("*", "")


def test_the_readme_shows_a_card_as_it_is_drawn() -> None:
    """Line for line: whoever changes the words of a card changes what a newcomer sees first."""
    case = a_public_case(items=(an_item(url=URL, text=WORDS),))
    drawn = "\n".join(as_text(block) for block in render(case, CARD, a_view()).blocks)
    assert f"```\n{drawn}\n```" in README.read_text()
