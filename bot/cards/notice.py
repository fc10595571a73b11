"""A line to the whole team: a limit that is nearly reached, an account that needs somebody."""

from typing import Final

from bot.cards import build
from bot.cards.escape import line
from bot.cards.view import Rendered, rendered

LENGTH: Final = 600


def notice(text: str) -> Rendered:
    """The line as a message."""
    shown = f"📣 {line(text, LENGTH)}"
    return rendered(shown, [build.section(shown)])
