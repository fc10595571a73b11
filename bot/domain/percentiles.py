"""Percentiles of how long customers waited, of whom some still wait.

Times are counted in buckets, each 5 % wider than the one before, from 30 seconds to 60 days. Of who still waits it is
known how long by now, not how long in the end. So a percentile lies between two bounds: `low_s` is what it would be if
all of them were answered this very moment, `high_s` what it would be if none of them ever was. Whoever is left waiting
can only make both of them longer.
"""

from bisect import bisect_right
from collections import Counter
from typing import Final, NamedTuple

FIRST_S: Final = 30.0
STEP: Final = 1.05
LONGEST_S: Final = 60 * 86_400.0


def _edges() -> tuple[float, ...]:
    edges = [0.0, FIRST_S]
    while edges[-1] < LONGEST_S:
        edges.append(edges[-1] * STEP)
    return tuple(edges)


EDGES: Final = _edges()
"""Where each bucket begins, in seconds. The last one has no end. Once released, they never change: counts are kept."""


class Bounds(NamedTuple):
    """A percentile in seconds: at least `low_s`, at most `high_s`, None where that depends on who still waits."""

    low_s: float
    high_s: float | None


def bucket(seconds: float) -> int:
    """The bucket of a time. Clocks may disagree: what is below nothing counts as nothing."""
    return bisect_right(EDGES, max(0.0, seconds)) - 1


def percentile(percent: int, answered: Counter[int], waiting: Counter[int]) -> Bounds | None:
    """The time within which so many percent were answered (nearest rank), of counts by bucket; None for nobody.

    `waiting` are those who are not answered yet, by how long they have waited.
    """
    everybody = answered + waiting
    if not everybody:
        return None
    rank = max(1, -(-everybody.total() * percent // 100))
    low = EDGES[_standing_at(rank, everybody)]
    if rank > answered.total():
        return Bounds(low, None)
    high = _standing_at(rank, answered) + 1
    return Bounds(low, EDGES[high] if high < len(EDGES) else None)


def _standing_at(rank: int, counts: Counter[int]) -> int:
    """The bucket of the one at this place in line, counted from 1."""
    passed = 0
    for each in sorted(counts):
        passed += counts[each]
        if passed >= rank:
            return each
    raise ValueError(f"{rank} is more than {passed}")
