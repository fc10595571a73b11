"""Hiding a comment, as Slack shows it: the request with its two buttons, what is hidden, the form, the list in Home."""

from collections.abc import Sequence
from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, CallbackId, InputId, ModalState, Press
from bot.cards.customer import quote
from bot.cards.escape import date_token, line, one_line
from bot.cards.lists import Listed, case_line, left_out, open_button
from bot.cards.modal import ViewJson, modal
from bot.cards.view import View
from bot.cards.words import count, staff_name
from bot.domain.case import Case, HideReason, HideState, Hiding, Item, SendState
from bot.domain.hiding import REASON_WORDS, pending, under_way
from bot.domain.ports import Blocks

SHOWN: Final = 2
EXCERPT: Final = 140
NOTE_LENGTH: Final = 300
HOME_SHOWN: Final = 10
DESCRIPTIONS: Final = {
    HideReason.SPAM: ("Spam", "Advertising, scams, the same text everywhere"),
    HideReason.ABUSE: ("Abuse", "Insults or threats against people, with no matter to solve"),
    HideReason.HATE: ("Hate", "Attacks on people for who they are"),
    HideReason.PERSONAL_DATA: ("Personal data of the customer", "A number or address that strangers could misuse"),
}
POLICY: Final = (
    "*Criticism is answered, not hidden.* Hiding is for what harms people. It takes the comment out of the public's "
    "sight, it deletes nothing, and anybody here can show it again."
)
SECOND: Final = "A second person has to approve this within 24 hours. The case stays; who waits for an answer gets one."
CLOSED_BELOW: Final = "The network takes no answers below a hidden comment. If you owe one, *answer first*."
_ENDS: Final = {
    HideState.DECLINED: "✋ {who} declined to hide this comment: it wants an answer",
    HideState.WITHDRAWN: "↩️ {who} took the request to hide this comment back",
    HideState.EXPIRED: "⌛ nobody approved hiding this comment within 24 hours: it was not hidden",
    HideState.LAPSED: "↩️ the request to hide this comment lapsed: {why}",
}


def hiding_parts(case: Case, post_id: str, view: View) -> build.Parts:
    """Requests that wait, with their buttons; comments that are hidden; how the last request ended."""
    parts: build.Parts = []
    waiting = pending(case)
    for number, each in enumerate(waiting[:SHOWN]):
        parts += _request(case, each, f"hide{number}", post_id)
    if len(waiting) > SHOWN:
        parts.append(("hides", build.context(f"… and {count(len(waiting) - SHOWN, 'more request')} to hide")))
    gone = [item for item in case.items if item.hidden and not item.deleted]
    for number, item in enumerate(gone[-SHOWN:]):
        parts += _hidden(case, item, f"hidden{number}", post_id, view)
    ended = _ended(case)
    return [*parts, ("hide_end", build.context(ended))] if ended else parts


def _request(case: Case, asked: Hiding, role: str, post_id: str) -> build.Parts:
    item = case.item(asked.item)
    text = (
        f"🙈 *{_name(asked.by.name)} asks to hide this comment:* {REASON_WORDS[asked.reason]}. "
        f"Somebody else has to approve until {date_token(asked.until)}."
    )
    parts: build.Parts = [(role, build.section(text))]
    if item is not None and item is not case.latest:
        parts.append((f"{role}words", quote(item, EXCERPT)))
    if asked.note:
        parts.append((f"{role}note", build.context(f"📝 Note: {line(asked.note, NOTE_LENGTH)}")))
    press = Press.on(case.id, post_id, send=asked.id).value()
    yes = build.button(ActionId.HIDE_APPROVE, "Approve", press, describe="Approve hiding this comment")
    no = build.button(ActionId.HIDE_DECLINE, "Decline", press, describe="Decline to hide this comment")
    return [*parts, (f"{role}keys", build.actions([yes, no]))]


def _hidden(case: Case, item: Item, role: str, post_id: str, view: View) -> build.Parts:
    """That it is hidden, by whom, and the way back. Whoever waits still waits, and the card says so."""
    by = next((each for each in reversed(case.hidings) if each.item == item.id and _did(case, each, item)), None)
    facts = [
        f"🙈 *Hidden on {line(view.network_title, 30)}*",
        _because(by) if by else "not by Hark",
        date_token(item.hidden_at) if item.hidden_at else "",
        "the customer still waits for an answer" if case.wait else "",
        "" if view.capabilities.answers_hidden else "it cannot be answered in public while it is hidden",
    ]
    back = None
    if view.capabilities.hide and not under_way(case, item):
        press = Press.on(case.id, post_id, send=item.id).value()
        back = build.button(ActionId.UNHIDE, "Unhide", press, describe="Show this comment to everybody again")
    parts: build.Parts = [(role, build.section(" · ".join(fact for fact in facts if fact), back))]
    if item is not case.latest:
        parts.append((f"{role}words", quote(item, EXCERPT)))
    return parts


def _because(each: Hiding) -> str:
    approved = f", approved by {_name(each.decided_by.name)}" if each.decided_by else ""
    return f"{REASON_WORDS[each.reason]}, asked by {_name(each.by.name)}{approved}"


def _did(case: Case, each: Hiding, item: Item) -> bool:
    """Whether this request is what hid the comment; a send that is not kept any more was settled long ago."""
    send = case.send(each.id)
    return each.state is HideState.APPROVED and (send is None or send.sent_at == item.hidden_at)


def _ended(case: Case) -> str:
    """How the newest request of this cycle ended without anything being hidden; empty otherwise."""
    last = case.hidings[-1] if case.hidings else None
    if last is None or last.decided_at is None or last.at < case.cycle.seen_at:
        return ""
    send = case.send(last.id)
    if last.state is HideState.APPROVED and send is not None and send.state is SendState.UNDONE:
        return f"↩️ the comment was not hidden: {line(send.reason, 120)}"
    words = _ENDS.get(last.state, "")
    who = _name(last.decided_by.name) if last.decided_by else "somebody"
    return f"{words.format(who=who, why=line(last.why, 120))} · {date_token(last.decided_at)}" if words else ""


def hide_modal(item: Item, view: View, state: ModalState) -> ViewJson:
    """Ask for a comment to be hidden: the comment, the rule, the reasons that triage allows, a note."""
    reasons = [_reason(each) for each in HideReason if each in item.signs]
    note = build.text_input(
        InputId.NOTE,
        ActionId.NOTE,
        "What should the second person know?",
        hint="Stays inside the team, in the card and in its history.",
        optional=True,
        multiline=True,
        most=NOTE_LENGTH,
    )
    network = one_line(view.network_title, 30) or "the network"
    blocks: Blocks = [
        build.section(POLICY),
        quote(item, 600, 4),
        *([] if view.capabilities.answers_hidden else [build.section(f"⚠️ {CLOSED_BELOW}")]),
        build.field(InputId.REASON.value, "Why does it have to go?", build.radios(ActionId.REASON, reasons)),
        note,
        build.context(SECOND),
    ]
    return modal(CallbackId.HIDE, f"Hide on {network}?"[:24], blocks, state=state, submit="Ask")


def _reason(reason: HideReason) -> build.Block:
    label, description = DESCRIPTIONS[reason]
    return {**build.option(label, reason.value), "description": build.plain_text(description)}


def home_parts(cases: Sequence[Listed], total: int) -> Blocks:
    """In App Home: what waits for a second person; nothing at all when nothing does."""
    if not cases:
        return []
    lines = [_home_line(each) for each in cases[:HOME_SHOWN]]
    rest = left_out(total, len(lines))
    return [build.header("Waiting for a second person"), *lines, *([build.context(rest)] if rest else [])]


def _home_line(each: Listed) -> build.Block:
    asked = [f"🙈 {_name(one.by.name)} asks to hide: {REASON_WORDS[one.reason]}" for one in pending(each.case)[:SHOWN]]
    return build.section("\n".join([case_line(each), *asked]), open_button(each))


def _name(name: str) -> str:
    return line(staff_name(name), 40)
