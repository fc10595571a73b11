"""Faults that a test or the page can switch on for the next calls of the Web API."""

from dataclasses import dataclass, field
from typing import Final

PASSING: Final = ("internal_error", "update_failed", "org_login_required", "team_added_to_org")
"""Refusals that pass by themselves, with HTTP 200 (Slack's pages of chat.update and of the errors of all methods)."""
KINDS: Final = ("ratelimited", "http_500", "http_503", "slow", "drop_after", *PASSING)


@dataclass(slots=True)
class Fault:
    """What goes wrong, how many more times, and with which numbers (seconds)."""

    kind: str
    times: int
    retry_after: int = 1
    delay_s: float = 5.0


@dataclass
class Faults:
    """The faults that are on, by method name; the empty name means every method."""

    by_method: dict[str, Fault] = field(default_factory=dict)

    def set(
        self,
        kind: str | None,
        method: str | None = None,
        times: int = 1,
        retry_after: int = 1,
        delay_s: float = 5.0,
    ) -> None:
        """Switch a fault on, or off with kind None. Raises ValueError for an unknown kind."""
        if kind is None:
            self.by_method.pop(method or "", None)
            return
        if kind not in KINDS:
            raise ValueError(f"unknown fault: {kind}")
        self.by_method[method or ""] = Fault(kind, times, retry_after, delay_s)

    def take(self, method: str) -> Fault | None:
        """The fault that this call meets, counted down."""
        if not self.by_method:
            return None
        key = method if method in self.by_method else ""
        fault = self.by_method.get(key)
        if fault is None:
            return None
        fault.times -= 1
        if fault.times <= 0:
            del self.by_method[key]
        return fault
