"""The schema of Block Kit's interactive elements and composition objects, with Slack's limits."""

from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.slack.schema import (
    Check,
    Report,
    any_text,
    anything,
    array,
    boolean,
    every,
    integer,
    maybe,
    objects,
    one_of,
    plain_text,
    shape,
    string,
)

TYPE: Final = {"type": string()}
ACTION_ID: Final = {"action_id": string(255)}
_ADDRESS: Final = string(3000, 1)


def address(value: Any, pointer: str, report: Report) -> None:
    """The address behind a button or an option: refused as `invalid url` where no browser could open it."""
    _ADDRESS(value, pointer, report)
    if not isinstance(value, str):
        return
    try:
        parts = urlsplit(value)
        opens = parts.hostname if parts.scheme in ("http", "https") else parts.scheme
        if opens and parts.port != 0:
            return
    except ValueError:  # brackets that do not close, or a port that there cannot be
        pass
    report.add("invalid url", pointer)


CONFIRM: Final = shape(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)
FOCUS: Final = {"focus_on_load": boolean}
CONFIRMABLE: Final = {"confirm": CONFIRM}
PLACEHOLDER: Final = {"placeholder": plain_text(150)}
DISPATCH: Final = {
    "dispatch_action_config": shape(
        {}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
    )
}
OPTION: Final = shape({"text": any_text(75), "value": string(150)}, {"description": any_text(75)})
OVERFLOW_OPTION: Final = shape(
    {"text": plain_text(75), "value": string(150)}, {"description": plain_text(75), "url": address}
)
OPTIONS: Final = array(OPTION, 1, 100)
OPTION_GROUPS: Final = array(shape({"label": plain_text(75), "options": OPTIONS}), 1, 100)
FILTER: Final = shape(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)


def image_url(value: Any, pointer: str, report: Report) -> None:
    """An address that Slack's servers could fetch: https, and no private host."""
    _ADDRESS(value, pointer, report)
    if not isinstance(value, str) or not value:
        return
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that do not close
        parts = urlsplit("")
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or _is_private(host):
        report.add("downloading image failed", pointer)


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def one_image_source(value: Any, pointer: str, report: Report) -> None:
    """An image names its address or a file of Slack's, not both."""
    if isinstance(value, dict) and ("image_url" in value) == ("slack_file" in value):
        report.add("must define either `image_url` or `slack_file`", pointer)


SLACK_FILE: Final = shape({}, {"id": string(), "url": string()})
IMAGE_FIELDS: Final = {"image_url": image_url, "slack_file": SLACK_FILE}
IMAGE_ELEMENT: Final = every(shape({**TYPE, "alt_text": string(2000)}, IMAGE_FIELDS), one_image_source)

BUTTON: Final = shape(
    {**TYPE, "text": plain_text(75)},
    {
        **ACTION_ID,
        **CONFIRMABLE,
        "value": string(2000),
        "url": address,
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
)
ICON_BUTTON: Final = shape(
    {**TYPE, "icon": string(), "text": plain_text(75)},
    {
        **ACTION_ID,
        **CONFIRMABLE,
        "value": string(2000),
        "accessibility_label": string(75),
        "visible_to_user_ids": array(string(), 0, 10),
    },
)
FEEDBACK: Final = shape({"text": plain_text(75), "value": string(2000)}, {"accessibility_label": string(75)})
FEEDBACK_BUTTONS: Final = shape({**TYPE, "positive_button": FEEDBACK, "negative_button": FEEDBACK}, ACTION_ID)
OVERFLOW: Final = shape({**TYPE, "options": array(OVERFLOW_OPTION, 1, 5)}, {**ACTION_ID, **CONFIRMABLE})


def _options_or_groups(value: Any, pointer: str, report: Report) -> None:
    if isinstance(value, dict) and ("options" in value) == ("option_groups" in value):
        report.add("must define either `options` or `option_groups`", pointer)


def _first_choice_is_offered(value: Any, pointer: str, report: Report) -> None:
    """What is chosen at first must be one of the options, to the letter."""
    if not isinstance(value, dict):
        return
    offered = [
        option for holder in (value, *objects(value.get("option_groups"))) for option in objects(holder.get("options"))
    ]
    for name in ("initial_option", "initial_options"):
        chosen = value.get(name, [])
        if any(option not in offered for option in (chosen if isinstance(chosen, list) else [chosen])):
            report.add("must match one of the options", f"{pointer}/{name}")


def _menu(initial: str, check: Check, *extras: dict[str, Check]) -> Check:
    """A select menu: `initial` names the field that holds what is chosen at first."""
    fields: dict[str, Check] = {**ACTION_ID, **CONFIRMABLE, **FOCUS, **PLACEHOLDER, initial: check}
    for extra in extras:
        fields |= extra
    return shape(TYPE, fields)


_STATIC: Final[dict[str, Check]] = {"options": OPTIONS, "option_groups": OPTION_GROUPS}
_MANY: Final[dict[str, Check]] = {"max_selected_items": integer(1, 100)}
_CHOSEN: Final = array(OPTION, 1, 100)
_IDS: Final = array(string(), 1, 100)
_EXTERNAL: Final[dict[str, Check]] = {"min_query_length": integer(0, 100)}
_CONVERSATION: Final[dict[str, Check]] = {"default_to_current_conversation": boolean, "filter": FILTER}
_RESPONSE_URL: Final[dict[str, Check]] = {"response_url_enabled": boolean}
MENUS: Final[dict[str, Check]] = {
    "static_select": every(_menu("initial_option", OPTION, _STATIC), _options_or_groups, _first_choice_is_offered),
    "external_select": _menu("initial_option", OPTION, _EXTERNAL),
    "users_select": _menu("initial_user", string()),
    "conversations_select": _menu("initial_conversation", string(), _CONVERSATION, _RESPONSE_URL),
    "channels_select": _menu("initial_channel", string(), _RESPONSE_URL),
    "multi_static_select": every(
        _menu("initial_options", _CHOSEN, _MANY, _STATIC), _options_or_groups, _first_choice_is_offered
    ),
    "multi_external_select": _menu("initial_options", _CHOSEN, _MANY, _EXTERNAL),
    "multi_users_select": _menu("initial_users", _IDS, _MANY),
    "multi_conversations_select": _menu("initial_conversations", _IDS, _MANY, _CONVERSATION),
    "multi_channels_select": _menu("initial_channels", _IDS, _MANY),
}
_PICKED: Final = {**ACTION_ID, **CONFIRMABLE, **FOCUS}
_FEW: Final = {**TYPE, "options": array(OPTION, 1, 10)}
CHOICES: Final[dict[str, Check]] = {
    "radio_buttons": every(shape(_FEW, {**_PICKED, "initial_option": OPTION}), _first_choice_is_offered),
    "checkboxes": every(shape(_FEW, {**_PICKED, "initial_options": array(OPTION, 1, 10)}), _first_choice_is_offered),
    "datepicker": shape(TYPE, {**_PICKED, **PLACEHOLDER, "initial_date": string(10)}),
    "timepicker": shape(TYPE, {**_PICKED, **PLACEHOLDER, "initial_time": string(5), "timezone": string()}),
}
DATETIME: Final[dict[str, Check]] = {
    "datetimepicker": shape(TYPE, {**_PICKED, "initial_date_time": integer(0, 9_999_999_999)})
}
_TYPED: Final = {**ACTION_ID, **FOCUS, **PLACEHOLDER, **DISPATCH}


def _min_below_max(value: Any, pointer: str, report: Report) -> None:
    if not isinstance(value, dict):
        return
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        report.add("must be less than or equal to `max_length`", f"{pointer}/min_length")


TYPED_INPUTS: Final[dict[str, Check]] = {
    "plain_text_input": every(
        shape(
            TYPE,
            {
                **_TYPED,
                "initial_value": string(),
                "multiline": boolean,
                "min_length": maybe(integer(0, 3000)),
                "max_length": maybe(integer(1, 3000)),
            },
        ),
        _min_below_max,
    ),
    "number_input": shape(
        {**TYPE, "is_decimal_allowed": boolean},
        {**_TYPED, "initial_value": string(), "min_value": string(), "max_value": string()},
    ),
    "email_text_input": shape(TYPE, {**_TYPED, "initial_value": string()}),
    "url_text_input": shape(TYPE, {**_TYPED, "initial_value": string()}),
    "rich_text_input": shape(TYPE, {**_TYPED, "initial_value": anything}),
    "file_input": shape(TYPE, {**ACTION_ID, "filetypes": array(string()), "max_files": integer(1, 10)}),
}
CLICKABLE: Final[dict[str, Check]] = {"button": BUTTON, "overflow": OVERFLOW, **MENUS, **CHOICES}
ACCESSORIES: Final[dict[str, Check]] = {**CLICKABLE, "image": IMAGE_ELEMENT}
IN_ACTIONS: Final[dict[str, Check]] = {**CLICKABLE, **DATETIME}
IN_INPUT: Final[dict[str, Check]] = {**TYPED_INPUTS, **MENUS, **CHOICES, **DATETIME}
IN_CONTEXT_ACTIONS: Final[dict[str, Check]] = {"icon_button": ICON_BUTTON, "feedback_buttons": FEEDBACK_BUTTONS}
