"""The forms of a known problem: opening it, and saying that it is solved."""

from collections.abc import Sequence
from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, CallbackId, InputId, StormPress
from bot.cards.escape import one_line
from bot.cards.limits import units
from bot.cards.modal import ViewJson, modal
from bot.domain.storm import Problem
from bot.domain.text.clean import tidy

TITLE_LENGTH: Final = 80
KNOWN_LENGTH: Final = 500
LINE_LENGTH: Final = 500
WORDS_LENGTH: Final = 120
SOLVED_LINE: Final = "This is solved now. Thank you for your patience, and sorry for the trouble!"


BY_WORDS: Final = "A case with two of these words (one, if you name only one) belongs to it"


def problem_form(press: StormPress, words: Sequence[str], *, is_one_of_many: bool = False) -> ViewJson:
    """Open a known problem: from then on similar cases fold into its card.

    `words` are those of the customers who are folded already; with none, nobody is there whom a case could be like.
    Where its channel is one of many that have cards, the form names it: cases of the others do not belong to it.
    """
    like = "say nearly the same" if words else "use its words"
    where = f" of <#{press.channel}>" if is_one_of_many else ""
    intro = (
        f"New cases{where} that {like}, complaints too, are then counted on the problem's card and get no card of "
        "their own. Their clocks run on, and their reply form begins with your line. Nothing is sent by this form."
    )
    blocks = [
        build.section(intro),
        build.text_input(InputId.TITLE, ActionId.TITLE, "Title", most=TITLE_LENGTH),
        build.text_input(
            InputId.KNOWN,
            ActionId.KNOWN,
            "What is known (stays in the team)",
            optional=True,
            multiline=True,
            most=KNOWN_LENGTH,
        ),
        build.text_input(
            InputId.LINE,
            ActionId.LINE,
            "A line for customers",
            hint="Suggested in the reply form of each of its cases; whoever replies can change it, and signs it.",
            optional=True,
            multiline=True,
            most=LINE_LENGTH,
        ),
        build.text_input(
            InputId.WORDS,
            ActionId.WORDS,
            "Words that customers use for it",
            hint=f"{BY_WORDS}{', as does one that says nearly what these customers say' if words else ''}.",
            initial=_fitting(words),
            optional=bool(words),
            most=WORDS_LENGTH,
        ),
    ]
    return modal(CallbackId.PROBLEM, "Known problem", blocks, state=press, submit="Open")


def _fitting(words: Sequence[str]) -> str:
    """Those of the words that the field takes, whole: Slack counts UTF-16 units, and opens no form with more."""
    kept = ""
    for word in words:
        more = f"{kept} {tidy(word)}".strip()
        kept = more if units(more) <= WORDS_LENGTH else kept
    return kept


def solved_form(press: StormPress, problem: Problem) -> ViewJson:
    """Say that a known problem is solved."""
    title = build.text_part(one_line(problem.title, TITLE_LENGTH) or "(no title)", "bold")
    after = build.text_part(": the cases that still wait get their cards, one by one. Nothing is sent by this form.")
    blocks = [
        build.paragraph(title, after),
        build.text_input(
            InputId.LINE,
            ActionId.LINE,
            "A line for customers now",
            hint="Suggested in the reply form of each of its cases.",
            initial=SOLVED_LINE,
            optional=True,
            multiline=True,
            most=LINE_LENGTH,
        ),
    ]
    return modal(CallbackId.SOLVED, "Solved?", blocks, state=press, submit="It is solved")
