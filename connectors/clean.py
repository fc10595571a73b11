"""JSON without half characters: what a network or a customer sent must be storable, and never breaks the reading."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


def dump(value: object) -> bytes:
    """JSON in UTF-8 of anything that came from JSON; half characters (lone surrogates) become U+FFFD."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def loads(body: bytes) -> Any:
    """Any JSON value, clean of half characters; raises ValueError."""
    try:
        return json.loads(dump(json.loads(body.decode("utf-8", "replace"))))
    except RecursionError as error:
        msg = "nested too deeply"
        raise ValueError(msg) from error


def read(model: type[M], body: bytes) -> M:
    """Read one JSON value; raises ValueError (pydantic's included) for anything that cannot be read."""
    return take(model, loads(body))


def take(model: type[M], value: object) -> M:
    """Read a value that came from JSON; raises ValueError."""
    try:
        return model.model_validate(value)
    except RecursionError as error:
        msg = "nested too deeply"
        raise ValueError(msg) from error


def kept(model: type[M], text: str | None) -> M | None:
    """What Hark itself has stored, such as a cursor; None where there is none, or none that this version can read."""
    try:
        return model.model_validate_json(text) if text else None
    except ValidationError:
        return None


def readable(model: type[M], values: Iterable[object]) -> list[M]:
    """Those entries of a list that can be read: an odd one harms no other."""
    found = []
    for value in values:
        with suppress(ValueError):
            found.append(take(model, value))
    return found


def wrong(error: ValueError | RecursionError) -> str:
    """What could not be read and where, for the dead letter; without the values: they may be personal."""
    if isinstance(error, json.JSONDecodeError):
        return "not JSON"
    if not isinstance(error, ValidationError):
        return str(error)[:200] or type(error).__name__
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in found[:5])
