"""Recorded deliveries that hold their door, their body and what is expected: reading them, and comparing."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.models import Event, Interaction, Raw
from tests.support.cases import NOON


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
