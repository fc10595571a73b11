"""The shape of a delivery without its words: what may be shown to say what a network sent.

Field names and the few values that say what kind of thing it is stay; every other text is replaced by its length, every
number by "#". So neither a customer's words nor a name, an address or a number can be in it.
"""

import json
import re
from typing import Any

KIND_FIELDS = frozenset(
    {"$type", "event", "event_type", "field", "item", "item_type", "kind", "object", "reason", "type", "verb"}
)
KIND_VALUE = re.compile(r"[A-Za-z][A-Za-z_.#]{0,60}")
FIELD_NAME = re.compile(r"[A-Za-z_$@][A-Za-z0-9_-]{0,60}")
DEPTH = 12
WIDTH = 20
LIST_SHOWN = 2


def skeleton(body: bytes, most: int = 600) -> str:
    """The shape of a JSON body in at most `most` characters; of anything else only how long it is."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return f"({len(body):,} bytes that are not JSON)"
    text = json.dumps(_shape(value, "", 0), ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _shape(value: Any, name: str, depth: int) -> Any:
    if depth >= DEPTH:
        return "…"
    if isinstance(value, dict):
        fields = list(value.items())
        shown = {field_name(key): _shape(each, key, depth + 1) for key, each in fields[:WIDTH]}
        return shown | ({"…": f"{len(fields) - WIDTH} more"} if len(fields) > WIDTH else {})
    if isinstance(value, list):
        rest = [f"… {len(value) - LIST_SHOWN} more"] if len(value) > LIST_SHOWN else []
        return [_shape(each, name, depth + 1) for each in value[:LIST_SHOWN]] + rest
    if isinstance(value, str):
        return value if name in KIND_FIELDS and KIND_VALUE.fullmatch(value) else f"({len(value)} characters)"
    return value if isinstance(value, bool) or value is None else "#"


def field_name(name: str) -> str:
    """A field's name; one that may be data itself (an id, an address) is hidden."""
    return name if FIELD_NAME.fullmatch(name) and sum(map(str.isdigit, name)) < 5 else "(a name)"
