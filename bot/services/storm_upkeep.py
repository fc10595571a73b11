"""Carries storms and known problems on: lets them end, gives cards back as there is room, keeps their messages true.

One step at a time, under a lease of the queue `storms`: when the worker that did it dies, another does the next step.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.domain.decisions import Decide
from bot.domain.ports import Clock, Due, DueQueue
from bot.domain.storm import (
    COMPLAINT_BAND,
    HEAD_START_S,
    ROOM,
    Measures,
    Problem,
    Weather,
    belongs,
    changed_problem,
    joined,
    passes,
    per_minute,
    relieved,
    wants_first_card,
)
from bot.domain.storm_ports import STORM, StormStore, Tally
from bot.services.casework import Casework
from bot.services.slack_budget import SlackBudget
from bot.services.storm_messages import IDLE, LOOKED_AT, STEP, StormMessages
from bot.services.storms import folding

BEHIND: Final = timedelta(seconds=HEAD_START_S)
"""Who is released stands behind those who ask already, so that nobody is overtaken again and again."""
DONE: Final = "done"
KNOWN_BY_ALL = timedelta(seconds=3)
"""Every process has learnt of a problem by then: until it has, it folds a case of it into the storm."""
CARDS_NOTED = timedelta(seconds=10)
"""Every process has noted by then which cards it had posted before the problem was known."""
AT_ONCE: Final = 5


@dataclass(frozen=True, slots=True)
class StormUpkeep:
    """Takes the next step in one channel."""

    store: StormStore
    cards: DueQueue
    casework: Casework
    messages: StormMessages
    budget: SlackBudget
    clock: Clock

    async def act(self, due: Due) -> datetime | None:
        """Everything that is to be done in a channel now; when to come again, None when all is told."""
        channel = due.id
        weather = await self.store.weather(channel)
        if weather.clear:
            return None
        now = self.clock.now()
        tally = await self.store.tally(channel, STORM, now)
        seen = Measures(tally.waiting, per_minute(tally.slots, now), tally.alike)
        weather = await self.messages.change(channel, lambda each: passes(each, seen, now)) or weather
        for problem in weather.problems:
            await self._comb(channel, problem, now)
            await self._tell_solved(channel, problem, now)
        await self._release(channel, weather, tally, now)
        wait = [await self.messages.show_storm(channel, weather.storm, tally.folded, now)] if weather.storm else []
        wait += [await self.messages.show_problem(channel, problem) for problem in weather.problems]
        busy = weather.storming or tally.folded > 0 or any(_is_at_work(each) for each in weather.problems)
        return now + (STEP if busy else max(STEP, min((each - now for each in wait if each is not None), default=IDLE)))

    # --- giving cards back ------------------------------------------------------------------------------------------

    async def show_next(self, channel: str, group: str, limit: int) -> int:
        """Give the most urgent folded cases their own cards at once; how many those were."""
        now, shown = self.clock.now(), 0
        while shown < limit:
            ids = await self.store.take(channel, group, limit - shown, now)
            if not ids:
                break
            shown += await self._give_cards(channel, group, ids, now)
        return shown

    async def _release(self, channel: str, weather: Weather, tally: Tally, now: datetime) -> None:
        """During a storm: exempt cases for which there was no room. Else one at a time, when nobody else waits."""
        if weather.storming:
            ids = await self.store.take(channel, STORM, ROOM - tally.admitted, now, first_only=True)
            await self._give_cards(channel, STORM, ids, now)
        if tally.waiting > 0 or tally.admitted > 0 or (weather.storming and tally.first > 0):
            return
        groups = [each.id for each in weather.problems if each.solved_at is not None]
        if weather.storm is not None and not weather.storming:
            groups.append(STORM)
        for group in groups:
            if not await self.budget.to_spare(channel):
                return
            problem = weather.problem(group)
            await self._give_cards(channel, group, await self.store.take(channel, group, 1, now), now, problem)

    async def _give_cards(
        self, channel: str, group: str, ids: list[str], now: datetime, solved: Problem | None = None
    ) -> int:
        """Have these cases drawn; what needs no card any more is settled. How many get one."""
        shown: list[str] = []
        cases = await self.casework.look(ids)
        for case_id, found in cases.items():
            case = found
            if case is not None and solved is not None:
                case = (await self.casework.apply(case_id, _relief(solved, now), known=case)).case
            if case is None or not case.is_open or not wants_first_card(case) or (solved and case.wait is None):
                continue
            if group != STORM and solved is None:
                await self.store.stand(channel, group, case_id, now)
            await self.cards.put(case_id, now + BEHIND, COMPLAINT_BAND + 1)
            shown.append(case_id)
        await self.store.drop(channel, group, shown, "shown")
        await self.store.drop(channel, group, [each for each in cases if each not in shown], "settled")
        return len(shown)

    # --- known problems ---------------------------------------------------------------------------------------------

    async def _comb(self, channel: str, problem: Problem, now: datetime) -> None:
        """Look through some of the cases that came before the problem was known: those that belong to it join it."""
        if problem.solved_at is not None or now < problem.opened_at + KNOWN_BY_ALL:
            return
        if problem.combed != DONE:
            await self._comb_folded(channel, problem, now)
        elif problem.combed_cards != DONE and now >= problem.opened_at + CARDS_NOTED:
            await self._comb_cards(channel, problem, now)

    async def _comb_folded(self, channel: str, problem: Problem, now: datetime) -> None:
        """Those that the storm has folded go over to the problem."""
        cursor, ids = await self.store.scan(channel, problem.combed or "0")
        over: list[str] = []
        for case_id, case in (await self.casework.look(ids)).items():
            if case is None or case.claim is not None or not belongs(problem, case):
                continue
            if await self.store.fold(channel, problem.id, folding(case), now) == "folded":
                await self.casework.apply(case_id, lambda each: joined(each, problem, now), known=case)
                over.append(case_id)
        await self.store.drop(channel, STORM, over, "joined")
        combed = DONE if cursor == "0" else cursor
        await self.messages.change(channel, lambda each: changed_problem(each, problem.id, combed=combed))

    async def _comb_cards(self, channel: str, problem: Problem, now: datetime) -> None:
        """Those that have cards of their own say so there. Where Slack has no room, the same ones come again."""
        cursor, ids = await self.store.carded(channel, problem.combed_cards or "0")
        for case_id, case in (await self.casework.look(ids)).items():
            if case is None or not case.is_open or case.known is not None or not belongs(problem, case):
                continue
            if not await self.budget.to_spare_update():
                return
            await self.store.stand(channel, problem.id, case_id, now, folding(case))
            await self.casework.apply(case_id, lambda each: joined(each, problem, now), known=case)
        combed = DONE if cursor == "0" else cursor
        await self.messages.change(channel, lambda each: changed_problem(each, problem.id, combed_cards=combed))

    async def _tell_solved(self, channel: str, problem: Problem, now: datetime) -> None:
        """The cards that its cases have already say by and by that the problem is solved."""
        if problem.solved_at is None:
            return
        cases = await self.casework.look(await self.store.standing(channel, problem.id, LOOKED_AT))
        for case_id, case in list(cases.items())[:AT_ONCE]:
            if not await self.budget.to_spare_update():
                return
            await self.casework.apply(case_id, _relief(problem, now), known=case)
            await self.store.leave(channel, problem.id, case_id)


def _is_at_work(problem: Problem) -> bool:
    """Whether there is more to do for it at once than to keep its card true."""
    return problem.solved_at is not None or problem.combed != DONE or problem.combed_cards != DONE


def _relief(problem: Problem, now: datetime) -> Decide:
    return lambda case: relieved(case, problem, now)
