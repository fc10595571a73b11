"""The one place that reads the machine's clock, and waits by it."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Real time. Tests and the sandbox pass in a clock of their own with the same three methods."""

    def now(self) -> datetime:
        """The present as aware UTC."""
        return datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251 - this is the clock

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        await asyncio.sleep(seconds)


async def within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but no longer than this; whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
