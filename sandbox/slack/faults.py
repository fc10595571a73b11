"""The faults that the Web API knows."""

from typing import Final

from sandbox.faults import Fault

PASSING: Final = ("internal_error", "update_failed", "org_login_required", "team_added_to_org")
"""Refusals that pass by themselves, with HTTP 200 (Slack's pages of chat.update and of the errors of all methods)."""
REFUSALS: Final = (*PASSING, "invalid_arguments")
KINDS: Final = ("ratelimited", "http_500", "http_503", "slow", "drop_after", *REFUSALS)


def fault(kind: str | None, times: int = 1, retry_after: int = 1, delay_s: float = 5.0) -> Fault | None:
    """A fault of the Web API, or none without a kind. Raises ValueError for an unknown kind."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"unknown fault: {kind}")
    return Fault(kind, times, delay_s, retry_after) if kind else None
