"""Recorded deliveries, broken on purpose: each from a seed, so that every one can be made again.

A document is changed as parsed JSON, in one to four places; a few are then bent as bytes. The same (seed, recorded
delivery, number) always gives the same bytes. `smallest` takes away what a failure does not need.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Final

Path = tuple[str | int, ...]

PILE: Final = "e" + "\u0301" * 40
LONG: Final = "9" * 5000
STRANGE: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 10**12, 10**40, -(10**18), 2**63, 0.5, -0.0, 1e300, float("nan"), float("inf"),
    float("-inf"), "", " ", "x", "null", "true", "0", "-1", "1e5", LONG, "x" * 70_000, "\ud800", "a\udfffb",
    "\ud83d\ude00\ud83d", "\x00", "\x00\x1b[31m\x85\u2028", "\u202eabc\u2066", "\ufeff\u200b", PILE,
    "<!channel> <@U01ANA4K7QX>", "{0} %s ${x}", "a|b|c", "||", "../../etc", "javascript:alert(1)", "\u0663\u0664",
    "\u00b2", "\U000e0067", [], {}, [[]], [{}], [None], {"": None}, {"data": []}, {"id": {"id": []}},
    {"data": {"data": {}}}, [1, "a", None, {}, [], 1.5],
)  # fmt: skip
TIMES: Final[tuple[Any, ...]] = (
    0, 1, -1, -62135596801, 253402300799, 253402300800, 99_999_999_999, 100_000_000_001, 1772625480, 1772625480000,
    1772625480000000, 10**30, 1772625480.5, "1772625480", "1772625480000", "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "2026-13-45T99:99:99+0000",
    "2026-03-04", "2026-03-04T11:58:00", "2026-W10-3", "20260304T115800Z", "2026-03-04T24:00:00Z",
    "2026-03-04T11:58:00+99:99", "yesterday", "\u0661\u0667\u0667\u0662",
)  # fmt: skip
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\d|17\d{8}")
DEEP: Final = "@@deep@@"
"""Stands for lists in lists, more than can be made as Python values; put in when the document becomes text."""
DEPTHS: Final = (60, 300, 900, 960, 990, 1100, 5000)


def chance_of(seed: int, name: str, number: int) -> random.Random:
    """The chances of one mutation; nothing else decides about it."""
    return random.Random(f"{seed}:{name}:{number}")  # noqa: S311 - to be repeated, not to be secret


def mutated(value: Any, chance: random.Random) -> bytes:
    """One broken form of a JSON value, as it would be delivered."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        value = changed(value, chance)
    body = encoded(value, chance)
    return bent(body, chance) if chance.random() < 0.06 else body


def encoded(value: Any, chance: random.Random) -> bytes:
    """JSON as different writers write it: in ASCII or not, infinity as a word or as a number too large."""
    wide = chance.random() < 0.2
    text = json.dumps(value, ensure_ascii=not wide)
    if chance.random() < 0.5:
        text = text.replace("Infinity", "1e400")
    if DEEP in text:
        depth = chance.choice(DEPTHS)
        text = text.replace(f'"{DEEP}"', "[" * depth + "]" * depth)
    return text.encode("utf-8", "surrogatepass")


# --- one change in a parsed document ------------------------------------------------------------------------------


def changed(value: Any, chance: random.Random) -> Any:
    """The same document with one place in it changed; the document itself stays as it is."""
    paths = places(value)
    path = chance.choice(paths)
    name = "another time" if _is_time(at(value, path)) and chance.random() < 0.4 else chance.choice(_NAMES)
    return replaced(value, path, lambda node: _OPERATIONS[name](node, value, paths, chance))


def _is_time(node: Any) -> bool:
    """Whether something looks like a time of this century."""
    return _TIME.match(node) is not None if isinstance(node, str) else isinstance(node, int) and node > 10**9


def places(value: Any) -> list[Path]:
    """Where something stands in a document, the whole included."""
    found: list[Path] = [()]
    for path in found:
        node = at(value, path)
        if isinstance(node, dict):
            found += [(*path, name) for name in node]
        elif isinstance(node, list):
            found += [(*path, n) for n in range(min(len(node), 8))]
        if len(found) > 600:
            break
    return found


def at(value: Any, path: Path) -> Any:
    """What stands at a place."""
    for step in path:
        value = value[step]
    return value


def replaced(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy with one place changed; a `Gone` is left out, a `Twice` stands there twice."""
    if not path:
        new = change(value)
        return None if new is GONE else new.of if isinstance(new, Twice) else new
    step, rest = path[0], path[1:]
    new = replaced(value[step], rest, change) if rest else change(value[step])
    if isinstance(value, dict):
        others = {name: each for name, each in value.items() if name != step}
        if new is GONE:
            return others
        if isinstance(new, Twice):
            return {**value, f"{step}_2": new.of, str(step).upper(): new.of}
        return {**value, step: new}
    assert isinstance(step, int)
    middle = [] if new is GONE else [new.of, new.of] if isinstance(new, Twice) else [new]
    return [*value[:step], *middle, *value[step + 1 :]]


class Twice:
    """Something that stands there twice."""

    def __init__(self, of: Any) -> None:
        self.of = of


GONE: Final = object()
"""Something that is left out."""


def _dropped(_node: Any, _whole: Any, _paths: list[Path], _chance: random.Random) -> Any:
    return GONE


def _doubled(node: Any, _whole: Any, _paths: list[Path], _chance: random.Random) -> Any:
    return Twice(node)


def _strange(_node: Any, _whole: Any, _paths: list[Path], chance: random.Random) -> Any:
    return chance.choice(STRANGE)


def _another_time(_node: Any, _whole: Any, _paths: list[Path], chance: random.Random) -> Any:
    return chance.choice(TIMES)


def _transplanted(_node: Any, whole: Any, paths: list[Path], chance: random.Random) -> Any:
    """Something of the same document in the wrong place."""
    return at(whole, chance.choice(paths))


def _nested(node: Any, _whole: Any, _paths: list[Path], chance: random.Random) -> Any:
    """Inside lists or objects; sometimes deeper than any reader goes."""
    if chance.random() < 0.1:
        return DEEP
    name = chance.choice(("data", "value", "entry", "message"))
    wrap: Callable[[Any], Any] = (lambda one: [one]) if chance.random() < 0.5 else lambda one: {name: one}
    for _ in range(5):
        node = wrap(node)
    return node


def _of_another_type(node: Any, _whole: Any, _paths: list[Path], chance: random.Random) -> Any:
    """Numbers as text and back, a list for one, one for a list, wrapped as the Graph API wraps."""
    if isinstance(node, bool) or node is None:
        return str(node).lower()
    if isinstance(node, int | float):
        return chance.choice((str(node), float(node) if abs(node) < 1e300 else 0.0, [node], -node, node != 0))
    if isinstance(node, str):
        number = int(node) if node.isascii() and node.isdigit() and len(node) < 4000 else len(node)
        return chance.choice((number, [node], {"id": node}, node + node))
    if isinstance(node, list):
        return chance.choice(
            (node[0] if node else {}, {"data": node}, {str(n): one for n, one in enumerate(node)}, node * 3)
        )
    return chance.choice(([node], {"data": node}, list(node), list(node.values()), json.dumps(node)))


def _in_another_unit(node: Any, _whole: Any, _paths: list[Path], chance: random.Random) -> Any:
    """Seconds for milliseconds and the like, and text that is too long, cut, or in the other case."""
    if isinstance(node, int | float) and not isinstance(node, bool):
        return chance.choice((node * 1000, node // 1000, -node, node + 0.25)) if abs(node) < 1e300 else 0
    if isinstance(node, str):
        return chance.choice(
            (node.upper(), node[: len(node) // 2], node * 500, f" {node}\n", f"{node}\ud83d", f"{node}\x00")
        )
    return GONE


_OPERATIONS: Final = MappingProxyType(
    {
        "dropped": _dropped,
        "doubled": _doubled,
        "strange": _strange,
        "another time": _another_time,
        "transplanted": _transplanted,
        "nested": _nested,
        "of another type": _of_another_type,
        "in another unit": _in_another_unit,
    }
)
_NAMES: Final = (
    "dropped", "doubled", "strange", "strange", "strange", "another time", "transplanted", "nested", "of another type",
    "of another type", "in another unit",
)  # fmt: skip


# --- bytes --------------------------------------------------------------------------------------------------------


def bent(body: bytes, chance: random.Random) -> bytes:
    """The same bytes cut off, with one byte changed, doubled, or in another encoding."""
    n = chance.randrange(len(body) + 1)
    forms: tuple[Callable[[], bytes], ...] = (
        lambda: body[:n],
        lambda: body[:n],
        lambda: body[:n] + bytes([chance.randrange(256)]) + body[n + 1 :],
        lambda: body[:n] + bytes([chance.randrange(256)]) + body[n:],
        lambda: body[n:] + body[:n],
        lambda: body + body,
        lambda: b"\xef\xbb\xbf" + body,
        lambda: body.decode("utf-8", "replace").encode("utf-16"),
        lambda: body.replace(b'"', b"'"),
        lambda: body[:n] + b"\x00\xff\xfe" + body[n:],
        lambda: b"[" * 100_000 + body,
        lambda: b'{"entry":' * 20_000 + body,
        lambda: body[: body.find(b":") + 1] + b"9" * 5000 + b"}",
    )
    return chance.choice(forms)()


# --- when one fails -----------------------------------------------------------------------------------------------


def smallest(body: bytes, fails: Callable[[bytes], bool], tries: int = 3000) -> bytes:
    """The body with everything left out that the failure does not need; the body itself if it is no JSON."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    shorter, left = True, tries
    while shorter and left > 0:
        shorter = False
        for simpler in _simpler(value):
            left -= 1
            trial = json.dumps(simpler).encode()
            if left > 0 and fails(trial):
                value, body, shorter = simpler, trial, True
                break
    return body


def _simpler(value: Any) -> Iterator[Any]:
    """The document without one of its parts, the large ones first; then with its texts cut."""
    paths = places(value)
    for path in paths[1:]:
        yield replaced(value, path, lambda _node: GONE)
    for path in paths:
        node = at(value, path)
        if isinstance(node, str) and len(node) > 1:
            yield replaced(value, path, lambda node: node[: len(node) // 2])
