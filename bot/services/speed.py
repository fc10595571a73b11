"""How fast customers were answered, up to now."""

import asyncio
from collections.abc import Collection
from datetime import datetime, time, timedelta

from bot.domain.calendar import Calendar
from bot.domain.counting import day_of
from bot.domain.ports import Clock, SpeedPort
from bot.domain.speed import Queue, Speed, speed
from bot.domain.topics import Topics, topics

USUAL_DAYS, MOST_DAYS = 7, 31
KEPT_DAYS = 40
"""For so long counts are kept: of more days nothing is known of as many before them."""
FRESH, NO_TIME = timedelta(minutes=1), timedelta(0)
DAY = timedelta(days=1)


class Speeds:
    """Tells how fast customers were answered; what was worked out within the last minute is told again.

    Who asks while it is worked out waits for that: many may open Home at once.
    """

    def __init__(
        self, store: SpeedPort, accounts: Collection[tuple[str, str]], calendar: Calendar, clock: Clock
    ) -> None:
        self._store = store
        self._accounts = sorted(accounts)
        self._calendar = calendar
        self._clock = clock
        self._known: dict[int, tuple[datetime, Speed]] = {}
        self._working = asyncio.Lock()

    async def of(self, days: int = USUAL_DAYS) -> Speed:
        """The figures of so many whole days and of today so far. Raises StoreUnavailable."""
        async with self._working:
            now = self._clock.now()
            if days not in self._known or not NO_TIME <= now - self._known[days][0] < FRESH:
                self._known[days] = now, await self._work_out(days, now)
            return self._known[days][1]

    async def queue(self, now: datetime) -> Queue:
        """Who waits now. Raises StoreUnavailable."""
        return await self._store.queue(self._accounts, now)

    async def topics(self, days: int = USUAL_DAYS) -> Topics:
        """What customers wrote about in as many days, and in those before as far as they are kept."""
        now = self._clock.now()
        names = [day_of(now - back * DAY) for back in range(2 * (days + 1))]
        told = await self._store.said(names[: days + 1])
        before = await self._store.said(names[days + 1 :]) if len(names) <= KEPT_DAYS else {}
        return topics(told, before, _since(days, now))

    async def _work_out(self, days: int, now: datetime) -> Speed:
        names = [day_of(now - back * DAY) for back in range(days + 1)]
        counts = await self._store.counts(names)
        queue = await self.queue(now)
        return speed(counts, queue, self._calendar, _since(days, now), now)


def _since(days: int, now: datetime) -> datetime:
    return datetime.combine(now.date() - days * DAY, time(), now.tzinfo)
