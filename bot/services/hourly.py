"""The hourly message: what waits, and what happened quietly. One message a day, edited on the hour."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.case import Case
from bot.domain.errors import SlackRefused
from bot.domain.fallback import FATAL, UNDRAWABLE
from bot.domain.models import Model
from bot.domain.policy import Policy
from bot.domain.ports import Cases, Clock, DueQueue, Notes, Posted, Rendered
from bot.services.once import Once, Slip, Standing, read_slip
from bot.services.speed import Speeds

HOURLY = "hourly"
"""The name of its timer, and of the note that says where it stands."""
TOLD = "hourly:told"
HOUR_NAME = "%Y-%m-%dT%H"
HOURS_BACK = 72
"""As long as the lines of an hour are kept."""
STATE_KEPT = timedelta(days=3)
HOUR = timedelta(hours=1)
SHOWN = 5
"""So many cases are named; of all the others the lists tell how many wait, and since when."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What the hourly message tells: in how many cases a customer waits, in how many of them for too long, since when
    the first of all does, the first due of them, quiet events and from when on they came, the time."""

    now: datetime
    total: int
    overdue: int
    oldest: datetime | None
    waiting: tuple[Case, ...]
    quiet: tuple[str, ...]
    quiet_since: datetime | None


class Message(Model):
    """Where today's message stands."""

    day: str
    attempt: str
    place: str = ""
    ts: str = ""
    drawn: str = ""


@dataclass(frozen=True, slots=True)
class Hourly:
    """Writes the hourly message."""

    cases: Cases
    speeds: Speeds
    notes: Notes
    once: Once
    render: Callable[[Hour], Rendered]
    policy: Policy
    clock: Clock

    async def schedule(self, timers: DueQueue) -> None:
        """Have the message written on the next full hour, unless it is scheduled already."""
        await timers.put(HOURLY, next_hour(self.clock.now()))

    async def act(self, _timer: str) -> datetime:
        """Post or edit today's message; when to come again. A quiet hour with nothing to edit posts nothing."""
        now = self.clock.now()
        quiet, queue = await self._quiet(now), await self.speeds.queue(now)
        hour = Hour(
            now=now,
            total=queue.total,
            overdue=queue.overdue,
            oldest=queue.oldest,
            waiting=tuple(await self.cases.waiting(SHOWN)),
            quiet=tuple(line for lines in quiet.values() for line in lines),
            quiet_since=min(quiet, default=None),
        )
        slip = await read_slip(self.notes, HOURLY, STATE_KEPT)
        state = self._todays(slip.text, now)
        if state is None and not hour.total and not hour.quiet:
            return next_hour(now)
        try:
            await self._show(slip, state, hour)
        except SlackRefused as error:
            # What is wrong with the token, or with this drawing, says nothing of the message that stands.
            if error.code not in FATAL | UNDRAWABLE:
                await slip.write("")
        else:
            await self.notes.set(TOLD, (now - HOUR).strftime(HOUR_NAME), STATE_KEPT)
        return next_hour(now)

    async def _quiet(self, now: datetime) -> dict[datetime, list[str]]:
        """The quiet events of every full hour that no message has told of yet: an hour missed is told later."""
        told, this = await self.notes.get(TOLD) or "", next_hour(now) - HOUR
        hours = [this - HOUR * back for back in range(HOURS_BACK, 0, -1)]
        untold = [hour for hour in hours if hour.strftime(HOUR_NAME) > told]
        return {hour: lines for hour in untold if (lines := await self.notes.digest(hour.strftime(HOUR_NAME)))}

    async def _show(self, slip: Slip, state: Message | None, hour: Hour) -> None:
        rendered, channel = self.render(hour), self.policy.channel
        todays = state or Message(day=_day(hour.now, self.policy), attempt="")

        async def note(attempt: str, stands: Standing | None) -> str:
            where = {"place": stands.at.channel, "ts": stands.at.ts, "drawn": stands.shows} if stands else {}
            text = await slip.write(todays.model_copy(update={"attempt": attempt, **where}).model_dump_json())
            return Message.model_validate_json(text).attempt if text else ""

        if todays.ts:
            stands = Standing(Posted(todays.place, todays.ts), todays.drawn)
        else:
            found = await self.once.find(channel, todays.attempt, note)
            stands = found or await self.once.post(channel, rendered, note)
        if stands.shows != rendered.digest:
            await self.once.slack.update(stands.at, rendered.text, rendered.blocks)
            await note(todays.attempt, Standing(stands.at, rendered.digest))

    async def standing(self, now: datetime) -> Message | None:
        """The message of today and of this channel, if it was begun; any other is left as it is."""
        return self._todays(await self.notes.get(HOURLY), now)

    def _todays(self, text: str | None, now: datetime) -> Message | None:
        state = Message.model_validate_json(text) if text else None
        if state is None or state.day != _day(now, self.policy):
            return None
        return state if state.place in ("", self.policy.channel) else None


def next_hour(now: datetime) -> datetime:
    """The next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + HOUR


def _day(now: datetime, policy: Policy) -> str:
    return policy.calendar.local(now).strftime("%Y-%m-%d")
