"""One time for all processes: that of the Redis server.

What is due, undone or broken at an instant is decided by whichever process comes first, and their machines' clocks may
be a minute apart: then a reply would go out before its undo time is over, and a card be drawn a minute late. So each
process asks the server for the time, and corrects its own clock by the difference. Leases do not even need that: they
end by the server's clock itself (`bot/store/due.py`).

A difference of more than two and a half minutes is not corrected but reported: signatures of webhooks are judged with
a tolerance of five minutes against the world's time, and nobody here knows which of the two clocks is right.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.domain.models import Health
from bot.domain.ports import Clock

MOST = timedelta(minutes=2, seconds=30)
WORTH_SAYING = timedelta(seconds=2)
HAIR = timedelta(milliseconds=20)


class SharedClock:
    """A clock that shows the server's time, as far as `ask` has found out."""

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._correction = timedelta(0)
        self._apart = timedelta(0)
        self._log = structlog.get_logger("hark.clock")

    def now(self) -> datetime:
        """The present on the server, aware UTC."""
        return self._own.now() + self._correction

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return self._own.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        await self._own.sleep(seconds)

    async def ask(self, server: Callable[[], Awaitable[datetime]]) -> Health:
        """Ask the server for the time and follow it; how far apart the clocks are. Raises what `server` raises.

        The answer is as old as half the round trip. A correction that this leaves in doubt is not touched, so that a
        slow answer moves nothing.
        """
        own, asked = self._own.now(), self._own.monotonic()
        theirs = await server()
        half = timedelta(seconds=self._own.monotonic() - asked) / 2
        apart = theirs - (own + half)
        if abs(apart - self._apart) > half + HAIR:
            self._follow(apart)
        return self._health()

    def _follow(self, apart: timedelta) -> None:
        self._apart = apart
        self._correction = apart if abs(apart) <= MOST else timedelta(0)
        if abs(apart) > WORTH_SAYING:
            self._log.warning("clocks differ", seconds=round(apart.total_seconds(), 1), corrected=abs(apart) <= MOST)

    def _health(self) -> Health:
        seconds = abs(self._apart.total_seconds())
        if abs(self._apart) <= WORTH_SAYING:
            return Health(ok=True, summary="clock: agrees with the server's")
        which = "behind" if self._apart > timedelta(0) else "ahead of"
        summary = f"clock: this machine's is {seconds:.0f} s {which} the Redis server's"
        mend = "let both machines set their clocks by NTP"
        if abs(self._apart) <= MOST:
            return Health(ok=True, summary=f"{summary}, which is followed", mend=mend)
        return Health(ok=False, summary=summary, mend=mend)


async def ask_if_shared(clock: Clock, server: Callable[[], Awaitable[datetime]]) -> list[Health]:
    """Ask the server for the time; nothing where the process was given a clock that follows no server."""
    return [await clock.ask(server)] if isinstance(clock, SharedClock) else []
