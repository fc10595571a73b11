"""One worker's intake by itself, what comes in read as the test says, and notes with which things happen meanwhile."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import cache

from bot.domain.case import Case
from bot.domain.models import Event, Raw
from bot.domain.network import Connectors, Titles
from bot.domain.ports import Cases, Commit, CommitResult, Inbox, Notes
from bot.domain.text.privacy import AllowList
from bot.domain.text.triage import Triage
from bot.services.casework import Casework
from bot.services.events import Events
from bot.services.gate import Gate
from bot.services.intake import Heard, Intake
from bot.services.lookups import Lookups
from bot.services.quiet import QuietEvents
from bot.services.reader import Reader
from bot.store.cases import RedisCases
from bot.store.notes import RedisNotes
from bot.store.store import Store
from bot.telemetry import Metrics
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import a_raw
from tests.support.policies import a_policy
from tests.support.stores import TestClock

Parse = Callable[[Raw], Iterable[Event]]
Happens = Callable[[], Awaitable[object]]


class Told(WebhookConnector):
    """A connector that reads a delivery as the test says. Nothing of the real one is used."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse

    def parse(self, raw: Raw) -> Iterator[Event]:
        """What the test makes of it."""
        yield from self._parse(raw)


@cache
def triage() -> Triage:
    """The analysers, loaded once."""
    return Triage.load()


def told(parse: Parse) -> Connectors:
    """The account of `a_raw`, read in this way."""
    raw = a_raw()
    return {(raw.network, raw.account): Told(parse)}


def an_intake(
    store: Store,
    connectors: Connectors,
    *,
    inbox: Inbox | None = None,
    notes: Notes | None = None,
    cases: Cases | None = None,
    clock: TestClock | None = None,
    metrics: Metrics | None = None,
    heard: Heard = lambda _raw, _event, _outcome: None,
    note: Callable[[Case], None] = lambda _case: None,
) -> Intake:
    """A worker's intake; `note` is told of new cases."""
    clock, notes = clock or TestClock(), notes or store.notes
    titles = Titles(square="Square")
    gate = Gate(notes, store.budgets, clock, UTC, titles)
    casework = Casework(cases or store.cases, clock)
    events = Events(
        notes,
        casework,
        connectors,
        Reader(triage(), AllowList()),
        a_policy(),
        clock,
        Lookups(notes, store.polls, inbox or store.inbox, gate, clock),
        QuietEvents(notes, casework, clock, titles),
        note,
        casework.create,
    )
    return Intake(inbox or store.inbox, events, connectors, clock, metrics or Metrics(), heard)


async def takes_in(worker: Intake, store: Store, *bodies: str) -> None:
    """Deliveries come, and are worked off together."""
    for body in bodies:
        await store.inbox.put(a_raw(body.encode()))
    await worker.step()


async def drain(worker: Intake) -> None:
    """Work off whatever is in the inbox."""
    while await worker.step():
        pass


@dataclass(frozen=True, slots=True)
class EventfulNotes(RedisNotes):
    """The real notes; before workers agree, or one notes a value, the first thing of that list happens, once."""

    before_agreement: list[Happens] = field(default_factory=list)
    before_set: list[Happens] = field(default_factory=list)

    async def set(self, name: str, value: str, ttl: timedelta) -> None:
        """Be interrupted, then note it."""
        await _next(self.before_set)
        await RedisNotes.set(self, name, value, ttl)

    async def agree(self, name: str, value: str, ttl: timedelta) -> str:
        """Be interrupted, then agree with the other workers."""
        await _next(self.before_agreement)
        return await RedisNotes.agree(self, name, value, ttl)


def eventful_notes(store: Store, *before_agreement: Happens) -> EventfulNotes:
    """The notes of a worker with which things happen."""
    ours = store.notes
    return EventfulNotes(ours.link, ours.keys, ours.scripts, ours.clock, list(before_agreement))


@dataclass(frozen=True, slots=True)
class EventfulCases(RedisCases):
    """The real cases; at each of these moments the first thing of its list happens, once.

    `asked` says what the store was asked for.
    """

    before_commit: list[Happens] = field(default_factory=list)
    before_removal: list[Happens] = field(default_factory=list)
    after_removal: list[Happens] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def load(self, case_id: str) -> Case | None:
        """Note it, and load."""
        self.asked.append("load")
        return await RedisCases.load(self, case_id)

    async def commit(self, commit: Commit) -> CommitResult:
        """Be interrupted, then commit."""
        self.asked.append("commit")
        await _next(self.before_commit)
        return await RedisCases.commit(self, commit)

    async def take_back(self, name: str) -> None:
        """Be interrupted, then note a removal, and be interrupted again."""
        await _next(self.before_removal)
        await RedisCases.take_back(self, name)
        await _next(self.after_removal)


def eventful_cases(store: Store, *before_commit: Happens) -> EventfulCases:
    """The cases of a worker with which things happen."""
    ours = store.cases
    return EventfulCases(ours.link, ours.keys, ours.scripts, ours.retention, list(before_commit))


async def _next(waiting: list[Happens]) -> None:
    if waiting:
        await waiting.pop(0)()
