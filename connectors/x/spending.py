"""The month's spending on X, kept in the shared notes, and how it slows polling down.

Each part (mentions, search, ...) has a note of its own with one writer at a time, because each source is polled under
a lease; so nothing is lost without a counter in the store. What a poll may cost at most is set aside before the call
and put right after it: a crash in between counts too much, never too little.
"""

import asyncio
from calendar import monthrange
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.domain.errors import Transient
from bot.domain.ports import Clock, Notes
from connectors.x.prices import dollars

PARTS: Final = ("mentions", "search", "messages", "recheck", "sends", "checks")
KEPT: Final = timedelta(days=62)
SEEN_KEPT: Final = 1000
LEAST: Final = 150_000
"""With less than this left, polling stops: the smallest page that a search may ask for, at its dearest."""
STOPPED_S: Final = 60.0
"""While the budget is used up: how long until Hark looks again whether there is a new month or a higher budget."""

PACES: Final = ((0.90, 8.0), (0.75, 4.0), (0.50, 2.0))
"""From which share of the budget on polling is how many times slower, while spending is ahead of the calendar."""


class Bill(BaseModel):
    """What one part has cost this month (millionths of a dollar); `seen` are the things charged for on `day`."""

    model_config = ConfigDict(frozen=True)

    micro: int = 0
    day: str = ""
    seen: tuple[str, ...] = ()


@dataclass(slots=True)
class Receipt:
    """What one poll brought; filled in while it runs."""

    things: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, ids: Iterable[str], price: int) -> None:
        """Note things by their ids; each counts once."""
        self.things |= {f"{kind}{id_}": price for id_ in ids}


def pace(spent: int, budget: int, now: datetime) -> float:
    """How many times slower than usual to poll: 1 while spending keeps behind the calendar."""
    if budget <= 0:
        return PACES[0][1]
    used = spent / budget
    month = monthrange(now.year, now.month)[1]
    elapsed = (now.day - 1 + now.hour / 24) / month
    return 1.0 if used <= elapsed else next((factor for share, factor in PACES if used >= share), 1.0)


def next_month(now: datetime) -> datetime:
    """The first of the next month, UTC midnight."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


class Ledger:
    """The spending of one account."""

    def __init__(self, notes: Notes, clock: Clock, account: str, budget: int) -> None:
        self._notes = notes
        self._clock = clock
        self._account = account
        self._lock = asyncio.Lock()
        self.budget = budget

    async def spent(self) -> int:
        """What this month has cost so far, what is set aside included."""
        month = self._month()
        return sum([(await self._bill(part, month)).micro for part in PARTS])

    async def pace(self) -> float:
        """How many times slower than usual to poll."""
        return pace(await self.spent(), self.budget, self._clock.now())

    async def affordable(self, each: int, most: int) -> int:
        """How many things of that price one page may bring; raises Transient when the budget is used up."""
        if await self.is_used_up():
            raise await self.stopped()
        return min(most, (self.budget - await self.spent()) // each)

    async def stopped(self) -> Transient:
        """The budget is used up, in words for people."""
        until = next_month(self._clock.now())
        text = (
            f"the monthly budget for X ({dollars(self.budget)}) is used up, {dollars(await self.spent())} spent: "
            f"Hark asks X for nothing more until {until.day} {until:%B}, unless X_MONTHLY_BUDGET_USD is raised. "
            "What X delivers by webhook still arrives."
        )
        return Transient(text, retry_after=min(STOPPED_S, (until - self._clock.now()).total_seconds()))

    async def is_used_up(self) -> bool:
        """Whether too little is left for the next poll."""
        return self.budget - await self.spent() < LEAST

    @asynccontextmanager
    async def reading(self, part: str, worst: int) -> AsyncIterator[Receipt]:
        """Set aside what a read may cost at most, then count what it did cost. Raises Transient if it is too much."""
        receipt, month = Receipt(), self._month()
        await self._change(part, worst, receipt, month)
        try:
            if await self.spent() > self.budget:
                raise await self.stopped()
            yield receipt
        finally:
            await self._change(part, -worst, receipt, month)

    async def add(self, part: str, micro: int) -> None:
        """Count what was done in any case, such as a reply."""
        await self._change(part, micro, Receipt(), self._month())

    async def read(self, part: str, receipt: Receipt) -> None:
        """Count a read that no budget holds back."""
        await self._change(part, 0, receipt, self._month())

    async def _change(self, part: str, micro: int, receipt: Receipt, month: str) -> None:
        async with self._lock:
            bill, today = await self._bill(part, month), self._clock.now().date().isoformat()
            seen = bill.seen if bill.day == today else ()
            fresh = {name: price for name, price in receipt.things.items() if name not in set(seen)}
            total = max(0, bill.micro + micro + sum(fresh.values()))
            after = Bill(micro=total, day=today, seen=(*seen, *fresh)[-SEEN_KEPT:])
            await self._notes.set(self._name(part, month), after.model_dump_json(), KEPT)

    async def _bill(self, part: str, month: str) -> Bill:
        text = await self._notes.get(self._name(part, month))
        try:
            return Bill.model_validate_json(text) if text else Bill()
        except ValidationError:
            return Bill()

    def _month(self) -> str:
        return f"{self._clock.now():%Y-%m}"

    def _name(self, part: str, month: str) -> str:
        return f"spend:x:{self._account}:{month}:{part}"
