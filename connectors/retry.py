"""Trying again: one policy for all connectors, for reads and for writes that are safe to repeat.

A send that could double must not pass through here; it is tried once and read back when its fate is unknown.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_base, wait_random_exponential

from bot.domain.errors import Transient, Unknown
from bot.domain.ports import Clock

T = TypeVar("T")

TRIES = 3
LONGEST_WAIT_S = 5.0
"""A network that asks for a longer pause gets it from the caller's schedule, not from a sleeping worker."""


class _Wait(wait_base):
    """The pause the network asked for, never less; without one, a growing random pause that parts competitors."""

    def __init__(self) -> None:
        self._jitter = wait_random_exponential(multiplier=0.25, max=LONGEST_WAIT_S)

    def __call__(self, retry_state: RetryCallState) -> float:
        outcome = retry_state.outcome
        error = outcome.exception() if outcome is not None else None
        pause = self._jitter(retry_state)
        if isinstance(error, Transient) and error.retry_after is not None:
            return max(error.retry_after, 0.0) + min(pause, 0.25)
        return pause


def _worth_it(error: BaseException, *, repeatable: bool) -> bool:
    if isinstance(error, Transient):
        return error.retry_after is None or error.retry_after <= LONGEST_WAIT_S
    return repeatable and isinstance(error, Unknown)


async def retrying(
    call: Callable[[], Awaitable[T]], clock: Clock, *, tries: int = TRIES, repeatable: bool = False
) -> T:
    """Make a call that is safe to repeat, up to `tries` times; the last error comes through unchanged.

    Transient errors are tried again, after `retry_after` seconds when the network named a pause of at most
    LONGEST_WAIT_S. With `repeatable` (a write that cannot double) Unknown is tried again too.
    """
    policy = AsyncRetrying(
        stop=stop_after_attempt(tries),
        wait=_Wait(),
        retry=retry_if_exception(lambda error: _worth_it(error, repeatable=repeatable)),
        sleep=clock.sleep,
        reraise=True,
    )

    async def attempt() -> T:  # tenacity awaits only what is declared async, which a lambda is not
        return await call()

    return await policy(attempt)
