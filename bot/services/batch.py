"""A batch of deliveries on its way through intake."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from bot.domain.case import Case
from bot.domain.models import QUIET_KINDS, Event, Interaction, Raw


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one delivery says, and what went wrong with its events."""

    raw: Raw
    events: tuple[Event, ...] = ()
    troubles: list[str] = field(default_factory=list)


NEW = "new"
"""The counter's word for words that were put into a case."""


class Look(NamedTuple):
    """What the store said of a customer's words before they were taken in: when they were removed, and their case."""

    gone: datetime | None
    case: Case | None


@dataclass(slots=True)
class Entry:
    """One event of a delivery: what was seen of it beforehand, and the counter's word for what became of it."""

    delivery: Delivery
    event: Event
    look: Look | None = None
    word: str = ""


Row = list[Entry]
"""The events of one conversation, in their order."""


def by_conversation(deliveries: Sequence[Delivery]) -> list[Row]:
    """All events of a batch. Those that belong to no conversation stand in one row."""
    rows: defaultdict[object, Row] = defaultdict(list)
    for delivery in deliveries:
        for event in delivery.events:
            rows[getattr(event, "key", None)].append(Entry(delivery, event))
    return list(rows.values())


def first_words(rows: Sequence[Row]) -> Iterator[tuple[Entry, Interaction]]:
    """The rows' first entries, where they are a customer's words in public: their case is that of the conversation.

    What comes later in a row has to look for itself: the entries before it may change what there is to see.
    """
    for entry, *_ in rows:
        event = entry.event
        if isinstance(event, Interaction) and not (event.by_us or event.private or event.kind in QUIET_KINDS):
            yield entry, event


def new_words(rows: Sequence[Row]) -> Iterator[tuple[Entry, Interaction]]:
    """A customer's words that were put into a case just now."""
    for row in rows:
        for entry in row:
            if isinstance(entry.event, Interaction) and entry.word == NEW:
                yield entry, entry.event
