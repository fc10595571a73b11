"""Reply after the window has closed: choose an approved template, fill it in, read it as the customer will, send it."""

from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.action_ids import ActionId, CallbackId, ModalState
from bot.cards.build import digest
from bot.cards.dialogs import notice_modal
from bot.cards.modal import ViewJson
from bot.cards.templates import TemplateForm, blank_block, blank_values, template_modal, waiting_modal
from bot.domain.case import Case, Purpose
from bot.domain.decisions import Refused
from bot.domain.overtaking import seen_of
from bot.domain.templates import Template, Templates, filled
from bot.services.casework import NOT_KEPT, Outcome
from bot.services.composing import Advice
from bot.services.templating import GONE, FilledTemplate
from bot.services.wording import Problems, from_slack
from handlers.deps import Deps
from handlers.pressing import Pressed, show_writing
from handlers.submitting import state_of

Answer = dict[str, Any]
"""What a form is acknowledged with."""


def register(app: AsyncApp, deps: Deps) -> None:
    """Choosing, filling and sending; cancelling is as with any form in which a customer is written to."""

    @app.action(ActionId.TEMPLATE.value)
    async def chosen(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await _choose(deps, body)

    @app.action(ActionId.BLANK.value)
    async def typed(ack: AsyncAck) -> None:
        await ack()

    @app.view(CallbackId.TEMPLATE.value)
    async def sent(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(**await _submit(deps, body))


async def open_form(deps: Deps, pressed: Pressed) -> bool:
    """Open the form if the case takes a template; whether it does. The network is asked while a first view stands."""
    case = await deps.templating.open(pressed.press.case)
    if isinstance(case, Refused):
        return False
    view_id = await deps.slack.open_view(pressed.trigger_id, waiting_modal())
    listed = await deps.templating.ask(case)
    await deps.slack.update_view(view_id, _first_view(deps, case, listed))
    if not isinstance(listed, Refused):
        await show_writing(deps, pressed)
    return True


def _first_view(deps: Deps, case: Case, listed: Templates | Refused) -> ViewJson:
    if isinstance(listed, Refused):
        return notice_modal("No template", listed.text)
    state = ModalState(case=case.id, purpose=Purpose.REPLY, send=deps.new_id()).having_read(seen_of(case))
    return template_modal(case, deps.view_of(case), state, TemplateForm(listed))


async def _choose(deps: Deps, body: dict[str, Any]) -> None:
    state, option = state_of(body), body["actions"][0].get("selected_option") or {}
    if not state.case or not option.get("value"):
        return
    found = await _case_and_templates(deps, state)
    if isinstance(found, Refused):
        view = notice_modal("Not sent", found.text)
    else:
        view = _chosen(deps, *found, state, str(option["value"]))
    await deps.slack.update_view(str(body["view"]["id"]), view)


def _chosen(deps: Deps, case: Case, listed: Templates, state: ModalState, chosen: str) -> ViewJson:
    """The form with the chosen template and its blanks; one without blanks is shown as it will be read."""
    template = listed.of(chosen)
    if template is None:
        return template_modal(case, deps.view_of(case), state, TemplateForm(listed, warnings=(GONE,)))
    state = state.model_copy(update={"template": template.id, "confirmed": ()})
    state = state if template.blanks else _shown(state, template, {})
    return template_modal(case, deps.view_of(case), state, TemplateForm(listed, template, shown=not template.blanks))


async def _submit(deps: Deps, body: dict[str, Any]) -> Answer:
    """The answer to a submitted form: problems, the words to be read first, or nothing more (it is queued)."""
    state = state_of(body)
    if not state.case:
        return _notice("Not sent", "This form is old. Please open it again.")
    found = await _case_and_templates(deps, state)
    if isinstance(found, Refused):
        return _notice("Not sent", found.text)
    case, listed = found
    template = listed.of(state.template)
    if template is None:
        return _notice("Not sent", GONE)
    typed = blank_values(template, body["view"]["state"]["values"])
    values = {key: from_slack(value) for key, value in typed.items()}
    form = TemplateForm(listed, template, values, shown=True)
    wrong = deps.templating.check(template, values)
    if wrong.fields:
        return _errors(template, wrong)
    if _mark(template, values) not in state.confirmed:
        return _again(deps, case, _shown(state, template, values), form)
    return await _send(deps, case, state, form, str(body["user"]["id"]))


async def _send(deps: Deps, case: Case, state: ModalState, form: TemplateForm, user: str) -> Answer:
    """The words were read: queue them, or say what came in between."""
    filled_in = FilledTemplate(state.send, state.case, user, state.template, form.values, state.read)
    answer = await deps.templating.send(filled_in)
    if isinstance(answer, Advice):
        warned = replace(form, warnings=(answer.text,))
        return _again(deps, case, state.having_read(answer.seen), warned)
    if isinstance(answer, Outcome) and answer.refused is not None:
        return _refused(form.chosen, answer.refused)
    return _errors(form.chosen, answer) if isinstance(answer, Problems) and form.chosen else {}


async def _case_and_templates(deps: Deps, state: ModalState) -> tuple[Case, Templates] | Refused:
    case = await deps.cases.load(state.case)
    if case is None:
        return NOT_KEPT
    listed = await deps.templating.known(case)
    return listed if isinstance(listed, Refused) else (case, listed)


def _shown(state: ModalState, template: Template, values: dict[str, str]) -> ModalState:
    """The form after these very words were shown: pressing Send means them and no others."""
    return state.model_copy(update={"confirmed": (_mark(template, values),)})


def _mark(template: Template, values: dict[str, str]) -> str:
    return f"read:{digest([template.id, filled(template, values)])}"


def _again(deps: Deps, case: Case, state: ModalState, form: TemplateForm) -> Answer:
    return {"response_action": "update", "view": template_modal(case, deps.view_of(case), state, form)}


def _errors(template: Template, problems: Problems) -> Answer:
    blocks = {blank.key: blank_block(template, n) for n, blank in enumerate(template.blanks)}
    return {"response_action": "errors", "errors": {blocks[key]: text for key, text in problems.fields.items()}}


def _refused(template: Template | None, refused: Refused) -> Answer:
    """Below the first blank, so that nothing that was filled in is lost; a form without blanks has nothing to lose."""
    if template is None or not template.blanks:
        return _notice("Not sent", refused.text)
    return _errors(template, Problems({template.blanks[0].key: f"Not sent: {refused.text}"}))


def _notice(title: str, text: str) -> Answer:
    return {"response_action": "update", "view": notice_modal(title, text)}
