"""What staff are told of the money: what the month has cost, whether polling is slowed, whether the budget is used up.

Also what the webhook's deliveries cost: X charges for each event that it delivers, asked for or not.
"""

from collections.abc import Iterator
from typing import Final

from bot.domain.models import Raw
from bot.domain.network import Remark
from connectors import clean
from connectors.lenient import each, table
from connectors.x import prices, wire
from connectors.x.doors import Doors
from connectors.x.spending import LEAST, Ledger, Plan, next_month

SECONDS: Final = 90.0
"""Intervals below this are told in seconds."""


async def remarks(doors: Doors, ledger: Ledger) -> tuple[Remark, ...]:
    """One line: the month's sum; what is slowed or stopped is told in the channel as well, once a month each."""
    plan, every = await doors.mentions_pace()
    if plan.budget - plan.spent < LEAST:
        text = f"the monthly budget for X ({prices.dollars(plan.budget)}) {ledger.used_up(plan.spent)}"
        return (Remark(text, once=f"spent:{ledger.month()}"),)
    money = f"{prices.dollars(plan.spent)} of {prices.dollars(plan.budget)} spent in {plan.now:%B}"
    if not plan.is_slow:
        return (Remark(money),)
    return (Remark(f"{money}, ahead of the calendar: {_slowed(plan, every)}", once=f"slow:{ledger.month()}"),)


def _slowed(plan: Plan, every_s: float) -> str:
    until = next_month(plan.now)
    return (
        f"mentions are polled every {_time(plan.wait(every_s, 0))} instead of {_time(every_s)}, and later after "
        f"each poll that was dear, so that the rest lasts until {until.day} {until:%B}. Answers go out as ever. Raise "
        "X_MONTHLY_BUDGET_USD to poll as usual."
    )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < SECONDS else f"{seconds / 60:.0f} min"


def events_cost(raw: Raw) -> int:
    """What the events of one delivery cost, in millionths of a dollar; nothing for what is no delivery of events."""
    if raw.source != "webhook":
        return 0
    return sum(prices.event_price(kind) for kind in _kinds(raw.body))


def _kinds(body: bytes) -> Iterator[str]:
    try:
        value = clean.loads(body)
    except ValueError:
        return
    yield from (wire.as_text(table(entry).get("event_type")) for entry in each(table(value).get("data")))
