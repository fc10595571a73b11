"""Polling costs money: never more of it than the team allowed."""

import asyncio
import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Transient, Unknown
from bot.domain.models import Interaction, Raw
from bot.domain.network import Remark
from connectors.x.connector import XConnector
from connectors.x.prices import OWN_POST, SEND_MESSAGE
from connectors.x.spending import LONGEST_WAIT_S, SLOWEST, Plan
from tests.support.cases import NOON
from tests.support.x_rig import XRig, a_raw, answer_to, events, read_all, texts
from tests.support.x_server import ANA, BEN, LOST, US, message_event


async def read_for_ever(connector: XConnector) -> None:
    """Poll mentions, however long the waits, until the connector refuses."""
    cursor = None
    while True:
        _, cursor = await read_all(connector, "mentions", cursor)


async def test_polling_stops_before_the_budget_is_overspent(rig: XRig) -> None:
    """The last page is as small as the money; then Hark says so, everywhere, until the month is over."""
    for n in range(500):
        rig.server.post(ANA, f"@acme parcel {n}")
    connector = rig.connector(X_MONTHLY_BUDGET_USD="0.50")
    with pytest.raises(Transient) as caught:
        await read_for_ever(connector)
    assert "$0.50" in str(caught.value)
    assert "1 April" in str(caught.value)
    assert 0.35e6 < await connector._ledger.spent() <= 0.5e6
    calls = len(rig.server.calls)
    for ask in (connector.poll("mentions", None), connector.poll("messages", None), connector.recheck([{"post": "1"}])):
        with pytest.raises(Transient):
            await ask
    assert len(rig.server.calls) == calls
    health = await connector.check()
    assert not health.ok
    assert "polling has stopped" in health.summary
    assert "X_MONTHLY_BUDGET_USD" in health.mend
    rig.clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    rig.server.post(BEN, "@acme good morning")
    assert (await connector.poll("mentions", None)).items


async def test_a_higher_budget_goes_on_at_once(rig: XRig) -> None:
    """After a restart with the new value."""
    rig.server.post(ANA, "@acme parcel")
    with pytest.raises(Transient):
        await rig.connector(X_MONTHLY_BUDGET_USD="0").poll("mentions", None)
    assert (await rig.connector(X_MONTHLY_BUDGET_USD="1").poll("mentions", None)).items


async def test_processes_share_one_account_of_what_was_spent(rig: XRig) -> None:
    """What one spends the other knows; a failed poll costs nothing."""
    rig.server.post(ANA, "@acme parcel")
    await read_all(rig.connector(), "mentions")
    other = rig.connector()
    assert await other._ledger.spent() == 1_000 + 10_000 + 10_000
    rig.server.faults[f"GET /2/users/{US}/mentions"] = [(500, {}, {})] * 3
    with pytest.raises(Transient):
        await other.poll("mentions", None)
    assert await other._ledger.spent() == 21_000


@pytest.mark.parametrize(
    ("spent", "day", "factor"),
    [
        (0, 1, 1.0),
        (49, 2, 1.0),
        (50, 2, SLOWEST),
        (50, 11, 2.1),
        (75, 16, 3.2),
        (90, 31, 1.0),
        (100, 31, SLOWEST),
        (50, 17, 1.0),
    ],
)
def test_polling_slows_down_ahead_of_the_calendar_only(spent: int, day: int, factor: float) -> None:
    """Half the money in half the month is no reason to; else as many times as the seconds so far were too dear."""
    plan = Plan(spent, 100, datetime(2026, 3, day, tzinfo=UTC))
    assert plan.factor == pytest.approx(factor)
    assert plan.is_slow == (factor > 1)


def test_a_slowed_poll_waits_until_the_rest_of_the_month_has_paid_for_it() -> None:
    """Whatever a poll costs is earned before the next one: by the month's end nothing is overspent."""
    budget, now = 50_000_000, datetime(2026, 3, 11, tzinfo=UTC)
    spent, end = 30_000_000, datetime(2026, 4, 1, tzinfo=UTC)
    polls = 0
    while now < end:
        cost = (polls % 7) * 11_000
        spent, polls = spent + cost, polls + 1
        now += timedelta(seconds=Plan(spent, budget, now).wait(60.0, cost))
    assert 40_000_000 < spent <= budget
    assert polls > 500
    assert Plan(49_000_000, budget, datetime(2026, 3, 2, tzinfo=UTC)).wait(60.0, 10**9) == LONGEST_WAIT_S
    assert Plan(0, 0, now).wait(60.0, 0) == LONGEST_WAIT_S
    assert Plan(90, 100, datetime(2026, 3, 2, tzinfo=UTC)).wait(30 * 3600.0, 1) == 30 * 3600.0


async def test_the_pace_reaches_the_schedule(rig: XRig) -> None:
    """The wait between polls grows with what was spent."""
    connector = rig.connector(X_MONTHLY_BUDGET_USD="1")
    assert (await connector.poll("mentions", None)).wait_s == 60.0
    await connector._ledger.add("acts", 700_000)
    usual = 700_000 / (NOON - datetime(2026, 3, 1, tzinfo=UTC)).total_seconds()
    waited = (await connector.poll("mentions", None)).wait_s
    left = 300_000 / (datetime(2026, 4, 1, tzinfo=UTC) - NOON).total_seconds()
    assert waited == pytest.approx(60.0 * min(SLOWEST, usual / left), rel=0.1)
    assert "slowed down" in (await connector.check()).mend


async def test_a_slowed_poll_reads_small_pages_one_at_a_time(rig: XRig) -> None:
    """A crowd does not cost the rest of the month at once: the newest first, the others with the next polls."""
    for n in range(300):
        rig.server.post(ANA, f"@acme parcel {n:03}")
    connector = rig.connector(X_MONTHLY_BUDGET_USD="10")
    await connector._ledger.add("events", 9_000_000)
    page = await connector.poll("mentions", None)
    assert 5 <= len(page.items) < 30
    assert not page.more
    assert page.wait_s
    assert page.wait_s > 3600
    second = await connector.poll("mentions", page.cursor)
    newest = texts(connector, [raw for _, raw in page.items])
    assert newest[-1] == "@acme parcel 299"
    assert texts(connector, [raw for _, raw in second.items])[-1] == f"@acme parcel {299 - len(newest):03}"


async def test_a_flood_of_messages_stops_at_the_budget_and_goes_on_from_there(rig: XRig) -> None:
    """The pages are small, and none is begun that the month cannot pay."""
    for n in range(350):
        rig.server.message(ANA, US, f"message {n:03}")
    connector, cursor = rig.connector(X_MONTHLY_BUDGET_USD="1"), None
    raws: list[Raw] = []
    while not await connector._ledger.is_used_up():
        page = await connector.poll("messages", cursor)
        raws, cursor = [*raws, *(raw for _, raw in page.items)], page.cursor
    with pytest.raises(Transient):
        await connector.poll("messages", cursor)
    assert await connector._ledger.spent() <= 1_000_000
    rest, _ = await read_all(rig.connector(X_MONTHLY_BUDGET_USD="20"), "messages", cursor)
    assert texts(connector, raws + rest) == [f"message {n:03}" for n in range(350)]


async def test_a_slowed_poll_reads_a_crowd_to_its_end(rig: XRig) -> None:
    """However many small pages that takes: what a walk leaves out is never asked for again."""
    for n in range(300):
        rig.server.post(ANA, f"@acme parcel {n:03}")
    connector, cursor = rig.connector(X_MONTHLY_BUDGET_USD="10"), None
    await connector._ledger.add("events", 9_000_000)
    raws: list[Raw] = []
    while (page := await connector.poll("mentions", cursor)).items:
        raws, cursor = [*raws, *(raw for _, raw in page.items)], page.cursor
    assert texts(connector, raws) == [f"@acme parcel {n:03}" for n in range(300)]


async def test_what_many_processes_spend_at_once_is_all_counted(rig: XRig) -> None:
    """Answers and events of the webhook, by ten processes, none of which holds a lease."""
    ledgers = [rig.connector()._ledger for _ in range(10)]
    await asyncio.gather(*(ledger.add(part, 1_000) for ledger in ledgers for part in ("acts", "events")))
    assert await ledgers[0].spent() == 20_000


async def test_events_of_the_webhook_cost_money(rig: XRig, connector: XConnector) -> None:
    """By their kinds; a delivery of anything else costs nothing."""
    post = rig.server.post(ANA, "@acme parcel")
    kinds = ["post.mention.create", "like.create", "follow.follow", "dm.received", "dm.sent", "profile.update.bio"]
    events_ = [{"event_type": kind, "payload": post} for kind in kinds]
    await connector.received(a_raw(json.dumps({"data": events_}).encode()))
    assert await connector._ledger.spent() == 5_000 + 1_000 + 10_000 + 10_000
    for body in (b"", b"{", b"[]", b'{"data": 7}', b'{"data": [7, {}]}', b"[" * 10_000):
        await connector.received(a_raw(body))
    await connector.received(a_raw(json.dumps({"data": events_}).encode(), "mentions"))
    assert await connector._ledger.spent() == 26_000


async def test_a_reply_whose_answer_was_lost_is_counted(rig: XRig, connector: XConnector) -> None:
    """It may stand: rather count too much than too little."""
    raws, _ = await read_all(connector, "mentions") if rig.server.post(ANA, "@acme parcel") else ([], None)
    event = next(each for each in events(connector, raws) if isinstance(each, Interaction))
    before = await connector._ledger.spent()
    rig.server.faults["POST /2/tweets"] = [LOST]
    with pytest.raises(Unknown):
        await connector.send(answer_to(event))
    assert await connector._ledger.spent() == before + 5_000 + 10_000


async def test_looking_for_a_reply_costs_what_is_read(rig: XRig, connector: XConnector) -> None:
    """Each of our own posts that X lists is paid for once, whether it is the one or not."""
    raws, _ = await read_all(connector, "mentions") if rig.server.post(ANA, "@acme parcel") else ([], None)
    event = next(each for each in events(connector, raws) if isinstance(each, Interaction))
    await connector.send(answer_to(event))
    before = await connector._ledger.spent()
    assert await connector.read_back(answer_to(event, "Something else")) is None
    assert await connector._ledger.spent() == before + OWN_POST


@pytest.mark.parametrize("lost", [True, False])
async def test_a_direct_message_is_counted_though_its_answer_was_lost(
    rig: XRig, connector: XConnector, lost: bool
) -> None:
    """It may stand: rather count too much than too little."""
    (event,) = connector.parse(a_raw(json.dumps(message_event(rig.server.message(ANA, US, "4711"))).encode()))
    assert isinstance(event, Interaction)
    rig.server.faults[f"POST /2/dm_conversations/with/{ANA}/messages"] = [LOST] if lost else []
    with pytest.raises(Unknown) if lost else nullcontext():
        await connector.send(answer_to(event, private=True))
    assert await connector._ledger.spent() == SEND_MESSAGE


async def test_what_staff_are_told_of_the_money(rig: XRig) -> None:
    """The sum always; slowing down and the end of the budget once a month each, with what a person can do."""
    connector = rig.connector(X_MONTHLY_BUDGET_USD="50")
    await connector._ledger.add("acts", 2_400_000)
    assert await connector.remarks() == (Remark("$2.40 of $50.00 spent in March"),)
    await connector._ledger.add("acts", 35_000_000)
    (slow,) = await connector.remarks()
    assert slow.once == "slow:2026-03"
    assert "$37.40 of $50.00 spent in March" in slow.text
    assert "min instead of 60 s" in slow.text
    assert "until 1 April" in slow.text
    await connector._ledger.add("events", 13_000_000)
    (spent,) = await connector.remarks()
    assert spent.once == "spent:2026-03"
    assert "is used up, $50.40 spent" in spent.text
    assert "your answers go out" in spent.text
    rig.clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    assert await connector.remarks() == (Remark("$0.00 of $50.00 spent in April"),)


async def test_two_polls_at_once_cannot_overspend_together(rig: XRig) -> None:
    """What the one may cost is set aside before it asks, so the other sees it; what it did not cost is given back."""
    one, other = (rig.connector(X_MONTHLY_BUDGET_USD="1")._ledger for _ in range(2))
    async with one.reading("mentions", 600_000) as receipt:
        assert await other.spent() == 600_000
        with pytest.raises(Transient):
            await other.reading("search", 600_000).__aenter__()
        receipt.add("p", ["1", "2"], 5_000)
    assert await other.spent() == 10_000


async def test_a_month_that_ends_during_a_poll_is_settled_where_it_began(rig: XRig, connector: XConnector) -> None:
    """The new month starts at nothing."""
    rig.clock.at = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    async with connector._ledger.reading("mentions", 600_000) as receipt:
        rig.clock.advance(timedelta(seconds=2))
        await connector._ledger.add("acts", 7)
        receipt.add("p", ["1"], 5_000)
    assert await connector._ledger.spent() == 7
    rig.clock.advance(timedelta(seconds=-2))
    assert await connector._ledger.spent() == 5_000
