"""Has cards drawn again that were drawn without their account: they offer nothing that takes its network, Reply least.

That happens while an account is switched off in the settings, and while an older process runs that does not know it
yet. Whoever draws such a card counts it. Whoever knows the account, and finds another count than it saw last, puts the
account's open cases behind everything else that is to be drawn; a card that looks as it should costs no call to Slack.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.domain.case import Case
from bot.domain.network import Connectors
from bot.domain.ports import Cases, Clock, DueQueue, Notes

KEPT = timedelta(days=400)
EVERY = timedelta(minutes=10)
"""Most often for one account: where two processes differ in their settings for good, they would draw in turns."""
MOST = 1000
"""Cases of one account, the newest."""
LAST = 4
"""The priority of what nobody waits for."""
_log = structlog.get_logger("hark.redrawing")


@dataclass(frozen=True, slots=True)
class Redrawing:
    """What one process notices, and does for the accounts that it knows."""

    cases: Cases
    cards: DueQueue
    notes: Notes
    connectors: Connectors
    clock: Clock

    async def notice(self, case: Case) -> None:
        """A case is about to be drawn here: count it, if its account is not known here."""
        account = (case.key.network, case.key.account)
        if account not in self.connectors:
            await self.notes.count(_drawn(account), 1, KEPT)

    async def look(self) -> None:
        """Have drawn again what others drew without knowing the account."""
        accounts = list(self.connectors)
        counts = await self.notes.get_many([_drawn(each) for each in accounts])
        seen = await self.notes.get_many([_seen(each) for each in accounts])
        for account, count, before in zip(accounts, counts, seen, strict=True):
            if count and count != before and await self.notes.first_time(f"redrawn:{_name(account)}", EVERY):
                await self._redraw(account)
                await self.notes.set(_seen(account), count, KEPT)

    async def _redraw(self, account: tuple[str, str]) -> None:
        now, cases = self.clock.now(), await self.cases.open_in(*account, MOST)
        # What is being posted is no more than marked now: it is drawn again once it stands.
        stand = [case.id for case in cases if case.card and (case.card.ts or case.card.attempt)]
        _log.info("cards are drawn again: their account is back", account=_name(account), cards=len(stand))
        await asyncio.gather(*(self.cards.put(id_, now, LAST) for id_ in stand))


def _name(account: tuple[str, str]) -> str:
    return "/".join(account)


def _drawn(account: tuple[str, str]) -> str:
    return f"drawn-without:{_name(account)}"


def _seen(account: tuple[str, str]) -> str:
    return f"drawn-without-seen:{_name(account)}"
