"""What staff do with a storm: show the next ten, open a known problem, say that it is solved."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.domain.decisions import Refused
from bot.domain.ports import Clock, DueQueue
from bot.domain.storm import (
    NEXT,
    SAMPLES,
    Problem,
    Weather,
    with_problem,
    with_solved,
)
from bot.domain.storm_ports import STORM, ProblemData, StormData, StormStore
from bot.domain.text.clean import tidy
from bot.domain.text.similar import largest_group, normal, top_words
from bot.services.casework import Casework
from bot.services.people import People
from bot.services.storm_messages import StormMessages
from bot.services.storm_upkeep import StormUpkeep

LOOKED_AT: Final = 60
WORDS: Final = 5
Decide = Callable[[Weather], Weather | Refused]
WORDLESS: Final = "wordless"
GONE: Final = "That storm is over and told; nothing is held back here any more."


@dataclass(frozen=True, slots=True)
class ProblemForm:
    """What staff typed about a known problem."""

    title: str
    known: str
    line: str
    words: str


@dataclass(frozen=True, slots=True)
class StormDesk:
    """The verbs of storm cards. Anybody in the channel may use them, as with claims; who did is noted and shown."""

    store: StormStore
    queue: DueQueue
    casework: Casework
    upkeep: StormUpkeep
    messages: StormMessages
    people: People
    clock: Clock

    async def show_next(self, channel: str, group: str) -> int | Refused:
        """Give the ten that wait most urgently their own cards; how many those were."""
        weather = await self.store.weather(channel)
        if (weather.storm is None) if group == STORM else (weather.problem(group) is None):
            return Refused(code="gone", text=GONE)
        return await self.upkeep.show_next(channel, group, NEXT)

    async def suggested(self, channel: str) -> tuple[str, ...]:
        """What the form for a known problem begins with: the words that most of the folded customers use."""
        return top_words(await self._texts(channel), WORDS)

    async def suggested_by_storm(self, channel: str) -> tuple[str, ...] | Refused:
        """The same for the form that a storm card opens; refused once that storm is over."""
        if (await self.store.weather(channel)).storm is None:
            return Refused(code="gone", text=GONE)
        return await self.suggested(channel)

    async def open_problem(self, channel: str, user: str, form: ProblemForm) -> Problem | Refused:
        """From now on what is like the storm's largest group, or says the words, belongs to a known problem.

        Refused as `wordless` where there is neither: no case could be told by it.
        """
        by = await self.people.in_time(user)
        words = tuple(dict.fromkeys(word for word in normal(form.words).split() if len(word) > 1))
        problem = Problem(
            id=secrets.token_hex(4),
            title=tidy(form.title).strip(),
            known=tidy(form.known).strip(),
            line=form.line.strip(),
            words=words,
            samples=largest_group(await self._texts(channel))[:SAMPLES],
            opened_at=self.clock.now(),
            opened_by=by.name,
        )
        if not problem.words and not problem.samples:
            return Refused(code=WORDLESS, text="Write a word or two by which its cases are told.")
        refused = await self._change(channel, lambda weather: with_problem(weather, problem))
        return refused or problem

    async def solve(self, channel: str, problem_id: str, user: str, line: str) -> Refused | None:
        """The problem is solved: its cases that still wait get their cards, with `line` as what to tell them."""
        by, now = await self.people.in_time(user), self.clock.now()
        return await self._change(channel, lambda weather: with_solved(weather, problem_id, by.name, line.strip(), now))

    async def storm(self, channel: str) -> StormData | None:
        """What the storm card says now."""
        return await self.messages.storm_data(channel)

    async def problem(self, channel: str, problem_id: str) -> ProblemData | None:
        """What a known problem's card says now."""
        return await self.messages.problem_data(channel, problem_id)

    async def _change(self, channel: str, decide: Decide) -> Refused | None:
        refused: list[Refused] = []

        def change(weather: Weather) -> Weather | None:
            refused.clear()
            after = decide(weather)
            if isinstance(after, Refused):
                refused.append(after)
                return None
            return after

        if await self.messages.change(channel, change) is None and not refused:
            return Refused(code="busy", text="Too many people change this at the same time. Please try again.")
        await self.queue.put(channel, self.clock.now())
        return refused[0] if refused else None

    async def _texts(self, channel: str) -> list[str]:
        """Normal texts of the most urgent folded cases; private words stay out of it."""
        ids = await self.store.top(channel, STORM, LOOKED_AT)
        cases = await self.casework.look(ids)
        return [normal(case.latest.text) for case in cases.values() if case is not None and not case.latest.private]
