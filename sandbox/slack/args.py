"""Reading the arguments of a Web API call: JSON, form and query, and strings that stand for other types."""

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.slack.base import Json, SlackError, invalid_arguments

_YES = frozenset({"1", "true", "yes"})


async def read_args(request: web.Request, *, takes_json: bool) -> Json:
    """All arguments; those of the body win over the query, and JSON is not looked at unless the method takes it.

    A token in the query is not read: Slack refuses it there. Raises SlackError: invalid_json, json_not_object,
    invalid_form_data.
    """
    args: Json = {key: value for key, value in request.query.items() if key != "token"}
    if request.method != "POST":
        return args
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        return args | {key: value for key, value in form.items() if isinstance(value, str)}
    body = await request.read()
    if not body:
        return args
    if request.content_type == "application/json" and takes_json:
        return args | _json_args(body)
    if request.content_type == "application/x-www-form-urlencoded":
        return args | _form_args(body)
    return args


def _json_args(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value


def _form_args(body: bytes) -> Json:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        raise SlackError("invalid_form_data") from None


def flag(args: Json, name: str) -> bool:
    """A yes-or-no argument in any of its spellings; no where it is not given."""
    value = args.get(name)
    return value if isinstance(value, bool) else str(value).lower() in _YES


def number(args: Json, name: str, default: int, most: int) -> int:
    """A positive whole number, cut to `most`. Raises SlackError invalid_limit."""
    value = args.get(name)
    if value is None or value == "":
        return default
    try:
        chosen = int(value)
    except (TypeError, ValueError, OverflowError):
        raise SlackError("invalid_limit") from None
    if chosen < 1:
        raise SlackError("invalid_limit")
    return min(chosen, most)


def words(args: Json, name: str) -> list[str]:
    """A list given as an array or separated by commas."""
    value: Any = args.get(name)
    if not value:
        return []
    items = value if isinstance(value, list) else str(value).split(",")
    return [str(item).strip() for item in items if str(item).strip()]


def require(args: Json, names: tuple[str, ...]) -> None:
    """Refuse a call that lacks an argument. Raises SlackError invalid_arguments."""
    missing = [name for name in names if args.get(name) in (None, "")]
    if missing:
        raise invalid_arguments(*(f"missing required field: {name}" for name in missing))
