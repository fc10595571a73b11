"""How the private half of a conversation finds the case that went private."""

from datetime import timedelta

from bot.domain.models import CaseKey

ALIAS_KEPT = timedelta(days=90)


def alias(private: CaseKey) -> str:
    """The name of the note that says to which case a private conversation belongs."""
    return f"alias:{private.id}"
