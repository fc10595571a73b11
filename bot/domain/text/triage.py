"""Read a text as a whole: language, mood, question, urgency, topics, abuse, spam, intent."""

from dataclasses import dataclass
from typing import Final

from bot.domain.reading import Intent, Reading
from bot.domain.text.abuse import AbuseReader
from bot.domain.text.clean import tidy, without_handles_and_links
from bot.domain.text.language import UNKNOWN, LanguageReader
from bot.domain.text.phrases import Families
from bot.domain.text.question import QuestionReader
from bot.domain.text.sentiment import MOST_HITS, MoodReader
from bot.domain.text.spam import SpamReader
from bot.domain.text.topics import TopicReader
from bot.domain.text.urgency import UrgencyReader

READ: Final = 4_000
"""Characters of a text that are read: the head says what it is about, and the time stays bounded."""

_ENGLISH: Final = frozenset({"en", UNKNOWN})


@dataclass(frozen=True)
class Triage:
    """All readers, compiled and loaded; build it once with `load` and share it."""

    language: LanguageReader
    mood: MoodReader
    question: QuestionReader
    urgency: UrgencyReader
    topics: TopicReader
    abuse: AbuseReader
    spam: SpamReader
    families: Families

    @classmethod
    def load(cls) -> "Triage":
        """Load word lists and the language model from disk (about 0.3 s); raises OSError if one is missing."""
        mood, question, urgency, topics = MoodReader.load(), QuestionReader(), UrgencyReader.load(), TopicReader()
        abuse, spam = AbuseReader(), SpamReader.load()
        families = (each.patterns for each in (mood, question, urgency, topics, abuse, spam))
        return cls(LanguageReader.load(), mood, question, urgency, topics, abuse, spam, Families.of(*families))

    def read(self, text: str, *, known_author: bool = False) -> Reading:
        """Read any text; never raises. Only language, question and spam are read where it is not English."""
        text = tidy(text[:READ])
        words = without_handles_and_links(text)
        language = self.language.read(words)
        if language not in _ENGLISH:
            spam = self.spam.read(text, known_author=known_author)
            asks = self.question.is_marked(words)
            return Reading(language=language, question=asks, spam=spam, intent="question" if asks else "other")
        moods, questions, urgent, about, abusive, promoting = self.families.counts(words, MOST_HITS)
        spam = self.spam.read(text, promoting if text == words else None, known_author=known_author)
        asks = self.question.read(words, questions)
        mood = self.mood.read(words, moods)
        urgency, because = self.urgency.read(words, urgent)
        topics = self.topics.read(about)
        return Reading(
            language=language,
            sentiment=mood.label,
            score=round(mood.score, 2),
            question=asks,
            urgency=urgency,
            urgent_because=because,
            topics=topics,
            abuse=self.abuse.read(abusive, about_service=bool(topics)),
            spam=spam,
            intent=_intent(mood.lean, asks=asks),
        )


def _intent(lean: str, *, asks: bool) -> Intent:
    if lean == "negative":
        return "complaint"
    if lean == "positive":
        return "praise"
    return "question" if asks else "other"
