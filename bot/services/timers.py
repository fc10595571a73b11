"""Timers: what time alone does to a case, and Hark's chores, such as the hourly message.

A timer is only the name of a case. When it comes due the domain looks at the case and the clock, so a late, early or
doubled timer does the right thing or nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain.agenda import next_timer
from bot.domain.errors import SlackRateLimited, SlackUnavailable, SlackUnknown
from bot.domain.passing import pass_time
from bot.domain.policy import Policy
from bot.domain.ports import Clock, Due
from bot.services.casework import Casework

AFTER_FAILURE = timedelta(seconds=30)

Chore = Callable[[str], Awaitable[datetime | None]]
"""Something that is due but is no case: takes the timer's whole name, answers when to come again. One that posts lets
Slack's errors pass (but for a refusal): it is done again, and looks for its attempt first."""
_log = structlog.get_logger("hark.timers")


@dataclass(frozen=True, slots=True)
class Timing:
    """Acts on timers as they come due."""

    casework: Casework
    policy: Policy
    clock: Clock
    chores: Mapping[str, Chore]

    async def act(self, due: Due) -> datetime | None:
        """Let time pass in one case, or do the chore that the first part of the name says; when to come again."""
        if chore := self.chores.get(due.id.partition("/")[0]):
            return await self._do(chore, due.id)
        outcome = await self.casework.apply(due.id, lambda case: pass_time(case, self.clock.now(), self.policy))
        return next_timer(outcome.case) if outcome.case else None

    async def _do(self, chore: Chore, timer: str) -> datetime | None:
        """Do a chore; when to come again, also if Slack asks for a pause, is away, or leaves open what became of it."""
        try:
            return await chore(timer)
        except SlackRateLimited as error:
            return self.clock.now() + timedelta(seconds=error.retry_after)
        except (SlackUnavailable, SlackUnknown) as error:
            _log.warning("a chore waits for Slack", timer=timer, error=str(error))
            return self.clock.now() + AFTER_FAILURE
