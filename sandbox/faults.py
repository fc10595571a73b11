"""Faults on demand: the local Slack or the square fails in a chosen way for a chosen number of calls."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """One planned failure, how many more times, and its numbers (seconds). `drop_after` does the act and then cuts the
    line; `slow` waits `delay_s` first; `ratelimited` asks for `retry_after`."""

    kind: str
    times: int
    delay_s: float
    retry_after: int


class Faults:
    """What is planned, by method; the key None means any method."""

    def __init__(self, kinds: Iterable[str]) -> None:
        """`kinds` are the failures that the service knows."""
        self._kinds = frozenset(kinds)
        self._planned: dict[str | None, Fault] = {}

    def plan(
        self, kind: str | None, method: str | None = None, times: int = 1, *, delay_s: float = 1.0, retry_after: int = 1
    ) -> None:
        """Let the next `times` calls of a method fail, or of any; without a kind take that back, without either all.

        Raises ValueError for an unknown kind.
        """
        if kind is not None:
            if kind not in self._kinds:
                raise ValueError(f"unknown fault: {kind}")
            self._planned[method] = Fault(kind, times, delay_s, retry_after)
        elif method is None:
            self._planned.clear()
        else:
            self._planned.pop(method, None)

    def take(self, method: str) -> Fault | None:
        """The failure of this call, used up by one."""
        key = method if method in self._planned else None
        fault = self._planned.get(key)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            del self._planned[key]
        return fault
