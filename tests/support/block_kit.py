"""What Slack, or a small phone, would not take of a message or a view, by the limits that the builders know."""

import json
from collections.abc import Iterator
from typing import Any, Final

from bot.cards.limits import (
    ACTIONS_ELEMENTS,
    BUTTON_TEXT,
    BUTTON_TEXT_ON_PHONES,
    BUTTON_URL,
    BUTTON_VALUE,
    CARD_TOTAL,
    CONTEXT_ELEMENTS,
    FALLBACK_TEXT,
    HEADER_TEXT,
    IDENTIFIER,
    INPUT_LABEL,
    INPUT_VALUE,
    MESSAGE_BLOCKS,
    OPTION_TEXT,
    OPTION_VALUE,
    OVERFLOW_OPTIONS,
    PRIVATE_METADATA,
    RADIO_OPTIONS,
    SECTION_TEXT,
    SELECT_OPTIONS,
    VIEW_BLOCKS,
    VIEW_BYTES,
    VIEW_TITLE,
    size,
    units,
)

_STRING_LIMITS: Final[dict[str, int]] = {
    "block_id": IDENTIFIER,
    "action_id": IDENTIFIER,
    "callback_id": IDENTIFIER,
    "private_metadata": PRIVATE_METADATA,
    "initial_value": INPUT_VALUE,
    "url": BUTTON_URL,
    "accessibility_label": BUTTON_TEXT,
}
_TEXT_LIMITS: Final[dict[tuple[str, str], int]] = {
    ("header", "text"): HEADER_TEXT,
    ("button", "text"): BUTTON_TEXT,
    ("option", "text"): OPTION_TEXT,
    ("input", "label"): INPUT_LABEL,
    ("input", "hint"): INPUT_LABEL,
    ("modal", "title"): VIEW_TITLE,
    ("modal", "submit"): VIEW_TITLE,
    ("modal", "close"): VIEW_TITLE,
}
_COUNT_LIMITS: Final[dict[tuple[str, str], int]] = {
    ("context", "elements"): CONTEXT_ELEMENTS,
    ("actions", "elements"): ACTIONS_ELEMENTS,
    ("overflow", "options"): OVERFLOW_OPTIONS,
    ("static_select", "options"): SELECT_OPTIONS,
    ("radio_buttons", "options"): RADIO_OPTIONS,
}


def check_message(blocks: list[dict[str, Any]], text: str) -> list[str]:
    """Everything that Slack, or a small phone, would not take of a message; empty when all is well."""
    faults = list(_check_encoding([blocks, text]))
    if faults:
        return faults
    faults += _check_blocks(blocks, MESSAGE_BLOCKS)
    if not text.strip():
        faults.append("the fallback text is empty")
    if units(text) > FALLBACK_TEXT:
        faults.append(f"the fallback text has more than {FALLBACK_TEXT} characters")
    if size(blocks) >= CARD_TOTAL:
        faults.append(f"the blocks have {size(blocks)} characters, the most is {CARD_TOTAL - 1}")
    return faults


def check_view(view: dict[str, Any]) -> list[str]:
    """Everything that Slack would not take of a modal or a Home view; empty when all is well."""
    blocks = view.get("blocks", [])
    faults = [*_check_blocks(blocks, VIEW_BLOCKS), *_check_encoding(view), *_walk({**view, "blocks": []}, "view")]
    if view.get("type") == "home" and ("submit" in view or "close" in view):
        faults.append("a Home view has neither submit nor close")
    if view.get("type") == "modal" and "title" not in view:
        faults.append("a modal has a title")
    if any(block.get("type") == "input" for block in blocks) and "submit" not in view:
        faults.append("a view with inputs has a submit button")
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        faults.append(f"the view has more than {VIEW_BYTES} bytes")
    return faults


def _check_blocks(blocks: list[dict[str, Any]], most: int) -> Iterator[str]:
    if not 1 <= len(blocks) <= most:
        yield f"{len(blocks)} blocks: 1 to {most} are allowed"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "block_ids repeat"
    for number, block in enumerate(blocks):
        yield from _walk(block, f"blocks/{number}")


def _check_encoding(value: Any) -> Iterator[str]:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        yield "a lone surrogate cannot be sent"


def _walk(node: Any, where: str) -> Iterator[str]:
    """Check one object and all below it. Options have no type of their own; they are known by where they stand."""
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from _walk(each, f"{where}/{number}")
    if not isinstance(node, dict):
        return
    kind = str(node.get("type", "option"))
    yield from _check_node(kind, node, where)
    for name, each in node.items():
        yield from _walk(each, f"{where}/{name}")


def _check_node(kind: str, node: dict[str, Any], where: str) -> Iterator[str]:
    for name, most in _STRING_LIMITS.items():
        if name in node and not 0 < units(node[name]) <= most:
            yield f"{where}/{name}: 1 to {most} characters are allowed"
    for (of, name), most in _TEXT_LIMITS.items():
        if of == kind and name in node and units(node[name]["text"]) > most:
            yield f"{where}/{name}: at most {most} characters are allowed"
    for (of, name), most in _COUNT_LIMITS.items():
        if of == kind and not 1 <= len(node[name]) <= most:
            yield f"{where}/{name}: 1 to {most} are allowed"
    yield from _check_text(kind, node, where)
    yield from _check_value(kind, node, where)
    yield from _check_ids(kind, node, where)


def _check_text(kind: str, node: dict[str, Any], where: str) -> Iterator[str]:
    if kind in ("mrkdwn", "plain_text", "text") and not 0 < units(node["text"]) <= SECTION_TEXT:
        yield f"{where}/text: 1 to {SECTION_TEXT} characters are allowed"
    if kind == "button" and units(node["text"]["text"]) > BUTTON_TEXT_ON_PHONES:
        yield f"{where}/text: a phone shows at most {BUTTON_TEXT_ON_PHONES} characters of a button"
    if kind == "section" and not ("text" in node or "fields" in node):
        yield f"{where}: a section has text or fields"
    if kind.startswith("rich_text") and not node["elements"]:
        yield f"{where}: a rich text part has elements"


def _check_value(kind: str, node: dict[str, Any], where: str) -> Iterator[str]:
    most = OPTION_VALUE if kind == "option" else BUTTON_VALUE
    if kind in ("option", "button") and "value" in node and not 0 < units(node["value"]) <= most:
        yield f"{where}/value: 1 to {most} characters are allowed"


def _check_ids(kind: str, node: dict[str, Any], where: str) -> Iterator[str]:
    if kind != "actions":
        return
    ids = [element.get("action_id") for element in node["elements"]]
    if len(ids) != len(set(ids)):
        yield f"{where}: action_ids repeat"
