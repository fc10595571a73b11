"""What customers took back before their words were taken in: remembered, since networks deliver in any order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.models import Deleted, Interaction
from bot.domain.ports import Notes

KEPT = timedelta(days=7)
"""Networks deliver late by a day and a half."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Removals:
    """All of them. Every method raises StoreUnavailable."""

    notes: Notes

    async def note(self, event: Deleted) -> None:
        """Remember a removal of words that are not known (yet)."""
        await self.notes.set(_name(event), event.at.isoformat(), KEPT)

    async def told(self, words: Sequence[Interaction]) -> list[datetime | None]:
        """When each of these words was removed, as far as that was told before; in one round trip."""
        found = await self.notes.get_many([_name(each) for each in words]) if words else []
        return [None if at is None else _instant(at) for at in found]


def _name(event: Interaction | Deleted) -> str:
    """The name of the note; by the id alone, since a removal may not say whose words they were."""
    return f"gone:{event.key.network}:{event.key.account}:{event.id}"


def _instant(noted: str) -> datetime:
    """When it was; a note that another version wrote in other words is about a removal all the same, some time ago."""
    try:
        return datetime.fromisoformat(noted)
    except ValueError:
        return LONG_AGO
