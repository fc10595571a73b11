"""WhatsApp's message templates: from the list of the account to what staff may choose, and back to a message.

After "Template management", "Template components" and "Send template messages". Only approved ones are listed, and of
those only what words alone can fill: a picture in the header, a catalogue or a one-time code is left out and counted.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import Field

from bot.domain.templates import BLANK, LANGUAGE_REF, REF, VALUES_REF, Blank, Button, Part, Template, Templates
from connectors.graph.client import Json
from connectors.graph.wire import Objects, Text, Wire
from connectors.lenient import Object

APPROVED: Final = "APPROVED"
FIELDS: Final = "id,name,language,status,category,components,parameter_format"
PLAIN_BUTTONS: Final = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "URL", "VOICE_CALL"})
NOT_FOR_STAFF: Final = "AUTHENTICATION"
"""One-time codes: WhatsApp fills them with words of its own."""


class ButtonWire(Wire):
    """One button of a template."""

    type: Text = ""
    text: Text = ""
    url: Text = ""


class Component(Wire):
    """One part of a template."""

    type: Text = ""
    format: Text = ""
    text: Text = ""
    example: Object[dict[str, Any]] = Field(default_factory=dict)
    buttons: Objects[ButtonWire] = ()


class TemplateWire(Wire):
    """One template as the account lists it."""

    name: Text = ""
    language: Text = ""
    status: Text = ""
    category: Text = ""
    components: Objects[Component] = ()


def listed(rows: Iterable[Json]) -> Templates:
    """What staff may choose from, by language and name, and how many approved ones are left out."""
    read = [TemplateWire.model_validate(row) for row in rows]
    approved = [each for each in read if each.status.upper() == APPROVED and each.name and each.language]
    found = [template for each in approved if (template := _template(each)) is not None]
    found.sort(key=lambda each: (each.name, each.language))
    return Templates(found=tuple(found), left_out=len(approved) - len(found))


def _template(found: TemplateWire) -> Template | None:
    """The template; None for one with parts that words alone cannot fill."""
    parts = {part.type.upper(): part for part in found.components}
    if not set(parts) <= {"HEADER", "BODY", "FOOTER", "BUTTONS"} or found.category.upper() == NOT_FOR_STAFF:
        return None
    body, header = parts.get("BODY", Component()), parts.get("HEADER", Component())
    buttons = parts.get("BUTTONS", Component()).buttons
    if not body.text or (header.type and header.format.upper() != "TEXT"):
        return None
    if any(button.type.upper() not in PLAIN_BUTTONS for button in buttons):
        return None
    blanks = (
        *_blanks("header", header.text, _examples(header, "header_text")),
        *_blanks("body", body.text, _examples(body, "body_text")),
        *(blank for n, button in enumerate(buttons) for blank in _blanks("button", button.url, {}, n)),
    )
    return Template(
        name=found.name,
        language=found.language,
        category=found.category.lower(),
        header=header.text,
        body=body.text,
        footer=parts.get("FOOTER", Component()).text,
        buttons=tuple(Button(label=button.text, url=button.url) for button in buttons),
        blanks=blanks,
    )


def _blanks(part: Part, text: str, examples: Mapping[str, str], place: int = 0) -> tuple[Blank, ...]:
    """The blanks of a text, each name once, numbers in their order."""
    names = list(dict.fromkeys(BLANK.findall(text)))
    names.sort(key=lambda name: int(name) if name.isdigit() else 0)
    return tuple(Blank(part=part, name=name, place=place, example=examples.get(name, "")) for name in names)


def _examples(part: Component, name: str) -> dict[str, str]:
    """The samples that were given for the review: named ones, or a list in the order of the numbers."""
    named = part.example.get(f"{name}_named_params")
    if isinstance(named, list):
        pairs = [one for one in named if isinstance(one, dict)]
        return {str(one.get("param_name", "")): str(one.get("example", "")) for one in pairs}
    given = part.example.get(name)
    given = given[0] if isinstance(given, list) and given and isinstance(given[0], list) else given
    return {str(n): str(one) for n, one in enumerate(given, 1)} if isinstance(given, list) else {}


def message(ref: Mapping[str, str]) -> Json:
    """The `template` of a message, from what a send carries. Raises ValueError for what no form of Hark wrote."""
    values = json.loads(ref.get(VALUES_REF) or "{}")
    if not isinstance(values, dict):
        msg = "the blanks of a template must be an object"
        raise ValueError(msg)  # noqa: TRY004 - a stored value that cannot be read, like broken JSON
    parts: dict[tuple[str, str], list[Json]] = {}
    for key, value in values.items():
        part, place, name = key.split(":", 2)
        parameter = {"type": "text", "text": str(value)}
        named = {} if name.isdigit() or part == "button" else {"parameter_name": name}
        parts.setdefault((part, place), []).append(parameter | named)
    components = [_component(part, place, parameters) for (part, place), parameters in parts.items()]
    told: Json = {"name": ref[REF], "language": {"code": ref[LANGUAGE_REF]}}
    return told | ({"components": components} if components else {})


def _component(part: str, place: str, parameters: list[Json]) -> Json:
    link = {"sub_type": "url", "index": place} if part == "button" else {}
    return {"type": part, **link, "parameters": parameters}
