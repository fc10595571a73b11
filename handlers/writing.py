"""Reply, thank, take private: the modals in which staff write to a customer, from opening to Send or cancel."""

from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import ActionId, CallbackId, InputId, ModalState
from bot.cards.forms import WritingForm, private_modal, reply_modal
from bot.cards.limits import INPUT_SURELY, units
from bot.cards.modal import ViewJson
from bot.domain.case import Purpose
from bot.domain.decisions import Refused
from bot.domain.errors import SlackRefused
from bot.services.casework import DUPLICATE, Outcome
from bot.services.composing import MOVED, Advice, Composition, Submission
from bot.services.people import suggested_signature
from bot.services.wording import Problems, from_slack
from handlers.deps import Deps
from handlers.pressing import Pressed, on_press, show_writing, whisper
from handlers.submitting import Form, form_of, instead, state_of, wrong
from handlers.templates import open_form

ADVISED = "advised"
BAD_VIEW = "invalid_arguments"
OPENERS = {
    ActionId.REPLY: Purpose.REPLY,
    ActionId.THANK: Purpose.THANK,
    ActionId.PRIVATE: Purpose.PRIVATE,
}


def register(app: AsyncApp, deps: Deps) -> None:
    """Opening, typing, sending and cancelling."""
    for action_id, purpose in OPENERS.items():
        on_press(app, action_id, deps, partial(open_modal, purpose=purpose))

    @app.action(ActionId.DRAFT.value)
    async def typed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        state = state_of(body)
        if state.case:
            text = str(body["actions"][0].get("value") or "")  # an empty field comes as null
            await deps.composing.keep_draft(
                state.case, body["user"]["id"], text, state.send, private=bool(state.private)
            )

    for callback in (CallbackId.REPLY, CallbackId.PRIVATE):

        @app.view(callback.value)
        async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
            await _submit(deps, ack, body)

    for callback in (CallbackId.REPLY, CallbackId.PRIVATE, CallbackId.TEMPLATE):

        @app.view_closed(callback.value)
        async def cancelled(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            await _cancel(deps, body)


async def open_modal(deps: Deps, pressed: Pressed, purpose: Purpose) -> None:
    """Open the modal, then tell colleagues that somebody writes. Nothing slow may stand before the opening."""
    composition = await deps.composing.compose(pressed.press.case, pressed.user, purpose)
    if isinstance(composition, Refused):
        if purpose is not Purpose.REPLY or not await open_form(deps, pressed):
            await whisper(deps, pressed.response_url, composition.text)
        return
    state = ModalState(
        case=composition.case.id,
        purpose=purpose,
        send=deps.new_id(),
        private=composition.private,
    ).having_read(composition.seen)
    await _open(deps, pressed.trigger_id, composition, state)
    await show_writing(deps, pressed)


async def _open(deps: Deps, trigger_id: str, composition: Composition, state: ModalState) -> None:
    """Open the form with the whole draft; with as much of a long one as every field holds, should Slack refuse it."""
    signature, warnings = suggested_signature(composition.person.name), tuple(filter(None, (composition.warning,)))
    form = WritingForm(composition.text, composition.public_line, signature, warnings)
    try:
        await deps.slack.open_view(trigger_id, _modal(deps, composition, state, form))
    except SlackRefused as error:
        if error.code != BAD_VIEW or units(composition.text) <= INPUT_SURELY:
            raise
        await deps.slack.open_view(trigger_id, _modal(deps, composition, state, replace(form, room=INPUT_SURELY)))


def _modal(deps: Deps, composition: Composition, state: ModalState, form: WritingForm) -> ViewJson:
    case = composition.case
    modal = private_modal if composition.purpose is Purpose.PRIVATE else reply_modal
    return modal(case, deps.view_of(case), composition.person, state, form)


async def _submit(deps: Deps, ack: AsyncAck, body: dict[str, Any]) -> None:
    form = form_of(body)
    state, typed = form.state, form.typed
    if not state.case:
        await wrong(ack, InputId.TEXT, "Not sent: this form is old. Copy your words, and open it again.")
        return
    answer = await deps.composing.submit(
        Submission(
            id=state.send,
            case_id=state.case,
            user=form.user,
            purpose=state.purpose,
            text=from_slack(typed.text),
            public_line=from_slack(typed.line),
            like=bool(typed.like),
            signature=from_slack(typed.signature),
            seen=state.read,
            private=state.private,
            confirmed=ADVISED in state.confirmed,
        )
    )
    match answer:
        case Problems(fields):
            await ack(response_action="errors", errors=fields)
        case Advice():
            await _advise(deps, ack, form, answer)
        case Outcome(refused=Refused() as refused) if refused.code != DUPLICATE:
            await _refuse(deps, ack, form, refused)
        case _:
            await ack()


async def _refuse(deps: Deps, ack: AsyncAck, form: Form, refused: Refused) -> None:
    """Refuse below the text, so that all that was typed stays there to be copied or sent later: a draft holds no public
    line. A form whose title says what is not true any more must not stay."""
    state = form.state
    kept = await deps.composing.keep_draft(
        state.case, form.user, form.typed.text, state.send, private=bool(state.private)
    )
    why = f"{refused.text} Your draft is kept." if kept else refused.text
    if refused in MOVED.values():
        await instead(ack, "Not sent", why)
        return
    await wrong(ack, InputId.TEXT, f"Not sent: {why}")


async def _advise(deps: Deps, ack: AsyncAck, form: Form, advice: Advice) -> None:
    """Show the modal again with what should be read first; pressing Send once more means yes."""
    composition = await deps.composing.compose(form.state.case, form.user, form.state.purpose)
    if isinstance(composition, Refused):
        await _refuse(deps, ack, form, composition)
        return
    confirmed = (ADVISED,) if advice.tone else form.state.confirmed
    again = form.state.having_read(advice.seen).model_copy(update={"confirmed": confirmed})
    typed = WritingForm(form.typed.text, form.typed.line, form.typed.signature, (advice.text,))
    await ack(response_action="update", view=_modal(deps, composition, again, typed))


async def _cancel(deps: Deps, body: dict[str, Any]) -> None:
    state = state_of(body)
    if state.case:
        await deps.composing.cancel(state.case, str(body["user"]["id"]))
