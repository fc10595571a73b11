"""Hiding a comment: the form that asks for it, a second person's yes or no, and the way back."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import ActionId, CallbackId, InputId, ModalState
from bot.cards.dialogs import notice_modal
from bot.cards.hiding import hide_modal
from bot.cards.views import submitted
from bot.domain.decisions import Refused
from bot.services.wording import Problems
from handlers.deps import Deps
from handlers.presses import Verb, listener
from handlers.pressing import Pressed, whisper

# The send's id follows from the press, so that a delivery that Slack repeats cannot act twice.
PRESSES: dict[ActionId, Verb] = {
    ActionId.HIDE_APPROVE: lambda deps, by: deps.moderation.approve(by.press.case, by.press.send, by.user),
    ActionId.HIDE_DECLINE: lambda deps, by: deps.moderation.decline(by.press.case, by.press.send, by.user),
    ActionId.UNHIDE: lambda deps, by: deps.moderation.unhide(
        by.press.case, by.press.send, by.user, f"unhide-{by.trigger_id}"
    ),
}


def register(app: AsyncApp, deps: Deps) -> None:
    """The three buttons, and what the form submits."""
    for action_id, verb in PRESSES.items():
        app.action(action_id.value)(listener(deps, verb))

    @app.view(CallbackId.HIDE.value)
    async def asked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _ask(deps, ack, body)


async def open_hide(deps: Deps, pressed: Pressed) -> None:
    """The menu's entry: open the form, if there is anything that may be hidden."""
    found = await deps.moderation.open(pressed.press.case)
    if isinstance(found, Refused):
        await whisper(deps, pressed.response_url, found.text)
        return
    state = ModalState(case=found.case.id, send=deps.new_id(), about=found.item.id)
    await deps.slack.open_view(
        pressed.trigger_id, hide_modal(found.item, deps.view_of(found.case), state)
    )  # fmt: skip


async def _ask(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    state = ModalState.decode(body["view"].get("private_metadata")) or ModalState()
    typed = submitted(body["view"]["state"]["values"])
    user = str(body["user"]["id"])
    answer = await deps.moderation.ask(state.send, state.case, state.about, user, typed.reason, typed.note)
    if isinstance(answer, Problems):
        await ack(response_action="errors", errors={InputId.REASON.value: next(iter(answer.fields.values()))})
        return
    if answer.refused and typed.note:  # below the note, so that it is not lost
        await ack(response_action="errors", errors={InputId.NOTE.value: f"Nothing was asked: {answer.refused.text}"})
        return
    if answer.refused:
        await ack(response_action="update", view=notice_modal("Nothing was asked", answer.refused.text))
        return
    await ack()
