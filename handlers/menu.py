"""The overflow menu and its modals: on it, close, not for us, history, and what found no place in it."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import LOOP_WAIVE, ActionId, CallbackId, InputId, ModalState, Verb
from bot.cards.dialogs import close_modal, dismiss_modal, history_modal, signature_modal
from bot.cards.menu import more_modal
from bot.cards.modal import ViewJson
from bot.domain.case import Case, Purpose
from bot.domain.overtaking import meanwhile, seen_of
from bot.services.casework import NOT_KEPT
from bot.services.desk import CloseForm
from bot.services.people import suggested_signature
from bot.services.wording import SIGNATURE, Problems, from_slack
from handlers.assigning import open_assign
from handlers.deps import Deps
from handlers.hiding import open_hide
from handlers.pressing import OLD_CARD, Act, Pressed, on_press, present, refuse, show
from handlers.snoozing import open_snooze
from handlers.submitting import Form, finish, form_of, state_of, wrong


def register(app: AsyncApp, deps: Deps) -> None:
    """The menu itself, and what its modals submit."""

    on_press(app, ActionId.MORE, deps, _choose)
    on_press(app, ActionId.ACT, deps, _choose)

    @app.view(CallbackId.CLOSE.value)
    async def closed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _close(deps, ack, body)

    @app.view(CallbackId.DISMISS.value)
    async def dismissed(ack: AsyncAck, body: dict[str, Any]) -> None:
        state = state_of(body)
        outcome = await deps.desk.dismiss(state.case, str(body["user"]["id"]), state.read)
        await finish(ack, outcome.refused, "Nothing changed")


async def _choose(deps: Deps, pressed: Pressed) -> None:
    act = ACTS.get(pressed.press.verb) if pressed.press.verb else None
    await (act(deps, pressed) if act else refuse(deps, pressed, OLD_CARD))


async def _acknowledge(deps: Deps, pressed: Pressed) -> None:
    # The id follows from the press, so that a delivery that Slack repeats cannot send twice.
    outcome = await deps.desk.acknowledge(pressed.press.case, pressed.user, f"ack-{pressed.trigger_id}")
    if outcome.code == "no_signature":
        person = await deps.people.in_time(pressed.user)
        state = ModalState(case=pressed.press.case, purpose=Purpose.ACKNOWLEDGE, send=deps.new_id())
        view = signature_modal(person, suggested_signature(person.name), state)
        await present(deps, pressed, view)
        return
    await show(deps, pressed, outcome)


async def _open_close(deps: Deps, pressed: Pressed) -> None:
    case = await deps.cases.load(pressed.press.case)
    if case is None or not case.is_open:
        await refuse(deps, pressed, "This case is closed already.")
        return
    person = await deps.people.in_time(pressed.user)
    state = ModalState(case=case.id, purpose=Purpose.NOTICE, send=deps.new_id()).having_read(seen_of(case))
    signature = suggested_signature(person.name)
    view = close_modal(case, deps.view_of(case), person, state, signature=signature)
    await present(deps, pressed, view)


async def _open_dismiss(deps: Deps, pressed: Pressed) -> None:
    case = await deps.cases.load(pressed.press.case)
    if case is None or not case.is_open:
        await refuse(deps, pressed, "This case is closed already.")
        return
    view = dismiss_modal(case, deps.view_of(case), ModalState(case=case.id).having_read(seen_of(case)))
    await present(deps, pressed, view)


async def _open_history(deps: Deps, pressed: Pressed) -> None:
    found = await deps.desk.history(pressed.press.case)
    if found is None:
        await refuse(deps, pressed, NOT_KEPT.text)
        return
    case, log = found
    await present(deps, pressed, history_modal(case, log, deps.view_of(case)))


async def _open_more(deps: Deps, pressed: Pressed) -> None:
    case = await deps.cases.load(pressed.press.case)
    if case is None:
        await refuse(deps, pressed, NOT_KEPT.text)
        return
    await present(deps, pressed, more_modal(case, deps.view_of(case)))


async def _nothing(_deps: Deps, _pressed: Pressed) -> None:
    """Slack itself opens the link."""


ACTS: dict[Verb, Act] = {
    Verb.ACKNOWLEDGE: _acknowledge,
    Verb.CLOSE: _open_close,
    Verb.DISMISS: _open_dismiss,
    Verb.HIDE: open_hide,
    Verb.ASSIGN: open_assign,
    Verb.MORE: _open_more,
    Verb.HISTORY: _open_history,
    Verb.OPEN: _nothing,
    Verb.SNOOZE: open_snooze,
}


async def _close(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    form = form_of(body)
    state, typed, waive = form.state, form.typed, form.typed.loop == LOOP_WAIVE
    line, signature = "" if waive else from_slack(typed.line), from_slack(typed.signature)
    closing = CloseForm(state.send, state.case, form.user, typed.reason, line, waive, signature, state.read)
    answer = await deps.desk.close(closing)
    if isinstance(answer, Problems):
        below = {SIGNATURE: InputId.SIGNATURE}
        errors = {below.get(field, InputId.LINE).value: text for field, text in answer.fields.items()}
        await ack(response_action="errors", errors=errors)
        return
    if answer.refused and answer.refused.code == "loop_open":
        if answer.case is not None and not _has(body["view"], InputId.LOOP):
            view = await _close_anew(deps, answer.case, form, answer.refused.text)
            await ack(response_action="update", view=view)
            return
        await wrong(ack, InputId.LOOP, answer.refused.text)
        return
    await finish(ack, answer.refused, "Nothing changed", below=InputId.LINE if line else None)


async def _close_anew(deps: Deps, case: Case, form: Form, why: str) -> ViewJson:
    """The form for a case that went private while an earlier one was open, which had no place for a closing word."""
    person = await deps.people.in_time(form.user)
    return close_modal(
        case,
        deps.view_of(case),
        person,
        form.state.having_read(seen_of(case)),
        reason=form.typed.reason,
        signature=suggested_signature(person.name),
        warnings=(meanwhile(case, person, form.state.read) or why,),
    )


def _has(view: dict[str, Any], field: InputId) -> bool:
    return any(block.get("block_id") == field for block in view["blocks"])
