"""Checks data against lexicon schemas, with the words of the reference server.

A schema is plain data in the form of the lexicon language: `type` and its limits. Only what the square needs is here.
Source: the AT Protocol specification, chapter Lexicon; the words of the refusals were measured on the real server.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.square.ids import cid_bytes, is_tid
from sandbox.square.richtext import graphemes
from sandbox.square.times import parse

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]
PREVIEW = 48

_HANDLE = re.compile(r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
_NSID = re.compile(r"[a-zA-Z]([a-zA-Z0-9-]{0,62})?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,62})?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}")
_RECORD_KEY = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9.\-_:~]{1,512}")
_LANGUAGE = re.compile(r"(i|[a-zA-Z]{2,3})(-[a-zA-Z0-9]+)*")
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s]+")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)")
_SIMPLE_NAME = re.compile(r"[a-zA-Z_$][a-zA-Z0-9_$]*")


class LexiconError(ValueError):
    """The data breaks its schema; `words` are the server's, `path` leads to the place."""

    def __init__(self, words: str, path: Path) -> None:
        super().__init__(f"{words} at {json_path(path)}")


def check(schema: Schema, value: Any, path: Path = ()) -> None:
    """Raise LexiconError at the first place where the value breaks the schema."""
    _CHECKS[schema["type"]](schema, value, path)


def json_path(path: Path) -> str:
    """Write a place as `$.record.facets[0]`."""
    return "$" + "".join(_step(step) for step in path)


def show(value: Any) -> str:
    """Write a value shortly for an error text."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        short = value if len(value) < PREVIEW else value[: PREVIEW - 1] + "…"
        return json.dumps(short, ensure_ascii=False)
    if isinstance(value, Sequence):
        return "[" + ", ".join([show(item) for item in value[:2]] + ["..."] * (len(value) > 2)) + "]"
    if isinstance(value, Mapping):
        shown = [f"{json.dumps(key)}: ..." for key in list(value)[:2]]
        return "{" + ", ".join(shown + ["..."] * (len(value) > 2)) + "}"
    return str(value)


def is_format(name: str, text: str) -> bool:
    """Whether the text has the named string format; an unknown name is always true."""
    test = _FORMATS.get(name)
    return test is None or test(text)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _SIMPLE_NAME.fullmatch(step) else f"[{json.dumps(step)}]"


def _wrong_type(expected: str, value: Any, path: Path) -> LexiconError:
    return LexiconError(f"Expected {expected} value type (got {show(value)})", path)


def _check_string(schema: Schema, value: Any, path: Path) -> None:
    if not isinstance(value, str):
        raise _wrong_type("string", value, path)
    length = len(value.encode())
    if length > schema.get("maxLength", length):
        raise LexiconError(f"string too big (maximum {schema['maxLength']}, got {length})", path)
    if "maxGraphemes" in schema and (count := graphemes(value)) > schema["maxGraphemes"]:
        raise LexiconError(f"grapheme too big (maximum {schema['maxGraphemes']}, got {count})", path)
    if "format" in schema and not is_format(schema["format"], value):
        name = _FORMAT_NAMES.get(schema["format"], schema["format"])
        raise LexiconError(f"Invalid {name} (got {show(value)})", path)
    if "enum" in schema and value not in schema["enum"]:
        allowed = [show(item) for item in schema["enum"]]
        raise LexiconError(f"Expected one of {', '.join(allowed[:-1])} or {allowed[-1]} (got {show(value)})", path)


def _check_integer(schema: Schema, value: Any, path: Path) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type("integer", value, path)
    if value < schema.get("minimum", value):
        raise LexiconError(f"integer too small (minimum {schema['minimum']}, got {value})", path)


def _check_boolean(_schema: Schema, value: Any, path: Path) -> None:
    if not isinstance(value, bool):
        raise _wrong_type("boolean", value, path)


def _check_array(schema: Schema, value: Any, path: Path) -> None:
    if not isinstance(value, list):
        raise _wrong_type("array", value, path)
    if len(value) > schema.get("maxLength", len(value)):
        raise LexiconError(f"array too big (maximum {schema['maxLength']}, got {len(value)})", path)
    for place, item in enumerate(value):
        check(schema["items"], item, (*path, place))


def _check_object(schema: Schema, value: Any, path: Path) -> None:
    if not isinstance(value, dict):
        raise _wrong_type("object", value, path)
    required, nullable = schema.get("required", ()), schema.get("nullable", ())
    for key, inner in schema.get("properties", {}).items():
        if key in value:
            if not (value[key] is None and key in nullable):
                check(inner, value[key], (*path, key))
        elif key in required:
            raise LexiconError(f'Missing required key "{key}"', path)


def _check_union(schema: Schema, value: Any, path: Path) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("$type"), str):
        raise _wrong_type('an object which includes the "$type" property', value, path)
    inner = schema["refs"].get(value["$type"])
    if inner is not None:
        check(inner, value, path)


def _check_unknown(_schema: Schema, value: Any, path: Path) -> None:
    if not isinstance(value, dict):
        raise _wrong_type("object", value, path)


def _is_at_uri(text: str) -> bool:
    authority, _, rest = text.removeprefix("at://").partition("/")
    if not text.startswith("at://") or not (_DID.fullmatch(authority) or _HANDLE.fullmatch(authority)):
        return False
    collection, _, key = rest.partition("/")
    return not rest or bool(_NSID.fullmatch(collection) and (not key or _RECORD_KEY.fullmatch(key)))


def _is_cid(text: str) -> bool:
    try:
        cid_bytes(text)
    except ValueError:
        return False
    return True


def _is_datetime(text: str) -> bool:
    if not _DATETIME.fullmatch(text) or text.endswith("-00:00"):
        return False
    try:
        parse(text)
    except ValueError:
        return False
    return True


_CHECKS: Mapping[str, Callable[[Schema, Any, Path], None]] = {
    "string": _check_string,
    "integer": _check_integer,
    "boolean": _check_boolean,
    "array": _check_array,
    "object": _check_object,
    "union": _check_union,
    "unknown": _check_unknown,
}
_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "at-identifier": lambda text: bool(_DID.fullmatch(text) or _HANDLE.fullmatch(text)),
    "at-uri": _is_at_uri,
    "cid": _is_cid,
    "datetime": _is_datetime,
    "did": lambda text: _DID.fullmatch(text) is not None,
    "handle": lambda text: _HANDLE.fullmatch(text) is not None,
    "language": lambda text: _LANGUAGE.fullmatch(text) is not None,
    "nsid": lambda text: _NSID.fullmatch(text) is not None,
    "record-key": lambda text: _RECORD_KEY.fullmatch(text) is not None,
    "tid": is_tid,
    "uri": lambda text: _URI.fullmatch(text) is not None,
}
_FORMAT_NAMES: Mapping[str, str] = {
    "at-identifier": "AT identifier",
    "cid": "CID string",
    "did": "DID",
    "nsid": "NSID",
    "record-key": "record key",
    "tid": "TID string",
}
