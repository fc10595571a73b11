"""What the use cases need of the store and of Slack, as Protocols. What they ask of networks: domain/network.py."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from bot.domain.case import Case, LogEntry, Person, Post
from bot.domain.counting import Count
from bot.domain.models import Raw
from bot.domain.speed import Queue
from bot.domain.topics import Said

Blocks = list[dict[str, Any]]


class Clock(Protocol):
    """Time, passed in. `now` is aware UTC; `monotonic` counts seconds and never jumps."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


# --- the store -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conflict:
    """The case is not as the committer knew it. This is how it stands; None if it is no longer kept."""

    case: Case | None


CommitResult = Literal["committed", "duplicate", "gone"] | Conflict


@dataclass(frozen=True, slots=True)
class Commit:
    """One change of one case, applied all or nothing.

    `before` is the case as it was loaded (None: it must not exist yet). Timers, sends and indexes are derived from
    `after` (see `bot.domain.agenda`); `draw` is the priority of a redraw (0 first, 4 last), None for no redraw, due
    `draw_after` later; `dedupe` are names that must be new to the case, or the whole commit is a `duplicate`, and that
    must not have been taken back, or it is `gone`. `hold`: whoever commits draws the case at once, under this lease,
    which lasts so long; else it waits in the queue. `patient`: nobody waits for it, so it may set out a little later,
    with others. The version of `after` is counted on here: it is the case as it will stand.
    """

    before: Case | None
    after: Case
    at: datetime
    log: Sequence[LogEntry] = ()
    draw: int | None = None
    draw_after: timedelta = timedelta(0)
    dedupe: Collection[str] = ()
    hold: "tuple[Due, timedelta] | None" = None
    patient: bool = False

    def __post_init__(self) -> None:
        version = (self.before.version if self.before else 0) + 1
        object.__setattr__(self, "after", self.after.model_copy(update={"version": version}))


class Cases(Protocol):
    """The cases in Redis. Every method raises StoreUnavailable when the server does not answer."""

    async def load(self, case_id: str) -> Case | None: ...
    async def load_many(self, case_ids: Sequence[str]) -> dict[str, Case | None]:
        """Cases by their ids in this order, in one round trip, without those that only a newer version can read."""
        ...

    async def commit(self, commit: Commit) -> CommitResult: ...
    async def take_back(self, name: str) -> None:
        """From now on no commit brings in what has this dedupe name, for 67 days: its customer took it back."""
        ...

    async def is_taken_back(self, name: str) -> bool:
        """Whether what has this dedupe name was taken back within 67 days."""
        ...

    async def history(self, case_id: str) -> list[LogEntry]: ...
    async def waiting(self, limit: int) -> list[Case]:
        """Open cases in which a customer waits, the earliest due first."""
        ...

    async def count_waiting(self) -> int:
        """In how many open cases a customer waits."""
        ...

    async def count_claimed_by(self, user: str) -> int:
        """How many open cases that Slack user has claimed."""
        ...

    async def claimed_by(self, user: str, limit: int) -> list[Case]:
        """Open cases claimed by that Slack user, the earliest due first."""
        ...

    async def open_in(self, network: str, account: str, limit: int) -> list[Case]:
        """Open cases of one account, the newest first."""
        ...

    async def open_after(self, network: str, account: str, place: str, limit: int) -> list[tuple[str, Case | None]]:
        """Open cases of one account behind a place in their order, the newest first ("": from the first one on).

        Each has its own place, for going on behind it though it is closed by then. None for a case that only a newer
        version can read.
        """
        ...

    async def sending(self, limit: int) -> list[Case]:
        """Cases of all accounts with sends to come, closed ones too, those whose turn comes first."""
        ...

    async def count_hiding(self) -> int:
        """In how many cases a request to hide a comment waits for a second person."""
        ...

    async def hiding(self, limit: int) -> list[Case]:
        """Cases in which a request to hide a comment waits for a second person, the oldest first."""
        ...

    async def misplaced(self, limit: int) -> list[Case]:
        """Open cases of which Slack refused a message, the oldest first."""
        ...


LINK = "\t"
"""Stands in a line of the digest between its words and the address of whom it tells of, if there is one."""


class SpeedPort(Protocol):
    """What commits counted of how fast customers were answered, and who waits. Every method raises StoreUnavailable."""

    async def counts(self, days: Sequence[str]) -> Mapping[Count, int]:
        """What was counted on these days (see `counting.day_of`)."""
        ...

    async def said(self, days: Sequence[str]) -> Mapping[Said, int]:
        """What customers wrote about on these days."""
        ...

    async def queue(self, accounts: Sequence[tuple[str, str]], now: datetime) -> Queue:
        """Who waits now. `accounts` are networks with account: of a case in none of them no network is known."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """One delivery in the inbox: `id` names it for `done` and `bury`; `tries` counts earlier takings without
    an end."""

    id: str
    shard: int
    raw: Raw
    tries: int


@dataclass(frozen=True, slots=True)
class Buried:
    """One dead letter: what it was, why it could not be used, since when."""

    id: str
    raw: Raw
    error: str
    at: datetime


class Inbox(Protocol):
    """Raw deliveries, durable before anybody is told so."""

    async def put(self, raw: Raw) -> None:
        """Store one delivery; concurrent calls share a write. Raises StoreUnavailable: nothing was acknowledged."""
        ...

    async def put_page(
        self, items: Sequence[tuple[str, Raw]], cursor_name: str, cursor: str | None, lease: "Due | None" = None
    ) -> int:
        """Store the new ones of a polled page and the cursor together; returns how many were new.

        Each item comes with a key that is the same whenever the same thing is read again (kept 8 days). Raises
        LeaseLost when the poll's `lease` is another worker's by now.
        """
        ...

    async def cursor(self, cursor_name: str) -> str | None: ...
    async def take(self, limit: int, wait_ms: int, accounts: Collection[tuple[str, str]] | None = None) -> list[Stored]:
        """Deliveries for this worker, those that others left included; waits up to `wait_ms` for the first.

        With `accounts`, only theirs of what was left, and what nobody took for ten minutes. What was taken twice
        without an end comes alone: it may be what its workers died of.
        """
        ...

    async def done(self, stored: Sequence[Stored]) -> None:
        """Take deliveries out of the inbox, in a moment: with others' writes."""
        ...

    async def renew(self) -> None:
        """Say that what was taken is still being worked on; without it another worker takes it over."""
        ...

    def let_go(self, stored: Sequence[Stored], *, excused: bool = False) -> None:
        """Renew these no more: the work on them failed, or is another worker's.

        `excused`: it was not their doing, and this taking does not count among their tries.
        """
        ...

    async def bury(self, raw: Raw, error: str) -> None:
        """Keep what could not be used in the dead letter (30 days)."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """Something due, held under a lease: `id` is what, `token` proves the lease; `lapses` leases of it before this one
    ended by themselves, one after the other."""

    id: str
    shard: int
    token: str
    priority: int
    lapses: int = 0


Ended = tuple[Due, datetime | None]
"""A step that is over, whose lease goes back, and when its id comes again (None: it is done with)."""


class DueQueue(Protocol):
    """Ids due at a time, as those see it who put them in."""

    async def put(self, id_: str, at: datetime, priority: int = 0) -> None:
        """Make an id due at `at`, or earlier if it already is; while it is held, it comes again afterwards."""
        ...

    async def begin(self, id_: str, at: datetime) -> None:
        """Make an id due at `at` unless the queue knows it: one that waits, or is held, stays as it is."""
        ...


class WorkerQueue(Protocol):
    """The same, as its workers see it: ids are taken under a lease.

    An expired lease is taken again: acting must be safe to repeat.
    """

    async def exchange(self, ended: Sequence[Ended], now: datetime, limit: int, lease: timedelta) -> list[Due]:
        """Give leases back, and take up to `limit` ids that are due, in one round trip.

        What was put while an id was held stays due; what comes again does so at the earlier of both.
        """
        ...

    async def renew(self, held: Sequence[Due], lease: timedelta) -> list[Due]:
        """Hold what is held for `lease` from now; those that are somebody else's by now come back."""
        ...

    def hold(self, id_: str, priority: int) -> Due | None:
        """A lease that a commit may take on an id; None while nothing is to be taken at all."""
        ...


class Budgets(Protocol):
    """Token buckets shared by all processes."""

    async def take(self, bucket: str, rate: float, burst: int, now: datetime) -> float:
        """Take one token of `rate` a second with a `burst`: 0 when granted, else the seconds to wait."""
        ...

    async def take_some(
        self, bucket: str, rate: float, burst: int, now: datetime, wanted: int, left: int
    ) -> tuple[int, float]:
        """Take up to so many, if `left` are left; how many there were, and the seconds to wait if too few."""
        ...

    async def pause(self, bucket: str, until: datetime) -> None:
        """Grant nothing from this bucket before `until` (a 429's Retry-After)."""
        ...


class Notes(Protocol):
    """Small shared records: signatures, drafts, recent wordings, what the hourly message says, leases."""

    async def person(self, user: str) -> Person | None: ...
    async def save_person(self, person: Person) -> None: ...
    async def draft(self, case_id: str, user: str, *, private: bool) -> str: ...
    async def save_draft(self, case_id: str, user: str, text: str, *, private: bool) -> None:
        """Keep a draft for 7 days; an empty text forgets it."""
        ...

    async def forget_drafts(self, case_id: str, user: str) -> None: ...

    async def recent(self, what: str) -> list[str]:
        """The last 200 texts noted under that name within 30 days."""
        ...

    async def note_recent(self, what: str, text: str) -> None: ...
    async def first_time(self, name: str, ttl: timedelta) -> bool:
        """Whether this name was not seen within `ttl`; it is now."""
        ...

    async def hold(self, name: str, holder: str, ttl: timedelta) -> bool:
        """Whether a turn is this holder's: free until now, or theirs already. Then it is for `ttl` from now."""
        ...

    async def get(self, name: str) -> str | None: ...
    async def get_many(self, names: Sequence[str]) -> list[str | None]:
        """Values in the order of their names, in one round trip."""
        ...

    async def set(self, name: str, value: str, ttl: timedelta) -> None: ...
    async def agree(self, name: str, value: str, ttl: timedelta) -> str:
        """Keep a value unless there is one; the value that stands, the same for all, kept for `ttl` from now."""
        ...

    async def swap(self, name: str, before: str, after: str, ttl: timedelta) -> str:
        """Keep another value in place of the one that was read ("": none), unless it has changed; the one that stands.
        It is kept for `ttl` from now if it is the new one."""
        ...

    async def count(self, name: str, by: int, ttl: timedelta) -> int:
        """Add to a shared number, which `get` reads as text; its new value. Nothing is lost between processes."""
        ...

    async def add_to_digest(self, hour: str, id_: str, line: str) -> None:
        """Note one quiet interaction (like, follow) for the digest of that hour; the same id counts once."""
        ...

    async def digest(self, hour: str) -> list[str]: ...
    async def alive(self, role: str) -> int:
        """How many processes of that role gave a sign of life within 30 s."""
        ...


# --- Slack ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a Slack message stands: the conversation's id and the message's `ts` (an id: never a number)."""

    channel: str
    ts: str


class SlackPort(Protocol):
    """The calls that Hark makes to Slack. All raise the SlackError family of `bot.domain.errors`."""

    async def post(
        self, channel: str, text: str, blocks: Blocks, *, attempt: str, thread_ts: str | None = None
    ) -> Posted:
        """Post once; a user id as `channel` opens the direct message first. `attempt` goes into the metadata."""
        ...

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None:
        """Look for a message that carries this attempt in the history since it began (see `bot.domain.attempts`)."""
        ...

    async def update(self, posted: Posted, text: str, blocks: Blocks) -> None: ...
    async def delete(self, posted: Posted) -> None: ...


class Rendered(Protocol):
    """A message ready for Slack: the line for lock screens, the blocks, and a digest of both."""

    @property
    def text(self) -> str: ...
    @property
    def blocks(self) -> Blocks: ...
    @property
    def digest(self) -> str: ...


Render = Callable[[Case, Post], Rendered]
"""Draws one Slack message of a case as it should look now."""
