"""Listens along with intake: which door brought something when, and what a network sends that Hark does not know.

Intake only drops a note in memory here (`heard`), which costs no round trip; every few seconds the notes go to Redis
together. A crash loses a few seconds of them: they are signs, never deliveries.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.clock import within
from bot.domain.canary import Arrival
from bot.domain.drift import KNOWN_WEIGHT, SEEN_TO_TELL, field_words, fields_of, is_learned, is_routine, unknown_words
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Event, Interaction, Malformed, Raw, UnknownEvent
from bot.domain.network import Titles
from bot.domain.notices import kind_of
from bot.domain.ports import Clock
from bot.domain.text.clean import cut
from bot.domain.text.skeleton import skeleton
from bot.services.notices import Notices
from bot.telemetry import Metrics

FRESH = frozenset({"new", "folded", "digest"})
"""Outcomes of an interaction that was not known before."""
FLUSH_S = 5.0
LOOK_EVERY = timedelta(seconds=30)
"""How often one delivery of a network is looked at for new fields."""
WHATS = 20
"""Unknown events of a network that are told apart."""
WHAT_SHOWN = 60
PENDING = 20_000
"""Most notes in memory: with the store away for long, the newest are dropped."""


class Heard(Protocol):
    """Where arrivals and field names are counted."""

    async def add(self, arrivals: Mapping[str, Sequence[Arrival]]) -> None: ...
    async def shape(self, network: str, now: datetime) -> tuple[datetime, int]: ...
    async def add_fields(self, network: str, fields: Sequence[str], weight: int) -> dict[str, int]: ...


class Hearing:
    """The notes of one process."""

    def __init__(self, book: Heard, notices: Notices, titles: Titles, clock: Clock, metrics: Metrics) -> None:
        self._book = book
        self._notices = notices
        self._titles = titles
        self._clock = clock
        self._metrics = metrics
        self._arrivals = Counter[tuple[str, datetime, bool]]()
        self._unknown: dict[tuple[str, str], tuple[int, Raw]] = {}
        self._whats: dict[str, set[str]] = {}
        self._looked: dict[str, datetime] = {}
        self._samples: list[Raw] = []
        self._log = structlog.get_logger("hark.hearing")

    def heard(self, raw: Raw, event: Event, outcome: str) -> None:
        """Note one event that was taken in."""
        if isinstance(event, Interaction) and outcome in FRESH:
            door = "webhook" if raw.swept else raw.source
            minute = raw.received_at.replace(second=0, microsecond=0)
            self._count((f"{raw.network}/{raw.account}/{door}", minute, raw.swept))
        elif isinstance(event, UnknownEvent):
            self._metrics.drift.labels(raw.network, "unknown_event").inc()
            if not is_routine(event.what):
                self._note_unknown(raw, event.what)
        elif isinstance(event, Malformed):
            self._metrics.drift.labels(raw.network, "malformed").inc()
        self._sample(raw)

    async def run(self, stop: asyncio.Event) -> None:
        """Bring the notes to Redis every few seconds, and once more at the end."""
        while not stop.is_set():
            await within(stop, FLUSH_S)
            try:
                await self.flush()
            except StoreUnavailable as error:
                self._log.warning("what was heard waits", error=str(error))

    async def flush(self) -> None:
        """Bring all notes to Redis; arrivals that could not be brought stay for the next time."""
        arrivals, self._arrivals = self._arrivals, Counter()
        streams: dict[str, list[Arrival]] = {}
        for (stream, at, swept), count in arrivals.items():
            streams.setdefault(stream, []).append(Arrival(at=at, count=count, swept=swept))
        try:
            await self._book.add(streams)
        except StoreUnavailable:
            self._arrivals.update(arrivals)
            raise
        unknown, self._unknown = self._unknown, {}
        for (network, what), (count, raw) in unknown.items():
            words = unknown_words(self._titles[network], what, skeleton(raw.body))
            await self._notices.tell(kind_of("drift", network, what), words, count=count)
        samples, self._samples = self._samples, []
        for raw in samples:
            await self._learn(raw)

    async def _learn(self, raw: Raw) -> None:
        """Count one delivery's fields; tell those that are new by now."""
        fields, now = fields_of(raw.body), self._clock.now()
        if not fields:
            return
        since, deliveries = await self._book.shape(raw.network, now)
        learned = is_learned(since, deliveries, now)
        counts = await self._book.add_fields(raw.network, fields, 1 if learned else KNOWN_WEIGHT)
        new = [field for field, count in counts.items() if count == SEEN_TO_TELL]
        if new:
            self._metrics.drift.labels(raw.network, "new_field").inc(len(new))
            words = field_words(self._titles[raw.network], new, skeleton(raw.body))
            await self._notices.tell(kind_of("drift", raw.network, "new-fields"), words, count=len(new))

    def _count(self, key: tuple[str, datetime, bool]) -> None:
        if key in self._arrivals or len(self._arrivals) < PENDING:
            self._arrivals[key] += 1

    def _note_unknown(self, raw: Raw, what: str) -> None:
        whats = self._whats.setdefault(raw.network, set())
        name = cut(what, WHAT_SHOWN)
        if name not in whats and len(whats) >= WHATS:
            name = "many others"
        whats.add(name)
        count, first = self._unknown.get((raw.network, name), (0, raw))
        self._unknown[raw.network, name] = (count + 1, first)

    def _sample(self, raw: Raw) -> None:
        last = self._looked.get(raw.network)
        if last is None or raw.received_at >= last + LOOK_EVERY:
            self._looked[raw.network] = raw.received_at
            self._samples.append(raw)
