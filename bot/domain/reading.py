"""What text triage says about one text. A value only, so that cases can hold it without loading the analysers."""

from typing import Literal

from bot.domain.models import Model

Sentiment = Literal["positive", "negative", "neutral", "unsure"]
Intent = Literal["complaint", "question", "praise", "other"]
Abuse = Literal["none", "heated", "troll"]


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
