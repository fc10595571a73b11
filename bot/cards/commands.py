"""What `/hark` answers, to the person who asked only."""

from collections.abc import Sequence
from typing import Final

from bot.cards import build
from bot.cards.escape import line
from bot.cards.lists import Listed, fitting, left_out, list_parts, spoken
from bot.cards.view import Rendered, rendered
from bot.cards.words import count

SHOWN: Final = 10
HELP: Final = (
    "*/hark queue*: what waits for an answer, the first due on top\n"
    "*/hark mine*: the cases you have claimed\n"
    "*/hark speed*: how fast customers are answered; */hark speed 30*: of as many days\n"
    "*/hark topics*: what customers complain about, and what they like; */hark topics 30*: in as many days\n"
    "*/hark problem*: tell colleagues what is known of a problem, and what to say to its customers\n"
    "*/hark help*: this text\n"
    "Everything else is on the cards, and in Home."
)
UNKNOWN: Final = "I do not know that word. You can ask:"


def queue_reply(cases: Sequence[Listed], total: int) -> Rendered:
    """What waits, the first due on top."""
    total = max(total, len(cases))
    words = f"{count(total, 'case waits', 'cases wait')} for an answer"
    return _list(words, "✅ Nobody waits for an answer.", cases, total)


def mine_reply(cases: Sequence[Listed], total: int) -> Rendered:
    """The asker's own cases, the first due on top."""
    total = max(total, len(cases))
    return _list(f"You have claimed {count(total, 'case')}", "You have claimed nothing.", cases, total)


def help_reply(unknown: str = "") -> Rendered:
    """What can be asked; begins with what was not understood, if anything was."""
    top: build.Parts = []
    if unknown.strip():
        top = [("unknown", build.paragraph(build.text_part(UNKNOWN)))]
    parts = [*top, ("help", build.section(HELP))]
    return rendered(f"{UNKNOWN}\n{HELP}" if top else HELP, build.with_ids("hark", parts))


def refusal_reply(text: str) -> Rendered:
    """A polite no, or a short notice, to one person."""
    words = line(text, 400) or "That did not work."
    return rendered(words, build.with_ids("hark", [("refusal", build.section(words))]))


def _list(title: str, none: str, cases: Sequence[Listed], total: int) -> Rendered:
    if not total:
        return rendered(none, build.with_ids("hark", [("list", build.section(none))]))

    def draw(most: int) -> build.Parts:
        rest = left_out(total, min(most, len(cases)))
        more: build.Parts = [("rest", build.context(rest))] if rest else []
        return [("title", build.section(f"*{title}*")), *list_parts(cases[:most]), *more]

    return rendered(spoken(title, cases[:SHOWN]), fitting("hark", draw, SHOWN))
