"""How patient workers are with each other: the leases after which what a dead process held is taken by another."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Tempo:
    """`lease`: how long something due is held by whoever took it. `takeover`: how long a worker may be silent about a
    delivery. Both are longer than any step takes, or two workers would take the same step."""

    lease: timedelta = timedelta(seconds=30)
    takeover: timedelta = timedelta(seconds=60)


USUAL = Tempo()
