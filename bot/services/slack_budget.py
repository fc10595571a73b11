"""Slack's limits for messages (docs/slack.md): buckets that all processes share, and what this one knows of them."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import StoreUnavailable
from bot.domain.ports import Budgets, Clock

POSTS_PER_S = 1.0
POST_BURST = 4
UPDATES_PER_S = 50 / 60
UPDATE_BURST = 20
POSTS, UPDATES = "chat.postMessage", "chat.update"
SPARE_PER_S = 0.5
"""Half of the channel's posts: what is released after a storm must not take the next customer's place."""
SPARE_UPDATES_PER_S = 0.3
SPARE_UPDATES = 5
"""A third of all updates: the cards that customers and staff change come first."""


@dataclass(slots=True)
class Crowd:
    """Those in this process who ask for room in one channel in the same moment; `asking` tells how many may post."""

    asking: "asyncio.Task[int]"
    people: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a crowd, counted from 1."""

    crowd: Crowd
    number: int

    async def has_room(self) -> bool:
        """Whether who stands here may post, once that is known."""
        asking = self.crowd.asking
        # Whoever is cancelled must not take the others' question along.
        return self.number <= (asking.result() if asking.done() else await asyncio.shield(asking))


class SlackBudget:
    """Asked before every message that is posted or updated. Methods raise StoreUnavailable if not said otherwise.

    `pace`: how many times Slack's own limits are allowed, but for what a storm holds back.
    """

    def __init__(self, budgets: Budgets, clock: Clock, pace: int = 1) -> None:
        self._budgets = budgets
        self._clock = clock
        self._pace = pace
        self._full: dict[str, datetime] = {}
        self._left_over: Counter[str] = Counter()
        self._crowds: dict[str, Crowd] = {}

    async def to_post(self, channel: str) -> float:
        """Take a token for a new message: 0 when there was one, else the seconds to wait."""
        return 0.0 if self._from_left_over(channel, 1) else (await self._take(channel, 1, 0))[1]

    def to_post_at_once(self, channel: str) -> Place:
        """Ask for a token past those who wait in line, who may be more urgent: the last one is theirs.

        Asked for is when this is called; all who do so in the same turn of the loop share one question.
        """
        crowd = self._crowds.get(channel)
        if crowd is None:
            asking = asyncio.get_running_loop().create_task(self._ask_for_all(channel))
            crowd = self._crowds[channel] = Crowd(asking)
        crowd.people += 1
        return Place(crowd, crowd.people)

    async def _ask_for_all(self, channel: str) -> int:
        """How many of the crowd that has come by now may post. Never raises."""
        people = self._crowds.pop(channel).people
        kept = self._from_left_over(channel, people)
        try:
            return kept + (await self._take(channel, people - kept, left=1))[0] if people > kept else kept
        except StoreUnavailable:
            return kept  # the bucket's node may be away while others are there

    def _from_left_over(self, channel: str, wanted: int) -> int:
        kept = min(wanted, self._left_over[channel])
        self._left_over[channel] -= kept
        return kept

    async def _take(self, channel: str, wanted: int, left: int) -> tuple[int, float]:
        """Take up to so many tokens; how many there were, and the seconds to wait if they were too few."""
        now, rate, burst = self._clock.now(), POSTS_PER_S * self._pace, POST_BURST * self._pace
        taken, wait = await self._budgets.take_some(_posts(channel), rate, burst, now, wanted, left)
        if wait > 0:
            self._full[channel] = now + timedelta(seconds=max(wait, 1 / POSTS_PER_S))
        return taken, wait

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
        rate, burst = UPDATES_PER_S * self._pace, UPDATE_BURST * self._pace
        return await self._budgets.take(UPDATES, rate, burst, self._clock.now())

    async def pause(self, method: str, channel: str, until: datetime) -> None:
        """Slack wants no call of that method (in that channel, if it posts) before `until`.

        A pause of another method, such as a look at what stands in a channel, holds up neither posts nor updates.
        """
        if method == POSTS:
            self._full[channel] = until
            self._left_over[channel] = 0
            await self._budgets.pause(_posts(channel), until)
        elif method == UPDATES:
            await self._budgets.pause(UPDATES, until)


def _posts(channel: str) -> str:
    return f"{POSTS}:{channel}"
