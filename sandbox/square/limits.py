"""Rate limits: fixed windows of points, told in RateLimit headers. The network sends no Retry-After.

Source: the Bluesky documentation, "Rate Limits"; header forms were measured on the real server.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.square.errors import XrpcError

REMAINING = "RateLimit-Remaining"


@dataclass(frozen=True, slots=True)
class Rule:
    """So many points in so long a window (seconds)."""

    name: str
    points: int
    window_s: int


@dataclass(frozen=True, slots=True)
class LimitRules:
    """All limits of the network. A write costs points: create 3, update 2, delete 1."""

    requests: Rule = Rule("requests", 3000, 300)
    sign_in: tuple[Rule, ...] = (Rule("sign-in-day", 300, 86_400), Rule("sign-in", 30, 300))
    writes: tuple[Rule, ...] = (Rule("write-hour", 5000, 3600), Rule("write-day", 35_000, 86_400))


@dataclass(slots=True)
class _Window:
    ends_at: datetime
    used: int = 0


@dataclass(slots=True)
class Limiter:
    """Counts points by rule and key."""

    windows: dict[tuple[str, str], _Window] = field(default_factory=dict)

    def spend(self, rules: Iterable[Rule], key: str, points: int, now: datetime) -> dict[str, str]:
        """Take points under all rules; answers the headers of the tightest, raises XrpcError when one is used up."""
        told = [self._spend(rule, key, points, now) for rule in rules]
        _, headers, used_up = min(told, key=lambda item: item[0])
        if used_up:
            raise rate_limited(headers)
        return headers

    def _spend(self, rule: Rule, key: str, points: int, now: datetime) -> tuple[int, dict[str, str], bool]:
        window = self.windows.get((rule.name, key))
        if window is None or window.ends_at <= now:
            window = self.windows[rule.name, key] = _Window(now + timedelta(seconds=rule.window_s))
        window.used += points
        left = rule.points - window.used
        return left, limit_headers(rule, max(left, 0), window.ends_at), left < 0


def limit_headers(rule: Rule, left: int, ends_at: datetime) -> dict[str, str]:
    """The four headers; the reset is in seconds since 1970."""
    return {
        "RateLimit-Limit": str(rule.points),
        REMAINING: str(left),
        "RateLimit-Reset": str(math.ceil(ends_at.timestamp())),
        "RateLimit-Policy": f"{rule.points};w={rule.window_s}",
    }


def rate_limited(headers: dict[str, str]) -> XrpcError:
    """The refusal of a call over the limit."""
    return XrpcError(429, "RateLimitExceeded", "Rate Limit Exceeded", headers)
