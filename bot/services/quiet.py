"""Likes, reposts and follows: counted on their case, or told of in the digest of an hour; never both."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.dead import REMEMBERED
from bot.domain.models import Interaction, Kind
from bot.domain.network import Titles
from bot.domain.ports import LINK, Clock, Notes
from bot.domain.receiving import folded
from bot.domain.text.clean import cut, tidy
from bot.services.casework import Casework
from bot.services.hourly import HOUR_NAME

FOLD_AFTER = timedelta(seconds=30)
SETTLING = timedelta(minutes=1)
"""What comes so shortly before the hour is told of with the next one: the message of this one may be written before an
event has found its place."""
ON_CASE = "case"
"""Where an event is counted, if not in the digest of an hour."""
WORDS = {"reaction": "liked", "repost": "reposted", "follow": "followed"}


@dataclass(frozen=True, slots=True)
class QuietEvents:
    """Takes them in, with names that are fit to be shown. Raises StoreUnavailable."""

    notes: Notes
    casework: Casework
    clock: Clock
    titles: Titles

    async def take_in(self, event: Interaction) -> str:
        """Count one, however often it comes; the word for the counter.

        Where, all workers agree on first: a case may be opened or closed while they look. The hour is that of taking
        in: one that waited for long, while no worker ran, belongs to no message that was written meanwhile. What was
        taken back, by its customer or by erasing them, is told of no more.
        """
        name = event.key.counts_as(event.id)
        if await self.casework.cases.is_taken_back(name):
            return "deleted"
        case = await self.casework.cases.load(event.key.id)
        place = ON_CASE if case is not None and case.is_open else self._hour()
        place = await self.notes.agree(f"told:{name}", place, REMEMBERED)
        if place != ON_CASE:
            return await self._tell(event, place)
        outcome = await self.casework.apply(
            event.key.id, lambda case: folded(case, event), dedupe=(name,), draw_after=FOLD_AFTER, known=case
        )
        return "folded" if outcome.done else "known"

    def _hour(self) -> str:
        return (self.clock.now() + SETTLING).strftime(HOUR_NAME)

    async def _tell(self, event: Interaction, hour: str) -> str:
        who = event.author.label if event.author else "someone"
        line = f"{who} {_did(event)} ({self.titles[event.key.network]})".replace(LINK, " ")
        url = (event.author.url if event.author else "") or event.url
        line = f"{line}{LINK}{url}" if url else line
        await self.notes.add_to_digest(hour, event.key.counts_as(event.id), line)
        return "digest"


def _did(event: Interaction) -> str:
    """What somebody did, in words. A messenger tells the emoji of a reaction, and not each of them is a like."""
    emoji = "" if event.kind is not Kind.REACTION or event.text.isascii() else cut(tidy(event.text), 1)
    return f"reacted with {emoji}" if emoji else WORDS[event.kind]
