"""The short-lived rights that an interaction hands out: trigger ids and response URLs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sandbox.clock import Time
from sandbox.slack.base import SlackError
from sandbox.slack.config import SandboxConfig


@dataclass(slots=True)
class Trigger:
    """The right to open one view for one person. `view_id` is the view it came from, if any."""

    user: str
    expires: float
    view_id: str | None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer an interaction a few times. `source_ts` is the message it came from, if any."""

    user: str
    channel: str
    source_ts: str | None
    ephemeral: bool
    expires: datetime
    uses_left: int


class Grants:
    """All trigger ids and response URLs that were handed out."""

    def __init__(self, config: SandboxConfig, time: Time) -> None:
        """Start with none."""
        self._config = config
        self._time = time
        self.serial = 0
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """A new trigger id in Slack's shape `n.n.hex`, bound to a person."""
        now = self._time.monotonic()
        serial = self._next()
        digest = sha256(f"{self._config.signing_secret}:{serial}".encode()).hexdigest()[:32]
        trigger_id = f"{1_000_000_000_000 + serial}.{4_000_000_000_000 + serial}.{digest}"
        self._triggers[trigger_id] = Trigger(user, now + self._config.trigger_life_s, view_id)
        return trigger_id

    def exchange(self, trigger_id: object) -> Trigger:
        """Use a trigger id up. Raises SlackError: invalid_trigger_id, exchanged_trigger_id, expired_trigger_id."""
        trigger = self._triggers.get(trigger_id) if isinstance(trigger_id, str) else None
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if trigger.expires < self._time.monotonic():
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(self, user: str, channel: str, source_ts: str | None, *, ephemeral: bool) -> str:
        """The path part of a new response URL."""
        key = sha256(f"response:{self._config.signing_secret}:{self._next()}".encode()).hexdigest()[:24]
        life = timedelta(seconds=self._config.response_url_life_s)
        self._responses[key] = ResponseUrl(
            user, channel, source_ts, ephemeral, self._time.now() + life, self._config.response_url_uses
        )
        return key

    def use_response(self, key: str) -> ResponseUrl:
        """Count one use. Raises SlackError: invalid_url, expired_url, used_url."""
        grant = self._responses.get(key)
        if grant is None:
            raise SlackError("invalid_url")
        if grant.expires < self._time.now():
            raise SlackError("expired_url")
        if grant.uses_left <= 0:
            raise SlackError("used_url")
        grant.uses_left -= 1
        return grant

    def _next(self) -> int:
        self.serial += 1
        return self.serial
