"""Paging, played through: whatever order people post and claim times in, nothing stays unread."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.bluesky.paging import PAGE, REMEMBERED, Entry, advance, begin, begin_sweep, sweep
from tests.support.cases import NOON

DAY = timedelta(hours=24)


@dataclass
class Network:
    """A list filed newest first under claimed times, read in pages of `size`; the cursor is the last key."""

    size: int
    entries: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """File an entry."""
        self.entries.append(entry)
        self.entries.sort(key=lambda one: (one.at, one.key), reverse=True)

    def page(self, at: str | None) -> tuple[list[Entry], str | None]:
        """A page and the next cursor."""
        start = next((n + 1 for n, one in enumerate(self.entries) if one.key == at), 0)
        page = self.entries[start : start + self.size]
        return page, page[-1].key if start + self.size < len(self.entries) else None


STEPS = st.lists(
    st.tuples(
        st.integers(0, 12),  # how many people post
        st.sampled_from([0, 0, 1, 30, 60 * 5, 60 * 20, 60 * 24 * 5]),  # how many minutes back the last one claims
        st.integers(1, 60 * 30),  # minutes until the next poll
        st.integers(0, 2),  # how often the process dies before a page is stored
    ),
    max_size=12,
)


@settings(max_examples=200)
@given(STEPS, st.integers(2, 5))
def test_polls_and_a_sweep_read_everything_once_started(steps: list[tuple[int, int, int, int]], size: int) -> None:
    """Polls find all that is posted under its true time; with one sweep they find all there is."""
    network, now = Network(size), NOON
    cursor = begin(None, now, DAY).model_dump_json()
    swept_cursor = begin_sweep(None, now, DAY).model_copy(update={"baseline": None}).model_dump_json()
    posted: set[str] = set()
    honest: set[str] = set()
    polled: list[str] = []
    for number, (count, back, wait, crashes) in enumerate(steps):
        for n in range(count):
            claimed = now + timedelta(milliseconds=n) - timedelta(minutes=back if n == count - 1 else 0)
            key = f"{number}-{n}"
            network.add(Entry(key, claimed))
            posted.add(key)
            if claimed >= now:
                honest.add(key)
        now += timedelta(minutes=wait)
        dying = iter([True] * crashes)
        while True:
            progress = begin(cursor, now, DAY)
            page, next_at = network.page(progress.walk.at if progress.walk else None)
            after, fresh = advance(progress, page, next_at, now)
            if next(dying, False):
                continue
            polled.extend(fresh)
            cursor = after.model_dump_json()
            if after.walk is None:
                break
    assert honest <= set(polled)
    now += timedelta(minutes=11)
    recent = {one.key for one in network.entries if one.at >= now - timedelta(days=7)}
    assert recent <= set(polled) | _swept(network, swept_cursor, now)
    assert set(polled) <= posted


def _swept(network: Network, cursor: str, now: datetime) -> set[str]:
    """What one whole sweep brings."""
    found: set[str] = set()
    text: str | None = cursor
    while True:
        progress = begin_sweep(text, now, DAY)
        page, next_at = network.page(progress.at)
        progress, wanted, _ = sweep(progress, page, next_at, now)
        found |= wanted
        text = progress.model_dump_json()
        if progress.at is None:
            return found


def test_a_walk_stops_after_two_known_pages() -> None:
    """On a busy list a poll without news reads two pages, however long the list is."""
    network = Network(PAGE)
    for n in range(1000):
        network.add(Entry(f"{n:04}", NOON + timedelta(seconds=n)))
    now = NOON + timedelta(hours=1)
    progress, pages = begin(None, now, DAY), []
    for _ in range(2):
        count = 0
        while True:
            page, next_at = network.page(progress.walk.at if progress.walk else None)
            progress, fresh = advance(progress, page, next_at, now)
            count += 1
            if progress.walk is None:
                break
        pages.append((count, len(fresh)))
    assert pages == [(10, 100), (2, 0)]
    assert len(progress.known) == REMEMBERED
    assert len(progress.model_dump_json()) < 8000


def test_the_overlap_window_is_read_even_when_the_first_page_is_known() -> None:
    """An entry filed 19 hours down, on the second page, is found although the whole first page is known."""
    network = Network(PAGE)
    for n in range(150):
        network.add(Entry(f"{n:04}", NOON - timedelta(minutes=8 * n)))
    progress = begin(None, NOON, DAY)
    found: set[str] = set()
    for _ in range(2):
        found = set()
        while True:
            page, next_at = network.page(progress.walk.at if progress.walk else None)
            progress, fresh = advance(progress, page, next_at, NOON)
            found |= fresh
            if progress.walk is None:
                break
        network.add(Entry("late", NOON - timedelta(hours=19)))
    assert found == {"late"}


def test_a_server_that_repeats_its_cursor_does_not_trap_us() -> None:
    """The same cursor again ends the walk."""
    page = [Entry("a", NOON)]
    progress, _ = advance(begin(None, NOON, DAY), page, "x", NOON)
    assert progress.walk is not None
    progress, _ = advance(progress, page, "x", NOON)
    assert progress.walk is None


def test_an_empty_list_is_read_once() -> None:
    """Nothing there: no walk, no news."""
    progress, fresh = advance(begin(None, NOON, DAY), [], None, NOON)
    assert (progress.walk, fresh) == (None, frozenset())
