"""Snoozing a case: what the form needs and submits, and waking. Anybody may."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain import snoozing
from bot.domain.case import Case, Snooze
from bot.domain.decisions import Refused
from bot.domain.offers import Offer
from bot.domain.overtaking import Seen
from bot.domain.text.privacy import AllowList
from bot.services.casework import Outcome
from bot.services.desk_context import DeskContext
from bot.services.wording import HEADLINE_NOTE_GRAPHEMES, Problems, noted

UNTIL = "until"


@dataclass(frozen=True, slots=True)
class SnoozeForm:
    """A form as somebody filled it in.

    `id` was made when it was opened: twice with the same time, it sets one snooze. `seen` is what was read by then.
    """

    id: str
    case_id: str
    user: str
    until: datetime | None
    note: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class SnoozingDesk:
    """The verbs of snoozing."""

    at: DeskContext
    allow: AllowList

    async def open(self, case_id: str) -> tuple[Case, datetime] | Refused:
        """The case that the form is about, and the time that it begins with; refused while the case is closed."""
        case = await self.at.offered(case_id, Offer.SNOOZE)
        if isinstance(case, Refused):
            return case
        return case, snoozing.suggested(case, self.at.clock.now(), self.at.policy)

    async def snooze(self, form: SnoozeForm) -> Outcome | Problems:
        """Set the snooze, in the place of one that there is. A wrong time is told below its field."""
        if form.until is None:
            return Problems({UNTIL: "Choose a day and a time."})
        by, now = await self.at.people.who(form.user), self.at.clock.now()
        note = noted(form.note, self.allow, HEADLINE_NOTE_GRAPHEMES)
        wanted = Snooze(by=by, at=now, until=form.until, note=note)
        outcome = await self.at.submit(
            form.case_id,
            lambda case: snoozing.snooze(case, wanted, self.at.policy, seen=form.seen),
            once=f"snooze:{form.id}:{form.until.timestamp():.0f}",
        )
        if outcome.refused and outcome.code == "time":
            return Problems({UNTIL: outcome.refused.text})
        return outcome.once()

    async def wake(self, case_id: str, user: str) -> Outcome:
        """End the snooze now."""
        return await self.at.press(case_id, user, lambda case, by: snoozing.wake(case, by, self.at.clock.now()))
