"""Templates over real HTTP: which are offered, how one is sent, and what each refusal means."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Permanent, Transient
from bot.domain.templates import Template, filled, ref_of
from connectors.whatsapp.templates import listed
from tests.connectors.whatsapp.test_whatsapp_calls import Rig, a_rig
from tests.support.whatsapp_server import ANA, BO, a_template

BODY = "Hi {{1}}, your order {{2}} is on its way."


@pytest.fixture
async def rig(redis_url: str) -> Any:
    """One number."""
    async with a_rig(redis_url) as ready:
        yield ready


async def send(rig: Rig, template: Template, values: dict[str, str], **changes: Any) -> None:
    """Send a template to Ana, or to whomever `who` names."""
    event = rig.wrote(changes.pop("who", ANA))
    ref = {**event.ref, **ref_of(template, values)}
    await rig.connector.send(rig.answer_to(event, ref=ref, text=filled(template, values), **changes))


async def test_only_approved_ones_that_words_can_fill_are_offered(rig: Rig) -> None:
    """Paused, refused and waiting ones are not; pictures, codes and catalogues are counted."""
    rig.server.templates = [
        a_template("order", BODY, language="de"),
        a_template("order", BODY, language="en_US"),
        *(a_template(f"is_{each}", "x", status=each) for each in ("PAUSED", "REJECTED", "PENDING", "DISABLED")),
        a_template("picture", "x", components=[{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "x"}]),
        a_template("code", "{{1}} is your code", category="AUTHENTICATION"),
        a_template("shop", "x", buttons=[{"type": "CATALOG", "text": "View"}]),
        a_template("cards", "x", components=[{"type": "BODY", "text": "x"}, {"type": "CAROUSEL", "cards": []}]),
        a_template("nothing", ""),
    ]
    found = await rig.connector.templates()
    assert [(each.name, each.language) for each in found.found] == [("order", "de"), ("order", "en_US")]
    assert found.left_out == 5
    assert rig.server.calls[-1].given("status") == "APPROVED"


async def test_a_long_list_is_read_to_its_end(rig: Rig) -> None:
    """A hundred to a page."""
    rig.server.templates = [a_template(f"t{n:03}", "x") for n in range(250)]
    assert len((await rig.connector.templates()).found) == 250


async def test_each_kind_of_blank_is_sent_in_its_own_form(rig: Rig) -> None:
    """Numbers by their order, names by name, the end of a link as its button; the network fills it as the preview."""
    named = {"parameter_format": "NAMED"}
    track = {"type": "URL", "text": "Track", "url": "https://acme.example/{{1}}"}
    quick = {"type": "QUICK_REPLY", "text": "Thanks"}
    rig.server.templates = [
        a_template("a_order", "{{2}} for {{1}}: {{2}}", header="No. {{1}}", footer="Acme", buttons=[quick, track]),
        a_template("b_named", "Hi {{name}}, {{thing}}", **named),
        a_template("c_fixed", "Still there?"),
    ]
    order, name, fixed = (await rig.connector.templates()).found
    assert [each.key for each in order.blanks] == ["header:0:1", "body:0:1", "body:0:2", "button:1:1"]
    await send(rig, order, {"header:0:1": "7", "body:0:1": "Ana", "body:0:2": "QX", "button:1:1": "t/7"})
    await send(rig, name, {"body:0:thing": "all good", "body:0:name": "Bo"}, who=BO)
    await send(rig, fixed, {})
    assert rig.server.texts() == ["No. 7\nQX for Ana: QX\nhttps://acme.example/t/7", "Hi Bo, all good", "Still there?"]
    first, second, third = (each.template for each in rig.server.world.sent)
    assert first is not None
    assert first["components"][2] == {
        "type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "t/7"}]
    }  # fmt: skip
    assert second is not None
    assert {"type": "text", "text": "Bo", "parameter_name": "name"} in second["components"][0]["parameters"]
    assert third == {"name": "c_fixed", "language": {"code": "en"}}
    assert rig.server.world.sent[1].to == BO.user


async def test_examples_help_to_fill_the_blanks() -> None:
    """As they were given for the review, in either form; without any the blank has none."""
    body = {"type": "BODY", "text": "{{1}} and {{2}}", "example": {"body_text": [["Ana", "7"]]}}
    named = [{"param_name": "who", "example": "Bo"}]
    by_name = {"type": "BODY", "text": "{{who}}", "example": {"body_text_named_params": named}}
    rows = [a_template(f"t{n}", "", components=[each]) for n, each in enumerate((body, by_name))]
    assert [each.example for one in listed(rows).found for each in one.blanks] == ["Ana", "7", "Bo"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (132000, "other blanks"),
        (132001, "not there"),
        (132005, "too long"),
        (132007, "breaks a rule"),
        (132012, "does not take"),
        (132015, "paused"),
        (132016, "disabled for good"),
        (131049, "does not deliver to this person"),
        (131047, "only approved templates"),
    ],
)
async def test_each_refusal_in_words(rig: Rig, code: int, words: str) -> None:
    """Final, with what a person can do."""
    rig.server.templates = [a_template("order", "Hi")]
    (template,) = (await rig.connector.templates()).found
    rig.server.fail(code, match="messages")
    with pytest.raises(Permanent, match=words):
        await send(rig, template, {})
    await send(rig, template, {}, id="send-2")


async def test_what_the_list_cannot_be_read_for(rig: Rig, redis_url: str) -> None:
    """Trouble of the network passes; a missing right or account is said with what to do."""
    rig.server.fall_over(times=5, match="message_templates")
    with pytest.raises(Transient):
        await rig.connector.templates()
    rig.server.faults.clear()
    rig.server.fail(200, match="message_templates")
    with pytest.raises(Permanent, match="lacks a permission"):
        await rig.connector.templates()
    async with a_rig(redis_url, WHATSAPP_BUSINESS_ACCOUNT_ID="") as other:
        with pytest.raises(Permanent, match="WHATSAPP_BUSINESS_ACCOUNT_ID"):
            await other.connector.templates()


@pytest.mark.parametrize("values", ["{", "[]", "7", '{"body": "x"}', '{"body:0": "x"}', ""])
async def test_blanks_that_cannot_be_read_are_refused_without_a_call(rig: Rig, values: str) -> None:
    """Whatever stands in the store; an empty one is a template without blanks."""
    event = rig.wrote()
    rig.server.templates = [a_template("order", "Hi")]
    ref = {**event.ref, "template": "order", "template_language": "en", "template_values": values}
    if not values:
        await rig.connector.send(rig.answer_to(event, ref=ref))
        assert rig.server.texts() == ["Hi"]
        return
    with pytest.raises(Permanent, match="Choose it again"):
        await rig.connector.send(rig.answer_to(event, ref=ref))
    assert rig.server.calls == []


NAMES = st.sampled_from(["type", "text", "format", "example", "body_text", "buttons", "url"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
JSON = st.recursive(
    LEAVES, lambda more: st.lists(more, max_size=3) | st.dictionaries(NAMES, more, max_size=4), max_leaves=12
)


@given(st.lists(JSON, max_size=3), JSON)
def test_no_answer_of_the_network_breaks_the_list(components: list[Any], example: Any) -> None:
    """Whatever its parts are: offered, left out or passed over, and JSON again."""
    strange = {**a_template("x", "Hi {{1}}"), "components": [{"type": "BODY", "text": "a {{1}}", "example": example}]}
    found = listed([{**a_template("y", "x"), "components": components}, strange, {}])
    assert json.loads(found.model_dump_json())
