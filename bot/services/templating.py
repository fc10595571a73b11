"""Answering with an approved template: what may be chosen, what the customer will read, and the send itself."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import AwareDatetime, ValidationError

from bot.domain.case import Case, Purpose
from bot.domain.decisions import Refused
from bot.domain.errors import Permanent, Transient
from bot.domain.models import Model
from bot.domain.offers import Offer
from bot.domain.overtaking import Seen
from bot.domain.replying import Draft, Outgoing
from bot.domain.templates import Template, Templates, Values, filled, problems, ref_of
from bot.services.casework import Outcome
from bot.services.composing import Advice, queued
from bot.services.desk_context import DeskContext
from bot.services.wording import Problems, slack_only

FRESH = timedelta(minutes=2)
KEPT = timedelta(hours=1)
"""The list that a form was opened with: it must still be there when the form comes back."""
GONE = "This template is not approved any more. Open the form again and choose another one."


class Listed(Model):
    """An account's templates, and when the network was asked for them."""

    at: AwareDatetime
    templates: Templates


@dataclass(frozen=True, slots=True)
class FilledTemplate:
    """A template as somebody filled it in. `send` was made when the form was opened; `seen` is what was
    read by then."""

    send: str
    case_id: str
    user: str
    template: str
    values: Values
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Templating:
    """The verbs of the template form."""

    at: DeskContext

    async def open(self, case_id: str) -> Case | Refused:
        """The case, if it can be answered with a template; otherwise the reason in words."""
        return await self.at.offered(case_id, Offer.TEMPLATE)

    async def ask(self, case: Case) -> Templates | Refused:
        """The templates of the case's account, from the network unless it was asked a moment ago."""
        listed, now = await self._listed(case), self.at.clock.now()
        if listed is not None and now - listed.at < FRESH:
            return listed.templates
        connector = self.at.connector(case)
        if connector is None:
            return Refused(code="no_account", text="This account is not set up any more.")
        try:
            found = await connector.templates()
        except Permanent as error:
            return Refused(code=error.reason, text=error.text)
        except Transient as error:
            return Refused(code="away", text=f"The templates cannot be read now: {error}. Try again in a minute.")
        await self.at.notes.set(_name(case), Listed(at=now, templates=found).model_dump_json(), KEPT)
        return found

    async def known(self, case: Case) -> Templates | Refused:
        """The templates as the form was opened with; nothing slow, for Slack waits for three seconds only."""
        listed = await self._listed(case)
        return listed.templates if listed else Refused(code="old", text="This form is old. Please open it again.")

    def check(self, template: Template, values: Values) -> Problems:
        """What is wrong with what was filled in, by blank."""
        strange = {key: problem for key, value in values.items() if (problem := slack_only(value))}
        return Problems({**strange, **problems(template, values)})

    async def send(self, form: FilledTemplate) -> Outcome | Problems | Advice:
        """Queue it. Problems come back by blank, a colleague's newer answer as advice."""
        known = await self.at.casework.cases.load(form.case_id)
        if known is not None and known.send(form.send):
            return Outcome(known)
        case = await self.open(form.case_id)
        if isinstance(case, Refused):
            return Outcome(None, case)
        listed = await self.known(case)
        template = None if isinstance(listed, Refused) else listed.of(form.template)
        if template is None:
            text = listed.text if isinstance(listed, Refused) else GONE
            return Outcome(None, Refused(code="gone", text=text))
        found = self.check(template, form.values)
        return found if found.fields else await self._queue(case, form, template)

    async def _queue(self, case: Case, form: FilledTemplate, template: Template) -> Outcome | Advice:
        by = await self.at.people.who(form.user)
        draft = Draft(
            id=form.send,
            purpose=Purpose.REPLY,
            private=True,
            text=filled(template, form.values),
            ref=ref_of(template, form.values),
        )
        answer = await queued(self.at, case.id, Outgoing(by=by, drafts=(draft,), seen=form.seen))
        return answer if isinstance(answer, Advice) else answer.once()

    async def _listed(self, case: Case) -> Listed | None:
        text = await self.at.notes.get(_name(case))
        try:
            return Listed.model_validate_json(text) if text else None
        except ValidationError:
            return None


def _name(case: Case) -> str:
    return f"templates:{case.key.network}:{case.key.account}"
