"""How patient workers are with each other: the leases after which what a dead process held is taken by another.

Leases are short and renewed three times within their length while the holder lives, so a step may take as long as it
needs, and what a killed process held is in other hands within ten seconds.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Tempo:
    """`lease`: how long something due is held without a renewal. `takeover`: the same for a delivery in the inbox.
    `slack_pace`: how many times Slack's own budgets are allowed; more than 1 only against a server that is not Slack.
    """

    lease: timedelta = timedelta(seconds=6)
    takeover: timedelta = timedelta(seconds=6)
    slack_pace: int = 1


USUAL = Tempo()
