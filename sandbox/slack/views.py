"""Validation of modals and Home views, and how Slack keeps them."""

from typing import Any, Final

from sandbox.slack.base import Json, SlackError, invalid_arguments
from sandbox.slack.blocks import check_list
from sandbox.slack.config import SandboxConfig
from sandbox.slack.schema import (
    Report,
    anything,
    boolean,
    json_size,
    maybe,
    one_of,
    parsed,
    plain_text,
    shape,
    string,
)

VIEW_BLOCKS: Final = 100
VIEW_BYTES: Final = 250 * 1024
_COMMON: Final = {
    "callback_id": maybe(string(255)),
    "external_id": maybe(string(255)),
    "private_metadata": maybe(string(3000)),
}
_MODAL: Final = shape(
    {"type": one_of("modal"), "title": plain_text(24), "blocks": anything},
    {
        **_COMMON,
        "submit": maybe(plain_text(24)),
        "close": maybe(plain_text(24)),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME: Final = shape({"type": one_of("home"), "blocks": anything}, _COMMON)


POINTER: Final = "/view"
"""Where a view stands among the arguments of a call, as errors name it."""


def checked_view(value: Any, config: SandboxConfig) -> Json:
    """A view argument that Slack would accept, parsed. Raises SlackError: invalid_arguments, view_too_large."""
    view = parsed(value, invalid_arguments(f"must be a valid JSON object [json-pointer:{POINTER}]"))
    if not isinstance(view, dict):
        raise invalid_arguments(f"must be an object [json-pointer:{POINTER}]")
    kind = view.get("type")
    report = Report("home" if kind == "home" else "modal", config.image_hosts)
    if kind is None:
        report.add("missing required field: type", POINTER)
    elif kind not in {"modal", "home"}:
        report.add(f"unsupported type: {kind}", f"{POINTER}/type")
    else:
        _check(view, POINTER, report)
    if report.errors:
        raise report.refusal("invalid_arguments")
    if json_size(view) > VIEW_BYTES:
        raise SlackError("view_too_large")
    return view


def _check(view: Json, pointer: str, report: Report) -> None:
    (_HOME if report.surface == "home" else _MODAL)(view, pointer, report)
    if "blocks" not in view:
        return
    check_list(view["blocks"], f"{pointer}/blocks", report, 1, VIEW_BLOCKS)
    if report.surface == "modal" and not view.get("submit") and _has_input(view["blocks"]):
        report.add("must define `submit` to use an `input` block in modals", pointer)


def _has_input(blocks: Any) -> bool:
    return isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
