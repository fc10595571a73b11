"""How patient workers are with each other: the leases after which what a dead process held is taken by another.

Leases are short and renewed three times within their length while the holder lives, so a step may take as long as it
needs, and what a killed process held is in other hands within ten seconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.ports import Budgets


@dataclass(frozen=True, slots=True)
class Tempo:
    """`lease`: how long something due is held without a renewal. `takeover`: the same for a delivery in the inbox.
    `slack_pace`: how many times Slack's own budgets are allowed; more than 1 only against a server that is not Slack.
    """

    lease: timedelta = timedelta(seconds=6)
    takeover: timedelta = timedelta(seconds=6)
    slack_pace: int = 1


USUAL = Tempo()


@dataclass(frozen=True, slots=True)
class Paced:
    """Budgets that allow so many times more; asking them costs the same."""

    budgets: Budgets
    pace: int

    async def take(self, bucket: str, rate: float, burst: int, now: datetime) -> float:
        """Take one token: 0 when granted, else the seconds to wait."""
        return await self.budgets.take(bucket, rate * self.pace, burst * self.pace, now)

    async def take_some(
        self, bucket: str, rate: float, burst: int, now: datetime, wanted: int, left: int
    ) -> tuple[int, float]:
        """Take up to so many tokens; how many there were, and the seconds to wait if they were too few."""
        return await self.budgets.take_some(bucket, rate * self.pace, burst * self.pace, now, wanted, left)

    async def pause(self, bucket: str, until: datetime) -> None:
        """Grant nothing before `until`."""
        await self.budgets.pause(bucket, until)


def paced(budgets: Budgets, tempo: Tempo) -> Budgets:
    """The budgets at that tempo."""
    return budgets if tempo.slack_pace == 1 else Paced(budgets, tempo.slack_pace)
