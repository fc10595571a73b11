"""Cases as one line each, for App Home, the hourly message and the slash command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import regex

from bot.cards import build
from bot.cards.action_ids import ActionId, Press
from bot.cards.escape import due_token, line, link, one_line
from bot.cards.limits import SECTION_TEXT, units
from bot.cards.summary import troubles
from bot.cards.view import View
from bot.cards.words import KINDS, author_label, is_urgent, staff_name
from bot.domain.case import Case

SPOKEN: Final = 3_500
"""Characters: chat.update takes 4,000 of a `text`, in a count of its own."""
_NO_NAME: Final = regex.compile(r"[^\w\p{M}\s.'’@-]+|[\uFE00-\uFE0F]+")
"""Signs that say nothing when a name is read out. Vowels are: in many scripts they are marks at a letter."""
ViewOf = Callable[[Case], View]
"""Gives the surroundings of a case: lists hold cases of several networks."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One case with its surroundings."""

    case: Case
    view: View


def listed(cases: Sequence[Case], view_of: ViewOf) -> list[Listed]:
    """Each case with its surroundings."""
    return [Listed(case, view_of(case)) for case in cases]


def case_line(one: Listed) -> str:
    """One case in one line of mrkdwn: state, network, kind, who, the first words, due time, holder, our words that did
    not arrive.

    The first words open the card where its permalink is known. Private words are not shown in a list.
    """
    case, view = one.case, one.view
    item = case.latest
    facts = [
        _sign(case),
        f"{line(view.network_title, 30)} {KINDS[item.kind][1].lower()}",
        link(view.card_url, _title(case)),
        _due(one),
        f"claimed by {line(staff_name(case.claim.by.name), 40)}" if case.claim else "",
        *(f"❗ {each}" for each in troubles(case)),
        "the public thread waits for a closing word" if case.is_open and case.loop_open else "",
        _known(case),
    ]
    return " · ".join(fact for fact in facts if fact)


def open_button(one: Listed) -> build.Block:
    """The button beside a case in Home. Whoever hears one "Open" after the other hears whose case it is, too."""
    case, press = one.case, Press(case=one.case.id).value()
    who = _NO_NAME.sub("", one_line(author_label(case.latest, case), 30)).strip() or "someone"
    describe = f"Open the {KINDS[case.latest.kind][1].lower()} of {who}"
    return build.button(ActionId.HOME_OPEN_CASE, "Open", press, describe=describe)


def spoken(title: str, cases: Sequence[Listed]) -> str:
    """The title, then as many of the cases as a message's `text` holds, one line each: a screen reader reads that
    instead of the blocks."""
    text = title
    for each in cases:
        longer = f"{text}\n• {case_line(each)}"
        if units(longer) > SPOKEN:
            break
        text = longer
    return text


def list_parts(cases: Sequence[Listed]) -> build.Parts:
    """Several cases, one line each, in as few sections as can hold them."""
    texts: list[str] = []
    for each in cases:
        bullet = f"• {case_line(each)}"
        if texts and units(texts[-1]) + units(bullet) < SECTION_TEXT:
            texts[-1] += f"\n{bullet}"
        else:
            texts.append(bullet)
    return [(f"list{number}", build.section(text)) for number, text in enumerate(texts)]


def fitting(scope: str, draw: Callable[[int], build.Parts], most: int) -> build.Sheet:
    """The message with as many cases as Slack takes: `draw(n)` shows n of them."""
    for shown in range(most, 0, -1):
        sheet = build.with_ids(scope, draw(shown))
        if sheet.fits:
            return sheet
    return build.with_ids(scope, draw(0))


def left_out(total: int, shown: int) -> str:
    """How many more there are; empty when all are shown."""
    return f"… and {total - shown:,} more" if total > shown else ""


def _sign(case: Case) -> str:
    if case.wait and case.wait.breached:
        return "🔴 *overdue*"
    if case.wait and case.wait.warned:
        return "🟠 *due soon*"
    return "⚡ *urgent*" if is_urgent(case.reading) else ""


def _known(case: Case) -> str:
    if case.known is None:
        return ""
    sign = "✅ known problem, solved" if case.known.solved else "📌 known problem"
    return f"{sign}: {line(case.known.title, 40)}"


def _title(case: Case) -> str:
    item = case.latest
    who = author_label(item, case)
    if item.deleted or item.private:
        return f"{who} ({'deleted' if item.deleted else 'private'})"
    return f"{who}: {item.text}" if item.text.strip() else who


def _due(one: Listed) -> str:
    wait, now = one.case.wait, one.view.now
    if wait is None and one.case.snooze:
        return f"💤 until {due_token(one.case.snooze.until, now)}"
    if wait is None:
        return "waits for the customer"
    return f"{'due' if wait.due > now else 'was due'} {due_token(wait.due, now)}"
