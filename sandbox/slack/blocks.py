"""Block Kit validation of messages: every block Slack accepts, its limits, and the faults in Slack's words.

Blocks that are still being rolled out (card, container, carousel and their kin) are refused as most real
workspaces refuse them: `unsupported type`.
"""

from typing import Any, Final

from sandbox.slack.base import Json, SlackError, invalid_arguments
from sandbox.slack.elements import (
    ACCESSORIES,
    IMAGE_ELEMENT,
    IMAGE_FIELDS,
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    TYPE,
    image_url,
    one_image_source,
)
from sandbox.slack.rich_text import RICH_TEXT
from sandbox.slack.schema import (
    Check,
    Report,
    any_text,
    anything,
    array,
    boolean,
    by_type,
    duplicates,
    every,
    objects,
    one_of,
    parsed,
    plain_text,
    shape,
    string,
)
from sandbox.slack.text import nodes

MESSAGE_BLOCKS: Final = 50
TOTAL_TEXT: Final = 13_000
VIEW_BLOCKS: Final = 100
BLOCK_ID: Final = {"block_id": string(255)}


def _text_or_fields(value: Any, pointer: str, report: Report) -> None:
    if isinstance(value, dict) and not ("text" in value or "fields" in value):
        report.add("must define either `text` or `fields`", f"{pointer}/type")


def _unique_action_ids(value: Any, pointer: str, report: Report) -> None:
    elements = objects(value.get("elements")) if isinstance(value, dict) else []
    for action_id in sorted(duplicates(element.get("action_id") for element in elements)):
        report.add(f"`action_id` {action_id} is not unique in the block", f"{pointer}/elements")


_TEXT: Final = any_text(3000)
_CONTEXT_ITEM: Final = by_type({"image": IMAGE_ELEMENT, "mrkdwn": _TEXT, "plain_text": _TEXT})
_CELL: Final = by_type(
    {
        "raw_text": shape({**TYPE, "text": string(None, 1)}),
        "raw_number": shape({**TYPE, "value": anything}, {"text": string()}),
        "rich_text": RICH_TEXT,
    }
)

_EVERYWHERE: Final[dict[str, Check]] = {
    "section": every(
        shape(
            TYPE,
            {
                **BLOCK_ID,
                "text": _TEXT,
                "fields": array(any_text(2000), 1, 10),
                "accessory": by_type(ACCESSORIES),
                "expand": boolean,
            },
        ),
        _text_or_fields,
    ),
    "header": shape({**TYPE, "text": plain_text(150)}, BLOCK_ID),
    "divider": shape(TYPE, BLOCK_ID),
    "context": shape({**TYPE, "elements": array(_CONTEXT_ITEM, 1, 10)}, BLOCK_ID),
    "actions": every(shape({**TYPE, "elements": array(by_type(IN_ACTIONS), 1, 25)}, BLOCK_ID), _unique_action_ids),
    "image": every(
        shape({**TYPE, "alt_text": string(2000)}, {**BLOCK_ID, **IMAGE_FIELDS, "title": plain_text(2000)}),
        one_image_source,
    ),
    "input": shape(
        {**TYPE, "label": plain_text(2000), "element": by_type(IN_INPUT)},
        {**BLOCK_ID, "hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "video": shape(
        {
            **TYPE,
            "alt_text": string(200),
            "title": plain_text(200),
            "video_url": string(3000),
            "thumbnail_url": image_url,
        },
        {
            **BLOCK_ID,
            "title_url": string(3000),
            "description": plain_text(200),
            "author_name": string(50),
            "provider_name": string(),
            "provider_icon_url": string(3000),
        },
    ),
}
_MESSAGES_ONLY: Final[dict[str, Check]] = {
    "markdown": shape({**TYPE, "text": string(12_000, 1)}, BLOCK_ID),
    "table": shape(
        {**TYPE, "rows": array(array(_CELL, 1, 20), 1, 100)},
        {**BLOCK_ID, "column_settings": array(anything, 0, 20)},
    ),
    "context_actions": every(
        shape({**TYPE, "elements": array(by_type(IN_CONTEXT_ACTIONS), 1, 5)}, BLOCK_ID), _unique_action_ids
    ),
}
_MODALS_ONLY: Final[dict[str, Check]] = {
    "alert": shape(
        {**TYPE, "text": any_text(200)},
        {**BLOCK_ID, "level": one_of("default", "info", "warning", "error", "success")},
    ),
}


def _unique_block_ids(blocks: Any, pointer: str, report: Report) -> None:
    for block_id in sorted(duplicates(block.get("block_id") for block in objects(blocks))):
        report.add(f"`block_id` {block_id} is not unique", pointer)


def _total_markdown(blocks: Any, pointer: str, report: Report) -> None:
    if sum(len(str(block.get("text", ""))) for block in objects(blocks) if block.get("type") == "markdown") > 12_000:
        report.add("markdown blocks must be less than 12001 characters in total", pointer)


IN_MESSAGE: Final = every(
    array(by_type({**_EVERYWHERE, **_MESSAGES_ONLY}), 0, MESSAGE_BLOCKS), _unique_block_ids, _total_markdown
)
IN_MODAL: Final = every(array(by_type({**_EVERYWHERE, **_MODALS_ONLY}), 1, VIEW_BLOCKS), _unique_block_ids)
IN_HOME: Final = every(array(by_type(_EVERYWHERE), 1, VIEW_BLOCKS), _unique_block_ids)


def message_blocks(value: Any) -> list[Json] | None:
    """The checked `blocks` argument of a message; None when there is none.

    Raises SlackError: invalid_blocks_format, invalid_blocks, invalid_attachments, msg_blocks_too_long.
    """
    if value is None or value == "":
        return None
    blocks = parsed(value, SlackError("invalid_blocks_format"))
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    report = Report()
    IN_MESSAGE(blocks, "/blocks", report)
    if report.errors:
        raise invalid_arguments(*report.errors, code="invalid_blocks")
    if sum(1 for block in blocks if block["type"] == "table") > 1:
        raise SlackError("invalid_attachments", response_metadata={"messages": ["only_one_table_allowed"]})
    if sum(len(node["text"]) for node in nodes(blocks) if isinstance(node.get("text"), str)) > TOTAL_TEXT:
        raise SlackError("msg_blocks_too_long")
    return blocks
