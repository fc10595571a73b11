"""The form for an approved template: choose one, fill its blanks, see what the customer will read, send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.cards import build
from bot.cards.action_ids import ActionId, CallbackId, ModalState
from bot.cards.conversation import last_messages
from bot.cards.escape import line, one_line
from bot.cards.forms import banner, warning_blocks
from bot.cards.limits import SELECT_OPTIONS
from bot.cards.modal import ViewJson, answer_of, modal
from bot.cards.view import View
from bot.domain.case import Case
from bot.domain.ports import Blocks
from bot.domain.templates import Blank, Template, Templates, Values, filled

TITLE: Final = "PRIVATE template"
PREVIEWS: Final = 8
"""So many templates are shown with their words before one is chosen."""
PREVIEW_LENGTH: Final = 160
CLOSED: Final = (
    "⛔ The reply window is closed. Until the customer writes again, only templates approved in advance may be sent."
)
NONE: Final = (
    "There is no approved template that can be sent from here. Make one in WhatsApp Manager (Message templates), of "
    "words only, and wait until it is approved; or ask the customer on another way to write again."
)


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """What the form shows. `shown` is true once the filled words stand there to be read before Send."""

    templates: Templates
    chosen: Template | None = None
    values: Values = field(default_factory=dict)
    shown: bool = False
    warnings: tuple[str, ...] = ()


def waiting_modal() -> ViewJson:
    """What stands there while the network is asked for the templates."""
    return modal(CallbackId.NOTICE, TITLE, [build.section("⏳ Asking for the approved templates…")], close="Close")


def template_modal(case: Case, view: View, state: ModalState, form: TemplateForm) -> ViewJson:
    """The form as it should look now. Without a template there is nothing to submit."""
    chosen = form.chosen
    blocks = [
        *warning_blocks(form.warnings),
        banner(case, view, private=True),
        *last_messages(case, view),
        build.context(CLOSED),
        *_choice(form),
        *(_words(chosen, form) if chosen else _examples(form.templates)),
    ]
    submit = "" if chosen is None else "Send" if form.shown else "Preview"
    return modal(CallbackId.TEMPLATE, TITLE, blocks, state=state, submit=submit, report_close=True)


def blank_block(template: Template, n: int) -> str:
    """The block of a blank: another one for each template, so that no words wander from one to the next."""
    return f"blank:{template.id}:{n}"


def blank_values(template: Template, values: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by the blanks' keys; from `view.state.values`."""
    return {blank.key: answer_of(values.get(blank_block(template, n))) for n, blank in enumerate(template.blanks)}


def _choice(form: TemplateForm) -> Blocks:
    found = form.templates.found
    if not found:
        return [build.section(NONE), *_left_out(form.templates)]
    options = [_option(each) for each in found[:SELECT_OPTIONS]]
    chosen = _option(form.chosen) if form.chosen else None
    select = build.select(ActionId.TEMPLATE, options, chosen=chosen, placeholder="Choose a template")
    return [build.section("*Template*", select), *_left_out(form.templates)]


def _option(template: Template) -> build.Block:
    return build.option(f"{template.name} ({template.language})", template.id)


def _left_out(templates: Templates) -> Blocks:
    beyond = max(0, len(templates.found) - SELECT_OPTIONS)
    lines = [
        f"{templates.left_out} more need pictures, codes or the like: send those from WhatsApp Manager."
        if templates.left_out
        else "",
        f"{beyond} more are not listed here: there is room for {SELECT_OPTIONS}." if beyond else "",
    ]
    text = " ".join(each for each in lines if each)
    return [build.context(text)] if text else []


def _examples(templates: Templates) -> Blocks:
    """The first templates with their words, so that a choice can be made without trying each."""
    return [
        build.context(f"*{line(each.name, 60)}* ({line(each.language, 12)}): {line(each.body, PREVIEW_LENGTH)}")
        for each in templates.found[:PREVIEWS]
    ]


def _words(template: Template, form: TemplateForm) -> Blocks:
    shown = "What the customer will read, to the letter:" if form.shown else "The template, with its blanks:"
    words = filled(template, form.values if form.shown else {})
    inputs = [_input(template, n, blank, form.values) for n, blank in enumerate(template.blanks)]
    return [*inputs, build.rich(build.rich_line(build.text_part(shown, "bold")), build.rich_quote(words))]


def _input(template: Template, n: int, blank: Blank, values: Values) -> build.Block:
    part = {"header": "headline", "body": "text", "button": "link"}[blank.part]
    element: build.Block = {"type": "plain_text_input", "action_id": ActionId.BLANK.value, "multiline": False}
    if values.get(blank.key):
        element["initial_value"] = values[blank.key]
    block = build.field(blank_block(template, n), f"{{{{{one_line(blank.name, 60)}}}}} in the {part}", element)
    example = one_line(blank.example, 100)
    return {**block, "hint": build.plain_text(f"For example: {example}")} if example else block
