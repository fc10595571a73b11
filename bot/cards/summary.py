"""The case in one line, for a phone's lock screen and for screen readers, which read it instead of the blocks."""

from bot.cards.escape import line
from bot.cards.view import View
from bot.cards.words import KINDS, author_label, is_urgent, staff_name
from bot.domain.case import Case

EXCERPT = 100


def summary(case: Case, view: View) -> str:
    """Most important first: breach, network, kind, intent, who, the first words, state. Private words stay out."""
    item = case.latest
    facts = [
        "OVERDUE" if case.wait and case.wait.breached else "",
        "Closed" if not case.is_open else "",
        line(view.network_title, 30),
        KINDS[item.kind][1].lower(),
        "urgent" if is_urgent(case.reading) else "",
        case.reading.intent if case.reading.intent != "other" else "",
        f"{line(author_label(item, case), 40)}{_words(case)}",
        _state(case),
    ]
    return " · ".join(fact for fact in facts if fact)


def _words(case: Case) -> str:
    item = case.latest
    if item.deleted:
        return " (deleted)"
    if item.private:
        return " wrote in private"
    words = line(item.text, EXCERPT)
    return f": {words}" if words else " (no words)"


def _state(case: Case) -> str:
    if not case.is_open:
        return line(case.close_reason, 60)
    return f"claimed by {line(staff_name(case.claim.by.name), 40)}" if case.claim else ""
