"""Bringing a colleague in: the form, and what it submits."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import CallbackId, InputId, ModalState
from bot.cards.assigning import assign_modal
from bot.domain.decisions import Refused
from bot.services.assigning import AssignForm
from bot.services.wording import Problems
from handlers.deps import Deps
from handlers.outsiders import unfit
from handlers.pressing import Pressed, present, refuse
from handlers.submitting import finish, form_of, wrong


def register(app: AsyncApp, deps: Deps) -> None:
    """What the form submits."""

    @app.view(CallbackId.ASSIGN.value)
    async def called(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _call(deps, ack, body)


async def open_assign(deps: Deps, pressed: Pressed) -> None:
    """The menu's entry: open the form."""
    case = await deps.assigning.open(pressed.press.case)
    if isinstance(case, Refused):
        await refuse(deps, pressed, case.text)
        return
    await present(deps, pressed, assign_modal(case, ModalState(case=case.id, send=deps.new_id())))


async def _call(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    form = form_of(body)
    state, typed = form.state, form.typed
    if typed.colleague and (why := await unfit(deps, typed.colleague, body)):
        await wrong(ack, InputId.COLLEAGUE, why)
        return
    wish = AssignForm(state.send, state.case, form.user, typed.way, typed.colleague, typed.note)
    answer = await deps.assigning.call(wish)
    if isinstance(answer, Problems):
        await ack(response_action="errors", errors=answer.fields)
        return
    await finish(ack, answer.refused, "Nobody was told", below=InputId.NOTE if typed.note else None)
