"""Snoozing a case: the form that says until when."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import CallbackId, InputId, ModalState
from bot.cards.modal import instant_of
from bot.cards.snoozing import snooze_modal
from bot.domain.decisions import Refused
from bot.domain.overtaking import seen_of
from bot.services.snoozing import SnoozeForm
from bot.services.wording import Problems
from handlers.deps import Deps
from handlers.pressing import Pressed, present, refuse
from handlers.submitting import finish, form_of, wrong


def register(app: AsyncApp, deps: Deps) -> None:
    """What the form submits; "Wake" is among the presses."""

    @app.view(CallbackId.SNOOZE.value)
    async def submitted(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _snooze(deps, ack, body)


async def open_snooze(deps: Deps, pressed: Pressed) -> None:
    """The menu's entry: open the form, with what is set already if there is a snooze."""
    found = await deps.snoozing.open(pressed.press.case)
    if isinstance(found, Refused):
        await refuse(deps, pressed, found.text)
        return
    case, until = found
    state = ModalState(case=case.id, send=deps.new_id()).having_read(seen_of(case))
    note = case.snooze.note if case.snooze else ""
    await present(deps, pressed, snooze_modal(until, note, state))


async def _snooze(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    form = form_of(body)
    state, note, until = form.state, form.typed.note, instant_of(form.typed.until)
    answer = await deps.snoozing.snooze(SnoozeForm(state.send, state.case, form.user, until, note, state.read))
    if isinstance(answer, Problems):
        await wrong(ack, InputId.UNTIL, next(iter(answer.fields.values())))
    elif answer.code == "overtaken" and answer.refused and answer.case and until:
        read = state.having_read(seen_of(answer.case))
        await ack(response_action="update", view=snooze_modal(until, note, read, (answer.refused.text,)))
    else:
        await finish(ack, answer.refused, "Nothing was snoozed", below=InputId.NOTE if note else None)
