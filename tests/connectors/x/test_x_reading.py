"""Polling: nothing skipped, nothing twice, and never more money than the team allowed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Deleted, Edited, Interaction, Kind
from connectors.x.connector import XConnector
from connectors.x.spending import pace
from tests.support.cases import NOON
from tests.support.x_rig import XRig, events, read_all
from tests.support.x_server import ANA, BEN, US, Fault, snowflake


def texts(connector: XConnector, raws: Any) -> list[str]:
    """The words of what was read, oldest first."""
    found = [each for each in events(connector, raws) if isinstance(each, Interaction)]
    return [each.text for each in sorted(found, key=lambda each: int(each.id.removeprefix("dm:")))]


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
        await read_all(connector, "mentions")
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
    [(0, 1, 1.0), (49, 1, 1.0), (50, 2, 2.0), (75, 2, 4.0), (90, 2, 8.0), (90, 31, 1.0), (50, 16, 2.0), (50, 17, 1.0)],
)
def test_polling_slows_down_ahead_of_the_calendar_only(spent: int, day: int, factor: float) -> None:
    """Half the money in half the month is no reason to."""
    assert pace(spent, 100, datetime(2026, 3, day, tzinfo=UTC)) == factor


async def test_the_pace_reaches_the_schedule(rig: XRig) -> None:
    """The wait between polls grows with what was spent."""
    connector = rig.connector(X_MONTHLY_BUDGET_USD="1")
    assert (await connector.poll("mentions", None)).wait_s == 60.0
    await connector._ledger.add("sends", 800_000)
    assert (await connector.poll("mentions", None)).wait_s == 240.0
    assert "slows down" in (await connector.check()).mend


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
        await connector._ledger.add("mentions", 7)
        receipt.add("p", ["1"], 5_000)
    assert await connector._ledger.spent() == 7
    rig.clock.advance(timedelta(seconds=-2))
    assert await connector._ledger.spent() == 5_000
