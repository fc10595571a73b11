"""Waiting for a condition instead of sleeping for a guess."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

POLL_S = 0.01


async def wait_until(
    predicate: Callable[[], object | Awaitable[object]], description: str, *, within_s: float = 10.0
) -> None:
    """Return as soon as `predicate` is true; fail with `description` when it is not within `within_s` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        outcome = predicate()
        if inspect.isawaitable(outcome):
            outcome = await outcome
        if outcome:
            return
        if loop.time() > deadline:
            msg = f"gave up after {within_s:g} s waiting until {description}"
            raise AssertionError(msg)
        await asyncio.sleep(POLL_S)
