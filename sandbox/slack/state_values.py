"""What people have typed and chosen: the `state.values` of views and messages, and Slack's own checks of it."""

from collections.abc import Iterator
from typing import Any, Final

from sandbox.slack.base import Json

# element type -> (its field in state.values, the field of the block that fills it at first)
STATE_FIELDS: Final = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", "initial_files"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
_LISTS: Final = frozenset(
    {"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"}
)
REQUIRED_TEXT: Final = "Please complete this required field."


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every element with an action_id, with its block."""
    for block in blocks:
        for element in (block.get("element"), block.get("accessory"), *_list(block.get("elements"))):
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def first_values(blocks: list[Json]) -> Json:
    """The state before anybody touched it: initial values, else null."""
    values: Json = {}
    for block, element in elements(blocks):
        known = STATE_FIELDS.get(element["type"])
        if known is None:
            continue
        field, initial = known
        empty: list[Json] | None = [] if field in _LISTS else None
        entry = {"type": element["type"], field: element.get(initial, empty)}
        values.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return values


def merged(values: Json, given: Json) -> Json:
    """The state with what a screen sends on top; unknown ids are left out, empty text is null."""
    result: Json = {}
    for block_id, actions in values.items():
        result[block_id] = {}
        for action_id, entry in actions.items():
            field = STATE_FIELDS[entry["type"]][0]
            sent = given.get(block_id, {}).get(action_id, {})
            value = sent.get(field, entry[field]) if isinstance(sent, dict) else entry[field]
            result[block_id][action_id] = {"type": entry["type"], field: None if value == "" else value}
    return result


def carried(blocks: list[Json], old: Json) -> Json:
    """The state of an updated view: what was typed stays where block_id, action_id and type are unchanged."""
    values = first_values(blocks)
    for block_id, actions in values.items():
        for action_id, entry in actions.items():
            before = old.get(block_id, {}).get(action_id)
            if before is not None and before["type"] == entry["type"]:
                actions[action_id] = before
    return values


def client_errors(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's own client refuses before it sends a submission: block_id to words."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        entry = values[block["block_id"]][element["action_id"]]
        value = entry[STATE_FIELDS[element["type"]][0]]
        problem = _problem(block, element, value)
        if problem is not None:
            errors[block["block_id"]] = problem
    return errors


def _problem(block: Json, element: Json, value: Any) -> str | None:
    if value is None or value == []:
        return None if block.get("optional") else REQUIRED_TEXT
    if element["type"] != "plain_text_input":
        return None
    least, most = element.get("min_length") or 0, element.get("max_length") or len(value)
    if len(value) < least:
        return f"Please write at least {least} characters."
    if len(value) > most:
        return f"Please write at most {most} characters."
    return None
