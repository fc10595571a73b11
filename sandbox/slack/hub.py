"""One local Slack: its parts, put together once."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.clock import SystemClock
from sandbox.clock import Time
from sandbox.faults import Faults
from sandbox.keeping import KeptFile
from sandbox.slack import storage
from sandbox.slack.background import Background
from sandbox.slack.base import Json
from sandbox.slack.config import SandboxConfig
from sandbox.slack.delivery import Transport
from sandbox.slack.events import Events
from sandbox.slack.http_delivery import HttpDelivery
from sandbox.slack.limits import Limits
from sandbox.slack.sockets import Sockets
from sandbox.slack.triggers import Grants
from sandbox.slack.view_store import Views
from sandbox.slack.workspace import Workspace

BROKEN: Final = {"http_500": 500, "http_503": 503}
REFUSALS: Final = {"internal_error", "update_failed", "org_login_required", "team_added_to_org", "invalid_arguments"}
"""Refusals on demand, with HTTP 200; all but the last pass by themselves (Slack's page of chat.update)."""
FAULTS: Final = {"ratelimited", "slow", "drop_after", *BROKEN, *REFUSALS}


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call for the log; `error` is Slack's code, `retry_after` seconds for a 429."""

    method: str
    args: Json
    status: int
    error: str | None
    at: datetime
    monotonic: float


class Hub:
    """The parts of one local Slack. `wall` gives the time that signatures carry; the app checks it against its own."""

    def __init__(self, config: SandboxConfig, time: Time | None = None, wall: Time | None = None) -> None:
        """Build everything; nothing runs yet."""
        self.config = config
        self.time = time or SystemClock()
        self.rev = 0
        self.base_url = ""
        self._listeners: list[Callable[[], None]] = []
        self.background = Background()
        self.workspace = Workspace(config, self._changed)
        self.limits = Limits(config)
        self.faults = Faults(FAULTS)
        self.grants = Grants(config, self.time)
        self.views = Views(config, self.time, self.workspace)
        self.sockets = Sockets(config, self.time, self.background)
        self.http = HttpDelivery(config, wall or SystemClock(), self.background)
        self.transport: Transport = self.http if config.http_mode else self.sockets
        self.events = Events(config, self.time, self.workspace, self.transport)
        self.calls: deque[Call] = deque(maxlen=config.log_size)
        self._kept = KeptFile(config.data_file, storage.Saved, self._saved) if config.data_file else None

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change that a screen could show; it must return at once."""
        self._listeners.append(listener)

    def _changed(self) -> None:
        self.rev += 1
        for listener in self._listeners:
            listener()

    def next_ts(self) -> str:
        """A fresh message id."""
        return self.workspace.next_ts(self.time.now())

    def log_call(self, method: str, args: dict[str, Any], status: int, error: str | None) -> None:
        """Remember a Web API call."""
        self.calls.append(Call(method, args, status, error, self.time.now(), self.time.monotonic()))

    async def start(self) -> None:
        """Load the kept state and open what needs a running loop."""
        if self._kept is not None:
            kept = self._kept.read()
            if kept is not None:
                storage.restore(kept, self.workspace, self.views, self.grants)
            self.on_change(self._kept.changed)
        await self.http.start()

    async def stop(self) -> None:
        """End all background work, close sockets and sessions, and write what is not yet written."""
        await self.sockets.drop()
        await self.background.stop()
        await self.http.stop()
        if self._kept is not None:
            self._kept.close()

    def _saved(self) -> storage.Saved:
        return storage.saved(self.workspace, self.views, self.grants)
