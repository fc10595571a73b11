"""Hiding a comment: the form that asks a second person for it."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import CallbackId, InputId, ModalState
from bot.cards.hiding import hide_modal
from bot.domain.decisions import Refused
from bot.services.wording import Problems
from handlers.deps import Deps
from handlers.pressing import Pressed, present, refuse
from handlers.submitting import finish, form_of, wrong


def register(app: AsyncApp, deps: Deps) -> None:
    """What the form submits; the buttons of hiding are among the presses."""

    @app.view(CallbackId.HIDE.value)
    async def asked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _ask(deps, ack, body)


async def open_hide(deps: Deps, pressed: Pressed) -> None:
    """The menu's entry: open the form, if there is anything that may be hidden."""
    found = await deps.hiding.open(pressed.press.case)
    if isinstance(found, Refused):
        await refuse(deps, pressed, found.text)
        return
    state = ModalState(case=found.case.id, send=deps.new_id(), about=found.item.id)
    await present(deps, pressed, hide_modal(found.item, deps.view_of(found.case), state))


async def _ask(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    form = form_of(body)
    state, typed = form.state, form.typed
    answer = await deps.hiding.ask(state.send, state.case, state.about, form.user, typed.reason, typed.note)
    if isinstance(answer, Problems):
        await wrong(ack, InputId.REASON, next(iter(answer.fields.values())))
        return
    await finish(ack, answer.refused, "Nothing was asked", below=InputId.NOTE if typed.note else None)
