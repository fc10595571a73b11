"""The frame of every modal, and what a submitted modal says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.cards import build
from bot.cards.action_ids import CallbackId, InputId, Packed
from bot.cards.escape import plain
from bot.cards.limits import VIEW_TITLE
from bot.domain.ports import Blocks

ViewJson = dict[str, Any]


def modal(
    callback: CallbackId,
    title: str,
    blocks: Blocks,
    *,
    state: Packed | None = None,
    submit: str = "",
    close: str = "Cancel",
    report_close: bool = False,
) -> ViewJson:
    """A modal. Without `submit` it only tells something. With `report_close` Slack reports that it was closed."""
    view: ViewJson = {
        "type": "modal",
        "callback_id": callback.value,
        "title": build.plain_text(plain(title, VIEW_TITLE, VIEW_TITLE)),
        "close": build.plain_text(close),
        "blocks": blocks,
    }
    if state is not None:
        view["private_metadata"] = state.encode()
    if report_close:
        view["notify_on_close"] = True
    if submit:
        view["submit"] = build.plain_text(submit)
    return view


@dataclass(frozen=True, slots=True)
class Submitted:
    """What somebody typed and chose; empty where a field was left empty or was not there."""

    text: str = ""
    line: str = ""
    like: str = ""
    signature: str = ""
    reason: str = ""
    loop: str = ""
    note: str = ""
    until: str = ""
    title: str = ""
    known: str = ""
    words: str = ""
    colleague: str = ""
    way: str = ""


def submitted(values: Mapping[str, Any]) -> Submitted:
    """Read `view.state.values`: `{block_id: {action_id: {"type": ..., "value" or "selected_...": ...}}}`."""
    return Submitted(**{field.value: answer_of(values.get(field.value)) for field in InputId})


def answer_of(block: Any) -> str:
    """The one answer of an input block; the empty string for anything of an unexpected shape."""
    elements = list(block.values()) if isinstance(block, Mapping) else []
    if not elements or not isinstance(elements[0], Mapping):
        return ""
    answer = elements[0].get("value") or elements[0].get("selected_user")
    chosen = elements[0].get("selected_option") or next(iter(elements[0].get("selected_options") or []), None)
    if isinstance(chosen, Mapping):
        answer = chosen.get("value")
    at = elements[0].get("selected_date_time")
    if isinstance(at, int):
        answer = str(at)
    return answer.strip() if isinstance(answer, str) else ""


def instant_of(seconds: str) -> datetime | None:
    """The instant that was chosen in a datetimepicker, as `Submitted` has it; None where there is none."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
