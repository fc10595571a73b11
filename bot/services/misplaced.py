"""Messages that Slack refuses where they belong: named by `check` and App Home, told to the people who run Hark.

A card has a copy elsewhere that says why. An alert has none: nobody would hear that a person on call has left. The card
of a storm or of a known problem has copies, too; it is named once none of the other places takes it either.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.fallback import Places, is_nowhere, nowhere_health, refusal_health, refusals
from bot.domain.models import Health
from bot.domain.notices import Words, kind_of
from bot.domain.ports import Cases, Clock, Notes
from bot.domain.storm import Problem
from bot.domain.storm_ports import STORM, StormStore
from bot.services.notices import Notices, tell_once

MISPLACED = "misplaced"
EVERY = timedelta(minutes=5)
TOLD = timedelta(days=7)
"""How long a place that refuses is not told again."""
LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Looks at the open cases of which Slack refused a message, and at storms and known problems, by whichever worker
    holds the chore."""

    cases: Cases
    storms: StormStore
    notes: Notes
    notices: Notices
    places: Places
    clock: Clock

    async def act(self, _timer: str) -> datetime | None:
        """Tell of each channel and person with the reason, once a week; when to look again."""
        for kind, health in (await self._found()).items():
            words = Words(headline=health.summary, mend=health.mend, every=TOLD)
            await tell_once(self.notices, self.notes, kind, kind, words)
        return self.clock.now() + EVERY

    async def health(self) -> list[Health]:
        """One line for each channel and person, with the mend."""
        return list((await self._found()).values())

    async def _found(self) -> dict[str, Health]:
        """What is wrong, by the kind under which it is told."""
        counts = refusals(await self.cases.misplaced(LOOKED_AT))
        found = {kind_of(MISPLACED, *which): refusal_health(*which, count) for which, count in counts.items()}
        for channel, weather in (await self.storms.weathers()).items():
            for told in weather.told:
                if is_nowhere(told, channel, self.places):
                    group = told.id if isinstance(told, Problem) else STORM
                    held = (await self.storms.tally(channel, group, self.clock.now())).folded
                    found[kind_of(MISPLACED, channel, told.id)] = nowhere_health(told, channel, held)
        return found
