"""What a worker does that may have slept while it posted: a message of Slack's is to stand once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.domain.attempts import began_at
from bot.domain.errors import HarkError, SlackError, SlackUnknown, StoreUnavailable
from bot.domain.ports import Clock, Posted, SlackPort

STALE = timedelta(seconds=2)
"""When noting an attempt took longer than this (the machine slept, the server hung), another worker may have taken the
message over: nothing is posted, and the next turn looks for the attempt first. Shorter than any lease."""
UNHEARD = (SlackUnknown, StoreUnavailable, asyncio.CancelledError)
"""How a step ends whose call was or may yet be carried out, and is not noted: no answer came from Slack or from the
store, or it was stopped because it lost its lease."""
TRIES, PAUSE_S = 30, 1.0
LOOKS_S = (0.0, 1.0, 4.0)
"""Whoever slept looks again after these pauses: the call that left may be carried out only now, and whoever took over
may post only now."""
_log = structlog.get_logger("hark.once")


def overslept(since: datetime, now: datetime) -> bool:
    """Whether another worker may have taken over meanwhile."""
    return now - since > STALE


async def look_after(attempt: str, look: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Look at what became of a call that nobody heard the end of: several times, if this worker slept."""
    for pause in LOOKS_S if overslept(began_at(attempt), clock.now()) else LOOKS_S[:1]:
        await clock.sleep(pause)
        await patiently(look, clock)


async def patiently(act: Callable[[], Awaitable[object]], clock: Clock) -> None:
    """Do what nobody else would do later: a lease that was lost brings no second turn."""
    trouble = ""
    for _ in range(TRIES):
        try:
            await act()
        except HarkError as error:
            trouble = str(error)
            await clock.sleep(PAUSE_S)
        else:
            return
    _log.error("could not look at what became of a call", error=trouble)


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do this although the step is stopped meanwhile, since nobody else would; a second stop ends it as well."""
    doing = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await doing
        raise


async def take_away(slack: SlackPort, surplus: Posted, whose: str) -> None:
    """Delete a message that nobody knows of."""
    _log.warning("a surplus message, taken away again", of=whose, ts=surplus.ts)
    try:
        await slack.delete(surplus)
    except SlackError as error:
        _log.error("a surplus message could not be taken away", of=whose, ts=surplus.ts, error=str(error))
