"""Slack's limits for messages (docs/slack.md): buckets that all processes share, and what this one knows of them."""

from collections import Counter
from datetime import datetime, timedelta

from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Budgets, Clock

POSTS_PER_S = 1.0
POST_BURST = 4
UPDATES_PER_S = 50 / 60
UPDATE_BURST = 20
UPDATES = "chat.update"
SPARE_PER_S = 0.5
"""Half of the channel's posts: what is released after a storm must not take the next customer's place."""
SPARE_UPDATES_PER_S = 0.3
SPARE_UPDATES = 5
"""A third of all updates: the cards that customers and staff change come first."""


class SlackBudget:
    """Asked before every message that is posted or updated. Methods raise StoreUnavailable if not said otherwise."""

    def __init__(self, budgets: Budgets, clock: Clock) -> None:
        self._budgets = budgets
        self._clock = clock
        self._full: dict[str, datetime] = {}
        self._left_over: Counter[str] = Counter()

    async def to_post(self, channel: str, left: int = 0) -> float:
        """Take a token for a new message: 0 when there was one, else the seconds to wait.

        With `left`, only if so many are left for others; a no is then no place among those who wait.
        """
        if self._left_over[channel]:
            self._left_over[channel] -= 1
            return 0.0
        now = self._clock.now()
        wait = await self._budgets.take(_posts(channel), POSTS_PER_S, POST_BURST, now, left)
        if wait > 0:
            self._full[channel] = now + timedelta(seconds=max(wait, 1 / POSTS_PER_S))
        return wait

    async def to_post_at_once(self, channel: str) -> bool:
        """Take a token past those who wait in line, who may be more urgent: the last one is theirs. Never raises."""
        try:
            return await self.to_post(channel, left=1) <= 0
        except StoreUnavailable:
            return False  # the bucket's node may be away while others are there

    def leave(self, channel: str) -> None:
        """A token for a new message was not used: it is for the next one of this process."""
        self._left_over[channel] += 1

    def is_full(self, channel: str) -> bool:
        """Whether somebody in this process was just told to wait for that channel."""
        until = self._full.get(channel)
        return until is not None and self._clock.now() < until

    async def to_spare(self, channel: str) -> bool:
        """Whether one of the cards that a storm held back may follow now, while nobody else waits."""
        return await self._budgets.take(f"storm:{channel}", SPARE_PER_S, 1, self._clock.now()) <= 0

    async def to_spare_update(self) -> bool:
        """Whether one card of many may be redrawn now because of a known problem."""
        return await self._budgets.take("storm:chat.update", SPARE_UPDATES_PER_S, SPARE_UPDATES, self._clock.now()) <= 0

    async def to_update(self) -> float:
        """Take a token for a changed message: 0 when there was one, else the seconds to wait."""
        return await self._budgets.take(UPDATES, UPDATES_PER_S, UPDATE_BURST, self._clock.now())

    async def pause_posts(self, channel: str, until: datetime) -> None:
        """Slack wants no new message in that channel before `until`."""
        self._full[channel] = until
        self._left_over[channel] = 0
        await self._budgets.pause(_posts(channel), until)

    async def pause_updates(self, until: datetime) -> None:
        """Slack wants no changed message before `until`."""
        await self._budgets.pause(UPDATES, until)


def _posts(channel: str) -> str:
    return f"chat.postMessage:{channel}"
