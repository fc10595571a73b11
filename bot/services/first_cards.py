"""A new case, stored and shown in one go.

Usually a case that wants drawing waits in the queue of cards until a worker takes it, loads it and notes that it posts.
A worker that has a hand free takes the case in hand as it stores it: the commit that makes the case notes the attempt
and holds the lease, and Slack's budget is asked in the same round trip. That saves four of them before a customer's
words stand in Slack, three of them written to the disk. Should the worker die, the lease ends, and whoever takes the
case next looks for the attempt as always.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.agenda import draw_priority
from bot.domain.decisions import Change
from bot.domain.ports import Conflict
from bot.services.casework import Casework, Outcome
from bot.services.drawing import Drawing
from bot.services.worker import QueueWorker


@dataclass(frozen=True, slots=True)
class FirstCards:
    """Creates cases for intake, in the process that draws them. `cards` is the worker of the queue of cards."""

    casework: Casework
    drawing: Drawing
    cards: QueueWorker

    async def create(self, change: Change, *, dedupe: Collection[str]) -> Outcome | Conflict:
        """Store a new case, and post its card at once if that may be; a conflict where there is one already."""
        with self.cards.promise(change.case.id, draw_priority(change.case)) as hand:
            opening = self.drawing.opening(change) if hand else None
            if hand is None or opening is None or (card := opening.case.card) is None:
                return await self.casework.create(change, dedupe=dedupe)
            place = self.drawing.room(card)
            created = await self.casework.create(opening, dedupe=dedupe, hold=(hand.due, hand.lease))
            room = await place.has_room()
            if isinstance(created, Outcome) and created.done and created.case:
                case, act = created.case, self.drawing.first if room else self.drawing.call_off
                hand.begin(lambda _due: act(case))
            elif room:
                self.drawing.leave_room(card)
            return created
