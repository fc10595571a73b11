"""Reading newest-first lists without losing what is filed further down.

The network files an entry under the time that its author's client claims (never later than now), so a post can appear
hours or days down the list. A reader that stops at "the newest I know" loses it. So each walk goes on until two whole
pages in a row held nothing new, or until it is past the overlap window below the newest entry of the last walk; after
downtime that is as far as it takes. Each page is stored together with the walk's state, so a crash goes on where
it stopped. What lies deeper still is found by the hourly sweep. Pure: no I/O, time is passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from pydantic import AwareDatetime, BaseModel, ConfigDict

from connectors.clean import kept

PAGE = 100
OVERLAP = timedelta(hours=24)
KNOWN_PAGES = 2
"""Whole pages without anything new after which a walk may stop."""
REMEMBERED = (KNOWN_PAGES + 2) * PAGE
MAX_PAGES = 1000
SWEEP_PAGE = 90
"""Another size than PAGE: the network's cursor is a time, so entries of one millisecond across a page's edge are left
out. Pages that end elsewhere find them."""
SWEEP_DEPTH = timedelta(days=7)
SWEEP_AGE = timedelta(minutes=10)
"""A sweep leaves younger entries to the usual door, so that "found by sweep" means that something was missed."""


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Walk(_State):
    """A walk under way: where it is (`at`), how far down it must go (`floor`), what it has seen."""

    at: str
    floor: AwareDatetime
    top: AwareDatetime | None
    seen: tuple[str, ...]
    quiet_pages: int
    pages: int


class Progress(_State):
    """What a source's cursor holds. `since` is the oldest time that counts: set on the first start."""

    since: AwareDatetime
    top: AwareDatetime | None = None
    known: tuple[str, ...] = ()
    walk: Walk | None = None


class SweepProgress(_State):
    """What the sweep's cursor holds; `baseline` is set during the first sweep."""

    baseline: AwareDatetime | None
    at: str | None = None
    floor: AwareDatetime | None = None
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a page: a name that changes with each edit, and the time it is filed under."""

    key: str
    at: datetime

    @property
    def short(self) -> str:
        """The name in 11 letters, so that hundreds fit into a cursor."""
        return blake2b(self.key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()[:11]


def begin(text: str | None, now: datetime, history: timedelta) -> Progress:
    """The state in a stored cursor; a missing or broken one starts anew, `history` back."""
    return kept(Progress, text) or Progress(since=now - (max(history, OVERLAP) if text else history))


def advance(
    progress: Progress, entries: Sequence[Entry], next_at: str | None, now: datetime
) -> tuple[Progress, frozenset[str]]:
    """Take one page in: the state after it, and the keys that are new and not older than `since`."""
    known = frozenset(progress.known)
    shorts = {entry.key: entry.short for entry in entries}
    unseen = [entry for entry in entries if shorts[entry.key] not in known]
    fresh = frozenset(entry.key for entry in unseen if entry.at >= progress.since)
    walk = progress.walk or Walk(
        at="", floor=(progress.top or progress.since + OVERLAP) - OVERLAP, top=None, seen=(), quiet_pages=0, pages=0
    )
    times = [entry.at for entry in entries]
    top = max([*times, *([walk.top] if walk.top else [])], default=None)
    walk = walk.model_copy(
        update={
            "at": next_at or "",
            "top": min(top, now) if top else None,
            "seen": tuple(dict.fromkeys([*walk.seen, *shorts.values()]))[:REMEMBERED],
            "quiet_pages": 0 if unseen else walk.quiet_pages + 1,
            "pages": walk.pages + 1,
        }
    )
    over = (
        next_at is None
        or (progress.walk is not None and next_at == progress.walk.at)
        or walk.quiet_pages >= KNOWN_PAGES
        or (times and times[-1] < walk.floor)
        or walk.pages >= MAX_PAGES
    )
    return (_finished(progress, walk) if over else progress.model_copy(update={"walk": walk})), fresh


def _finished(progress: Progress, walk: Walk) -> Progress:
    """The state after a whole walk; equal to the one before when nothing was new."""
    known = tuple(dict.fromkeys([*walk.seen, *progress.known]))[:REMEMBERED]
    top = max((at for at in (walk.top, progress.top) if at), default=None)
    return Progress(since=progress.since, top=top, known=known)


def begin_sweep(text: str | None, now: datetime, history: timedelta) -> SweepProgress:
    """The state in the sweep's cursor; without one this is the first sweep, which only takes stock."""
    progress = kept(SweepProgress, text) or SweepProgress(baseline=None if text else now - history)
    return progress if progress.at else progress.model_copy(update={"floor": now - SWEEP_DEPTH, "pages": 0})


def sweep(
    progress: SweepProgress, entries: Sequence[Entry], next_at: str | None, now: datetime
) -> tuple[SweepProgress, frozenset[str], frozenset[str]]:
    """Take one page in: the state after it, the keys to store, and those among them that only count as known."""
    floor = progress.floor or now - SWEEP_DEPTH
    inside = [entry for entry in entries if entry.at >= floor]
    baseline = progress.baseline
    if baseline is None:
        wanted = frozenset(entry.key for entry in inside if entry.at <= now - SWEEP_AGE)
        old: frozenset[str] = frozenset()
    else:
        wanted = old = frozenset(entry.key for entry in inside if entry.at < baseline)
    over = next_at is None or next_at == progress.at or len(inside) < len(entries) or progress.pages + 1 >= MAX_PAGES
    if over:
        return SweepProgress(baseline=None), wanted, old
    return SweepProgress(baseline=baseline, at=next_at, floor=floor, pages=progress.pages + 1), wanted, old
