"""Messages that Slack refuses where they belong: named by `check` and App Home, told to the people who run Hark.

A card has a copy elsewhere that says why. An alert has none: nobody would hear that a person on call has left.
"""

from datetime import datetime, timedelta

from bot.domain.fallback import misplaced_health, refusal_health, refusals
from bot.domain.models import Health
from bot.domain.notices import Words, kind_of
from bot.domain.ports import Cases, Clock, Notes
from bot.services.notices import Notices

MISPLACED = "misplaced"
EVERY = timedelta(minutes=5)
TOLD = timedelta(days=7)
"""How long a place that refuses is not told again."""
LOOKED_AT = 1000


class Misplaced:
    """Looks at the open cases of which Slack refused a message, by whichever worker holds the chore."""

    def __init__(self, cases: Cases, notes: Notes, notices: Notices, clock: Clock) -> None:
        self._cases = cases
        self._notes = notes
        self._notices = notices
        self._clock = clock

    async def act(self, _timer: str) -> datetime | None:
        """Tell of each channel and person with the reason, once a week; when to look again."""
        for (place, error), count in refusals(await self._cases.misplaced(LOOKED_AT)).items():
            kind, health = kind_of(MISPLACED, place, error), refusal_health(place, error, count)
            if await self._notes.get(f"said:{kind}") is None:
                await self._notices.tell(kind, Words(headline=health.summary, mend=health.mend, every=TOLD))
                await self._notes.set(f"said:{kind}", "told", TOLD)
        return self._clock.now() + EVERY

    async def health(self) -> list[Health]:
        """One line for each channel and person, with the mend."""
        return misplaced_health(await self._cases.misplaced(LOOKED_AT))
