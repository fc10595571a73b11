"""Our half of the card: each send with its delivery state, and the one button that state allows."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, Press
from bot.cards.customer import Room
from bot.cards.escape import TIME_AND_SECONDS, date_token, due_token, line, link, one_line, plain
from bot.cards.view import View
from bot.cards.words import count, doubt, send_title, staff_name
from bot.domain.agenda import given_up
from bot.domain.case import MODERATION, UNFINISHED, Case, Purpose, Send, SendState
from bot.domain.replying import stopped_by
from bot.domain.text.privacy import mask

REASON: Final = 200
_READ: Final = 4_000


def send_parts(case: Case, post_id: str, view: View, room: Room) -> build.Parts:
    """A section for every send that is not finished and for the latest one; the newest where there are too many."""
    sends = _shown_sends(case)
    parts: build.Parts = []
    if len(sends) > room.sends:
        parts.append(("sends", build.context(f"… and {count(len(sends) - room.sends, 'earlier send')} in History")))
    for number, send in enumerate(sends[-room.sends :]):
        parts.append((f"send{number}", build.section(_TELL[send.state](send, view), _accessory(case, send, post_id))))
        excerpt = plain(shown_text(send, view), room.excerpt) if room.excerpt else ""
        if excerpt:
            parts.append((f"said{number}", build.rich(build.rich_quote(excerpt))))
    return parts


def _shown_sends(case: Case) -> list[Send]:
    """What staff must see: everything that is not finished, and the latest words of this cycle whatever their state.

    A public line that goes with a private message is shown with that message.
    """
    silent = {Purpose.LIKE, *MODERATION}
    latest = [send for send in case.sends if send.purpose not in silent][-1:]
    latest += [send for send in case.sends if latest and send.id == latest[0].after]
    return [
        send
        for send in case.sends
        if send.state in UNFINISHED or (send in latest and send.created_at >= case.cycle.seen_at)
    ]


def shown_text(send: Send, view: View) -> str:
    """Our words as colleagues may see them: those of a private message masked, like the customer's."""
    return mask(send.text[:_READ], view.allow).text if send.private else send.text


def _who(send: Send) -> str:
    return f"*{send_title(send)}* by {line(staff_name(send.by.name), 40)}"


def _queued(send: Send, view: View) -> str:
    if send.reason and send.due_at <= view.now:
        return f"⏸️ {_who(send)} waits: {line(send.reason, REASON)}. It goes out by itself"
    if send.attempt or send.reason:
        reason = f": {line(send.reason, REASON)}" if send.reason else ""
        return f"🕓 {_who(send)} did not go out yet, next try {due_token(send.due_at, view.now)}{reason}"
    begins = "begins" if send.purpose in MODERATION else "goes out"
    return f"🕓 {_who(send)} {begins} at {date_token(send.due_at, TIME_AND_SECONDS)}"


def _sending(send: Send, view: View) -> str:
    return f"📤 {_who(send)} is being sent to {line(view.network_title, 40)} …"


def _sent(send: Send, view: View) -> str:
    at = f" {date_token(send.sent_at)}" if send.sent_at else ""
    if send.read_back:
        there = link(send.url, f"is on {one_line(view.network_title, 40)}")
        return f"✓✓ {_who(send)} {there}, read back ·{at}"
    return f"✓ {_who(send)} {link(send.url, 'sent')}{at}"


def _failed(send: Send, view: View) -> str:
    reason = line(send.reason, REASON) or f"{line(view.network_title, 40)} refused it"
    return f"❌ {_who(send)} *failed:* {reason}"


def _unknown(send: Send, view: View) -> str:
    what, network = f"❔ {_who(send)}: {doubt(send)}", line(view.network_title, 40)
    if given_up(send):
        return f"{what}, and {network} does not tell: *look there*, or press Check now"
    return f"{what}; being checked on {network}"


def _undone(send: Send, _: View) -> str:
    return f"↩️ *{send_title(send)}* {line(send.reason, REASON) or 'taken back'} before it was sent"


_TELL: Final[Mapping[SendState, Callable[[Send, View], str]]] = MappingProxyType(
    {
        SendState.QUEUED: _queued,
        SendState.SENDING: _sending,
        SendState.SENT: _sent,
        SendState.FAILED: _failed,
        SendState.UNKNOWN: _unknown,
        SendState.UNDONE: _undone,
    }
)
_BUTTONS: Final[Mapping[SendState, tuple[ActionId, str]]] = MappingProxyType(
    {
        SendState.QUEUED: (ActionId.UNDO, "Undo"),
        SendState.FAILED: (ActionId.RETRY, "Retry"),
        SendState.UNKNOWN: (ActionId.CHECK_SEND, "Check now"),
    }
)


def _accessory(case: Case, send: Send, post_id: str) -> build.Block | None:
    """The one button of this state. Undo ends with the first try: the domain refuses it from then on. What failed with
    the send before it has none before that one is tried again."""
    if send.state not in _BUTTONS or (send.state is SendState.QUEUED and send.attempt) or stopped_by(case, send):
        return None
    action, label = _BUTTONS[send.state]
    press = Press.on(case.id, post_id, send=send.id).value()
    return build.button(action, label, press, describe=f"{label}: {send_title(send)}")
