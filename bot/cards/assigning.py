"""The form that brings a colleague in: they take the case, or they are called to help with it."""

from typing import Final

from bot.cards import build
from bot.cards.action_ids import WAY_ASSIGN, WAY_ESCALATE, ActionId, CallbackId, InputId, ModalState
from bot.cards.escape import one_line
from bot.cards.modal import ViewJson, modal
from bot.cards.words import staff_name
from bot.domain.case import Case
from bot.domain.ports import Blocks

NOTE_LENGTH: Final = 200
TOLD: Final = "They get a direct message with the card's buttons. The customer sees nothing of it."


def assign_modal(case: Case, state: ModalState) -> ViewJson:
    """Who, in which way, and what they should know."""
    keeps = f"it stays with {one_line(staff_name(case.claim.by.name), 30)}" if case.claim else "nobody has it yet"
    ways = [
        build.option("Assign: they take the case", WAY_ASSIGN),
        build.option(f"Escalate: they help, {keeps}", WAY_ESCALATE),
    ]
    people: build.Block = {
        "type": "users_select",
        "action_id": ActionId.COLLEAGUE.value,
        "placeholder": build.plain_text("Choose a colleague"),
    }
    note = build.text_input(
        InputId.NOTE,
        ActionId.NOTE,
        "What should they know?",
        hint="Stays inside the team: in their message, in the card's thread and in its history.",
        optional=True,
        multiline=True,
        most=NOTE_LENGTH,
    )
    blocks: Blocks = [
        build.field(InputId.COLLEAGUE.value, "Who?", people),
        build.field(InputId.WAY.value, "What do you want of them?", build.radios(ActionId.WAY, ways, chosen=ways[0])),
        note,
        build.context(TOLD),
    ]
    return modal(CallbackId.ASSIGN, "Assign or escalate", blocks, state=state, submit="Tell them")
