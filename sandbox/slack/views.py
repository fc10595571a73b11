"""Validation of modals and Home views."""

from typing import Any, Final

from sandbox.slack.base import Json, SlackError, invalid_arguments
from sandbox.slack.blocks import IN_HOME, IN_MODAL
from sandbox.slack.elements import TYPE
from sandbox.slack.schema import (
    Report,
    boolean,
    by_type,
    every,
    json_size,
    maybe,
    objects,
    parsed,
    plain_text,
    shape,
    string,
)

VIEW_BYTES: Final = 250 * 1024
POINTER: Final = "/view"
"""Where a view stands among the arguments of a call, as errors name it."""


def _submit_with_inputs(view: Any, pointer: str, report: Report) -> None:
    has_input = any(block.get("type") == "input" for block in objects(view.get("blocks")))
    if has_input and not view.get("submit"):
        report.add("must define `submit` to use an `input` block in modals", pointer)


_COMMON: Final = {
    "callback_id": maybe(string(255)),
    "external_id": maybe(string(255)),
    "private_metadata": maybe(string(3000)),
}
_MODAL: Final = every(
    shape(
        {**TYPE, "title": plain_text(24), "blocks": IN_MODAL},
        {
            **_COMMON,
            "submit": maybe(plain_text(24)),
            "close": maybe(plain_text(24)),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
        },
    ),
    _submit_with_inputs,
)
_VIEW: Final = by_type({"modal": _MODAL, "home": shape({**TYPE, "blocks": IN_HOME}, _COMMON)})


def checked_view(value: Any) -> Json:
    """A view argument that Slack would accept, parsed. Raises SlackError: invalid_arguments, view_too_large."""
    view = parsed(value, invalid_arguments(f"must be a valid JSON object [json-pointer:{POINTER}]"))
    report = Report()
    _VIEW(view, POINTER, report)
    if report.errors:
        raise invalid_arguments(*report.errors)
    if json_size(view) > VIEW_BYTES:
        raise SlackError("view_too_large")
    return dict(view)
