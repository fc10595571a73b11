"""What staff do with a case in one press, each verb once. Handlers parse, call one of these, and draw the answer."""

import random
from dataclasses import dataclass
from functools import partial

from bot.domain import claims, lifecycle, replying
from bot.domain.case import Case, LogEntry, Person, Purpose, Send
from bot.domain.decisions import Decision, Refused
from bot.domain.offers import Offer
from bot.domain.overtaking import Seen
from bot.domain.replying import Draft, Outgoing
from bot.domain.templates import is_template
from bot.domain.text.suggestions import acknowledge_line, is_acknowledge_line
from bot.services.casework import DUPLICATE, Outcome
from bot.services.composing import Advice, Composing, Submission
from bot.services.desk_context import DeskContext
from bot.services.people import signature_problem, signed
from bot.services.wording import SIGNATURE, TEXT, Problems

NO_SIGNATURE = Refused(code="no_signature", text="First choose how you sign.")


@dataclass(frozen=True, slots=True)
class CloseForm:
    """A close form as somebody filled it in.

    `send` names its closing line and was made when the form was opened; `seen` is what was read by then. `waive`
    closes a case without the public word that its customer still waits for. `signature` is a newcomer's.
    """

    send: str
    case_id: str
    user: str
    reason: str
    line: str = ""
    waive: bool = False
    signature: str = ""
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The verbs of the desk."""

    at: DeskContext
    composing: Composing
    rng: random.Random

    async def claim(self, case_id: str, user: str) -> Outcome:
        """Take a case; the loser of a race learns who won."""
        return await self.at.press(
            case_id, user, lambda case, by: claims.claim(case, by, self.at.clock.now(), self.at.policy)
        )

    async def release(self, case_id: str, user: str) -> Outcome:
        """Give a case back to the team."""
        return await self.at.press(
            case_id, user, lambda case, by: claims.release(case, by, self.at.clock.now(), self.at.policy)
        )

    async def confirm(self, case_id: str, user: str) -> Outcome:
        """Say "still on it"."""
        return await self.at.press(
            case_id, user, lambda case, by: claims.confirm(case, by, self.at.clock.now(), self.at.policy)
        )

    async def dismiss(self, case_id: str, user: str, seen: Seen | None = None) -> Outcome:
        """Set aside what is not for us, unless the customer wrote something that was not `seen`."""
        by = await self.at.people.who(user)
        return await self.at.submit(case_id, lambda case: lifecycle.dismiss(case, by, self.at.clock.now(), seen=seen))

    async def reopen(self, case_id: str, user: str) -> Outcome:
        """Open a closed case again."""
        return await self.at.press(
            case_id, user, lambda case, by: lifecycle.reopen(case, by, self.at.clock.now(), self.at.policy)
        )

    async def undo(self, case_id: str, send_id: str, user: str) -> Outcome:
        """Take a queued send back; the words that somebody wrote are the sender's draft again, before what was drafted
        since."""
        outcome = await self.at.press(
            case_id, user, lambda case, by: replying.undo(case, send_id, by, self.at.clock.now())
        )
        send = outcome.case.send(send_id) if outcome.case and outcome.done else None
        text = _written(send) if send else ""
        if send is not None and text:
            notes, private = self.at.notes, send.private
            since = await notes.draft(case_id, send.by.id, private=private)
            drafted = f"{text}\n\n{since}" if since else text
            await notes.save_draft(case_id, send.by.id, drafted, private=private)
        return outcome

    async def retry(self, case_id: str, send_id: str, user: str) -> Outcome:
        """Try a failed send again, or look for one whose fate is unknown."""
        return await self.at.press(
            case_id, user, lambda case, by: replying.retry(case, send_id, by, self.at.clock.now())
        )

    async def look(self, case_id: str, send_id: str, user: str) -> Outcome:
        """Look on the network for a send whose fate is unknown."""
        return await self.at.press(
            case_id, user, lambda case, by: replying.look(case, send_id, by, self.at.clock.now())
        )

    async def acknowledge(self, case_id: str, user: str, send_id: str, *, pressed: bool = True) -> Outcome:
        """Say "we are on it" under one's own name. Refused with `no_signature` on first use, in time for a form, which
        comes back without any message that was `pressed`."""
        by = await self.at.people.in_time(user)
        if not by.signature:
            return Outcome(None, NO_SIGNATURE)
        if pressed:
            return await self.at.press(case_id, user, partial(self._first_word, send_id))
        return await self.at.submit(case_id, partial(self._first_word, send_id, by=by))

    def _first_word(self, send_id: str, case: Case, by: Person) -> Decision:
        text = signed(acknowledge_line(self.rng), by.signature)
        draft = Draft(id=send_id, purpose=Purpose.ACKNOWLEDGE, private=case.latest.private, text=text)
        queued = replying.queue(case, Outgoing(by=by, drafts=(draft,)), self.at.clock.now(), self.at.policy)
        # A press that Slack delivers twice is a duplicate, and nothing is said about offers.
        return queued if isinstance(queued, Refused) else self.at.refused(case, Offer.ACKNOWLEDGE) or queued

    async def close(self, form: CloseForm) -> Outcome | Problems:
        """Close with a reason; a closing line is sent in public first, where people still wait for one.

        Nothing is sent or closed if the customer, or a colleague to the customer, wrote something that was not seen.
        """
        line = await self._say(form) if form.line.strip() else None
        if isinstance(line, Problems) or (line and line.code not in ("", DUPLICATE)):
            return line
        if line is None and form.signature and form.waive and (problem := await self._sign(form)):
            return Problems({SIGNATURE: problem})
        words = lifecycle.REASONS.get(form.reason, form.reason)
        by = await self.at.people.who(form.user)
        outcome = await self.at.submit(
            form.case_id,
            lambda case: lifecycle.close(case, by, words, self.at.clock.now(), waive_loop=form.waive, seen=form.seen),
        )
        closed_before = line and line.code == DUPLICATE and outcome.code == "closed"
        return Outcome(outcome.case) if closed_before else outcome

    async def _say(self, form: CloseForm) -> Outcome | Problems:
        """Queue the closing line. Refused as a duplicate where a form that Slack delivers twice has said it already."""
        queued = await self.composing.submit(_closing_line(form))
        if isinstance(queued, Advice):
            return Problems({TEXT: f"{queued.text}. Open this form again if your line still fits."})
        return queued

    async def _sign(self, form: CloseForm) -> str:
        """Keep the signature of a form that sends no words: its field says so. Returns what is wrong with it."""
        problem = signature_problem(form.signature)
        person = await self.at.people.who(form.user)
        if not problem and not person.signature:
            await self.at.people.sign(person, form.signature)
        return problem

    async def history(self, case_id: str) -> tuple[Case, list[LogEntry]] | None:
        """Everything that happened with a case."""
        case = await self.at.casework.cases.load(case_id)
        return None if case is None else (case, await self.at.casework.cases.history(case_id))


def _written(send: Send) -> str:
    """The words of a send that its sender wrote: not those of a template, nor "we are on it", which would begin the
    next reply and, sent with it, count as an answer."""
    text = send.text.removesuffix(send.by.signature).rstrip()
    return "" if is_template(send.ref) or is_acknowledge_line(text) else text


def _closing_line(form: CloseForm) -> Submission:
    return Submission(
        id=form.send,
        case_id=form.case_id,
        user=form.user,
        purpose=Purpose.NOTICE,
        text=form.line,
        signature=form.signature,
        seen=form.seen,
        confirmed=True,
    )
