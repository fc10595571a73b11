"""Messages that a network has approved in advance: the only words it takes once its reply window is closed.

A template has fixed words with blanks ("{{1}}" or "{{name}}"); staff fill the blanks and change nothing else. What the
customer will read is put together here, so that the preview and the message cannot differ.
"""

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, Literal

from bot.domain.models import Model

Part = Literal["header", "body", "button"]

BLANK: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
TOO_WIDE: Final = re.compile(r"[\n\r\t\v\f\u0085\u2028\u2029]| {4,}")
HEADER_LENGTH: Final = 60
BODY_LENGTH: Final = 1024
LINK_LENGTH: Final = 2000
REF: Final = "template"
LANGUAGE_REF: Final = "template_language"
VALUES_REF: Final = "template_values"
"""The names in a send's `ref` that make it a template: its name, its language, the blanks as JSON."""


class Blank(Model):
    """One thing that staff fill in. `name` is a number or a word in the template's own text; `place` counts buttons."""

    part: Part
    name: str
    place: int = 0
    example: str = ""

    @property
    def key(self) -> str:
        """What the blank is called in `values`."""
        return f"{self.part}:{self.place}:{self.name}"


class Button(Model):
    """A button below the message: its label and, for a link, the address, which may end in a blank."""

    label: str
    url: str = ""


class Template(Model):
    """One approved message in one language."""

    name: str
    language: str
    category: str = ""
    header: str = ""
    body: str
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    blanks: tuple[Blank, ...] = ()

    @property
    def id(self) -> str:
        """A short name for menus and forms."""
        text = f"{self.name}\x1f{self.language}"
        return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


class Templates(Model):
    """What an account may send. `left_out` counts approved ones with parts that Hark cannot fill (pictures)."""

    found: tuple[Template, ...] = ()
    left_out: int = 0

    def of(self, id_: str) -> Template | None:
        """The template of that short name."""
        return next((each for each in self.found if each.id == id_), None)


Values = Mapping[str, str]


def filled(template: Template, values: Values) -> str:
    """What the customer will read, to the letter; a blank that is not filled in stays as the template has it."""
    buttons = (
        f"[{button.label}]" + (f" {_fill(template, 'button', n, button.url, values)}" if button.url else "")
        for n, button in enumerate(template.buttons)
    )
    parts = (
        _fill(template, "header", 0, template.header, values),
        _fill(template, "body", 0, template.body, values),
        template.footer,
        "\n".join(buttons),
    )
    return "\n\n".join(part for part in parts if part)


def problems(template: Template, values: Values) -> dict[str, str]:
    """What is wrong with the blanks, in words for whoever fills them, by key; empty when all may go out.

    The rules are those of "Error codes" and "Template components": no line breaks, tabs or wide gaps in a blank, 60
    characters in the filled header and 1,024 in the filled body.
    """
    found = {}
    for blank in template.blanks:
        problem = _problem(blank, values.get(blank.key, ""))
        if problem:
            found[blank.key] = problem
    return found or _too_long(template, values)


def ref_of(template: Template, values: Values) -> dict[str, str]:
    """What a send carries so that its connector can send the template."""
    chosen = {blank.key: values.get(blank.key, "").strip() for blank in template.blanks}
    return {
        REF: template.name,
        LANGUAGE_REF: template.language,
        VALUES_REF: json.dumps(chosen, ensure_ascii=False, separators=(",", ":")),
    }


def is_template(ref: Mapping[str, str]) -> bool:
    """Whether a send with this `ref` is a template, which no reply window holds back."""
    return REF in ref


def _problem(blank: Blank, value: str) -> str:
    if not value.strip():
        return "Fill this in: WhatsApp takes no empty blanks."
    if TOO_WIDE.search(value.strip()):
        return "No line breaks, tabs, or four spaces in a row: WhatsApp refuses them in a template."
    if blank.part == "button" and (any(sign.isspace() for sign in value.strip()) or not value.strip().isprintable()):
        return "This ends a link: no spaces."
    return ""


def _too_long(template: Template, values: Values) -> dict[str, str]:
    found = {}
    lengths = (("header", template.header, HEADER_LENGTH), ("body", template.body, BODY_LENGTH))
    for part, text, most in lengths:
        keys = [blank.key for blank in template.blanks if blank.part == part]
        whole = len(_fill(template, part, 0, text, values))
        if keys and whole > most:
            found[keys[-1]] = f"{whole - most} too long: with all blanks filled in, the {part} has {whole} of {most}."
    for n, button in enumerate(template.buttons):
        keys = [blank.key for blank in template.blanks if blank.part == "button" and blank.place == n]
        if keys and len(_fill(template, "button", n, button.url, values)) > LINK_LENGTH:
            found[keys[-1]] = f"Too long: the whole link may have {LINK_LENGTH:,} characters."
    return found


def _fill(template: Template, part: str, place: int, text: str, values: Values) -> str:
    """A text with its blanks filled in, each value exactly once: what looks like a blank inside a value stays."""
    keys = {blank.name: blank.key for blank in template.blanks if blank.part == part and blank.place == place}

    def value(match: re.Match[str]) -> str:
        return values.get(keys.get(match.group(1), ""), "").strip() or match.group()

    return BLANK.sub(value, text)
