"""Load, decide, commit, and again on conflict: the one way in which a case changes.

Of those who want to change one case at the same time, a process lets one after the other: each decides on the case as
the one before left it, so that a thousand presses cost no more than the changes that come of them. Between processes
the version decides: of two commits one is a conflict, and looks again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

import structlog

from bot.domain.agenda import draw_priority
from bot.domain.case import Case
from bot.domain.decisions import Change, Decide, Refused
from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Cases, Clock, Commit, Conflict, Due

ROUNDS = 50
AT_ONCE = timedelta(0)
NO_CASE = "no_case"
DUPLICATE = "duplicate"
NOT_KEPT = Refused(code=NO_CASE, text="This case is no longer kept.")
TOLD_BEFORE: Mapping[str, Refused] = MappingProxyType(
    {
        DUPLICATE: Refused(code=DUPLICATE, text="This has been taken in already."),
        "gone": Refused(code="gone", text="The customer took this back."),
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision: the case as it stands now, and the refusal if there was one."""

    case: Case | None
    refused: Refused | None = None

    @property
    def done(self) -> bool:
        """Whether the change was made."""
        return self.refused is None

    @property
    def code(self) -> str:
        """The word for code of the refusal; empty when the change was made."""
        return self.refused.code if self.refused else ""

    def once(self) -> "Outcome":
        """The same for a form that may come twice: what it asks for is done, be it by the one that came before."""
        return Outcome(self.case) if self.code == DUPLICATE else self


Answer = TypeVar("Answer", bound=Outcome | Conflict)


@dataclass(slots=True)
class Line:
    """Those in this process who want to change one case now, one after the other.

    Questions to the store are counted as they begin. `case` is what the question number `answered` brought to light,
    and question number `failed` had no answer. Both are of use to those who stood here before it was asked: for whoever
    came later it is old news, which is better only than what that one knows anyhow.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    people: int = 0
    asked: int = 0
    answered: int = 0
    failed: int = 0
    case: Case | None = None

    async def ask(self, answer: Awaitable[Answer]) -> Answer:
        """Await what the store answers, and keep it for those behind."""
        self.asked += 1
        try:
            outcome = await answer
        except StoreUnavailable:
            self.failed = self.asked
            raise
        if isinstance(outcome, Conflict) or outcome.done:
            self.case, self.answered = outcome.case, self.asked
        return outcome

    def newest(self, since: int, known: Case | None) -> Case | None:
        """What whoever came after question number `since` may go by, given what is known to that one anyhow.

        Raises StoreUnavailable if the store did not answer meanwhile: the next one would only wait as long again.
        """
        if self.failed > since:
            raise StoreUnavailable("the store did not answer the one before, who wanted to change the same case")
        if self.case is None or (known is None and self.answered <= since):
            return known
        return known if known is not None and known.version > self.case.version else self.case


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a change is stored: see `Commit`."""

    dedupe: Collection[str] = ()
    draw_after: timedelta = AT_ONCE
    hold: tuple[Due, timedelta] | None = None
    patient: bool = False


def unwatched(_case: Case) -> None:
    """Nobody wants to know of a case that is closed."""


class Casework:
    """Applies decisions to stored cases.

    `marked` is set whenever a case is marked to be drawn; `closed` is told of each case that was closed.
    """

    def __init__(
        self,
        cases: Cases,
        clock: Clock,
        marked: asyncio.Event | None = None,
        closed: Callable[[Case], None] = unwatched,
    ) -> None:
        self._closed = closed
        self.cases = cases
        self._clock = clock
        self._marked = marked or asyncio.Event()
        self._lines: dict[str, Line] = {}
        self._log = structlog.get_logger("hark.casework")

    async def apply(
        self,
        case_id: str,
        decide: Decide,
        *,
        dedupe: Collection[str] = (),
        draw_after: timedelta = AT_ONCE,
        known: Case | None = None,
        patient: bool = False,
    ) -> Outcome:
        """Change one stored case. A case that is gone is refused with the code `no_case`. Raises StoreUnavailable.

        `known` is the case as the caller has just seen it: it saves a load, and is loaded again if it is old news.
        What is `patient` is stored a little later, with others' writes.
        """
        terms = Terms(dedupe, draw_after, patient=patient)
        line = self._lines.setdefault(case_id, Line())
        line.people += 1
        came = line.asked
        try:
            async with line.turn:
                return await self._in_turn(line, case_id, decide, terms, line.newest(came, known))
        finally:
            line.people -= 1
            if not line.people:
                del self._lines[case_id]

    async def look(self, case_ids: Sequence[str]) -> dict[str, Case | None]:
        """Many cases at once. Those that only a newer version can read are left out and to that version: one of them
        must not hold up the others. Raises StoreUnavailable."""
        cases = await self.cases.load_many(case_ids)
        left = [case_id for case_id in case_ids if case_id not in cases]
        if left:
            self._log.warning("cases that a newer version of Hark wrote are left to it", cases=left)
        return cases

    async def create(
        self, change: Change, *, dedupe: Collection[str], hold: tuple[Due, timedelta] | None = None
    ) -> Outcome | Conflict:
        """Store a new case; a conflict where there is one already. Whoever takes a hold on it draws it."""
        return await self._commit(None, change, Terms(dedupe, hold=hold))

    async def _in_turn(self, line: Line, case_id: str, decide: Decide, terms: Terms, known: Case | None) -> Outcome:
        for _ in range(ROUNDS):
            case = known or (await line.ask(self._load(case_id))).case
            if case is None:
                return Outcome(None, NOT_KEPT)
            decision = decide(case)
            if isinstance(decision, Refused):
                return Outcome(case, decision)
            outcome = await line.ask(self._commit(case, decision, terms))
            if isinstance(outcome, Outcome):
                return outcome
            known = outcome.case
        raise StoreUnavailable(f"case {case_id} changed under {ROUNDS} attempts in a row")

    async def _load(self, case_id: str) -> Outcome:
        return Outcome(await self.cases.load(case_id))

    async def _commit(self, before: Case | None, change: Change, terms: Terms) -> Outcome | Conflict:
        commit = Commit(
            before=before,
            after=change.case,
            at=self._clock.now(),
            log=change.log,
            draw=draw_priority(change.case) if change.redraw else None,
            draw_after=terms.draw_after,
            dedupe=terms.dedupe,
            hold=terms.hold,
            patient=terms.patient,
        )
        result = await self.cases.commit(commit)
        if result == "committed":
            after = commit.after
            if before is not None and before.is_open and not after.is_open:
                self._closed(after)
            if change.redraw and terms.hold is None:
                self._marked.set()
            return Outcome(after)
        return result if isinstance(result, Conflict) else Outcome(before, TOLD_BEFORE[result])
