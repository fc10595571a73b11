"""From the inbox to cases: deliveries are taken, read by their connectors, worked off, and given back.

A delivery is given back only when everything in it stands in a case, in the digest or in the dead letter. Doing it
twice changes nothing. What each event does is the business of `bot/services/events.py`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.domain.dead import DEADLY, TRIES
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Event, Malformed, Raw, UnknownEvent
from bot.domain.network import Connectors
from bot.domain.ports import Clock, Inbox, Stored
from bot.services.batch import Delivery, Entry, Row, by_conversation
from bot.services.events import Events
from bot.telemetry import Metrics

BATCH = 64
"""Deliveries taken at once. What is taken together is read, then stored, then shown: of more of them the processor has
forgotten the first ones each time."""
HANDS = BATCH
"""Conversations taken in beside each other: they share their round trips to the store. Fewer would cut a batch into
several, for which the server writes to its disk several times."""
WAIT_MS, LONGEST_WAIT_MS = 200, 1_000
"""How long to wait at the inbox: longer and longer while nothing comes, since each look costs."""
FAILED_S = 1.0

Heard = Callable[[Raw, Event, str], None]
"""Told of each event that was taken in, with the counter's word for it. It must not wait."""
_log = structlog.get_logger("hark.intake")


@dataclass(frozen=True, slots=True)
class Intake:
    """Works the inbox off. `heard` is told of each event."""

    inbox: Inbox
    events: Events
    connectors: Connectors
    clock: Clock
    metrics: Metrics
    heard: Heard

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what was taken is finished first."""
        wait_ms = WAIT_MS
        async with asyncio.TaskGroup() as finished:
            while not stop.is_set():
                try:
                    taken, over = await self._next(wait_ms)
                except StoreUnavailable as error:
                    self.metrics.failures.labels("intake").inc()
                    _log.warning("inbox out of reach, comes again", error=str(error))
                    await self.clock.sleep(FAILED_S)
                    continue
                # Beside the next taking: new words do not wait for the old ones to leave.
                finished.create_task(self._done(over))
                wait_ms = WAIT_MS if taken else min(LONGEST_WAIT_MS, wait_ms * 5 // 4)

    async def step(self, wait_ms: int = 0) -> int:
        """Take one batch and work it off; how many deliveries that were."""
        taken, over = await self._next(wait_ms)
        await self.inbox.done(over)
        return taken

    async def _next(self, wait_ms: int) -> tuple[int, Sequence[Stored]]:
        """Take one batch and work it off; how many deliveries that were, and what of them is over."""
        batch = await self.inbox.take(BATCH, wait_ms, self.connectors)
        return len(batch), await self._work(batch)

    async def _done(self, batch: Sequence[Stored]) -> None:
        """Take a batch out of the inbox. If that fails, it comes again, and nothing is done twice."""
        try:
            await self.inbox.done(batch)
        except StoreUnavailable:
            self.inbox.let_go(batch, excused=True)

    async def _work(self, batch: Sequence[Stored]) -> Sequence[Stored]:
        """Work a batch off; what of it is over, which is renewed until it leaves the inbox, and nothing else is."""
        over = [stored for stored in batch if not self._is_for_others(stored)]
        if others := [stored for stored in batch if self._is_for_others(stored)]:
            _log.info("left for a process that knows the account", deliveries=len(others))
            self.inbox.let_go(others)
        try:
            await self._work_off([await self._read(stored) for stored in over])
        except BaseException as error:
            # A server that is full or away for hours must not make each delivery look like one that kills.
            self.inbox.let_go(over, excused=isinstance(error, StoreUnavailable))
            raise
        return over

    def _is_for_others(self, stored: Stored) -> bool:
        """Whether its account may be known to a newer process; what comes back from others was left for too long."""
        return not stored.tries and (stored.raw.network, stored.raw.account) not in self.connectors

    async def _read(self, stored: Stored) -> Delivery:
        """What a delivery says; one that cannot be read, or kills who reads it, is kept in the dead letter."""
        raw = stored.raw
        if stored.tries >= TRIES:
            return await self._bury(raw, self._noted(raw, DEADLY))
        connector = self.connectors.get((raw.network, raw.account))
        if connector is None:
            return await self._bury(raw, f"no account {raw.account!r} of {raw.network!r} is set up")
        try:
            events = tuple(connector.parse(raw))
        except Exception as error:  # noqa: BLE001 - a defect in reading must not lose the delivery: it is kept, counted, replayable
            return await self._bury(raw, self._noted(raw, repr(error), is_defect=True))
        await connector.received(raw)
        return Delivery(raw, events)

    async def _work_off(self, deliveries: Sequence[Delivery]) -> None:
        """Take in all events: those of one conversation in their order, conversations beside each other."""
        rows = by_conversation(deliveries)
        waiting: deque[Row] = deque(rows)
        failures: list[StoreUnavailable] = []
        async with asyncio.TaskGroup() as hands:
            for _ in range(min(HANDS, len(rows))):
                hands.create_task(self._hand(waiting, failures))
        if failures:
            raise failures[0]
        for delivery in deliveries:
            if delivery.troubles:
                await self.inbox.bury(delivery.raw, delivery.troubles[0])

    async def _hand(self, waiting: deque[Row], failures: list[StoreUnavailable]) -> None:
        """Take in one conversation after the other, as long as the store answers."""
        while waiting and not failures:
            for entry in waiting.popleft():
                try:
                    await self._take_in(entry)
                except StoreUnavailable as error:
                    failures.append(error)
                    return

    async def _take_in(self, entry: Entry) -> None:
        """Take in one event of a delivery; what goes wrong with it is kept, and is nothing to the others."""
        raw, event = entry.delivery.raw, entry.event
        try:
            word = await self._event(raw, event)
            self.metrics.received.labels(raw.network, word).inc()
            self.heard(raw, event, word)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a defect must not lose the event: it is kept, counted, replayable
            entry.delivery.troubles.append(self._noted(raw, repr(error), is_defect=True))

    async def _bury(self, raw: Raw, error: str) -> Delivery:
        """Keep a delivery of which nothing can be taken in."""
        await self.inbox.bury(raw, error)
        return Delivery(raw)

    def _noted(self, raw: Raw, error: str, *, is_defect: bool = False) -> str:
        """Log and count what is wrong with a delivery, a defect with its trace; the same words, for its letter."""
        _log.error("delivery buried", network=raw.network, error=error, exc_info=is_defect)
        self.metrics.received.labels(raw.network, "malformed").inc()
        return error

    async def _event(self, raw: Raw, event: Event) -> str:
        """Take in one event; the word for the counter."""
        match event:
            case UnknownEvent():
                _log.info("unknown event", network=raw.network, what=event.what)
                return "unknown"
            case Malformed():
                part = raw._replace(body=event.part.encode("utf-8", "surrogatepass"))
                await self.inbox.bury(part, event.error)
                return "malformed"
            case _:
                return await self.events.take_in(raw, event)
