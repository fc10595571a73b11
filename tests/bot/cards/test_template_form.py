"""The form for templates: Slack takes it whatever stands in one, and it shows what will be read to the letter."""

from typing import Any

import pytest

from bot.cards.action_ids import ModalState
from bot.cards.templates import TemplateForm, blank_block, blank_values, template_modal, waiting_modal
from bot.domain.templates import Blank, Button, Template, Templates
from tests.support.block_kit import check_view
from tests.support.card_cases import a_direct_message, a_view, matches_snapshot

HOSTILE = "<!channel> *bold* <https://evil.example|safe> \u202e & " * 9
ORDER = Template(
    name="order_update",
    language="en",
    body="Hi {{1}}, your order is on its way.",
    footer="Acme",
    blanks=(Blank(part="body", name="1", example="Ana"),),
)
LOUD = Template(
    name="x" * 512,
    language="y" * 30,
    header="{{1}}",
    body=HOSTILE + "{{1}}",
    footer="&" * 60,
    buttons=(Button(label="&" * 25, url="https://acme.example/{{1}}"),) * 10,
    blanks=tuple(Blank(part="body", name="z" * 300, place=n, example="&" * 900) for n in range(20)),
)
STATE = ModalState(case="a" * 16, send="s" * 16)
CASE = a_direct_message()


def form(**changes: Any) -> dict[str, Any]:
    """The form with these templates and values."""
    return template_modal(CASE, a_view(), STATE, TemplateForm(**changes))


FORMS = {
    "template_choose": form(templates=Templates(found=(ORDER,), left_out=2)),
    "template_none": form(templates=Templates()),
    "template_fill": form(templates=Templates(found=(ORDER,)), chosen=ORDER),
    "template_read": form(templates=Templates(found=(ORDER,)), chosen=ORDER, values={"body:0:1": "Ana"}, shown=True),
}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_each_form_is_drawn_as_recorded_and_within_the_limits(name: str) -> None:
    """Choose, fill in, read; and nothing to choose from."""
    assert check_view(FORMS[name]) == []
    assert matches_snapshot(name, FORMS[name])
    assert check_view(waiting_modal()) == []


def test_loud_templates_hold_the_limit_and_forge_nothing() -> None:
    """Hundreds of them, with names and words as long as the network allows and longer."""
    many = tuple(LOUD.model_copy(update={"language": f"l{n}"}) for n in range(300))
    values = {blank.key: HOSTILE for blank in LOUD.blanks}
    warned = (HOSTILE,) * 9
    chosen = form(
        templates=Templates(found=many, left_out=7), chosen=many[0], values=values, shown=True, warnings=warned
    )
    assert check_view(chosen) == []
    assert check_view(form(templates=Templates(found=many))) == []
    assert "200 more are not listed here" in str(chosen)
    assert "<!channel>" not in str(form(templates=Templates(found=many)))


def test_what_was_typed_for_one_template_does_not_reach_another() -> None:
    """Blocks are named after the template, and only its own are read."""
    other = ORDER.model_copy(update={"language": "de"})
    typed = {blank_block(ORDER, 0): {"hark:blank:v1": {"type": "plain_text_input", "value": " Ana "}}}
    assert blank_values(ORDER, typed) == {"body:0:1": "Ana"}
    assert blank_values(other, typed) == {"body:0:1": ""}
    assert blank_values(ORDER, {blank_block(ORDER, 0): "broken"}) == {"body:0:1": ""}
