"""Polling: nothing skipped, nothing twice, and never more money than the team allowed."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Deleted, Edited, Interaction, Kind
from bot.domain.network import Remark
from connectors.x.connector import XConnector
from connectors.x.spending import LONGEST_WAIT_S, SLOWEST, Plan
from tests.support.cases import NOON
from tests.support.x_rig import XRig, a_raw, answer_to, events, read_all
from tests.support.x_server import ANA, BEN, LOST, US, Fault, snowflake


def texts(connector: XConnector, raws: Any) -> list[str]:
    """The words of what was read, oldest first."""
    found = [each for each in events(connector, raws) if isinstance(each, Interaction)]
    return [each.text for each in sorted(found, key=lambda each: int(each.id.removeprefix("dm:")))]


async def read_for_ever(connector: XConnector) -> None:
    """Poll mentions, however long the waits, until the connector refuses."""
    cursor = None
    while True:
        _, cursor = await read_all(connector, "mentions", cursor)


async def test_mentions_are_read_to_the_last_known_one(rig: XRig, connector: XConnector) -> None:
    """Pages of 100, a day back at first, then only what is new."""
    for n in range(120):
        rig.server.post(ANA, f"@acme parcel {n:03}")
    rig.server.post(BEN, "@acme old", id_=snowflake(NOON - timedelta(days=3)), created_at="2026-03-01T12:00:00.000Z")
    raws, cursor = await read_all(connector, "mentions")
    assert texts(connector, raws) == [f"@acme parcel {n:03}" for n in range(120)]
    rig.server.post(ANA, "@acme hello?")
    raws, cursor = await read_all(connector, "mentions", cursor)
    assert texts(connector, raws) == ["@acme hello?"]
    raws, _ = await read_all(connector, "mentions", cursor)
    assert raws == []


async def test_a_crash_between_pages_skips_nothing(rig: XRig) -> None:
    """The newest id counts as known only after the last page; what came meanwhile is read by the next walk."""
    for n in range(150):
        rig.server.post(ANA, f"@acme parcel {n:03}")
    first = await rig.connector().poll("mentions", None)
    assert first.more
    rig.server.post(ANA, "@acme parcel 150")
    connector = rig.connector()
    raws, cursor = await read_all(connector, "mentions", first.cursor)
    later, _ = await read_all(connector, "mentions", cursor)
    found = {*texts(connector, [raw for _, raw in first.items]), *texts(connector, raws), *texts(connector, later)}
    assert found == {f"@acme parcel {n:03}" for n in range(151)}


async def test_a_refused_place_starts_the_walk_again(rig: XRig, connector: XConnector) -> None:
    """A page token that ran out, then a since_id that X does not take."""
    rig.server.post(ANA, "@acme parcel")
    refused: Fault = (400, {"title": "Invalid Request", "detail": "since_id or pagination_token"}, {})
    path = f"GET /2/users/{US}/mentions"
    rig.server.faults[path] = [refused, refused]
    cursor = json.dumps({"walk": {"since": snowflake(NOON - timedelta(hours=2)), "token": "t9", "pages": 1}})
    page = await connector.poll("mentions", cursor)
    assert page.items == ()
    page = await connector.poll("mentions", page.cursor)
    assert page.cursor is not None
    assert "start" in page.cursor
    raws, _ = await read_all(connector, "mentions", page.cursor)
    assert texts(connector, raws) == ["@acme parcel"]
    rig.server.faults[path] = [refused]
    with pytest.raises(Permanent):
        await connector.poll("mentions", None)


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"walk":{"since":"abc"}}', '{"since":"-1"}', '{"walks":7}'])
async def test_a_broken_cursor_starts_anew(rig: XRig, connector: XConnector, cursor: str) -> None:
    """Whatever stands in the store."""
    rig.server.post(ANA, "@acme shoes")
    for source in ("mentions", "messages", "search", "webhook"):
        assert (await connector.poll(source, cursor)).wait_s
    with pytest.raises(Permanent):
        await connector.poll("elsewhere", cursor)


async def test_searches_take_turns_and_leave_our_own_words_out(rig: XRig) -> None:
    """Each query with its own place; both are asked for within one round."""
    rig.server.post(ANA, "acme shoes fall apart")
    rig.server.post(BEN, "the acme app crashes")
    rig.server.post(BEN, "@acme app: it crashes")
    connector = rig.connector(X_SEARCH='acme shoes, "acme app"'.replace('"', ""))
    raws, cursor = await read_all(connector, "search")
    found = [each for each in events(connector, raws) if isinstance(each, Interaction)]
    kinds = {(each.text, each.kind, each.stream, each.answerable) for each in found}
    assert ("acme shoes fall apart", Kind.MATCH, "acme shoes", False) in kinds
    assert ("@acme app: it crashes", Kind.MENTION, None, True) in kinds
    queries = [call[2]["query"] for call in rig.server.calls if call[1].endswith("recent")]
    assert queries == [f"(acme shoes) -from:{US} -is:retweet", f"(acme app) -from:{US} -is:retweet"]
    assert await read_all(connector, "search", cursor) != (raws, cursor)


async def test_a_search_after_a_long_absence_begins_where_x_still_looks(rig: XRig, connector: XConnector) -> None:
    """Seven days; an older since_id would be refused."""
    rig.server.post(ANA, "acme shoes one")
    _, cursor = await read_all(connector, "search")
    rig.clock.advance(timedelta(days=9))
    rig.server.post(ANA, "acme shoes two")
    raws, _ = await read_all(connector, "search", cursor)
    assert texts(connector, raws) == ["acme shoes two"]


async def test_a_search_that_finds_nothing_for_a_week_goes_on(rig: XRig, connector: XConnector) -> None:
    """Its first look back moves with the calendar: X refuses a start_time older than seven days too."""
    cursor = None
    for _ in range(9):
        raws, cursor = await read_all(connector, "search", cursor)
        assert raws == []
        rig.clock.advance(timedelta(days=1))
    rig.server.post(ANA, "my acme shoes fell apart")
    raws, _ = await read_all(connector, "search", cursor)
    assert texts(connector, raws) == ["my acme shoes fell apart"]


async def test_a_search_that_x_refuses_does_not_hold_up_the_others(rig: XRig) -> None:
    """It is passed over and named until it is corrected; if X takes none of them, that is a failure."""
    rig.server.post(ANA, "acme shoes")
    connector = rig.connector(X_SEARCH="acme (app,acme shoes")
    raws, cursor = await read_all(connector, "search")
    assert texts(connector, raws) == ["acme shoes"]
    for _ in range(2):
        page = await connector.poll("search", cursor)
        assert page.said == "Correct X_SEARCH: X does not take acme (app"
        cursor = page.cursor
    for queries in ("acme (app", "acme (app,(acme shoes"):
        with pytest.raises(Permanent, match="missing"):
            await read_all(rig.connector(X_SEARCH=queries), "search", cursor)
    rig.server.post(BEN, "the acme app crashes")
    mended = rig.connector(X_SEARCH="acme app,acme shoes")
    raws, cursor = await read_all(mended, "search", cursor)
    assert texts(mended, raws) == ["the acme app crashes"]
    assert (await mended.poll("search", cursor)).said == ""


async def test_messages_are_read_to_the_last_known_one(rig: XRig, connector: XConnector) -> None:
    """There is no since_id: small pages down to what is known; each message is paid for once a day."""
    for n in range(25):
        rig.server.message(ANA, US, f"message {n:02}")
    raws, cursor = await read_all(connector, "messages")
    assert texts(connector, raws) == [f"message {n:02}" for n in range(25)]
    spent = await connector._ledger.spent()
    assert spent == 25 * 10_000 + 10_000  # and one profile, ours, to know the handle
    assert (await read_all(connector, "messages", cursor))[0] == []
    rig.server.message(ANA, US, "message 25")
    raws, _ = await read_all(connector, "messages", cursor)
    assert texts(connector, raws) == ["message 25"]
    assert await connector._ledger.spent() == spent + 10_000
    assert connector.title == "@acme"


async def test_a_second_look_finds_edits_and_deletions_once_an_hour(rig: XRig, connector: XConnector) -> None:
    """Both from one call, and not again at once: each look costs money."""
    kept, edit, gone = (rig.server.post(ANA, f"@acme {word}") for word in ("kept", "edit", "gone"))
    raws, _ = await read_all(connector, "mentions")
    known = [each for each in events(connector, raws) if isinstance(each, Interaction)]
    refs = [{**each.ref, "id": each.id, "version": each.version} for each in known]
    rig.server.edit(edit["id"], "@acme edited")
    del rig.server.posts[gone["id"]]
    found = [event for _, raw in await connector.recheck(refs) for event in connector.parse(raw)]
    assert {(type(each), each.id) for each in found if isinstance(each, Edited | Deleted)} == {
        (Edited, edit["id"]),
        (Deleted, gone["id"]),
    }
    assert kept["id"] not in {getattr(each, "id", "") for each in found}
    assert await connector.recheck(refs) == []
    rig.clock.advance(timedelta(hours=1, seconds=1))
    assert await connector.recheck([]) == []
    assert len(await connector.recheck(refs)) == 2


# --- money ---


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


async def test_every_process_knows_the_name(rig: XRig) -> None:
    """A process that never polls learns the handle from one that does, at no cost; until then the id has to do."""
    polls, listens = rig.connector(), rig.connector()
    await listens.introduce()
    assert listens.title == f"account {US}"
    await polls.poll("mentions", None)
    calls = len(rig.server.calls)
    await listens.introduce()
    assert (polls.title, listens.title) == ("@acme", "@acme")
    assert len(rig.server.calls) == calls


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
