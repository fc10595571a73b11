"""From a stored delivery to cases: parse, drop our own echoes, dedupe, mask, triage, commit.

Each delivery is taken from the inbox and given back only when everything in it stands in a case, in the digest or in
the dead letter. Doing it twice changes nothing: the interaction's own id is part of the commit. Deliveries may come in
any order: a removal that comes before the words it removes is remembered, and the words are then not shown; a hiding
likewise, and the words are then known to be hidden.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import structlog

from bot.domain.case import Case, Item
from bot.domain.dead import DEADLY, TRIES
from bot.domain.decisions import Change, Decide
from bot.domain.errors import StoreUnavailable
from bot.domain.hiding import UNKNOWN_ITEM, hidden_on_network
from bot.domain.models import (
    QUIET_KINDS,
    CaseKey,
    Deleted,
    Edited,
    Event,
    Hidden,
    Interaction,
    Malformed,
    Moved,
    Named,
    Raw,
    SendReport,
    UnknownEvent,
)
from bot.domain.network import Connectors, Titles
from bot.domain.policy import Policy
from bot.domain.ports import Clock, Conflict, Inbox, Notes, Stored
from bot.domain.receiving import completed, deleted, edited, moved, named, open_case, receive, reread
from bot.domain.sending import reported
from bot.services import early
from bot.services.batch import Delivery, Entry, Row, by_conversation
from bot.services.casework import NO_CASE, Casework, Outcome
from bot.services.joining import ALIAS_KEPT, alias, is_from_before
from bot.services.lookups import Lookups
from bot.services.quiet import QuietEvents, name_of
from bot.services.reader import Reader
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


class Create(Protocol):
    """How a new case is stored; a conflict where there is one already."""

    async def __call__(self, change: Change, *, dedupe: Collection[str]) -> Outcome | Conflict: ...


def unheard(_raw: Raw, _event: Event, _outcome: str) -> None:
    """Nobody listens."""


class Intake:
    """Works the inbox off."""

    def __init__(
        self,
        inbox: Inbox,
        notes: Notes,
        casework: Casework,
        connectors: Connectors,
        titles: Titles,
        reader: Reader,
        policy: Policy,
        clock: Clock,
        metrics: Metrics,
        lookups: Lookups,
        heard: Heard = unheard,
        note: Callable[[Case], None] | None = None,
        create: Create | None = None,
    ) -> None:
        self._heard = heard
        self._inbox = inbox
        self._lookups = lookups
        self._notes = notes
        self._casework = casework
        self._connectors = connectors
        self._reader = reader
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._note = note
        self._create = create or casework.create
        self._quiet = QuietEvents(notes, casework, clock, titles)
        self._log = structlog.get_logger("hark.intake")

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what was taken is finished first."""
        wait_ms = WAIT_MS
        async with asyncio.TaskGroup() as finished:
            while not stop.is_set():
                try:
                    batch = await self._inbox.take(BATCH, wait_ms, self._connectors)
                    over = await self._work(batch)
                except StoreUnavailable as error:
                    self._metrics.failures.labels("intake").inc()
                    self._log.warning("inbox out of reach, comes again", error=str(error))
                    await self._clock.sleep(FAILED_S)
                    continue
                # Beside the next taking: new words do not wait for the old ones to leave.
                finished.create_task(self._done(over))
                wait_ms = WAIT_MS if batch else min(LONGEST_WAIT_MS, wait_ms * 5 // 4)

    async def step(self, wait_ms: int = 0) -> int:
        """Take one batch and work it off; how many deliveries that were."""
        batch = await self._inbox.take(BATCH, wait_ms, self._connectors)
        await self._inbox.done(await self._work(batch))
        return len(batch)

    async def _done(self, batch: Sequence[Stored]) -> None:
        """Take a batch out of the inbox. If that fails, it comes again, and nothing is done twice."""
        try:
            await self._inbox.done(batch)
        except StoreUnavailable:
            self._inbox.let_go(batch, excused=True)

    async def _work(self, batch: Sequence[Stored]) -> Sequence[Stored]:
        """Work a batch off; what of it is over, which is renewed until it leaves the inbox, and nothing else is."""
        over = [stored for stored in batch if not self._is_for_others(stored)]
        if others := [stored for stored in batch if self._is_for_others(stored)]:
            self._log.info("left for a process that knows the account", deliveries=len(others))
            self._inbox.let_go(others)
        try:
            await self._work_off([await self._read(stored) for stored in over])
        except BaseException as error:
            # A server that is full or away for hours must not make each delivery look like one that kills.
            self._inbox.let_go(over, excused=isinstance(error, StoreUnavailable))
            raise
        return over

    def _is_for_others(self, stored: Stored) -> bool:
        """Whether its account may be known to a newer process; what comes back from others was left for too long."""
        return not stored.tries and (stored.raw.network, stored.raw.account) not in self._connectors

    async def _read(self, stored: Stored) -> Delivery:
        """What a delivery says; one that cannot be read, or kills who reads it, is kept in the dead letter."""
        raw = stored.raw
        if stored.tries >= TRIES:
            await self._inbox.bury(raw, self._deadly(raw))
            return Delivery(raw)
        connector = self._connectors.get((raw.network, raw.account))
        if connector is None:
            await self._inbox.bury(raw, f"no account {raw.account!r} of {raw.network!r} is set up")
            return Delivery(raw)
        try:
            events = tuple(connector.parse(raw))
        except Exception as error:  # noqa: BLE001 - a defect in reading must not lose the delivery: it is kept, counted, replayable
            await self._inbox.bury(raw, self._trouble(raw, error))
            return Delivery(raw)
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
                await self._inbox.bury(delivery.raw, delivery.troubles[0])

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
            self._metrics.received.labels(raw.network, word).inc()
            self._heard(raw, event, word)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a defect must not lose the event: it is kept, counted, replayable
            entry.delivery.troubles.append(self._trouble(raw, error))

    def _deadly(self, raw: Raw) -> str:
        self._log.error("delivery buried", network=raw.network, error=DEADLY)
        self._metrics.received.labels(raw.network, "malformed").inc()
        return DEADLY

    def _trouble(self, raw: Raw, error: Exception) -> str:
        self._log.exception("delivery buried", network=raw.network, error=repr(error))
        self._metrics.received.labels(raw.network, "malformed").inc()
        return repr(error)

    async def _event(self, raw: Raw, event: Event) -> str:
        """Take in one event; the word for the counter."""
        match event:
            case Interaction():
                return await self._look_up(event, await self._interaction(raw, event))
            case UnknownEvent():
                self._log.info("unknown event", network=raw.network, what=event.what)
                return "unknown"
            case Malformed():
                part = raw._replace(body=event.part.encode("utf-8", "surrogatepass"))
                await self._inbox.bury(part, event.error)
                return "malformed"
            case _:
                return await self._news(event)

    async def _news(self, event: Edited | Named | Moved | Deleted | Hidden | SendReport) -> str:
        """Take in what is told later of words, of their author or of an answer; the word for the counter."""
        match event:
            case Edited():
                return await self._edited(event)
            case Named():
                return await self._named(event)
            case Moved():
                return await self._moved(event)
            case Deleted():
                return await self._deleted(event)
            case Hidden():
                return await self._hidden(event)
            case SendReport():
                await self._known(event.key, lambda case: reported(case, event, self._policy))
                return "report"

    async def _interaction(self, raw: Raw, event: Interaction) -> str:
        if event.by_us or self._is_of_another_account(event):
            return "echo"
        if event.kind in QUIET_KINDS:
            author = self._reader.clean(event.author) if event.author else None
            return await self._quiet.take_in(event.model_copy(update={"author": author}))
        item = self._reader.item(raw, event)
        outcome = await self._received(event, item)
        if outcome.code == "gone":
            return "deleted"
        word = "new" if outcome.done else await self._again(event, item, outcome)
        for each in await early.told_before(self._notes, event):
            await self._mark(each)
        return word

    def _is_of_another_account(self, event: Interaction) -> bool:
        """Whether another account of ours on that network wrote it: what it says to this one waits for no answer."""
        same = (each for (network, _), each in self._connectors.items() if network == event.key.network)
        return event.author is not None and any(each.is_author(event.author) for each in same)

    async def _received(self, event: Interaction, item: Item) -> Outcome:
        """Put a customer's words into their case; if there is none, one is opened.

        Most words open one, so that is tried first: where one stands, the store answers with it.
        """
        reading = self._reader.triage.read(item.text)
        dedupe = (name_of(event),)
        known = await self._joined(event)
        while True:
            if known is None:
                opened = await self._opened(open_case(event.key, item, reading, self._policy), dedupe)
                if isinstance(opened, Outcome):
                    return opened
                known = opened.case
                continue
            outcome = await self._casework.apply(
                known.id,
                lambda case: receive(case, item, reading, self._policy),
                dedupe=dedupe,
                known=known,
            )
            if outcome.code != NO_CASE:
                return outcome
            known = None

    async def _opened(self, new: Change, dedupe: Collection[str]) -> Outcome | Conflict:
        """Store a new case, if there is none."""
        created = await self._create(new, dedupe=dedupe)
        if self._note and isinstance(created, Outcome) and created.done and created.case:
            self._note(created.case)
        return created

    async def _again(self, event: Interaction, item: Item, found: Outcome) -> str:
        """The same interaction again: from another door, after an edit of it, or an edit that no event announced."""
        if event.worded_at is None:
            case_id = found.case.id if found.case else event.key.id
            await self._change(case_id, lambda case: completed(case, item, self._policy), found.case)
        return await self._edited(_as_edit(event, item)) if event.version else "known"

    async def _look_up(self, event: Interaction, word: str) -> str:
        """Have asked for what the delivery left out; a name that is known already is shown at once."""
        if event.look_up and word in ("new", "known"):
            author = await self._lookups.want(event.key, event.look_up)
            if author is not None:
                await self._known(event.key, lambda case: named(case, author))
        return word

    async def _named(self, event: Named) -> str:
        author = self._reader.clean(event.author)
        await self._lookups.keep(event.key, author)
        return "named" if (await self._known(event.key, lambda case: named(case, author))).done else "known"

    async def _moved(self, event: Moved) -> str:
        """The case of before goes on with what comes in the new conversation, unless that has a case of its own."""
        own = await self._casework.cases.load(event.key.id)
        outcome = await self._known(
            event.before, lambda case: moved(case, event, joins=own is None or own.key == case.key)
        )
        # Asked anew: a second telling, after a crash in between, changes no case any more.
        of_before = await self._notes.get(alias(event.before)) or event.before.id
        if own is None and await self._casework.cases.load(of_before) is not None:
            await self._notes.set(alias(event.key), of_before, ALIAS_KEPT)
        return "moved" if outcome.done else "known"

    async def _joined(self, event: Interaction) -> Case | None:
        """The case that these private words belong to: the one that went private, or their own of before."""
        joined = await self._notes.get(alias(event.key)) if event.private else None
        if not joined or joined == event.key.id:
            return await self._casework.cases.load(joined) if joined else None
        case, own = await asyncio.gather(*(self._casework.cases.load(each) for each in (joined, event.key.id)))
        return own if own is not None and is_from_before(event, own, case) else case

    async def _edited(self, event: Edited) -> str:
        text, masked, shortened = self._reader.safe(event.text)
        reading = self._reader.triage.read(text)
        outcome = await self._known(
            event.key,
            lambda case: edited(
                case,
                event.id,
                text,
                event.version,
                masked=masked,
                cut=shortened,
                now=event.at,
                reading=reading,
                ref=event.ref,
            ),
        )
        return "edited" if outcome.done else "known"

    async def _hidden(self, event: Hidden) -> str:
        """Somebody hid or showed words on the network itself. What is not known is remembered and looked for once more:
        it may come later, or may just have been stored."""
        outcome = await self._mark(event)
        if outcome.code in (NO_CASE, UNKNOWN_ITEM):
            await early.remember(self._notes, event)
            outcome = await self._mark(event)
        return "hidden" if outcome.done else "known"

    async def _mark(self, event: Hidden) -> Outcome:
        return await self._known(
            event.key, lambda case: hidden_on_network(case, event.id, event.at, hidden=event.hidden)
        )

    async def _deleted(self, event: Deleted) -> str:
        """Take words away; what is not known is remembered and looked for once more: it may just have been stored."""
        if (await self._known(event.key, lambda case: deleted(case, event.id, self._clock.now()))).done:
            return "deleted"
        await self._casework.cases.take_back(name_of(event))
        outcome = await self._known(event.key, lambda case: deleted(case, event.id, self._clock.now()))
        return "deleted" if outcome.done else "known"

    async def _known(self, key: CaseKey, decide: Decide) -> Outcome:
        """Change the case that has this conversation, be it as its own or as the private half of a public one.

        Where it had a case of its own before it joined the public one, that has what was said before.
        """
        joined = await self._notes.get(alias(key))
        if joined and joined != key.id:
            outcome = await self._change(joined, decide)
            if outcome.done:
                return outcome
        return await self._change(key.id, decide)

    async def _change(self, case_id: str, decide: Decide, known: Case | None = None) -> Outcome:
        """Change a case, and read it anew where other words become its newest."""
        return await self._casework.apply(
            case_id, lambda case: reread(case, decide(case), self._reader.triage.read), known=known
        )


def _as_edit(event: Interaction, item: Item) -> Edited:
    at = item.edited_at or event.posted_at
    return Edited(id=event.id, key=event.key, text=event.text, version=event.version, at=at, ref=event.ref)
