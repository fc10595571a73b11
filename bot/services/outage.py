"""Slack out of reach: nothing is taken from the queue of cards until it answers again.

Cards wait where they are, in their order of priority; only one call at a time asks whether Slack is back. A token that
Slack refuses for good stops posting in the same way, and /readyz and the log say why.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from pydantic import AwareDatetime

from bot.domain.errors import SlackError
from bot.domain.fallback import FATAL
from bot.domain.models import Model
from bot.domain.ports import Clock, Due, DueQueue, Ended, Notes, WorkerQueue

OUTAGE = "outage"
FAILURES = 3
"""As many calls in a row that nobody answered make an outage."""
IN_A_ROW = timedelta(minutes=2)
"""Two failures further apart have nothing to do with each other: what failed is tried again sooner."""
NO_ANSWER = frozenset({"unreachable", "unknown"})
PROBE = "auth.test"
WRITES = "chat."
"""Only a message that was taken ends an outage: Slack may well answer questions and take nothing."""
FIRST_PROBE = timedelta(seconds=2)
LAST_PROBE = timedelta(seconds=20)
FATAL_PROBE = timedelta(minutes=1)
TRIAL = timedelta(seconds=15)
STILL_OPEN = timedelta(seconds=90)
"""How long the word of it stands: longer than from one probe to the next, so that nobody takes it for over."""
RECORD_KEPT = timedelta(days=7)
FATAL_NOTE = "slack-fatal"
OPEN_NOTE = "slack-outage-open"
AWAY = "out of reach"
"""What /readyz says while nobody knows better."""


class State(StrEnum):
    """Whether Slack is called: as usual, not at all, or by one card on trial."""

    CLOSED = "closed"
    OPEN = "open"
    TRIAL = "trial"


class Record(Model):
    """One outage, shared by all processes: `waiting` is the most cards that waited at once."""

    since: AwareDatetime
    waiting: int = 0
    ended: AwareDatetime | None = None


class Outage:
    """What this process knows of Slack. `answered` is told of every call."""

    def __init__(self, notes: Notes, timers: DueQueue, probe: Callable[[], Awaitable[object]], clock: Clock) -> None:
        self._notes = notes
        self._timers = timers
        self._probe = probe
        self._clock = clock
        self.state = State.CLOSED
        self._failures = 0
        self._fatal = ""
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._again: datetime | None = None
        self._pause = FIRST_PROBE
        self._told = False
        self._log = structlog.get_logger("hark.outage")

    def answered(self, method: str, answer: str, code: str) -> None:
        """One call to Slack ended: `answer` as the metric names it, `code` Slack's word for a refusal."""
        if answer in NO_ANSWER:
            self._failed()
            if self._failures >= FAILURES or self.state is not State.CLOSED:
                self._open("")
        elif code in FATAL:
            self._failed()
            self._open(code)
        elif method.startswith(WRITES):
            self._close()
        elif method == PROBE and self.state is State.OPEN:
            self._fatal, self.state = "", State.TRIAL

    async def allows(self) -> int | None:
        """How many cards may be taken now (None: as many as wanted). Asks Slack when it is time to."""
        if self.state is State.CLOSED:
            await self._settle()
            return None
        now = self._clock.now()
        await self._note(now)
        if self._again is not None and now < self._again:
            return 0
        if self.state is State.OPEN:
            self._again = now + (FATAL_PROBE if self._fatal else self._pause)
            self._pause = min(LAST_PROBE, self._pause * 2)
            try:
                await self._probe()
            except SlackError as error:
                self._log.info("Slack is still out of reach", error=str(error))
                return 0
        self._again = now + TRIAL
        return 1

    def nothing_to_try(self) -> None:
        """Slack answers the probe, and no card waits to be tried: it counts as back."""
        if self.state is State.TRIAL:
            self._close()

    def tried(self) -> None:
        """The card on trial is given back; if it called Slack, its answer has been heard."""
        if self.state is State.TRIAL:
            self._again = None

    def _failed(self) -> None:
        """Count a failure. An outage begins with its own first one, not with a hiccup of this morning."""
        now = self._clock.now()
        if self.state is State.CLOSED and (self._last is None or now - self._last > IN_A_ROW):
            self._failures, self._first = 0, now
        self._failures, self._last = self._failures + 1, now

    def _open(self, fatal: str) -> None:
        if self.state is State.CLOSED or (fatal and not self._fatal):
            words = "Slack refuses the token" if fatal else "Slack is out of reach"
            mend = "reinstall the app and set SLACK_BOT_TOKEN anew" if fatal else "cards wait; nothing is lost"
            self._log.error(words, reason=fatal or "no answer", mend=mend)
        self._fatal = fatal
        if self.state is not State.OPEN:
            self._again = self._clock.now() + (FATAL_PROBE if fatal else self._pause)
        self.state = State.OPEN

    def _close(self) -> None:
        if self.state is not State.CLOSED:
            self._log.warning("Slack answers again", since=str(self._first))
        self.state, self._fatal = State.CLOSED, ""
        self._last, self._again, self._pause = None, None, FIRST_PROBE  # without a last one the count begins anew

    async def _note(self, now: datetime) -> None:
        """Tell the other processes, and have the end of it told."""
        first = not self._told
        if first:
            if not await self._notes.get(OUTAGE):
                await self._notes.set(OUTAGE, Record(since=self._first or now).model_dump_json(), RECORD_KEPT)
            await self._timers.put(OUTAGE, now)
            self._told = True
        if first or self._again is None or now >= self._again:
            await self._notes.set(OPEN_NOTE, "1", STILL_OPEN)
            await self._notes.set(FATAL_NOTE, self._fatal, FATAL_PROBE * 3)

    async def _settle(self) -> None:
        if self._told:
            await self._notes.set(OPEN_NOTE, "", STILL_OPEN)
            await self._notes.set(FATAL_NOTE, "", STILL_OPEN)
            self._told = False


@dataclass(frozen=True, slots=True)
class PausableQueue:
    """The queue of cards: while Slack is away nothing is taken from it, and everything keeps its place."""

    queue: WorkerQueue
    outage: Outage

    async def exchange(self, ended: Sequence[Ended], now: datetime, limit: int, lease: timedelta) -> list[Due]:
        """As the queue does; what is due is taken as far as Slack is there for it."""
        if ended:
            self.outage.tried()
            if self.outage.state is not State.CLOSED:  # asking Slack takes its time
                await self.queue.exchange(ended, now, 0, lease)
                ended = ()
        allowed = await self.outage.allows()
        room = limit if allowed is None else min(limit, allowed)
        taken = await self.queue.exchange(ended, now, room, lease) if ended or room else []
        if room and not taken and allowed is not None:
            self.outage.nothing_to_try()
        return taken

    async def renew(self, held: Sequence[Due], lease: timedelta) -> list[Due]:
        """As the queue does."""
        return await self.queue.renew(held, lease)

    def hold(self, id_: str, priority: int) -> Due | None:
        """As the queue does, while Slack is there."""
        return self.queue.hold(id_, priority) if self.outage.state is State.CLOSED else None
