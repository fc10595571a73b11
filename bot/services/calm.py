"""Everything that keeps a flood calm, built once: storms, known problems, gathered rings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.case import Case, Post, PostKind
from bot.domain.fallback import Places
from bot.domain.ports import Clock, Due, DueQueue, Notes, SlackPort
from bot.domain.storm_ports import Drawings, RingStore, StormStore
from bot.services.casework import Casework
from bot.services.once import Once
from bot.services.people import People
from bot.services.posters import Posters
from bot.services.rings import AFTER_REFUSAL, RING, Rings
from bot.services.slack_budget import SlackBudget
from bot.services.storm_desk import StormDesk
from bot.services.storm_messages import StormMessages
from bot.services.storm_upkeep import StormUpkeep
from bot.services.storms import Storms
from bot.telemetry import Metrics


class CalmStore(Protocol):
    """The parts of the store that this takes."""

    @property
    def storms(self) -> StormStore: ...
    @property
    def rings(self) -> RingStore: ...
    @property
    def upkeep(self) -> DueQueue: ...
    @property
    def cards(self) -> DueQueue: ...
    @property
    def notes(self) -> Notes: ...


@dataclass(frozen=True, slots=True)
class Calm:
    """What drawing asks before it posts, what intake tells, what workers run and what staff press."""

    storms: Storms
    rings: Rings
    upkeep: StormUpkeep
    desk: StormDesk
    on: bool = True

    async def hold(self, case: Case, post: Post, now: datetime) -> Case | None:
        """The case as it stands when a message that is wanted is not posted now; None when it may be."""
        if post.ts or post.attempt:
            return None
        if post.kind is PostKind.CARD:
            return await self.storms.hold(case, post, now)
        return await self.rings.hold(case, post, now) if self.on else None

    def is_clear(self, channel: str) -> bool:
        """Whether nothing at all is held back in that channel, as far as this process knows."""
        return self.storms.is_clear(channel)

    def asked(self, case: Case, post: Post, wait_s: float, now: datetime) -> float:
        """The post budget had no room; in how many seconds to ask again."""
        return self.storms.asked(case, post, wait_s, now)

    def carded(self, case: Case, post: Post) -> None:
        """A message that was wanted stands."""
        self.storms.carded(case, post)

    async def act(self, due: Due) -> datetime | None:
        """The next step for a channel or a person; when to come again."""
        return await (self.rings.act(due) if due.id.startswith(RING) else self.upkeep.act(due))


def keep_calm(
    store: CalmStore,
    budget: SlackBudget,
    casework: Casework,
    slack: SlackPort,
    people: People,
    drawings: Drawings,
    clock: Clock,
    metrics: Metrics,
    places: Places = (),
    *,
    on: bool = True,
) -> Calm:
    """All of it on one store."""
    once = Once(slack, clock)
    posters, ringers = Posters(once, budget), Posters(once, budget, AFTER_REFUSAL)
    storms = Storms(store.storms, store.upkeep, casework, clock, metrics, on=on)
    messages = StormMessages(store.storms, casework, posters, drawings, clock, places)
    upkeep = StormUpkeep(store.storms, store.cards, casework, messages, budget, clock)
    return Calm(
        storms=storms,
        rings=Rings(
            store.rings, store.upkeep, casework, store.notes, ringers, drawings, storms.is_held, clock, metrics
        ),
        upkeep=upkeep,
        desk=StormDesk(store.storms, store.upkeep, casework, upkeep, messages, people, clock),
        on=on,
    )
