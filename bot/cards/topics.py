"""What customers write about, in words, to who asks."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.cards import build
from bot.cards.escape import date_token
from bot.cards.view import Rendered, rendered
from bot.cards.words import count
from bot.domain.reading import Intent
from bot.domain.topics import Topic, Topics

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


def topics_reply(told: Topics) -> Rendered:
    """The answer to who asked."""
    text = "\n".join(_lines(told))
    return rendered(text, build.with_ids("topics", [("figures", build.section(text)), ("note", build.context(NOTE))]))


def _lines(told: Topics) -> Iterator[str]:
    before = "" if told.before is None else f" (as many days before: {told.before:,})"
    wrote = f"{count(told.customers, 'customer')} wrote to us or about us since {date_token(told.since)}"
    yield f"*{wrote}{before}*"
    if told.customers:
        yield " · ".join(
            count(told.intents[intent], *words) for intent, words in WORDS.items() if told.intents.get(intent)
        )
    for topic in told.topics[:SHOWN]:
        yield f"• *{topic.name}*: {_facts(topic, compared=told.before is not None)}"


def _facts(topic: Topic, *, compared: bool) -> str:
    facts = [
        count(topic.customers, "customer"),
        *([count(topic.complaints, "complaint")] if topic.complaints else []),
        *([f"{topic.praise:,} praised"] if topic.praise else []),
        *([f"{topic.before:,} before"] if compared else []),
    ]
    return " · ".join(facts)
