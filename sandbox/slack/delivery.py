"""What Slack sends to the app, whichever way it travels, and what became of it."""

from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.slack.base import Json

EVENTS = "events_api"
INTERACTIVE = "interactive"
COMMANDS = "slash_commands"


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's answer in time: `body` is a JSON object, a text, or None when it was empty."""

    body: Any = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No usable answer: `reason` is timeout, no_connection or http_error."""

    reason: str


@dataclass(slots=True)
class DeliveryRecord:
    """One delivery for the log: how often it was tried and how it ended."""

    kind: str
    id: str
    payload: Json
    attempts: int = 0
    outcome: str = "waiting"


class Transport(Protocol):
    """Socket Mode or HTTP."""

    def event(self, payload: Json) -> None:
        """Deliver an event in the background, with Slack's retries."""

    async def ask(self, kind: str, payload: Json) -> Ack | Unanswered:
        """Deliver an interaction or a command once and wait for the answer until the deadline."""
