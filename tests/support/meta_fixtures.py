"""Recorded deliveries of Instagram and Threads: reading them, saying what they hold, and breaking them."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot.domain.models import Deleted, Edited, Event, Interaction, Malformed, Raw, SendReport, UnknownEvent
from tests.support.cases import NOON

ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 17, 1e300, 10**40, "", "x", "\ud800", "2026-13-45T99:99:99+0000", "9" * 60, [], {},
    [[]], {"data": {}}, {"id": {"id": []}}, "\x00", "9999999999999999", -62135596801, [None, 3, "a"],
)  # fmt: skip
EVENTS: Final = (Interaction, Edited, Deleted, SendReport, UnknownEvent, Malformed)


def a_raw(network: str, doc: dict[str, Any], received_at: datetime = NOON) -> Raw:
    """The delivery of a fixture as it is stored."""
    return Raw(
        network=network,
        account="main",
        source=doc["source"],
        body=json.dumps(doc["body"]).encode(),
        headers=doc.get("headers", {}),
        received_at=received_at,
    )


def fixtures(folder: Path) -> list[Path]:
    """The files of a folder, in order."""
    return sorted(folder.glob("*.json"))


def load(path: Path) -> dict[str, Any]:
    """One fixture."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def facts(event: Event) -> dict[str, Any]:
    """What a fixture may expect of an event, by the fixture's own names."""
    found = event.model_dump(mode="json") | {"type": type(event).__name__}
    if isinstance(event, Interaction):
        found["attachments"] = [f"{one.kind}:{one.description}" for one in event.attachments]
        found["handle"] = event.author.handle if event.author else None
        found["parent"] = event.ref.get("parent")
    key = found.get("key")
    return found | ({"conversation": key["conversation"]} if key else {})


def assert_as_expected(events: list[Event], expect: list[dict[str, Any]]) -> None:
    """Every event is as the fixture says, in order."""
    shown = [facts(event) for event in events]
    assert len(shown) == len(expect), shown
    for one, wanted in zip(shown, expect, strict=True):
        assert {name: one.get(name) for name in wanted} == wanted


def mutated(value: Any, chance: random.Random) -> Any:
    """The same JSON with one place changed: a value made odd, a name or an entry taken out or doubled."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(list(value))
        if chance.random() < 0.15:
            return {each: one for each, one in value.items() if each != name}
        return {**value, name: mutated(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        if chance.random() < 0.15:
            return [*value[:at], *value[at + 1 :]] if chance.random() < 0.5 else [*value, value[at]]
        return [*value[:at], mutated(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


def bent(body: bytes, chance: random.Random) -> bytes:
    """The same bytes cut off, or with one byte changed."""
    at = chance.randrange(len(body))
    return body[:at] if chance.random() < 0.5 else body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def fuzz(network: str, folder: Path, parse: Callable[[Raw], Iterator[Event]], rounds: int, seed: int) -> int:
    """Parse broken forms of every fixture; how many events came of them. Only known kinds of event may come."""
    chance, count = random.Random(seed), 0  # noqa: S311 - to be repeated, not to be secret
    for path in fixtures(folder):
        doc = load(path)
        for _ in range(rounds):
            body = doc["body"]
            for _ in range(chance.randint(1, 4)):
                body = mutated(body, chance)
            raw = a_raw(network, {**doc, "body": body})
            if chance.random() < 0.1:
                raw = raw.model_copy(update={"body": bent(raw.body, chance)})
            for event in parse(raw):
                assert isinstance(event, EVENTS)
                event.model_dump_json()
                count += 1
    return count
