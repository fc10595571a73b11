"""A batch of deliveries on its way through intake."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.models import Event, Moved, Raw


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one delivery says, and what went wrong with its events."""

    raw: Raw
    events: tuple[Event, ...] = ()
    troubles: list[str] = field(default_factory=list)


class Entry(NamedTuple):
    """One event, and the delivery that told it."""

    delivery: Delivery
    event: Event


Row = list[Entry]
"""The events of one conversation, in their order."""


def by_conversation(deliveries: Sequence[Delivery]) -> list[Row]:
    """All events of a batch. Those that belong to no conversation stand in one row."""
    rows: defaultdict[object, Row] = defaultdict(list)
    for delivery in deliveries:
        for event in delivery.events:
            if isinstance(event, Moved):
                _join(rows, event.before, event.key)
            rows[getattr(event, "key", None)].append(Entry(delivery, event))
    return list({id(row): row for row in rows.values()}.values())


def _join(rows: defaultdict[object, Row], first: object, second: object) -> None:
    """Have two conversations stand in one row from now on."""
    row, joins = rows[first], rows[second]
    if row is not joins:
        row += joins
        rows.update({key: row for key, each in rows.items() if each is joins})
