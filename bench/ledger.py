"""Compares what was acknowledged with what was posted, exactly."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ledger:
    """Events by their numbers. `unasked` were posted although they were never acknowledged, which is allowed: the
    answer may be lost on its way, and the network sends again."""

    acked: int
    lost: tuple[int, ...]
    doubled: tuple[int, ...]
    unasked: tuple[int, ...]

    @property
    def is_clean(self) -> bool:
        """Every acknowledged event has its card, and none has two."""
        return not self.lost and not self.doubled

    def __str__(self) -> str:
        return f"{self.acked:,} acked, {len(self.lost)} lost, {len(self.doubled)} doubled"


def compare(acked: Collection[int], posted: Mapping[int, Sequence[float]]) -> Ledger:
    """The ledger of events that were acknowledged and the times at which each event's card was posted."""
    known = set(acked)
    return Ledger(
        acked=len(known),
        lost=tuple(sorted(known - posted.keys())),
        doubled=tuple(sorted(number for number, times in posted.items() if len(times) > 1)),
        unasked=tuple(sorted(posted.keys() - known)),
    )
