"""The case in one line, for a phone's lock screen and for screen readers, which read it instead of the blocks."""

from bot.cards.escape import line
from bot.cards.view import View
from bot.cards.words import KINDS, author_label, doubt, is_urgent, send_title, staff_name
from bot.domain.case import Case, Send, SendState
from bot.domain.hiding import pending
from bot.domain.replying import stopped_by

EXCERPT = 100
TROUBLES = 2


def summary(case: Case, view: View) -> str:
    """Most important first: promise, network, kind, intent, who, the first words, state, what is asked of staff.
    Private words stay out."""
    item = case.latest
    facts = [
        _promise(case),
        "Closed" if not case.is_open else "",
        line(view.network_title, 30),
        KINDS[item.kind][1].lower(),
        "urgent" if is_urgent(case.reading) else "",
        case.reading.intent if case.reading.intent != "other" else "",
        f"{line(author_label(item, case), 40)}{_words(case)}",
        _state(case),
        _asked(case),
    ]
    return " · ".join(fact for fact in facts if fact)


def _promise(case: Case) -> str:
    if case.wait is None:
        return ""
    return "OVERDUE" if case.wait.breached else ("due soon" if case.wait.warned else "")


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
    facts = [f"claimed by {line(staff_name(case.claim.by.name), 40)}" if case.claim else ""]
    facts += ["answered" if case.cycle.answered_at and case.wait is None else ""]
    return " · ".join(fact for fact in facts if fact)


def _asked(case: Case) -> str:
    """What somebody has to do besides answering."""
    facts = [
        *troubles(case),
        "the public thread waits for a closing word" if case.is_open and case.loop_open else "",
        "hiding it waits for a second person" if pending(case) else "",
    ]
    return " · ".join(fact for fact in facts if fact)


def troubles(case: Case) -> list[str]:
    """What became of the newest sends that somebody has to look at, each once; not of what only failed with another."""
    found = (_trouble(send) for send in case.sends if stopped_by(case, send) is None)
    return list(dict.fromkeys(filter(None, found)))[-TROUBLES:]


def _trouble(send: Send) -> str:
    """What became of a send that somebody has to look at; empty for any other."""
    if send.state is SendState.FAILED:
        return f"{send_title(send).lower()} failed"
    return f"{send_title(send).lower()}: {doubt(send)}" if send.state is SendState.UNKNOWN else ""
