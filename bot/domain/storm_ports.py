"""What storms and gathered rings need from the store and from the drawing, as Protocols; and what is drawn of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bot.domain.case import Case
from bot.domain.ports import Rendered
from bot.domain.storm import Problem, Storm, Weather

STORM: str = "storm"
"""The group of the cases that a storm has folded; a known problem's group has the problem's id."""


@dataclass(frozen=True, slots=True)
class Jot:
    """What one process noticed in a channel since it last said so.

    `came`: new cases by slot of ten seconds; `texts`: some of their normal texts; `asked`: cases refused by the post
    budget, with the instant from which on they no longer count as waiting; `carded`: cases whose first card was
    posted, with the customer's id (which may be empty).
    """

    came: Mapping[int, int] = field(default_factory=dict)
    texts: Sequence[str] = ()
    asked: Mapping[str, datetime] = field(default_factory=dict)
    carded: Mapping[str, str] = field(default_factory=dict)
    storming: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """What all processes noticed: cases that wait for the budget; texts of the window, if the jot had texts."""

    waiting: int
    window: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """A case that may be folded. `band` and `at` say how urgently it waits; `author` is the customer's id or empty."""

    case: str
    band: int
    at: datetime
    author: str
    mood: Literal["angry", "neutral", "happy"]
    words: Sequence[str]
    complaint: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """How a channel stands.

    `waiting`: cards that wait for the budget; `admitted`: exempt cases among them during a storm; `folded`: cases held
    back now; `standing`: a known problem's cases with cards of their own; `first`: exempt ones among the folded;
    `slots`: new cases by ten seconds; `counts`: see `StormStore.fold`, `stand` and `drop`; `words`: the most frequent
    words with the number of cases that have them; `alike`: the most near duplicates that were seen lately.
    """

    waiting: int = 0
    admitted: int = 0
    folded: int = 0
    standing: int = 0
    first: int = 0
    slots: Mapping[int, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    words: Sequence[tuple[str, int]] = ()
    alike: int = 0


class StormStore(Protocol):
    """Storms in Redis. Every method raises StoreUnavailable."""

    async def weathers(self) -> dict[str, Weather]:
        """The weather of every channel that has any; what only a newer version can read is left out, and to that."""
        ...

    async def weather(self, channel: str) -> Weather:
        """The weather of one channel. Raises Unreadable."""
        ...

    async def swap(self, channel: str, before: Weather, after: Weather) -> bool:
        """Store a channel's weather unless somebody changed it meanwhile; clear weather is forgotten."""
        ...

    async def note(self, channel: str, jot: Jot, now: datetime) -> Noted: ...
    async def note_alike(self, channel: str, alike: int, now: datetime) -> None: ...
    async def fresh(self, channel: str, *, resumed: bool) -> None:
        """A storm begins: forget what the one before has counted, unless it is `resumed`. Folded cases stay."""
        ...

    async def fold(self, channel: str, group: str, fold: Fold, now: datetime) -> Literal["own", "folded"]:
        """Fold a case, or let it have its own card; folding it twice counts it once.

        Own cards are for what was shown before (`take`), and for exempt cases while fewer than ROOM of them wait for
        the budget and none of them is folded.
        """
        ...

    async def take(self, channel: str, group: str, limit: int, now: datetime, *, first_only: bool = False) -> list[str]:
        """The most urgent folded cases, for their own cards: never folded again, and taken again after 30 s until
        they are dropped, so that a crash in between loses none."""
        ...

    async def drop(self, channel: str, group: str, ids: Sequence[str], count_as: str) -> None:
        """They are folded no more; each counts once under that name (shown, joined, settled)."""
        ...

    async def top(self, channel: str, group: str, limit: int) -> list[str]: ...
    async def scan(self, channel: str, cursor: str) -> tuple[str, list[str]]:
        """Some of the storm's folded cases, and the cursor for more ("0" at first; "0" again at the end)."""
        ...

    async def carded(self, channel: str, cursor: str) -> tuple[str, list[str]]:
        """Some of the cases whose first cards were posted within a day, and the cursor for more, as with `scan`."""
        ...

    async def stand(self, channel: str, problem: str, case: str, now: datetime, fold: Fold | None = None) -> None:
        """A case of a known problem has a card of its own; it is counted (once) if there is a `fold` to count."""
        ...

    async def standing(self, channel: str, problem: str, limit: int) -> list[str]:
        """Cases of a known problem that have cards of their own, the first noted first."""
        ...

    async def leave(self, channel: str, problem: str, case: str) -> None:
        """A case with a card of its own says by now what became of the problem."""
        ...

    async def tally(self, channel: str, group: str, now: datetime) -> Tally: ...


class RingStore(Protocol):
    """Who was rung when, and for whom cases are gathered. Every method raises StoreUnavailable."""

    async def ring(self, user: str, token: str, now: datetime, every: timedelta) -> timedelta:
        """Take the right to ring that person: zero when granted (again, for the same token), else how long to wait."""
        ...

    async def gather(self, user: str, case_id: str, now: datetime) -> None: ...
    async def gathered(self, user: str) -> dict[str, datetime]:
        """The cases to tell of and when each was gathered last, oldest first; kept for another day."""
        ...

    async def drop(self, user: str, settled: Mapping[str, datetime]) -> None:
        """These are settled, except what was gathered anew since it was read so."""
        ...


# --- what is drawn --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StormData:
    """What a storm card says. `examples` are cases whose words may be shown."""

    channel: str
    storm: Storm
    tally: Tally
    per_minute: float
    examples: Sequence[Case]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class ProblemData:
    """What a known problem's card says."""

    channel: str
    problem: Problem
    tally: Tally


@dataclass(frozen=True, slots=True)
class RingData:
    """What a gathered ring says: the cases that still wait, the earliest due first, and how many are overdue."""

    waiting: Sequence[Case]
    total: int
    overdue: int


class Drawings(Protocol):
    """Draws the messages that stand for many cases; `elsewhere` a copy outside of their channel."""

    def storm(self, data: StormData, *, elsewhere: bool = False) -> Rendered: ...
    def problem(self, data: ProblemData, *, elsewhere: bool = False) -> Rendered: ...
    def ring(self, data: RingData) -> Rendered: ...
