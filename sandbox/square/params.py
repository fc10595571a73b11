"""Query parameters and JSON bodies: what a method takes, checked before it runs, with the network's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from multidict import MultiMapping

from sandbox.square.errors import invalid_request
from sandbox.square.lexicon import LexiconError, Schema, check, is_format

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_FORMAT_WORDS: Mapping[str, str] = {
    "at-uri": "must be a valid at-uri",
    "did": "must be a valid did",
    "at-identifier": "must be a valid did or a handle",
    "handle": "must be a valid handle",
    "nsid": "must be a valid nsid",
}


@dataclass(frozen=True, slots=True)
class Param:
    """One query parameter: its kind, whether it must be there, its format and its limits."""

    name: str
    kind: Literal["text", "number", "flag", "texts"] = "text"
    required: bool = False
    default: int | bool | None = None
    form: str | None = None
    low: int = 0
    high: int = 0


def limit(default: int = 50) -> Param:
    """The usual page size, 1 to 100."""
    return Param("limit", "number", default=default, low=1, high=100)


CURSOR = Param("cursor")


def read_query(params: Sequence[Param], query: MultiMapping[str]) -> dict[str, Any]:
    """Read and check the query; parameters that are absent and have no default are None ([] for lists)."""
    return {param.name: _READERS[param.kind](param, query) for param in params}


def check_body(schema: Schema, body: Any) -> dict[str, Any]:
    """Check a JSON body against its schema; raises XrpcError InvalidRequest with the server's words."""
    try:
        check(schema, body)
    except LexiconError as error:
        raise invalid_request(str(error)) from error
    return dict(body)


def _missing(name: str) -> Exception:
    return invalid_request(f'Error: Params must have the property "{name}"')


def _text(param: Param, query: MultiMapping[str]) -> str | None:
    value = query.get(param.name)
    if not value:
        if param.required:
            raise _missing(param.name)
        return None
    _check_form(param, value, param.name)
    return value


def _texts(param: Param, query: MultiMapping[str]) -> list[str]:
    values = list(query.getall(param.name, ()))
    if not values and param.required:
        raise _missing(param.name)
    if param.high and len(values) > param.high:
        raise invalid_request(f"Error: {param.name} must not have more than {param.high} elements")
    for place, value in enumerate(values):
        _check_form(param, value, f"{param.name}/{place}")
    return values


def _number(param: Param, query: MultiMapping[str]) -> int | None:
    value = query.get(param.name)
    if value is None:
        return None if param.default is None else int(param.default)
    number = int(value) if _NUMBER.fullmatch(value) else 0
    if number < param.low:
        raise invalid_request(f"Error: {param.name} can not be less than {param.low}")
    if param.high and number > param.high:
        raise invalid_request(f"Error: {param.name} can not be greater than {param.high}")
    return number


def _flag(param: Param, query: MultiMapping[str]) -> bool | None:
    value = query.get(param.name)
    return (None if param.default is None else bool(param.default)) if value is None else value == "true"


def _check_form(param: Param, value: str, place: str) -> None:
    if param.form is not None and not is_format(param.form, value):
        raise invalid_request(f"Error: {place} {_FORMAT_WORDS[param.form]}")


_READERS = {"text": _text, "texts": _texts, "number": _number, "flag": _flag}
