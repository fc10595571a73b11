"""The Threads connector: one profile."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from bot.domain.case import Send
from bot.domain.models import Capabilities, Event, Health, Raw, Sent
from bot.domain.network import Page
from connectors.base import ConnectorDeps
from connectors.graph.client import Graph, Json
from connectors.graph.connector import GraphConnector
from connectors.graph.errors import Fate
from connectors.graph.sweeps import LOOKS, Sweeps
from connectors.graph.tokens import inspect, trouble, warned
from connectors.graph.values import identifier, text
from connectors.graph.webhooks import Change
from connectors.lenient import table
from connectors.threads import mapping
from connectors.threads.api import WORDS, Api, access
from connectors.threads.doors import Doors
from connectors.threads.sending import LENGTH, Sender
from connectors.threads.settings import ThreadsSettings

RIGHTS: Final = (
    "threads_basic", "threads_content_publish", "threads_manage_mentions", "threads_manage_replies",
    "threads_read_replies",
)  # fmt: skip
NEARLY: Final = 0.9
RENEW: Final = "Make a new long-lived token as docs/connectors/threads.md says and set THREADS_TOKEN."
MENDS: Final[Mapping[str, str]] = {Fate.TOKEN: RENEW, Fate.PERMISSION: RENEW}
AWAY: Final = "Check THREADS_API_URL and the way to it. If Threads only has trouble, Hark goes on by itself."
FULL: Final = "Replies that do not fit wait and go out later; use the app for urgent ones."


class ThreadsConnector(GraphConnector[ThreadsSettings]):
    """Takes deliveries, sweeps for those that were missed, looks again at what is open, and replies in two steps."""

    network: ClassVar[str] = mapping.NETWORK
    mends: ClassVar[Mapping[str, str]] = MENDS
    away: ClassVar[str] = AWAY
    capabilities: ClassVar[Capabilities] = Capabilities(
        public_reply=LENGTH, read_back=True, hide=True, sends_per_minute=0.6, send_burst=100
    )
    rechecks: ClassVar[int] = LOOKS

    def __init__(self, settings: ThreadsSettings, deps: ConnectorDeps) -> None:
        super().__init__(settings, deps)
        self._api = Api(Graph(deps.http, deps.clock, access(settings), words=WORDS), settings)
        history = timedelta(hours=settings.history_hours)
        self._sweeps = Sweeps(mapping.NETWORK, deps, self._api, history)
        self._doors = Doors(self._api, self._sweeps)
        self._sender = Sender(deps, self._api)

    @property
    def identity(self) -> str:
        """The account's id."""
        return self._settings.user_id

    @property
    def title(self) -> str:
        """The profile's name, once it is known."""
        return f"@{self.known_name}" if self.known_name else f"account {self._settings.user_id}"

    def concerns(self, change: Change) -> bool:
        """Whether an update is about this profile."""
        return change.object not in mapping.OTHERS and change.owner == self.identity

    def parse(self, raw: Raw) -> Iterator[Event]:
        """Read one stored delivery. Pure, and never raises."""
        return mapping.parse(raw, self._settings.user_id)

    def sources(self) -> Mapping[str, float]:
        """The two sweeps."""
        return {mapping.MENTIONS: self._sweeps.every_s, mapping.REPLIES: self._sweeps.every_s}

    async def poll(self, source: str, cursor: str | None) -> Page:
        """Read what one sweep finds; raises Transient or Permanent."""
        page = await self._doors.poll(source, cursor)
        await self.learn_name(self._api.known_name)
        return page

    async def recheck(self, refs: Sequence[Mapping[str, str]]) -> list[tuple[str, Raw]]:
        """Look at known posts again, since few edits and deletions are told of. Raises Transient or Permanent."""
        known = [ref for ref in refs if ref.get("id") and ref.get("conversation")]
        return await self._sweeps.all_again(known, self._look)

    async def send(self, send: Send) -> Sent:
        """Carry out one send; raises Transient, Permanent or Unknown."""
        return await self._sender.send(send)

    async def read_back(self, send: Send) -> Sent | None:
        """Find a reply by its container and our own words; raises Transient, Permanent or Unknown."""
        return await self._sender.read_back(send)

    async def _checked(self) -> Health:
        """Whose token it is, what it may do and until when, and how much of the day's limits is used."""
        me = identifier((await self._api.me()).get("id"))
        await self.learn_name(self._api.known_name)
        if me != self._settings.user_id:
            summary = f"the token belongs to the profile {me}"
            return Health(ok=False, summary=summary, mend=f"Set THREADS_USER_ID={me}, or use another token.")
        token = await inspect(self._api.graph)
        wrong = trouble(token, RIGHTS, RENEW)
        if wrong is not None:
            return wrong
        words, is_full = _limits(await self._api.limits())
        health = Health(ok=True, summary=f"signed in{words}", mend=FULL if is_full else "")
        return warned(health, token, self.deps.clock.now(), RENEW)

    # --- looking again ---

    async def _look(self, ref: Mapping[str, str]) -> tuple[str, Raw] | None:
        """What became of one post."""
        return await self._sweeps.again(ref, f"recheck:{ref['id']}", self._read(ref))

    async def _read(self, ref: Mapping[str, str]) -> tuple[Json, str]:
        """A post as it stands now, and its words."""
        post = await self._api.post(ref["id"])
        return {"post": post}, text(post.get("text"))


def _limits(found: Json) -> tuple[str, bool]:
    """How much of the last 24 hours' limits is used, in words, and whether one of them is nearly used up."""
    parts, is_full = [], False
    for used_name, config_name, what in (
        ("reply_quota_usage", "reply_config", "replies"), ("quota_usage", "config", "posts")
    ):  # fmt: skip
        used, total = found.get(used_name), table(found.get(config_name)).get("quota_total")
        if isinstance(used, int) and isinstance(total, int):
            parts.append(f"{used:,} of {total:,} {what}")
            is_full = is_full or used >= total * NEARLY
    return (f", {' and '.join(parts)} in 24 hours" if parts else ""), is_full
