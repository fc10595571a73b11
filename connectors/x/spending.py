"""The month's spending on X, kept in the shared notes, and how it slows polling down.

Each source that is polled (mentions, search, ...) has a note of its own with one writer at a time, because it is polled
under a lease. What any process may spend at any moment (answers, events of the webhook) is added to shared numbers.
What a poll may cost at most is set aside before the call and put right after it: a crash in between counts too much,
never too little.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from bot.domain.errors import Transient
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.x.prices import dollars

PARTS: Final = ("mentions", "search", "messages", "recheck", "checks")
COUNTED: Final = ("acts", "events")
KEPT: Final = timedelta(days=62)
SEEN_KEPT: Final = 1000
LEAST: Final = 150_000
"""With less than this left, polling stops: the smallest page that a search may ask for, at its dearest."""
STOPPED_S: Final = 60.0
"""While the budget is used up: how long until Hark looks again whether there is a new month or a higher budget."""

SLOW_FROM: Final = 0.5
"""Below this share of the budget nothing is slowed: a busy first week may well be followed by quiet ones."""
SLOWEST: Final = 24.0
LONGEST_WAIT_S: Final = 6 * 3600.0


class Bill(BaseModel):
    """What one part has cost this month (millionths of a dollar); `seen` are the things charged for on `day`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

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

    @property
    def cost(self) -> int:
        """What all of it costs."""
        return sum(self.things.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """How to go on with what is left (millionths of a dollar, UTC).

    While the spending keeps behind the calendar nothing is slowed. Once it is ahead, and half of the budget is gone,
    what is left has to last until the month ends: `allowed` is what a second may cost then.
    """

    spent: int
    budget: int
    now: datetime

    @property
    def used(self) -> float:
        """The share of the budget that is gone."""
        return self.spent / self.budget if self.budget > 0 else 1.0

    @property
    def is_slow(self) -> bool:
        """Whether polling has to be slowed for the rest of the month."""
        return self.used >= SLOW_FROM and self.used > self._elapsed / self._month

    @property
    def allowed(self) -> float:
        """What one second of the rest of the month may cost."""
        return max(0, self.budget - self.spent) / max(1.0, self._month - self._elapsed)

    @property
    def factor(self) -> float:
        """How many times slower than usual to poll: as many times as the month's usual second was too dear."""
        if not self.is_slow:
            return 1.0
        usual = self.spent / max(1.0, self._elapsed)
        return min(SLOWEST, max(1.0, usual / self.allowed)) if self.allowed > 0 else SLOWEST

    def wait(self, every_s: float, cost: int) -> float:
        """Seconds until the next poll of a source that is polled every so often and has just cost that much."""
        if not self.is_slow:
            return every_s
        earned = cost / self.allowed if self.allowed > 0 else LONGEST_WAIT_S
        return max(every_s, min(LONGEST_WAIT_S, max(every_s * self.factor, earned)))

    @property
    def _elapsed(self) -> float:
        return (self.now - month_start(self.now)).total_seconds()

    @property
    def _month(self) -> float:
        return (next_month(self.now) - month_start(self.now)).total_seconds()


def month_start(now: datetime) -> datetime:
    """The first of this month, UTC midnight."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(now: datetime) -> datetime:
    """The first of the next month, UTC midnight."""
    return month_start(month_start(now) + timedelta(days=32))


class Ledger:
    """The spending of one account."""

    def __init__(self, deps: ConnectorDeps, budget: int) -> None:
        self._notes = deps.notes
        self._clock = deps.clock
        self._account = deps.account
        self._lock = asyncio.Lock()
        self.budget = budget

    async def spent(self) -> int:
        """What this month has cost so far, what is set aside included."""
        month = self.month()
        bills = [(await self._bill(part, month)).micro for part in PARTS]
        return sum(bills) + sum([await self._counted(part, month) for part in COUNTED])

    async def plan(self) -> Plan:
        """How to go on with what is left."""
        return Plan(await self.spent(), self.budget, self._clock.now())

    async def affordable(self, each: int, most: int, least: int) -> int:
        """How many things of that price one page may bring; raises Transient when the budget is used up.

        While polling is slowed, no more than what the longest wait between two polls may cost: whatever is there is
        then read page by page, the newest first.
        """
        plan = await self.plan()
        left = plan.budget - plan.spent
        if left < LEAST:
            raise await self.stopped()
        if plan.is_slow:
            most = min(most, max(least, int(plan.allowed * LONGEST_WAIT_S / each)))
        return min(most, left // each)

    async def stopped(self) -> Transient:
        """The budget is used up, in words for people."""
        until = next_month(self._clock.now())
        text = f"the monthly budget for X ({dollars(self.budget)}) {self.used_up(await self.spent())}"
        return Transient(text, retry_after=min(STOPPED_S, (until - self._clock.now()).total_seconds()), shared=False)

    def used_up(self, spent: int) -> str:
        """What a budget that is used up means."""
        until = next_month(self._clock.now())
        return (
            f"is used up, {dollars(spent)} spent: Hark polls X no more until {until.day} {until:%B}, unless "
            "X_MONTHLY_BUDGET_USD is raised. What X delivers by webhook still arrives and still costs; your "
            "answers go out."
        )

    async def is_used_up(self) -> bool:
        """Whether too little is left for the next poll."""
        return self.budget - await self.spent() < LEAST

    @asynccontextmanager
    async def reading(self, part: str, worst: int) -> AsyncIterator[Receipt]:
        """Set aside what a read may cost at most, then count what it did cost. Raises Transient if it is too much."""
        receipt, month = Receipt(), self.month()
        await self._change(part, worst, receipt, month)
        try:
            if await self.spent() > self.budget:
                raise await self.stopped()
            yield receipt
        finally:
            await self._change(part, -worst, receipt, month)

    async def add(self, part: str, micro: int) -> None:
        """Count what any process may do at any moment: one of `COUNTED`."""
        if micro:
            await self._notes.count(self._name(part, self.month()), micro, KEPT)

    async def read(self, part: str, receipt: Receipt) -> None:
        """Count a read that no budget holds back."""
        await self._change(part, 0, receipt, self.month())

    async def _change(self, part: str, micro: int, receipt: Receipt, month: str) -> None:
        async with self._lock:
            bill, today = await self._bill(part, month), self._clock.now().date().isoformat()
            seen = bill.seen if bill.day == today else ()
            fresh = {name: price for name, price in receipt.things.items() if name not in set(seen)}
            total = max(0, bill.micro + micro + sum(fresh.values()))
            after = Bill(micro=total, day=today, seen=(*seen, *fresh)[-SEEN_KEPT:])
            await self._notes.set(self._name(part, month), after.model_dump_json(), KEPT)

    async def _bill(self, part: str, month: str) -> Bill:
        return clean.kept(Bill, await self._notes.get(self._name(part, month))) or Bill()

    async def _counted(self, part: str, month: str) -> int:
        text = await self._notes.get(self._name(part, month)) or "0"
        return int(text) if text.isascii() and text.isdigit() else 0

    def month(self) -> str:
        """The month that is paid for now, as its bills are named."""
        return f"{self._clock.now():%Y-%m}"

    def _name(self, part: str, month: str) -> str:
        return f"spend:x:{self._account}:{month}:{part}"
