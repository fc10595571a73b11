"""Hiding a comment: what the form needs, and the four verbs of it. Who may do what is decided by Slack user id here."""

from dataclasses import dataclass

from bot.domain import hiding
from bot.domain.case import Case, HideReason, Item
from bot.domain.decisions import Refused
from bot.domain.hiding import Ask
from bot.domain.offers import Offer
from bot.domain.text.privacy import AllowList
from bot.services.casework import Outcome
from bot.services.desk_context import DeskContext
from bot.services.wording import Problems, noted

REASON = "reason"


@dataclass(frozen=True, slots=True)
class Hideable:
    """A case with the comment that the form would be about."""

    case: Case
    item: Item


@dataclass(frozen=True, slots=True)
class HidingDesk:
    """The verbs of hiding."""

    at: DeskContext
    allow: AllowList

    async def open(self, case_id: str) -> Hideable | Refused:
        """What the form is about; refused where nothing may be hidden."""
        case = await self.at.offered(case_id, Offer.HIDE)
        if isinstance(case, Refused):
            return case
        item = hiding.subject(case, self.at.capabilities(case))
        return Hideable(case, item) if item else Refused(code="not_offered", text=hiding.CRITICISM)

    async def ask(
        self, request: str, case_id: str, item_id: str, user: str, reason: str, note: str
    ) -> Outcome | Problems:
        """Ask for a second person."""
        if reason not in set(HideReason):
            return Problems({REASON: "Choose a reason."})
        by = await self.at.people.who(user)
        asked = Ask(id=request, item=item_id, reason=reason, note=noted(note, self.allow), by=by)
        outcome = await self.at.submit(
            case_id,
            lambda case: hiding.ask(case, asked, self.at.capabilities(case), self.at.clock.now(), self.at.policy),
        )
        if outcome.refused and outcome.refused.code == "reason":
            return Problems({REASON: outcome.refused.text})
        return outcome.once()

    async def approve(self, case_id: str, request: str, user: str) -> Outcome:
        """Agree as a second person; nobody approves their own request."""
        return await self.at.press(
            case_id,
            user,
            lambda case, by: hiding.approve(
                case, request, by, self.at.capabilities(case), self.at.clock.now(), self.at.policy
            ),
        )

    async def decline(self, case_id: str, request: str, user: str) -> Outcome:
        """Say no, or take one's own request back."""
        return await self.at.press(
            case_id, user, lambda case, by: hiding.decline(case, request, by, self.at.clock.now())
        )

    async def unhide(self, case_id: str, item_id: str, user: str, send_id: str) -> Outcome:
        """Show a hidden comment again; anybody may, alone."""
        return await self.at.press(
            case_id,
            user,
            lambda case, by: hiding.unhide(
                case, item_id, send_id, by, self.at.capabilities(case), self.at.clock.now(), self.at.policy
            ),
        )
