"""What text triage says about one text, and how much it presses. Cases hold it without loading the analysers."""

from typing import Final, Literal

from bot.domain.models import QUIET_KINDS, Kind, Model

Sentiment = Literal["positive", "negative", "neutral", "unsure"]
Intent = Literal["complaint", "question", "praise", "other"]
Abuse = Literal["none", "heated", "troll"]

URGENT: Final = 3
"""Points from which a complaint goes ahead of the others."""
_URGENT, _WAITING, _OTHER_WORDS, _DIGEST = 1, 2, 3, 4  # 0 is a breach's: see `agenda.draw_priority`


class Reading(Model):
    """How one text reads. `urgency` counts points (see docs/triage.md); `language` is ISO 639-1, or "und"."""

    language: str = "und"
    sentiment: Sentiment = "unsure"
    score: float = 0.0
    question: bool = False
    urgency: int = 0
    urgent_because: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    abuse: Abuse = "none"
    spam: bool = False
    intent: Intent = "other"

    @property
    def goes_ahead(self) -> bool:
        """Whether it goes ahead of the others. Praise never does, whatever words it uses."""
        return self.urgency >= URGENT and self.intent != "praise"


def priority(reading: Reading, kind: Kind) -> int:
    """Order the work: 1 urgent, 2 complaint, question or private message, 3 other words for a person, 4 digest."""
    if kind in QUIET_KINDS or reading.spam:
        return _DIGEST
    if reading.abuse == "troll":
        return _OTHER_WORDS
    if reading.goes_ahead:
        return _URGENT
    if reading.intent in ("complaint", "question") or kind is Kind.MESSAGE:
        return _WAITING
    return _OTHER_WORDS
