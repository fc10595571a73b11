"""Slack's rate limits as token buckets, per method and, for posts, per channel.

The rates are those of Slack's rate limit page: tiers of calls a minute (`T3`, `T4`), and one post a second
in each channel with a short burst beside a cap for the workspace.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from sandbox.slack.config import SandboxConfig

T3: Final = 50
T4: Final = 100
POSTS_PER_MINUTE: Final = 300
SPECIAL_PER_MINUTE: Final = 600


@dataclass(slots=True)
class Bucket:
    """Tokens that come back at `rate` per second up to `size`."""

    rate: float
    size: float
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 means now. `now` is monotonic seconds."""
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / self.rate


class Limits:
    """All buckets of one app in one workspace."""

    def __init__(self, config: SandboxConfig) -> None:
        """Start with every bucket full."""
        self._config = config
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def retry_after(self, method: str, per_minute: float, channel: str | None, now: float) -> int:
        """Take one call; 0 when it is allowed, else the whole seconds to wait (and nothing is taken)."""
        if not self._config.rate_limits:
            return 0
        buckets = [self._bucket((method, ""), per_minute / 60, per_minute * self._config.tier_burst, now)]
        if channel is not None:
            buckets.append(self._bucket((method, channel), 1.0, self._config.post_burst, now))
        wait = max(bucket.wait(now) for bucket in buckets)
        if wait > 0:
            return max(1, ceil(wait))
        for bucket in buckets:
            bucket.tokens -= 1
        return 0

    def _bucket(self, key: tuple[str, str], rate: float, size: float, now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            scale = self._config.rate_scale
            full = max(1.0, size * scale)
            bucket = self._buckets[key] = Bucket(rate * scale, full, full, now)
        return bucket
