"""What Hark asks of a network: what its connector makes of a request, reads, and sends."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bot.domain.case import Send
from bot.domain.models import Author, Capabilities, Event, Health, Raw, Sent
from bot.domain.templates import Templates

UNKNOWN_FOR = timedelta(minutes=10)
"""How long an account's deliveries, replies and look-ups wait for a process that knows it: in a deploy old ones run
beside it for a minute."""


class Titles(dict[str, str]):
    """The networks as people write them, by name: "WhatsApp" for `whatsapp`. One that is unknown goes by its name."""

    def __missing__(self, network: str) -> str:
        return network


class WebhookRequest(NamedTuple):
    """One HTTP request to /webhooks/<connector>, as the network sent it. Header names are lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime


class Accepted(NamedTuple):
    """The request is genuine: store these (usually one: the body as it came), then answer `status`."""

    raws: tuple[Raw, ...]
    status: int = 200
    body: str = ""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A handshake of the network: answer exactly this, store nothing."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not genuine or not readable: answer `status` with a text that tells an attacker nothing."""

    status: int
    reason: str


Verdict = Accepted | Challenge | Refusal


@dataclass(frozen=True, slots=True)
class Page:
    """What one poll brought: (key, raw) pairs, the next cursor, and how long to wait (seconds) before the next.

    `more` means that the next page should be read at once. `said` is what staff should know although all went well
    (a limit that is nearly used up): it stands in App Home below the good word.
    """

    items: tuple[tuple[str, Raw], ...]
    cursor: str | None
    more: bool = False
    wait_s: float | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A line of the network's own about an account, for App Home.

    With `once`, a name, it is told in the channel too, one time for that name.
    """

    text: str
    once: str = ""


class ConnectorPort(Protocol):
    """One account of the company on one network."""

    @property
    def network(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def title(self) -> str:
        """The account as staff should see it."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...
    def is_author(self, author: Author) -> bool:
        """Whether the network means this account by that author."""
        ...

    def verify(self, request: WebhookRequest) -> Verdict: ...
    def parse(self, raw: Raw) -> Iterator[Event]: ...
    def sources(self) -> Mapping[str, float]:
        """What to poll, and how often in seconds; empty for a network that only pushes."""
        ...

    def searches(self) -> Collection[str]:
        """The monitoring streams that the settings name; what one finds comes through the door `search:<query>`."""
        ...

    async def poll(self, source: str, cursor: str | None) -> Page: ...
    @property
    def rechecks(self) -> int:
        """How many known interactions `recheck` looks at in one round at most; 0 for a network without second looks."""
        ...

    @property
    def rechecks_for(self) -> timedelta:
        """How long after it was posted something is worth a second look."""
        ...

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]] | None:
        """Look at known interactions again (by their `ref`), the newest first; (key, raw) for what was edited or
        deleted. None: not now, the same ones come again."""
        ...

    async def check(self) -> Health: ...
    async def remarks(self) -> Sequence[Remark]:
        """What staff should know of the account beside its health (money, limits); asks the notes only."""
        ...

    async def templates(self) -> Templates:
        """The approved messages that may be sent once a window is closed. Raises Transient or Permanent."""
        ...

    async def received(self, raw: Raw) -> None:
        """A delivery was read and is about to be taken in; after a crash it may be told again."""
        ...

    async def look_up(self, what: str) -> Sequence[tuple[str, Raw]]:
        """Ask for what a delivery left out, by the name that its event gave; raises Transient or Permanent."""
        ...

    async def introduce(self) -> None:
        """Learn the account's name from what another process noted; asks the notes only."""
        ...

    def host(self, send: Send) -> str:
        """Which host takes a send, where the account writes to several; empty where all of them go to its network."""
        ...

    async def send(self, send: Send) -> Sent:
        """Carry out one send. Raises Transient, Permanent or Unknown. Safe to repeat if `idempotent_send`."""
        ...

    async def read_back(self, send: Send) -> Sent | None:
        """Find a send on the network; None when it is certain that it is not there. Raises Transient."""
        ...


Connectors = Mapping[tuple[str, str], ConnectorPort]
"""The accounts of this installation, by network and account."""
