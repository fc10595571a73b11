"""Timers: what time alone does to a case, and the hourly message.

A timer is only the name of a case. When it comes due the domain looks at the case and the clock, so a late, early or
doubled timer does the right thing or nothing.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.domain.agenda import next_timer
from bot.domain.passing import pass_time
from bot.domain.policy import Policy
from bot.domain.ports import Clock, Due
from bot.services.casework import Casework

HOURLY = "hourly"


class Timing:
    """Acts on timers as they come due."""

    def __init__(
        self,
        casework: Casework,
        policy: Policy,
        clock: Clock,
        hourly: Callable[[], Awaitable[datetime]],
    ) -> None:
        self._casework = casework
        self._policy = policy
        self._clock = clock
        self._hourly = hourly

    async def act(self, due: Due) -> datetime | None:
        """Let time pass in one case (or write the hourly message); when to come again."""
        if due.id == HOURLY:
            return await self._hourly()
        outcome = await self._casework.apply(due.id, lambda case: pass_time(case, self._clock.now(), self._policy))
        return next_timer(outcome.case) if outcome.case else None
