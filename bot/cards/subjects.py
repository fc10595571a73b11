"""What customers write about, in words, to who asks."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.cards import build
from bot.cards.escape import date_token
from bot.cards.view import Rendered, rendered
from bot.cards.words import count
from bot.domain.reading import Intent
from bot.domain.subjects import Subject, Subjects

SHOWN: Final = 10
WORDS: Final[Mapping[Intent, tuple[str, ...]]] = MappingProxyType(
    {
        "complaint": ("complaint",),
        "question": ("question",),
        "praise": ("word of praise", "words of praise"),
        "other": ("other remark",),
    }
)
NOTE: Final = (
    "A customer counts once until the case is closed, by the first words; words may be about several topics. Spam and "
    "what is not for us do not count. Topics and moods are read in English words only: the cards have what was said."
)


def subjects_reply(told: Subjects) -> Rendered:
    """The answer to who asked."""
    text = "\n".join(_lines(told))
    return rendered(text, build.with_ids("topics", [("figures", build.section(text)), ("note", build.context(NOTE))]))


def _lines(told: Subjects) -> Iterator[str]:
    before = "" if told.before is None else f" (as many days before: {told.before:,})"
    yield f"*Since {date_token(told.since)} {count(told.customers, 'customer')} wrote to us{before}*"
    if told.customers:
        yield " · ".join(
            count(told.intents[intent], *words) for intent, words in WORDS.items() if told.intents.get(intent)
        )
    for subject in told.topics[:SHOWN]:
        yield f"• *{subject.topic}*: {_facts(subject, compared=told.before is not None)}"


def _facts(subject: Subject, *, compared: bool) -> str:
    facts = [
        count(subject.customers, "customer"),
        *([count(subject.complaints, "complaint")] if subject.complaints else []),
        *([f"{subject.praise:,} praised"] if subject.praise else []),
        *([f"{subject.before:,} before"] if compared else []),
    ]
    return " · ".join(facts)
