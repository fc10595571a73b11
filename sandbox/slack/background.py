"""Work that outlives the call that started it, with one owner that ends it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Keeps a strong reference to each running piece of work and cancels what is left at the end.

    A TaskGroup would not do: aiohttp may start and stop an application from two different tasks.
    """

    def __init__(self) -> None:
        """Start with no work."""
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine; a failure in it goes to the loop's exception handler."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "background work of the sandbox failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)

    async def stop(self) -> None:
        """Cancel all work and wait for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
