"""Faults on demand: the local Slack or the square fails in a chosen way for a chosen number of calls."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """One planned failure, how many more times, and its numbers (seconds). `drop_after` does the act and then cuts the
    line; `slow` waits `delay_s` first."""

    kind: str
    times: int = 1
    delay_s: float = 1.0
    retry_after: int = 1


@dataclass(slots=True)
class Faults:
    """What is planned, by method; the key None means any method."""

    planned: dict[str | None, Fault] = field(default_factory=dict)

    def plan(self, method: str | None, fault: Fault | None) -> None:
        """Plan a failure, or take it back with None; taking back without a method clears all."""
        if fault is not None:
            self.planned[method] = fault
        elif method is None:
            self.planned.clear()
        else:
            self.planned.pop(method, None)

    def take(self, method: str) -> Fault | None:
        """The failure of this call, used up by one."""
        key = method if method in self.planned else None
        fault = self.planned.get(key)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            del self.planned[key]
        return fault
