"""Bringing a colleague in: the form's two ways. Who may give away what is decided by Slack user id in the domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain import assigning
from bot.domain.assigning import Call
from bot.domain.case import Case
from bot.domain.decisions import Decide, Refused
from bot.domain.offers import Offer
from bot.domain.text.privacy import AllowList
from bot.services.casework import Outcome
from bot.services.desk_context import DeskContext
from bot.services.wording import HEADLINE_NOTE_GRAPHEMES, Problems, noted

ASSIGN, ESCALATE = "assign", "escalate"
COLLEAGUE, NOTE = "colleague", "note"
BELOW: Mapping[str, str] = MappingProxyType({"theirs": COLLEAGUE, "yourself": COLLEAGUE, "no_note": NOTE})
"""Where in the form a refusal is shown that another choice would mend."""


@dataclass(frozen=True, slots=True)
class AssignForm:
    """The form as somebody filled it in; `request` was made when it was opened, `way` is ASSIGN or ESCALATE."""

    request: str
    case_id: str
    user: str
    way: str
    colleague: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class AssigningDesk:
    """The two verbs."""

    at: DeskContext
    allow: AllowList

    async def open(self, case_id: str) -> Case | Refused:
        """The case that the form is about; refused where it is closed or not kept."""
        return await self.at.offered(case_id, Offer.ASSIGN)

    async def call(self, form: AssignForm) -> Outcome | Problems:
        """Assign a case, or call somebody to help. A form that comes twice does it once; whoever thinks better
        of it, where Slack says that the first try failed, gets what they chose last."""
        if not form.colleague:
            return Problems({COLLEAGUE: "Choose a colleague."})
        by, to = await self.at.people.who(form.user), await self.at.people.who(form.colleague)
        note = noted(form.note.replace("\n", " "), self.allow, HEADLINE_NOTE_GRAPHEMES)
        decide = self._decide(form.way, Call(id=form.request, by=by, to=to, note=note))
        outcome = await self.at.submit(form.case_id, decide, f"call:{form.request}:{form.way}:{form.colleague}")
        if outcome.refused and outcome.code in BELOW:
            return Problems({BELOW[outcome.code]: outcome.refused.text})
        return outcome.once()

    def _decide(self, way: str, call: Call) -> Decide:
        if way == ESCALATE:
            return lambda case: assigning.escalate(case, call, self.at.clock.now())
        return lambda case: assigning.assign(case, call, self.at.clock.now(), self.at.policy)
