"""Token buckets in Redis, shared by all processes: nobody alone knows how often Slack was called."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ports import Clock
from bot.store.connect import Link
from bot.store.keys import Keys, millis
from bot.store.scripts import Scripts

SPARE_MS = 60_000
"""How long a bucket outlives the moment at which it is full again and forgetting it changes nothing."""


@dataclass(frozen=True, slots=True)
class RedisBudgets:
    """All buckets. Every method raises StoreUnavailable."""

    link: Link
    keys: Keys
    scripts: Scripts
    clock: Clock

    async def take(self, bucket: str, rate: float, burst: int, now: datetime) -> float:
        """Take one token of `rate` a second with a `burst`: 0 when granted, else the seconds to wait."""
        return (await self.take_some(bucket, rate, burst, now, 1, 0))[1]

    async def take_some(
        self, bucket: str, rate: float, burst: int, now: datetime, wanted: int, left: int
    ) -> tuple[int, float]:
        """Take up to so many tokens; how many there were, and the seconds to wait if they were too few.

        With `left`, only if so many are left for others; a no is then no place among those who wait.
        """
        if rate <= 0 or burst < 1:
            msg = f"a bucket needs a rate above 0 and a burst of at least 1, not {rate} and {burst}"
            raise ValueError(msg)
        args = (millis(now), rate, burst, SPARE_MS, wanted, left)
        taken, wait_ms = await self.link.run(self.scripts.budget_take, (self.keys.bucket(bucket),), args)
        return taken, wait_ms / 1000

    async def pause(self, bucket: str, until: datetime) -> None:
        """Grant nothing from this bucket before `until`; a longer pause that is running stands."""
        keep_ms = max(0, millis(until) - millis(self.clock.now())) + SPARE_MS
        await self.link.run(self.scripts.budget_pause, (self.keys.bucket(bucket),), (millis(until), keep_ms))
