"""Everything that Hark says about itself, in one place: its chores, and its lines for `check` and App Home."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.calendar import Calendar
from bot.domain.models import Health
from bot.domain.notices import Words
from bot.domain.ports import Clock, DueQueue, Notes
from bot.services.deadly import telling
from bot.services.hearing import Hearing
from bot.services.notices import NOTICE, Notices, tell_once
from bot.services.outage import Outage
from bot.services.timers import Chore
from bot.services.worker import Act

SOON = timedelta(minutes=1)
SAID = timedelta(days=62)
"""How long what was said once is not said again: names carry the month where it may be said each month."""
Look = Callable[[], Awaitable[list[Health]]]
"""Says what is wrong with one thing; nothing when it is well."""


async def unworked(notes: Notes) -> list[Health]:
    """Looks for a worker, by the signs of life that `/readyz` goes by. Where nothing of Hark runs at all, as before the
    first start, nothing is wrong yet."""
    if await notes.alive("worker"):
        return []
    if await notes.alive("web"):
        summary = "workers: none runs, so no card is posted and no reply goes out"
        return [Health(ok=False, summary=summary, mend="start `python -m bot worker` and see its log")]
    return [Health(ok=True, summary="workers: nothing of Hark runs now", mend="start `python -m bot run`")]


async def holidays_over(calendar: Calendar, clock: Clock) -> list[Health]:
    """Looks whether there is a holiday to come: a list of last year's would have phones ring at the next Christmas."""
    last = calendar.last_holiday_before(clock.now())
    if last is None:
        return []
    summary = f"holidays: all that HARK_HOLIDAYS names are over, the last was {last}"
    return [Health(ok=False, summary=summary, mend="set those to come, or leave the variable out")]


@dataclass(frozen=True, slots=True)
class Signals:
    """The watchers, as the roles, `check` and App Home see them: chores that come round by themselves."""

    notices: Notices
    notes: Notes
    watchers: Mapping[str, Chore]
    looks: Sequence[Look]
    hearing: Hearing
    outage: Outage
    clock: Clock

    @property
    def chores(self) -> Mapping[str, Chore]:
        """The watchers, and what is set by what they found: a notice."""
        return {NOTICE: self.notices.act, **self.watchers}

    async def schedule(self, timers: DueQueue) -> None:
        """Have every watcher come round, the first time in a minute; one that knows its next time keeps it."""
        soon = self.clock.now() + SOON
        for name in self.watchers:
            await timers.begin(name, soon)

    def deadly(self, queue: str, act: Act) -> Act:
        """An act on a queue's ids that tells of those that workers die of."""
        return telling(queue, act, self.notices)

    async def say(self, name: str, text: str) -> None:
        """Tell something about an account once for each name, however often and by whomever it is found."""
        await tell_once(self.notices, self.notes, name, f"said:{name}", Words(headline=text, every=SAID))

    async def health(self) -> list[Health]:
        """Everything that wants a person's attention, each with its mend."""
        return [health for look in self.looks for health in await look()]
