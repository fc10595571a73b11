"""Writing to a customer: what a modal shows, what comes back from it, what must be said before anything is sent."""

import random
from dataclasses import dataclass

from bot.domain import replying
from bot.domain.case import Case, Person, Purpose, Send, SendState
from bot.domain.decisions import Refused
from bot.domain.models import Capabilities, LengthRule
from bot.domain.network import Titles
from bot.domain.offers import Offer, private_route, reply_rule
from bot.domain.overtaking import Seen, meanwhile, seen_of
from bot.domain.replying import Draft, Outgoing
from bot.domain.text.privacy import AllowList
from bot.domain.text.suggestions import first_name, moved_private_line, suggest_thanks
from bot.domain.text.tone import ToneReader
from bot.services.casework import DUPLICATE, Outcome
from bot.services.desk_context import DeskContext
from bot.services.people import signature_problem, signed
from bot.services.wording import PUBLIC_LINE, SIGNATURE, TEXT, Problems, text_problems

THANKS = "thanks"
MOVED = {
    False: Refused(
        code="moved", text="You wrote this in private, but it would go out in public now. Open the form again."
    ),
    True: Refused(
        code="moved", text="You wrote this for the public, but it would go out in private now. Open the form again."
    ),
}
"""What a form's title said holds no longer, by whether its words would be private now."""
LEFT_OUT = (
    "What you wrote in private is kept until you write there again. It is left out here: everybody can read this."
)
TAKEN_BACK = Refused(code="taken_back", text="This was taken back meanwhile. Open the form again to send it.")


@dataclass(frozen=True, slots=True)
class Composition:
    """Everything that a modal for writing needs to know; `warning` is what to read first, if anything."""

    case: Case
    person: Person
    purpose: Purpose
    private: bool
    text: str
    public_line: str
    seen: Seen
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What came back from such a modal.

    `id` was made when it was opened; `seen` is what its writer had read by then, `private` what its title said (None:
    nothing); `confirmed` means the advice was read.
    """

    id: str
    case_id: str
    user: str
    purpose: Purpose
    text: str
    public_line: str = ""
    like: bool = False
    signature: str = ""
    seen: Seen | None = None
    private: bool | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """Nothing was sent yet: the sender should read this first, and may then send all the same. What is about the `tone`
    is said once."""

    text: str
    seen: Seen
    tone: bool = False


Answer = Outcome | Problems | Advice


@dataclass(frozen=True, slots=True)
class Composing:
    """Opens, keeps and sends what staff write. `titles`: the networks as people write them."""

    at: DeskContext
    titles: Titles
    allow: AllowList
    tone: ToneReader
    rng: random.Random

    async def compose(self, case_id: str, user: str, purpose: Purpose) -> Composition | Refused:
        """What a modal for writing needs; refused when the case or the network does not allow it."""
        case = await self.at.offered(case_id, _offer(purpose))
        if isinstance(case, Refused):
            return case
        by = await self.at.people.in_time(user)
        private, rule = self._channel(case, self.at.capabilities(case), purpose)
        if rule is None:
            return Refused(code="not_offered", text="This network takes no such message.")
        drafted, warning = await self._drafted(case_id, user, private=private)
        return Composition(
            case=case,
            person=by,
            purpose=purpose,
            private=private,
            text=drafted or await self._suggestion(case, purpose, private=private),
            public_line=moved_private_line(first_name(_name(case))) if purpose is Purpose.PRIVATE and private else "",
            seen=seen_of(case),
            warning=warning,
        )

    async def _drafted(self, case_id: str, user: str, *, private: bool) -> tuple[str, str]:
        """The draft that a form begins with, and what to say of one that it leaves out: words for the public may go on
        in private, never the other way."""
        notes = self.at.notes
        own = await notes.draft(case_id, user, private=private)
        if own:
            return own, ""
        other = await notes.draft(case_id, user, private=not private)
        return (other, "") if private else ("", LEFT_OUT if other else "")

    async def writing(self, case_id: str, user: str) -> Outcome:
        """The modal is open: colleagues see it."""
        return await self.at.press(
            case_id, user, lambda case, by: replying.start_writing(case, by, self.at.clock.now(), self.at.policy)
        )

    async def cancel(self, case_id: str, user: str) -> Outcome:
        """The modal was closed unsent: the draft is kept as it was saved while typing."""
        by = await self.at.people.who(user)
        return await self.at.submit(case_id, lambda case: replying.stop_writing(case, by))

    async def keep_draft(self, case_id: str, user: str, text: str, send: str, *, private: bool) -> bool:
        """Remember what is being typed in the form that makes this send; whether it is kept. Once that is made it is no
        draft any more: the last letter may be told after Send, for Slack keeps no order. What is written to somebody
        who was erased meanwhile would outlive them."""
        case = await self.at.casework.cases.load(case_id)
        if case is None or case.send(send) is not None:
            return False
        await self.at.notes.save_draft(case_id, user, text, private=private)
        return True

    async def submit(self, submission: Submission) -> Answer:
        """Send what was written: problems come back by field, advice once, then it is queued."""
        known = await self.at.casework.cases.load(submission.case_id)
        send = known.send(submission.id) if known else None
        if known is not None and send is not None:
            return await self._repeated(known, send, submission)
        person = await self.at.people.who(submission.user)
        unsigned = not person.signature
        if unsigned:
            problem = signature_problem(submission.signature)
            if problem:
                return Problems({SIGNATURE: problem})
            person = person.model_copy(update={"signature": submission.signature.strip()})
        case = await self.at.offered(submission.case_id, _offer(submission.purpose))
        if isinstance(case, Refused):
            return Outcome(None, case)
        capabilities = self.at.capabilities(case)
        private, _rule = self._channel(case, capabilities, submission.purpose)
        if submission.private not in (None, private):
            return Outcome(case, MOVED[private])
        drafts = _drafts(capabilities, submission, person, private=private)
        objection = self._objection(case, person, submission, drafts)
        if objection is not None:
            return objection
        if unsigned:  # not before everything else is in order: a modal that comes back must still offer the field
            person = await self.at.people.sign(person, person.signature)
        return await self._queue(case, person, submission, drafts)

    async def _repeated(self, case: Case, send: Send, submission: Submission) -> Outcome:
        """The same Send again, because its answer never reached the person: what came after it may be missing. Once it
        was taken back, its words are the person's draft again."""
        if send.state is SendState.UNDONE:
            return Outcome(case, TAKEN_BACK)
        await self.at.notes.forget_drafts(case.id, submission.user)
        return Outcome(case, Refused(code=DUPLICATE, text="This has been sent already."))

    async def _queue(self, case: Case, person: Person, submission: Submission, drafts: tuple[Draft, ...]) -> Answer:
        answer = await queued(self.at, case.id, Outgoing(by=person, drafts=drafts, seen=submission.seen))
        if isinstance(answer, Outcome) and answer.done:
            await self.at.notes.forget_drafts(case.id, person.id)
            if submission.purpose is Purpose.THANK:
                await self.at.notes.note_recent(THANKS, submission.text)
        return answer

    def _objection(
        self, case: Case, person: Person, submission: Submission, drafts: tuple[Draft, ...]
    ) -> Problems | Advice | None:
        problems = self._problems(case, self.at.capabilities(case), drafts)
        return problems if problems.fields else self._advice(case, person, submission)

    def _problems(self, case: Case, capabilities: Capabilities, drafts: tuple[Draft, ...]) -> Problems:
        fields: dict[str, str] = {}
        for draft in drafts:
            if draft.purpose is Purpose.LIKE:
                continue
            rule = capabilities.private_message if draft.private else capabilities.public_reply
            allow = None if draft.private else self.allow
            problem = text_problems(draft.text, rule, allow, self.titles[case.key.network])
            if problem:
                fields[PUBLIC_LINE if draft.purpose is Purpose.NOTICE and len(drafts) > 1 else TEXT] = problem
        return Problems(fields)

    def _advice(self, case: Case, person: Person, submission: Submission) -> Advice | None:
        """What came meanwhile always stops the first Send; an argumentative tone does, once."""
        news = meanwhile(case, person, submission.seen)
        if news:
            return Advice(news, seen_of(case))
        if not submission.confirmed and self.tone.read(submission.text):
            text = "This may read as an argument. Sleep on it, soften it, or press Send again to send it as it is."
            return Advice(text, seen_of(case), tone=True)
        return None

    def _channel(self, case: Case, capabilities: Capabilities, purpose: Purpose) -> tuple[bool, LengthRule | None]:
        """Whether such a message is private, and its length rule. Where nothing private is possible, it is public."""
        if purpose is Purpose.PRIVATE:
            route = private_route(case, capabilities, self.at.clock.now(), self.at.policy.contact)
            if route == "message":
                return True, capabilities.private_message
        if purpose is Purpose.NOTICE:
            return False, capabilities.public_reply
        return case.latest.private, reply_rule(case, capabilities)

    async def _suggestion(self, case: Case, purpose: Purpose, *, private: bool) -> str:
        if purpose is Purpose.THANK:
            return await self._thanks(case)
        if purpose is Purpose.REPLY and case.known is not None:
            return case.known.line
        if purpose is Purpose.PRIVATE and not private:
            return f"We would like to sort this out with you in private: please reach us at {self.at.policy.contact}."
        return ""

    async def _thanks(self, case: Case) -> str:
        """Thanks for kind words, where there are any: below a complaint they would be a mockery."""
        if case.reading.intent != "praise":
            return ""
        used = await self.at.notes.recent(THANKS)
        return suggest_thanks(_name(case), case.reading.topics, used, self.rng)


async def queued(at: DeskContext, case_id: str, outgoing: Outgoing) -> Outcome | Advice:
    """Queue what was written, or advise to read first what came since its writer had looked."""
    outcome = await at.submit(case_id, lambda case: replying.queue(case, outgoing, at.clock.now(), at.policy))
    if outcome.refused and outcome.code == "overtaken" and outcome.case:
        return Advice(outcome.refused.text, seen_of(outcome.case))
    return outcome


def _offer(purpose: Purpose) -> Offer:
    return {
        Purpose.REPLY: Offer.REPLY,
        Purpose.THANK: Offer.THANK,
        Purpose.LIKE: Offer.THANK,
        Purpose.ACKNOWLEDGE: Offer.ACKNOWLEDGE,
        Purpose.PRIVATE: Offer.PRIVATE,
        Purpose.NOTICE: Offer.CLOSING_WORD,
    }[purpose]


def _drafts(capabilities: Capabilities, submission: Submission, person: Person, *, private: bool) -> tuple[Draft, ...]:
    purpose = submission.purpose
    if purpose is Purpose.PRIVATE and not private:
        purpose = Purpose.ACKNOWLEDGE
    first = Draft(
        id=submission.id,
        purpose=purpose,
        private=private,
        text=signed(submission.text, person.signature),
        closes_loop=purpose is Purpose.NOTICE,
    )
    drafts = [first]
    if submission.like and capabilities.like:
        drafts.append(Draft(id=f"{submission.id}~", purpose=Purpose.LIKE, private=False, text="", after=submission.id))
    if not submission.public_line.strip():
        return tuple(drafts)
    line = Draft(
        id=f"{submission.id}+",
        purpose=Purpose.NOTICE,
        private=False,
        text=signed(submission.public_line, person.signature),
        after=submission.id,
    )
    return *drafts, line


def _name(case: Case) -> str:
    return case.author.name if case.author else ""
