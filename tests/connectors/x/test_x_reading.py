"""Polling: nothing skipped, nothing twice."""

import json
from datetime import timedelta

import pytest

from bot.domain.errors import Permanent, Transient
from bot.domain.models import Deleted, Edited, Interaction, Kind
from connectors.x.connector import XConnector
from tests.support.cases import NOON
from tests.support.x_rig import XRig, events, read_all, texts
from tests.support.x_server import ANA, BEN, US, Fault, snowflake


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


async def test_searches_take_turns_and_leave_our_own_words_out(rig: XRig) -> None:
    """Each query with its own place; both are asked for within one round."""
    rig.server.post(ANA, "acme shoes fall apart")
    rig.server.post(BEN, "the acme app crashes")
    rig.server.post(BEN, "@acme app: it crashes")
    connector = rig.connector(X_SEARCH='acme shoes, "acme app"'.replace('"', ""))
    raws, cursor = await read_all(connector, "search")
    assert {raw.source for raw in raws} == {f"search:{query}" for query in connector.searches()}
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


async def test_a_flood_of_messages_is_read_to_its_end(rig: XRig, connector: XConnector) -> None:
    """However many pages that takes: what a walk leaves out is never asked for again."""
    rig.server.message(BEN, US, "before")
    _, cursor = await read_all(connector, "messages")
    for n in range(350):
        rig.server.message(ANA, US, f"message {n:03}")
    raws, cursor = await read_all(connector, "messages", cursor)
    assert texts(connector, raws) == [f"message {n:03}" for n in range(350)]
    assert (await read_all(connector, "messages", cursor))[0] == []


async def test_messages_are_read_again_when_a_page_token_ran_out(rig: XRig, connector: XConnector) -> None:
    """From the newest, after the usual wait: a token that X never takes must not make a busy circle."""
    for n in range(25):
        rig.server.message(ANA, US, f"message {n:02}")
    page = await connector.poll("messages", None)
    assert page.more
    rig.server.message(BEN, US, "message 25")
    ran_out: Fault = (400, {"title": "Invalid Request", "detail": "The `pagination_token` is not valid"}, {})
    rig.server.faults["GET /2/dm_events"] = [ran_out]
    page = await connector.poll("messages", page.cursor)
    assert (page.items, page.more, page.wait_s) == ((), False, 300.0)
    assert "from the newest" in page.said
    raws, cursor = await read_all(connector, "messages", page.cursor)
    assert texts(connector, raws) == [f"message {n:02}" for n in range(26)]
    assert (await read_all(connector, "messages", cursor))[0] == []
    rig.server.faults["GET /2/dm_events"] = [ran_out]
    with pytest.raises(Permanent):
        await connector.poll("messages", cursor)


async def test_a_walk_through_messages_has_an_end(rig: XRig, connector: XConnector) -> None:
    """Page tokens that go round in a circle, or pages without a message; a few such pages may well stand in between."""
    rig.server.message(BEN, US, "before")
    _, cursor = await read_all(connector, "messages")
    empty: list[Fault] = [(200, {"meta": {"next_token": f"t{n % 2}"}}, {}) for n in range(50)]
    one = rig.server.message(ANA, US, "message 1")
    circle: list[Fault] = [(200, {"data": [one], "meta": {"next_token": f"t{n % 2}"}}, {}) for n in range(50)]
    for pages in (empty, circle):
        rig.server.faults["GET /2/dm_events"] = list(pages)
        await read_all(connector, "messages", cursor)
        assert 0 < len(rig.server.faults["GET /2/dm_events"]) < 45
    rig.server.faults["GET /2/dm_events"] = [(200, {"meta": {"next_token": "t0"}}, {})] * 5
    raws, _ = await read_all(connector, "messages", cursor)
    assert texts(connector, raws) == ["message 1"]


async def test_a_second_look_finds_edits_and_deletions_once_an_hour(rig: XRig, connector: XConnector) -> None:
    """Both from one call, and not again at once: each look costs money."""
    kept, edit, gone = (rig.server.post(ANA, f"@acme {word}") for word in ("kept", "edit", "gone"))
    raws, _ = await read_all(connector, "mentions")
    known = [each for each in events(connector, raws) if isinstance(each, Interaction)]
    refs = [{**each.ref, "id": each.id, "version": each.version} for each in known]
    rig.server.edit(edit["id"], "@acme edited")
    del rig.server.posts[gone["id"]]
    found = [event for _, raw in await connector.recheck(refs) or () for event in connector.parse(raw)]
    assert {(type(each), each.id) for each in found if isinstance(each, Edited | Deleted)} == {
        (Edited, edit["id"]),
        (Deleted, gone["id"]),
    }
    assert kept["id"] not in {getattr(each, "id", "") for each in found}
    assert await connector.recheck(refs) is None, "not before the hour is over"
    rig.clock.advance(timedelta(hours=1, seconds=1))
    assert await connector.recheck([]) == []
    assert len(await connector.recheck(refs) or ()) == 2


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


async def test_errors_alone_are_no_page(rig: XRig, connector: XConnector) -> None:
    """In the middle of a walk they would end it, and what is further down would never be read."""
    for n in range(150):
        rig.server.post(ANA, f"@acme parcel {n:03}")
    first = await connector.poll("mentions", None)
    trouble: Fault = (200, {"errors": [{"title": "Service Unavailable", "detail": "try later"}]}, {})
    rig.server.faults[f"GET /2/users/{US}/mentions"] = [trouble]
    with pytest.raises(Transient, match="no list"):
        await connector.poll("mentions", first.cursor)
    raws, _ = await read_all(connector, "mentions", first.cursor)
    assert len(raws) + len(first.items) == 150
