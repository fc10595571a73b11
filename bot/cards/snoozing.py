"""Snoozing a case, as Slack shows it: the line on its card with the way back, and the form."""

from datetime import datetime
from typing import Final

from bot.cards import build
from bot.cards.action_ids import ActionId, CallbackId, InputId, ModalState, Press
from bot.cards.customer import Room
from bot.cards.escape import date_token, line, plain, stamp
from bot.cards.forms import warning_blocks
from bot.cards.modal import ViewJson, modal
from bot.cards.words import staff_name
from bot.domain.case import Case
from bot.domain.ports import Blocks

NOTE_LENGTH: Final = 200
CLOCKS: Final = (
    "*No clock stops.* Whoever waits for an answer is still due, and you are warned and alerted as always. The snooze "
    "ends when the customer wants an answer again."
)
TOLD: Final = "Whoever has claimed the case by then gets a direct message; if nobody has, you do."


def snooze_parts(case: Case, post_id: str, room: Room) -> build.Parts:
    """Until when it is snoozed, by whom and why, with "Wake" beside it; nothing while it is not.

    All of the note is shown where there is room for twice as much of the customer's words.
    """
    if case.snooze is None or not case.is_open:
        return []
    by, note = line(staff_name(case.snooze.by.name), 40), line(case.snooze.note, room.quote // 2)
    text = f"💤 *Snoozed until {date_token(case.snooze.until)}* by {by}{f': {note}' if note else ''}"
    press = Press.on(case.id, post_id).value()
    wake = build.button(ActionId.WAKE, "Wake", press, describe="Wake this case: end the snooze now")
    return [("snooze", build.section(text, wake))]


def snooze_modal(until: datetime, note: str, state: ModalState, warnings: tuple[str, ...] = ()) -> ViewJson:
    """Choose when the case comes back, and what to remember then. Both fields begin with what is set or typed."""
    picker: build.Block = {
        "type": "datetimepicker",
        "action_id": ActionId.UNTIL.value,
        "initial_date_time": stamp(until),
    }
    remember = build.text_input(
        InputId.NOTE,
        ActionId.NOTE,
        "What is to be remembered then?",
        hint="Stays inside the team, in the card and in its history.",
        initial=plain(note, NOTE_LENGTH, NOTE_LENGTH),
        optional=True,
        multiline=True,
        most=NOTE_LENGTH,
    )
    blocks: Blocks = [
        *warning_blocks(warnings),
        build.field(InputId.UNTIL.value, "Snooze until", picker),
        remember,
        build.section(CLOCKS),
        build.context(TOLD),
    ]
    return modal(CallbackId.SNOOZE, "Snooze this case", blocks, state=state, submit="Snooze")
