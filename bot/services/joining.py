"""How a private conversation finds a case that is not its own: one that went private, or that began elsewhere."""

from datetime import timedelta

from bot.domain.case import Case
from bot.domain.models import CaseKey, Interaction

ALIAS_KEPT = timedelta(days=90)


def alias(private: CaseKey) -> str:
    """The name of the note that says to which case a private conversation belongs."""
    return f"alias:{private.id}"


def is_from_before(event: Interaction, own: Case, joined: Case | None) -> bool:
    """Whether private words are of the time when their conversation had its own case: they come again, or late.

    A case keeps its newest words only, so words older than those that are in neither case belong to the own one, too.
    """
    if any(item.id == event.id for item in own.items):
        return True
    known = joined is not None and any(item.id == event.id for item in joined.items)
    return not known and event.posted_at <= own.items[-1].posted_at
