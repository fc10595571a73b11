"""How a scenario is asked to run."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import Row


@dataclass(frozen=True, slots=True)
class Options:
    """`quick` makes everything small: it shows that the scenario works, not how fast Hark is.

    `profile` is a folder for what the profiler saw of web and worker on the way to Slack (and slows them down).
    """

    quick: bool = False
    rounds: int = 3
    profile: Path | None = None

    def pick(self, full: int, quick: int) -> int:
        """A size."""
        return quick if self.quick else full


Run = Callable[[Options], Coroutine[Any, Any, list[Row]]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: its name, what it measures in one line, and how."""

    name: str
    title: str
    run: Run
