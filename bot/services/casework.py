"""Load, decide, commit, and again on conflict: the one way in which a case changes."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.agenda import draw_priority
from bot.domain.case import Case
from bot.domain.decisions import Change, Decide, Refused
from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Cases, Clock, Commit

ROUNDS = 50
AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision: the case as it stands now, and the refusal if there was one."""

    case: Case | None
    refused: Refused | None = None

    @property
    def done(self) -> bool:
        """Whether the change was made."""
        return self.refused is None


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

    async def apply(
        self,
        case_id: str,
        decide: Decide,
        *,
        dedupe: Collection[str] = (),
        draw_after: timedelta = AT_ONCE,
        known: Case | None = None,
    ) -> Outcome:
        """Change one stored case. A case that is gone is refused with the code `no_case`.

        `known` is the case as the caller has just seen it: it saves a load, and is loaded again if it is old news.
        """
        for attempt in range(ROUNDS):
            case = known if known is not None and attempt == 0 else await self.cases.load(case_id)
            if case is None:
                return Outcome(None, Refused(code="no_case", text="This case is no longer kept."))
            decision = decide(case)
            if isinstance(decision, Refused):
                return Outcome(case, decision)
            outcome = await self._commit(case, decision, dedupe, draw_after)
            if outcome is not None:
                return outcome
        raise StoreUnavailable(f"case {case_id} changed under {ROUNDS} attempts in a row")

    async def create(self, change: Change, *, dedupe: Collection[str]) -> Outcome | None:
        """Store a new case; None when somebody else has just created it."""
        return await self._commit(None, change, dedupe, AT_ONCE)

    async def _commit(
        self, before: Case | None, change: Change, dedupe: Collection[str], draw_after: timedelta
    ) -> Outcome | None:
        after = change.case
        result = await self.cases.commit(
            Commit(
                before=before,
                after=after,
                at=self._clock.now(),
                log=change.log,
                draw=draw_priority(after) if change.redraw else None,
                draw_after=draw_after,
                dedupe=dedupe,
            )
        )
        if result == "committed":
            if before is not None and before.is_open and not after.is_open:
                self._closed(after)
            if change.redraw:
                self._marked.set()
            version = (before.version if before else 0) + 1
            return Outcome(after.model_copy(update={"version": version}))
        if result == "duplicate":
            return Outcome(before, Refused(code="duplicate", text="This has been taken in already."))
        return None
