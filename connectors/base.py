"""The connector contract: everything that Hark asks of a network.

A network is one folder; docs/connectors/README.md says what stands in which of its files. It exports one `NETWORK`
value; `registry.py` lists them. A connector knows neither Slack nor Redis nor another connector.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pkgutil import resolve_name
from typing import Any, ClassVar, Protocol

import aiohttp
from pydantic import BaseModel, ConfigDict

from bot.domain.case import Send
from bot.domain.errors import Permanent
from bot.domain.models import Author, Capabilities, Event, Health, Raw, Sent
from bot.domain.network import Page, Refusal, Remark, Verdict, WebhookRequest
from bot.domain.ports import Clock, Notes
from bot.domain.templates import Templates

NAME_KEPT = timedelta(days=90)
EVER = timedelta(days=36_500)


class AccountSettings(BaseModel):
    """Base of one account's settings. Each field's `alias` is its environment variable.

    Give every field a `description` and `examples`; secrets are SecretStr. A second account of the same network
    uses the same variables with a suffix: `BLUESKY_IDENTIFIER__SUPPORT` belongs to the account "support".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    required: ClassVar[tuple[str, ...]] = ()
    """Environment variables without which the account is simply off; some but not all of them is an error."""

    shared: ClassVar[tuple[str, ...]] = ()
    """Variables that all accounts have in common: one with a suffix may do without its own."""


@dataclass(frozen=True, slots=True)
class ConnectorDeps:
    """What a connector is given: the account's name, the shared HTTP session, the clock, a place for sessions."""

    account: str
    http: aiohttp.ClientSession
    clock: Clock
    notes: Notes
    poll_seconds: float


class Build(Protocol):
    """A connector's class: it makes the connector of an account, and tells what any of them can do."""

    @property
    def capabilities(self) -> Capabilities:
        """What the network lets us do."""
        ...

    def __call__(self, settings: Any, deps: ConnectorDeps) -> "Connector":
        """The connector of one account."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """One entry of the registry. `connector` names the connector's class as an entry point does: "module:class"."""

    name: str
    title: str
    settings: type[AccountSettings]
    connector: str

    @property
    def build(self) -> Build:
        """The connector's class, imported when it is first asked for: a network that is not set up costs no start."""
        build: Build = resolve_name(self.connector)
        return build


class Connector(ABC):
    """One account on one network. Subclasses override what their network can do; the rest says so politely."""

    network: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    rechecks: ClassVar[int] = 0
    """How many known interactions one second look takes."""
    rechecks_for: ClassVar[timedelta] = EVER
    """How long after it was posted something is looked at again: what is older takes nobody's turn."""

    def __init__(self, deps: ConnectorDeps) -> None:
        self.deps = deps
        self.account = deps.account
        self.known_name = ""

    @property
    @abstractmethod
    def title(self) -> str:
        """The account's name on its network, as staff should see it: "@acme.example"."""

    @abstractmethod
    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises: yields Malformed for what it cannot read."""

    @abstractmethod
    async def check(self) -> Health:
        """Whether credentials, scopes and subscriptions are in order."""

    @abstractmethod
    async def send(self, send: Send) -> Sent:
        """Carry out one send. Raises Transient, Permanent or Unknown."""

    @property
    def identity(self) -> str:
        """The account's own id on its network, where that is not its name: what a name that was learnt belongs to."""
        return self.account

    def is_author(self, author: Author) -> bool:
        """Whether the network means this account by that author."""
        del author
        return False

    async def learn_name(self, name: str) -> None:
        """Keep what the network calls the account, for the processes that never ask the network."""
        if name and name != self.known_name:
            self.known_name = name
            await self.deps.notes.set(self._name_note, name, NAME_KEPT)

    async def introduce(self) -> None:
        """Learn the account's name from the notes."""
        if not self.known_name:
            self.known_name = await self.deps.notes.get(self._name_note) or ""

    @property
    def _name_note(self) -> str:
        return f"name:{self.network}:{self.account}:{self.identity}"

    async def remarks(self) -> Sequence[Remark]:
        """What staff should know of the account beside its health; asks the notes only."""
        return ()

    async def templates(self) -> Templates:
        """The approved messages that may be sent once a window is closed; raises Transient or Permanent."""
        return Templates()

    async def received(self, raw: Raw) -> None:
        """A delivery was read and is about to be taken in; after a crash it may be told again."""
        del raw

    def meet(self, accounts: Collection["Connector"]) -> None:
        """Learn of all the company's accounts: what concerns another one may be delivered to this one's address."""
        del accounts

    def host(self, send: Send) -> str:
        """Which host takes a send, where the account writes to several; empty where all of them go to its network."""
        del send
        return ""

    def verify(self, request: WebhookRequest) -> Verdict:
        """Judge one webhook request over its raw bytes; networks without webhooks refuse all."""
        del request
        return Refusal(404, "this network sends no webhooks")

    def sources(self) -> Mapping[str, float]:
        """What to poll and how often, in seconds."""
        return {}

    def searches(self) -> Collection[str]:
        """The monitoring streams that the settings name: those among the sources."""
        return [query for door, _, query in (name.partition(":") for name in self.sources()) if door == "search"]

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read one page of a source, one of `sources`; raises Transient or Permanent."""
        del source
        return Page(items=(), cursor=cursor)

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]] | None:
        """Look at known interactions again, at most `rechecks`; None: not now. Raises Transient or Permanent."""
        del refs
        return []

    async def look_up(self, what: str) -> Sequence[tuple[str, Raw]]:
        """Ask for what a delivery left out; (key, raw) as in a page. Raises Transient or Permanent."""
        raise Permanent("unknown_lookup", f"{self.network} is asked for nothing of the kind {what.partition(':')[0]}.")

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send on the network; None only if it is certainly not there, else raises Transient, Permanent or
        Unknown. Without `read_back` in the capabilities never called."""
        del send
        return None
