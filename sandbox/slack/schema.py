"""Small checks that are put together into Block Kit's schema; each adds Slack's words and a JSON pointer.

The words are those seen in answers of the real API ("must be less than 3001 characters", "invalid additional
property: x", "unsupported type: x").
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sandbox.slack.base import Json, SlackError


@dataclass
class Report:
    """What is wrong with one message or view."""

    errors: list[str] = field(default_factory=list)

    def add(self, message: str, pointer: str) -> None:
        """Add one fault at a JSON pointer."""
        self.errors.append(f"{message} [json-pointer:{pointer}]")


Check: TypeAlias = Callable[[Any, str, Report], None]


def too_long(limit: int) -> str:
    """Slack's words for a text above `limit` characters."""
    return f"must be less than {limit + 1} characters"


def string(limit: int | None = None, least: int = 0) -> Check:
    """A string of `least` to `limit` characters."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must be a string", pointer)
        elif limit is not None and len(value) > limit:
            report.add(too_long(limit), pointer)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", pointer)

    return check


def boolean(value: Any, pointer: str, report: Report) -> None:
    """True or false."""
    if not isinstance(value, bool):
        report.add("must be a boolean", pointer)


def anything(_value: Any, _pointer: str, _report: Report) -> None:
    """A field whose content is not checked."""


def integer(least: int, most: int) -> Check:
    """A whole number between two bounds, both allowed."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.add("must be an integer", pointer)
        elif value < least:
            report.add(f"must be greater than or equal to {least}", pointer)
        elif value > most:
            report.add(f"must be less than or equal to {most}", pointer)

    return check


def one_of(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if value not in allowed:
            report.add(f"must be one of: {', '.join(allowed)}", pointer)

    return check


def maybe(inner: Check) -> Check:
    """The inner check, or null."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if value is not None:
            inner(value, pointer, report)

    return check


def array(item: Check, least: int = 0, most: int | None = None) -> Check:
    """A list of `least` to `most` items, each checked."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add("must be an array", pointer)
            return
        if len(value) < least:
            report.add(f"must provide at least {least} items", pointer)
        if most is not None and len(value) > most:
            report.add(f"no more than {most} items allowed", pointer)
            return
        for index, entry in enumerate(value):
            item(entry, f"{pointer}/{index}", report)

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no others."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must be an object", pointer)
            return
        for name in required:
            if name not in value:
                report.add(f"missing required field: {name}", pointer)
        for name, entry in value.items():
            field_check = known.get(name)
            if field_check is None:
                report.add(f"invalid additional property: {name}", pointer)
            else:
                field_check(entry, f"{pointer}/{name}", report)

    return check


def by_type(table: Mapping[str, Check]) -> Check:
    """An object whose `type` picks the check."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must be an object", pointer)
            return
        kind = value.get("type")
        if kind is None:
            report.add("missing required field: type", pointer)
        elif not isinstance(kind, str) or kind not in table:
            report.add(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            table[kind](value, pointer, report)

    return check


def every(*checks: Check) -> Check:
    """All checks, one after the other."""

    def check(value: Any, pointer: str, report: Report) -> None:
        for inner in checks:
            inner(value, pointer, report)

    return check


_PLAIN = shape({"type": one_of("plain_text"), "text": anything}, {"emoji": boolean})
_MRKDWN = shape({"type": one_of("mrkdwn"), "text": anything}, {"verbatim": boolean})


def plain_text(limit: int, least: int = 1) -> Check:
    """A plain_text object."""
    length = string(limit, least)

    def check(value: Any, pointer: str, report: Report) -> None:
        _PLAIN(value, pointer, report)
        if isinstance(value, dict) and "text" in value:
            length(value["text"], f"{pointer}/text", report)

    return check


def any_text(limit: int) -> Check:
    """A mrkdwn or plain_text object; Slack reports a wrong one as matching none of its schemas."""
    length = string(limit, 1)
    kinds = by_type({"plain_text": _PLAIN, "mrkdwn": _MRKDWN})

    def check(value: Any, pointer: str, report: Report) -> None:
        inner = Report()
        kinds(value, pointer, inner)
        if isinstance(value, dict) and "text" in value:
            length(value["text"], f"{pointer}/text", inner)
        if inner.errors:
            report.add("failed to match all allowed schemas", pointer)
            report.errors.extend(inner.errors)

    return check


def objects(value: Any) -> list[Json]:
    """The objects in what should be a list of them; what else is there has been reported."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def duplicates(values: Iterable[Any]) -> set[str]:
    """The strings that occur more than once."""
    seen: set[str] = set()
    twice: set[str] = set()
    for value in values:
        if isinstance(value, str) and value:
            (twice if value in seen else seen).add(value)
    return twice


def parsed(value: Any, refusal: SlackError) -> Any:
    """A JSON argument that may come as a string (form and query calls). Raises `refusal` for broken JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise refusal from None


def json_size(value: Json) -> int:
    """The size in bytes of a value written as compact JSON."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))
