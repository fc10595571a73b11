"""Templates: what stands in the preview is what is sent, and a blank is filled exactly once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.templates import (
    Blank,
    Button,
    Template,
    Templates,
    filled,
    is_template,
    problems,
    ref_of,
)

ONE = Blank(part="body", name="1")
TWO = Blank(part="body", name="2")
ORDER = Template(name="order", language="en", body="Hi {{1}}, {{2}} is on its way, {{1}}.", blanks=(ONE, TWO))
WHOLE = Template(
    name="whole",
    language="de",
    header="Order {{number}}",
    body="It is here.",
    footer="Acme",
    buttons=(Button(label="Track", url="https://acme.example/{{1}}"), Button(label="Call us")),
    blanks=(Blank(part="header", name="number"), Blank(part="button", name="1", place=0)),
)
GOOD = {ONE.key: "Ana", TWO.key: "QX77"}


def test_every_part_stands_in_the_preview() -> None:
    """Headline, text, last line and buttons, in the order in which they are read."""
    values = {"header:0:number": "77", "button:0:1": "a/b?c=1"}
    assert filled(WHOLE, values) == "Order 77\n\nIt is here.\n\nAcme\n\n[Track] https://acme.example/a/b?c=1\n[Call us]"
    assert filled(ORDER, {}) == ORDER.body


def test_each_part_has_blanks_of_its_own() -> None:
    """Headline, text and two links may all have a blank of the same name: no customer gets another one's link."""
    buttons = (
        Button(label="Track", url="https://acme.example/t/{{1}}"),
        Button(label="Pay", url="https://pay.example/{{1}}"),
    )
    blanks = (
        Blank(part="header", name="1"),
        Blank(part="body", name="1"),
        Blank(part="button", name="1", place=0),
        Blank(part="button", name="1", place=1),
    )
    template = Template(name="two", language="en", header="For {{1}}", body="Hi {{1}}", buttons=buttons, blanks=blanks)
    values = {blank.key: f"v{n}" for n, blank in enumerate(blanks)}
    assert filled(template, values) == (
        "For v0\n\nHi v1\n\n[Track] https://acme.example/t/v2\n[Pay] https://pay.example/v3"
    )
    long = {**values, blanks[2].key: "x" * 1978}
    assert len("https://acme.example/t/" + "x" * 1977) == 2000
    assert problems(template, {**values, blanks[2].key: "x" * 1977}) == {}
    assert list(problems(template, long)) == [blanks[2].key]


def test_a_value_that_looks_like_a_blank_stays_as_it_is() -> None:
    """Filled in once, not again."""
    assert filled(ORDER, {ONE.key: "{{2}}", TWO.key: "{{1}}"}) == "Hi {{2}}, {{1}} is on its way, {{2}}."


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("", "empty"),
        ("  \u00a0 ", "empty"),
        ("a\nb", "line breaks"),
        ("a\r\nb", "line breaks"),
        ("a\tb", "tabs"),
        ("a    b", "four spaces"),
        ("a\u2028b", "line breaks"),
        ("x" * 1024, "too long"),
    ],
)
def test_what_the_network_would_refuse_is_said_before(value: str, word: str) -> None:
    """At the blank that is wrong, in words."""
    found = problems(ORDER, GOOD | {TWO.key: value})
    assert list(found) == [TWO.key]
    assert word in found[TWO.key]


def test_limits_and_one_past() -> None:
    """The whole text counts, with the blank in both of its places; the headline and links have limits of their own."""
    room = 1024 - len(filled(ORDER, {ONE.key: "A", TWO.key: "B"})) + 1
    assert problems(ORDER, {ONE.key: "A", TWO.key: "x" * room}) == {}
    assert "1 too long" in problems(ORDER, {ONE.key: "A", TWO.key: "x" * (room + 1)})[TWO.key]
    link = {"button:0:1": "a"}
    assert problems(WHOLE, {"header:0:number": "9" * 54, **link}) == {}
    assert list(problems(WHOLE, {"header:0:number": "9" * 55, **link})) == ["header:0:number"]
    assert list(problems(WHOLE, {"header:0:number": "9", "button:0:1": "a b"})) == ["button:0:1"]
    assert list(problems(WHOLE, {"header:0:number": "9", "button:0:1": "a" * 2000})) == ["button:0:1"]
    assert list(problems(WHOLE, {"header:0:number": "9", "button:0:1": "a\u200bb"})) == ["button:0:1"]
    assert problems(ORDER, {**GOOD, ONE.key: "a   b"}) == {}


def test_what_a_send_carries() -> None:
    """The name, the language and the blanks, trimmed as in the preview; values of other templates are left behind."""
    ref = ref_of(ORDER, {**GOOD, ONE.key: " Ana ", "body:0:9": "old"})
    assert is_template(ref)
    assert not is_template({"to": "49"})
    assert (ref["template"], ref["template_language"]) == ("order", "en")
    assert json.loads(ref["template_values"]) == GOOD


def test_a_template_is_found_by_its_name_and_language() -> None:
    """The same name in another language is another template."""
    other = ORDER.model_copy(update={"language": "de"})
    listed = Templates(found=(ORDER, other))
    assert listed.of(other.id) == other
    assert listed.of("elsewhere") is None


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_is_filled_in_either_is_refused_or_stands_there(one: str, two: str) -> None:
    """Nothing raises, and nothing is changed on the way but the spaces around it."""
    values = {ONE.key: one, TWO.key: two}
    if not problems(ORDER, values):
        assert filled(ORDER, values) == f"Hi {one.strip()}, {two.strip()} is on its way, {one.strip()}."
