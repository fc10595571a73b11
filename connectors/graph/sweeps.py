"""What sweeps and second looks have in common, above all those of Instagram and Threads.

Both networks list the newest first, tell of few edits and deletions, and name an account in what is read by its name.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Raw
from bot.domain.network import Page
from bot.domain.ports import Clock
from connectors.base import ConnectorDeps
from connectors.clean import kept
from connectors.graph.client import Graph, Json
from connectors.graph.errors import Fate
from connectors.graph.values import text
from connectors.graph.wire import OUR_NAME, dump, version_of

SWEEP: Final = "sweep"
RECHECK: Final = "recheck"

SLOWER: Final = 15
"""Sweeps come so many times less often than polls would: 5 minutes instead of 20 seconds."""

OVERLAP: Final = timedelta(minutes=10)
NOT_ALLOWED_WAIT_S: Final = 3600.0
NO_RIGHT: Final = frozenset({Fate.PERMISSION.value, Fate.DEPRECATED.value})
RIGHT_LOST: Final = "What the account itself posted cannot be read any more: the app seems to have lost a permission."
LOOKS: Final = 20
"""Known interactions looked at again in one round: each of them is a call."""

Items = list[tuple[str, Raw]]
Look = Callable[[Mapping[str, str]], Awaitable[tuple[str, Raw] | None]]
"""Looks at one interaction again; see `Sweeps.again`."""


async def below_each(posts: Iterable[str], read: Callable[[str], Awaitable[Items]]) -> Items:
    """What stands below several posts. One that is gone, or that the app alone may not see, does not stop the others;
    raises Transient, and Permanent for any other reason or when none can be read."""
    found: Items = []
    refused: Permanent | None = None
    has_read = False
    for post in posts:
        try:
            found += await read(post)
            has_read = True
        except Permanent as error:
            if error.reason != Fate.GONE:
                raise
            refused = error
    if refused is not None and not has_read:
        raise refused
    return found


def is_new(at: datetime | None, since: datetime) -> bool:
    """Whether something is not older than an instant; without a time of its own it may be new."""
    return at is None or at >= since


class Progress(BaseModel):
    """How far a sweep has come."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    since: AwareDatetime


P = TypeVar("P", bound=Progress)


class Swept(ABC):
    """What sweeps ask of a network's calls: how the account is called, and to read what is certainly there."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known_name = ""

    async def name(self) -> str:
        """The account's name, asked for once in a process."""
        if not self.known_name:
            await self.me()
        return self.known_name

    async def me(self) -> Json:
        """The account of the token, which tells its name."""
        found = await self._me()
        self.known_name = text(found.get("username"))
        return found

    @abstractmethod
    async def _me(self) -> Json: ...

    @abstractmethod
    async def may_read(self) -> None:
        """Read what certainly exists; raises Permanent where it may not be read any more."""


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The sweeps of one account."""

    network: str
    deps: ConnectorDeps
    api: Swept
    history: timedelta

    @property
    def clock(self) -> Clock:
        """The time."""
        return self.deps.clock

    @property
    def every_s(self) -> float:
        """Seconds between two sweeps of a kind."""
        return self.deps.poll_seconds * SLOWER

    def progress(self, kind: type[P], cursor: str | None) -> P:
        """How far the sweep had come that left this cursor; without one, or with one of another version, the first
        start's look back: what is known is recognised by its id."""
        return kept(kind, cursor) or kind(since=self.clock.now() - self.history)

    async def page(self, reading: Awaitable[tuple[Items, Progress]], cursor: str | None) -> Page:
        """What a reading found; raises Transient or Permanent. An account may well be set up for one sweep only."""
        try:
            items, after = await reading
        except Permanent as error:
            if error.reason in NO_RIGHT:
                return Page(items=(), cursor=cursor, wait_s=NOT_ALLOWED_WAIT_S)
            raise
        now, pace = self.clock.now(), self.api.graph.pace
        wait = pace.interval(self.every_s, now)
        return Page(items=tuple(items), cursor=after.model_dump_json(), wait_s=wait, said=pace.words(now))

    async def raw(self, source: str, body: Mapping[str, Any]) -> Raw:
        """Something read, as it is stored."""
        return Raw(
            network=self.network,
            account=self.deps.account,
            source=source,
            body=dump(body),
            headers={OUR_NAME: await self.api.name()},
            received_at=self.clock.now(),
        )

    # --- looking again ---

    async def all_again(self, refs: Sequence[Mapping[str, str]], look: Look) -> Items:
        """What became of several interactions. One of them that the network does not answer for must not stop the
        others for ever; a second one says that it answers for none. Raises Transient and Permanent."""
        found: Items = []
        without_answer = 0
        for ref in refs:
            try:
                one = await look(ref)
            except Transient as error:
                without_answer += 1
                if without_answer > 1 or len(refs) == 1 or error.retry_after is not None:
                    raise
                continue
            found += [one] if one is not None else []
        return found

    async def again(
        self, ref: Mapping[str, str], key: str, reading: Awaitable[tuple[Json, str | None]]
    ) -> tuple[str, Raw] | None:
        """What became of one interaction; None when nothing did, or when it cannot be read (but may still be there).

        `reading` answers what stands there and its words, None for no words. That something is gone is believed only
        while the account's own posts can be read: what a lost permission hides looks the same. Raises Transient, and
        Permanent when the token is refused or a permission is gone.
        """
        try:
            body, words = await reading
        except Permanent as error:
            if error.reason == Fate.TOKEN:
                raise
            if error.reason != Fate.GONE:
                return None
            await self._trust()
            body, version = {}, "gone"
        else:
            version = version_of(words or "")
            if words is None or version == ref.get("version"):
                return None
        return f"{key}:{version}", await self.raw(RECHECK, {"ref": dict(ref), **body})

    async def _trust(self) -> None:
        """Raise Permanent if what seems to be gone may only be out of our sight."""
        try:
            await self.api.may_read()
        except Permanent as error:
            if error.reason == Fate.GONE:
                raise Permanent(Fate.PERMISSION, RIGHT_LOST) from error
            raise
