"""From an event to its case: our own echoes are dropped, words are tidied, masked and read, and the case is changed.

Doing it twice changes nothing: the interaction's own id is part of the commit. Events may come in any order: a removal
that comes before the words it removes is remembered, and the words are then not shown; a hiding likewise, and the words
are then known to be hidden.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from bot.domain.case import Case, Item
from bot.domain.decisions import Change, Decide
from bot.domain.hiding import UNKNOWN_ITEM, hidden_on_network
from bot.domain.models import (
    QUIET_KINDS,
    CaseKey,
    Deleted,
    Edited,
    Hidden,
    Interaction,
    Moved,
    Named,
    Raw,
    SendReport,
)
from bot.domain.network import Connectors
from bot.domain.policy import Policy
from bot.domain.ports import Clock, Conflict, Notes
from bot.domain.receiving import completed, deleted, edited, moved, named, open_case, receive, reread
from bot.domain.sending import reported
from bot.services import early
from bot.services.casework import NO_CASE, Casework, Outcome
from bot.services.joining import ALIAS_KEPT, alias, is_from_before
from bot.services.lookups import Lookups
from bot.services.quiet import QuietEvents
from bot.services.reader import Reader

News = Interaction | Edited | Named | Moved | Deleted | Hidden | SendReport
"""Whatever changes a case."""


class Create(Protocol):
    """How a new case is stored; a conflict where there is one already."""

    async def __call__(self, change: Change, *, dedupe: Collection[str]) -> Outcome | Conflict: ...


@dataclass(frozen=True, slots=True)
class Events:
    """Takes in what a network tells, one event at a time. `note` is told of each new case, which `create` stores."""

    notes: Notes
    casework: Casework
    connectors: Connectors
    reader: Reader
    policy: Policy
    clock: Clock
    lookups: Lookups
    quiet: QuietEvents
    note: Callable[[Case], None]
    create: Create

    async def take_in(self, raw: Raw, event: News) -> str:
        """Take in one event of a delivery; the word for the counter. Raises StoreUnavailable."""
        match event:
            case Interaction():
                return await self._look_up(event, await self._interaction(raw, event))
            case SendReport():
                await self._known(event.key, lambda case: reported(case, event, self.policy))
                return "report"
            case _:
                return await self._news(event)

    async def _news(self, event: Edited | Named | Moved | Deleted | Hidden) -> str:
        """Take in what is told later of words or of their author; the word for the counter."""
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

    async def _interaction(self, raw: Raw, event: Interaction) -> str:
        if event.by_us or self._is_of_another_account(event):
            return "echo"
        if event.kind in QUIET_KINDS:
            author = self.reader.clean(event.author) if event.author else None
            return await self.quiet.take_in(event.model_copy(update={"author": author}))
        item = self.reader.item(raw, event)
        outcome = await self._received(event, item)
        if outcome.code == "gone":
            return "deleted"
        word = "new" if outcome.done else await self._again(event, item, outcome)
        for each in await early.told_before(self.notes, event):
            await self._mark(each)
        return word

    def _is_of_another_account(self, event: Interaction) -> bool:
        """Whether another account of ours on that network wrote it: what it says to this one waits for no answer."""
        same = (each for (network, _), each in self.connectors.items() if network == event.key.network)
        return event.author is not None and any(each.is_author(event.author) for each in same)

    async def _received(self, event: Interaction, item: Item) -> Outcome:
        """Put a customer's words into their case; if there is none, one is opened.

        Most words open one, so that is tried first: where one stands, the store answers with it.
        """
        reading = self.reader.triage.read(item.text)
        dedupe = (event.key.counts_as(event.id),)
        known = await self._joined(event)
        while True:
            if known is None:
                opened = await self._opened(open_case(event.key, item, reading, self.policy), dedupe)
                if isinstance(opened, Outcome):
                    return opened
                known = opened.case
                continue
            outcome = await self.casework.apply(
                known.id,
                lambda case: receive(case, item, reading, self.policy),
                dedupe=dedupe,
                known=known,
            )
            if outcome.code != NO_CASE:
                return outcome
            known = None

    async def _opened(self, new: Change, dedupe: Collection[str]) -> Outcome | Conflict:
        """Store a new case, if there is none."""
        created = await self.create(new, dedupe=dedupe)
        if isinstance(created, Outcome) and created.case:
            self.note(created.case)
        return created

    async def _again(self, event: Interaction, item: Item, found: Outcome) -> str:
        """The same interaction again: from another door, after an edit of it, or an edit that no event announced."""
        if event.worded_at is None:
            case_id = found.case.id if found.case else event.key.id
            await self._change(case_id, lambda case: completed(case, item, self.policy), found.case)
        return await self._edited(_as_edit(event, item)) if event.version else "known"

    async def _look_up(self, event: Interaction, word: str) -> str:
        """Have asked for what the delivery left out; a name that is known already is shown at once."""
        if event.look_up and word in ("new", "known"):
            author = await self.lookups.want(event.key, event.look_up)
            if author is not None:
                await self._known(event.key, lambda case: named(case, author))
        return word

    async def _named(self, event: Named) -> str:
        author = self.reader.clean(event.author)
        await self.lookups.keep(event.key, author)
        outcome = await self._known(event.key, lambda case: named(case, author))
        if outcome.code == NO_CASE:  # erased while the network was asked
            await self.lookups.drop(event.key, author)
        return "named" if outcome.done else "known"

    async def _moved(self, event: Moved) -> str:
        """The case of before goes on with what comes in the new conversation, unless that has a case of its own."""
        own = await self.casework.cases.load(event.key.id)
        outcome = await self._known(
            event.before, lambda case: moved(case, event, joins=own is None or own.key == case.key)
        )
        # Asked anew: a second telling, after a crash in between, changes no case any more.
        of_before = await self.notes.get(alias(event.before)) or event.before.id
        if own is None and await self.casework.cases.load(of_before) is not None:
            await self.notes.set(alias(event.key), of_before, ALIAS_KEPT)
        return "moved" if outcome.done else "known"

    async def _joined(self, event: Interaction) -> Case | None:
        """The case that these private words belong to: the one that went private, or their own of before."""
        joined = await self.notes.get(alias(event.key)) if event.private else None
        if not joined or joined == event.key.id:
            return await self.casework.cases.load(joined) if joined else None
        case, own = await asyncio.gather(*(self.casework.cases.load(each) for each in (joined, event.key.id)))
        return own if own is not None and is_from_before(event, own, case) else case

    async def _edited(self, event: Edited) -> str:
        text, masked, shortened = self.reader.safe(event.text)
        reading = self.reader.triage.read(text)
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
            await early.remember(self.notes, event)
            outcome = await self._mark(event)
        return "hidden" if outcome.done else "known"

    async def _mark(self, event: Hidden) -> Outcome:
        return await self._known(
            event.key, lambda case: hidden_on_network(case, event.id, event.at, hidden=event.hidden)
        )

    async def _deleted(self, event: Deleted) -> str:
        """Take words away; what is not known is remembered and looked for once more: it may just have been stored."""
        if (await self._known(event.key, lambda case: deleted(case, event.id, self.clock.now()))).done:
            return "deleted"
        await self.casework.cases.take_back(event.key.counts_as(event.id))
        outcome = await self._known(event.key, lambda case: deleted(case, event.id, self.clock.now()))
        return "deleted" if outcome.done else "known"

    async def _known(self, key: CaseKey, decide: Decide) -> Outcome:
        """Change the case that has this conversation, be it as its own or as the private half of a public one.

        Where it had a case of its own before it joined the public one, that has what was said before.
        """
        joined = await self.notes.get(alias(key))
        if joined and joined != key.id:
            outcome = await self._change(joined, decide)
            if outcome.done:
                return outcome
        return await self._change(key.id, decide)

    async def _change(self, case_id: str, decide: Decide, known: Case | None = None) -> Outcome:
        """Change a case, and read it anew where other words become its newest."""
        return await self.casework.apply(
            case_id, lambda case: reread(case, decide(case), self.reader.triage.read), known=known
        )


def _as_edit(event: Interaction, item: Item) -> Edited:
    at = item.edited_at or event.posted_at
    return Edited(id=event.id, key=event.key, text=event.text, version=event.version, at=at, ref=event.ref)
