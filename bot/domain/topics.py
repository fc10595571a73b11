"""What customers write about: how many complained, asked and praised, and about which topics, by day.

One customer counts once in each care episode, by the words that began it, so that there is something to learn from:
which complaints become more, and what people like. The counts stand beside those of how fast customers were answered.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, get_args

from bot.domain.reading import Intent

INTENTS: Final = frozenset(get_args(Intent))
MARK: Final = "said-"
ALL: Final = ""
"""In place of a topic: all who wrote with that intent."""


class Said(NamedTuple):
    """One count: customers on a network who wrote with that intent, about a topic or (`ALL`) about anything."""

    network: str
    intent: str
    topic: str = ALL

    @property
    def name(self) -> str:
        """As it is stored: without blanks, which divide names and numbers there."""
        return f"{self.network}:{MARK}{self.intent}:{self.topic.replace(' ', '_')}"

    @classmethod
    def named(cls, name: str) -> "Said | None":
        """The count of that name; None for any other, and for one that only a newer version knows."""
        network, what, topic = name.split(":", 2)
        intent = what.removeprefix(MARK)
        return cls(network, intent, topic.replace("_", " ")) if what != intent and intent in INTENTS else None

    @classmethod
    def of(cls, network: str, said: Sequence[str]) -> Iterator["Said"]:
        """The counts in which one customer stands; `said` is an intent and its topics (see `Cycle`)."""
        if said:
            yield from (cls(network, said[0], topic) for topic in (ALL, *dict.fromkeys(said[1:])))


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: how many wrote about it, how many complaints and how much praise was among them, how many `before`."""

    name: str
    customers: int
    complaints: int
    praise: int
    before: int


@dataclass(frozen=True, slots=True)
class Topics:
    """What customers wrote since then; `before` is the same for as many days before, None where nothing is known."""

    since: datetime
    intents: Mapping[str, int]
    topics: Sequence[Topic]
    before: int | None

    @property
    def customers(self) -> int:
        """How many wrote."""
        return sum(self.intents.values())


def topics(now: Mapping[Said, int], before: Mapping[Said, int], since: datetime) -> Topics:
    """What the counts say, of all networks together: the most frequent topic first."""
    by_topic, earlier = _by_topic(now), _by_topic(before)
    found = [
        Topic(topic, counts.total(), counts["complaint"], counts["praise"], earlier.get(topic, Counter()).total())
        for topic, counts in by_topic.items()
        if topic != ALL
    ]
    found.sort(key=lambda each: (-each.customers, each.name))
    return Topics(
        since=since,
        intents=by_topic.get(ALL, Counter()),
        topics=found,
        before=earlier[ALL].total() if ALL in earlier else None,
    )


def _by_topic(counts: Mapping[Said, int]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for said, amount in counts.items():
        found.setdefault(said.topic, Counter())[said.intent] += amount
    return found
