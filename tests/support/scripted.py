"""A network that does what the test says: takes a send, refuses it, takes it and loses the answer, hangs."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import ClassVar

import aiohttp

from bot.domain.case import Send
from bot.domain.errors import NetworkError, Unknown
from bot.domain.models import Capabilities, Event, Health, LengthRule, Raw, Sent
from bot.domain.ports import Clock, Notes
from connectors.base import Connector, ConnectorDeps

TAKEN = "taken"
LOST = "taken, answer lost"
HANGS = "hangs"
Act = str | NetworkError | tuple[str, NetworkError]


class Scripted(Connector):
    """One account; `plan` is what happens to the next sends (then each is taken), `stands` what the world can read."""

    network: ClassVar[str] = "square"
    capabilities: ClassVar[Capabilities] = Capabilities(
        public_reply=LengthRule(limit=300, unit="characters"), read_back=True
    )

    def __init__(self, http: aiohttp.ClientSession, clock: Clock, notes: Notes, **changes: object) -> None:
        super().__init__(ConnectorDeps("hark.example", http, clock, notes, poll_seconds=20.0))
        self.can = type(self).capabilities.model_copy(update=changes)
        self.plan: deque[Act] = deque()
        self.stands: list[str] = []
        self.calls: list[str] = []
        self.looks: list[str] = []
        self.unreadable: NetworkError | None = None
        self.well = True
        self.conversation = ""
        self.release = asyncio.Event()

    def __getattribute__(self, name: str) -> object:
        """The capabilities are this account's own."""
        return object.__getattribute__(self, "can" if name == "capabilities" else name)

    @property
    def title(self) -> str:
        """Its name."""
        return "@hark"

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Nothing comes in here."""
        del raw
        return iter(())

    async def check(self) -> Health:
        """As the test says."""
        return Health(ok=self.well, summary="checked")

    async def send(self, send: Send) -> Sent:
        """Do what the plan says."""
        self.calls.append(send.id)
        act = self.plan.popleft() if self.plan else TAKEN
        if isinstance(act, NetworkError):
            raise act
        if act == HANGS:
            await self.release.wait()
        self.stands.append(send.id)
        if isinstance(act, tuple):
            raise act[1]
        if act == LOST:
            raise Unknown("the connection broke")
        return Sent(id=f"record-{send.id}", conversation=self.conversation)

    async def read_back(self, send: Send) -> Sent | None:
        """Look in the world."""
        self.looks.append(send.id)
        if self.unreadable is not None:
            raise self.unreadable
        there = Sent(id=f"record-{send.id}", conversation=self.conversation)
        return there if send.id in self.stands else None
