"""What the verbs of the desk share: the case with what it offers, and the one way to press."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.case import Case, Person
from bot.domain.decisions import Decide, Decision, Refused
from bot.domain.hiding import CRITICISM
from bot.domain.models import Capabilities
from bot.domain.network import ConnectorPort, Connectors
from bot.domain.offers import Offer, first_word_under_way, offers, private_used
from bot.domain.policy import Policy
from bot.domain.ports import Clock, Notes
from bot.services.casework import NOT_KEPT, Casework, Outcome
from bot.services.people import People

PRESS_DRAW = timedelta(seconds=1.5)
"""A press redraws its own message at once; the queue follows with the other copies."""

NOTHING = Capabilities()

DecideAs = Callable[[Case, Person], Decision]
"""What a member of staff makes of a case."""


@dataclass(frozen=True, slots=True)
class DeskContext:
    """Everything that a verb of the desk needs, handed over once."""

    casework: Casework
    people: People
    notes: Notes
    connectors: Connectors
    policy: Policy
    clock: Clock

    def connector(self, case: Case) -> ConnectorPort | None:
        """The account through which the case came, unless it was removed since."""
        return self.connectors.get((case.key.network, case.key.account))

    def capabilities(self, case: Case) -> Capabilities:
        """What the case's network lets us do."""
        connector = self.connector(case)
        return connector.capabilities if connector else NOTHING

    async def offered(self, case_id: str, offer: Offer) -> Case | Refused:
        """The case, if it offers that; otherwise the reason in words."""
        case = await self.casework.cases.load(case_id)
        if case is None:
            return NOT_KEPT
        return self.refused(case, offer) or case

    def refused(self, case: Case, offer: Offer) -> Refused | None:
        """Why the case does not offer that now; None when it does."""
        capabilities = self.capabilities(case)
        found = offers(case, capabilities, self.clock.now(), self.policy.contact)
        return None if offer in found else Refused(code="not_offered", text=_why_not(case, offer, capabilities, found))

    async def press(self, case_id: str, user: str, decide: DecideAs) -> Outcome:
        """Apply what somebody decides; the pressed message is redrawn by the handler, the other copies soon after.

        Person and case are asked for at once: it is what a press waits for before anything changes.
        """
        by, known = await asyncio.gather(self.people.remembered(user), self.casework.cases.load(case_id))
        if by is None:  # Slack is asked for a stranger's name, and what is known of the case becomes old news meanwhile
            by, known = await self.people.who(user), None
        return await self.casework.apply(case_id, lambda case: decide(case, by), draw_after=PRESS_DRAW, known=known)

    async def submit(self, case_id: str, decide: Decide, once: str = "") -> Outcome:
        """Apply a decision that came from a modal: no message was pressed, so the queue draws all copies at once.

        `once` is a name under which this happens once in the case's life: the next time it is a `duplicate`.
        """
        return await self.casework.apply(case_id, decide, dedupe=(once,) if once else ())


def _why_not(case: Case, offer: Offer, capabilities: Capabilities, found: frozenset[Offer]) -> str:
    if not case.is_open:
        return "This case is closed. Reopen it first."
    if offer is Offer.ACKNOWLEDGE and (case.cycle.acknowledged_at or first_word_under_way(case)):
        return "The customer has had a first word already, or it is on its way."
    if offer is Offer.HIDE:
        return f"There is nothing here that can be hidden now. {CRITICISM}"
    if offer in (Offer.TEMPLATE, Offer.PRIVATE) and Offer.REPLY in found and case.latest.private:
        return "The customer has written in private meanwhile and can be answered there: press Reply."
    return _why_unanswerable(case, offer, capabilities)


def _why_unanswerable(case: Case, offer: Offer, capabilities: Capabilities) -> str:
    if offer is Offer.PRIVATE and capabilities.private_once and private_used(case, case.latest):
        return "A private message about this was sent already, and the network allows one. Wait for the customer."
    answered = case.newest(private=False) if offer is Offer.CLOSING_WORD else case.latest
    if answered.hidden and not capabilities.answers_hidden:
        return "This comment is hidden, and the network takes no answers below hidden comments. Unhide it first."
    return "The customer cannot be answered here any more: the network or its reply window does not allow it."
