"""Reading: what happens on the square arrives, once, whichever door it comes through."""

from datetime import timedelta

import pytest

from bot.domain.errors import Transient
from bot.domain.models import Deleted, Edited, Kind, UnknownEvent
from tests.support.bluesky_rig import Rig, events, interactions, read_all


def _many(rig: Rig, count: int) -> set[str]:
    """Mentions a second apart: the network's own paging leaves out what shares a millisecond across a page's edge."""
    written = set()
    for n in range(count):
        rig.clock.advance(timedelta(seconds=1))
        written.add(rig.square.post("jamalreed", f"@acme number {n}").uri)
    return written


async def test_a_mention_arrives(rig: Rig) -> None:
    """A mention becomes one interaction that says who, what, where and how to answer."""
    connector = rig.connector()
    post = rig.square.post("anahorvat", "@acme where is my suitcase?")
    [found] = interactions(connector, await read_all(connector, "notifications"))
    assert found.id == found.key.conversation == found.ref["uri"] == post.uri
    assert (found.kind, found.version) == (Kind.MENTION, post.cid)
    assert found.author is not None
    assert found.author.handle == "anahorvat.square.test"
    assert found.url == f"https://bsky.app/profile/anahorvat.square.test/post/{post.rkey}"


async def test_a_quiet_poll_costs_one_call(rig: Rig) -> None:
    """With nothing new, a poll is one call, brings nothing and leaves the cursor as it is."""
    connector = rig.connector()
    rig.square.post("anahorvat", "@acme hello")
    first = await read_all(connector, "notifications")
    rig.square.calls.clear()
    second = await read_all(connector, "notifications", first.cursor)
    assert (second.items, second.cursor, second.pages) == ((), first.cursor, 1)
    assert len(rig.square.calls) == 1


@pytest.mark.parametrize("hours", [2, 20])
async def test_a_backdated_mention_is_not_lost(rig: Rig, hours: int) -> None:
    """The network files a post under the time its client claims; one from hours ago comes with the next poll."""
    connector = rig.connector()
    rig.square.post("jamalreed", "@acme one")
    first = await read_all(connector, "notifications")
    rig.clock.advance(timedelta(minutes=1))
    late = rig.square.post("anahorvat", "@acme late", created_at=rig.clock.now() - timedelta(hours=hours))
    rig.square.post("jamalreed", "@acme two")
    found = interactions(connector, await read_all(connector, "notifications", first.cursor))
    assert late.uri in {one.id for one in found}
    assert len(found) == 2


async def test_the_sweep_finds_what_lies_deeper(rig: Rig) -> None:
    """A post dated days back, below what polls read, is found by the sweep and marked as such; once."""
    connector = rig.connector()
    stock = await read_all(connector, "sweep")
    late = rig.square.post("anahorvat", "@acme from the train", created_at=rig.clock.now() - timedelta(days=5))
    polled = await read_all(connector, "notifications")
    assert interactions(connector, polled) == []
    swept = await read_all(connector, "sweep", stock.cursor)
    assert [one.id for one in interactions(connector, swept)] == [late.uri]
    assert all(raw.swept for raw in swept.raws)
    assert await rig.store.inbox.put_page(swept.items, "sweep", swept.cursor) == 1
    again = await read_all(connector, "sweep", swept.cursor)
    assert await rig.store.inbox.put_page(again.items, "sweep", again.cursor) == 0


async def test_the_sweep_leaves_the_newest_to_the_usual_door(rig: Rig) -> None:
    """What came in the last minutes is not yet missed, so the sweep does not claim to have found it."""
    connector = rig.connector()
    stock = await read_all(connector, "sweep")
    rig.square.post("anahorvat", "@acme hello")
    assert (await read_all(connector, "sweep", stock.cursor)).items == ()


async def test_the_first_start_brings_one_day_and_only_remembers_the_rest(rig: Rig) -> None:
    """Mentions from before the first start become cards for one day back; older ones are only counted."""
    connector = rig.connector()
    rig.square.post("anahorvat", "@acme old", created_at=rig.clock.now() - timedelta(days=3))
    recent = rig.square.post("jamalreed", "@acme recent", created_at=rig.clock.now() - timedelta(hours=5))
    polled = await read_all(connector, "notifications")
    assert [one.id for one in interactions(connector, polled)] == [recent.uri]
    assert events(connector, await read_all(connector, "sweep")) == [UnknownEvent(what="before_start")]


async def test_after_downtime_every_page_is_read(rig: Rig) -> None:
    """After days without Hark, polling goes on until the gap is closed, page by page, and brings each post once."""
    connector = rig.connector()
    rig.square.post("anahorvat", "@acme before")
    first = await read_all(connector, "notifications")
    written = set()
    for _ in range(5):
        rig.clock.advance(timedelta(hours=14))
        written |= _many(rig, 50)
    reading = await read_all(connector, "notifications", first.cursor)
    found = [one.id for one in interactions(connector, reading)]
    assert reading.pages >= 3
    assert len(found) == len(written) == 250
    assert set(found) == written


async def test_a_crash_between_pages_loses_nothing(rig: Rig) -> None:
    """A process that takes over with the stored cursor goes on where the first one stopped."""
    written = _many(rig, 150)
    page = await rig.connector().poll("notifications", None)
    assert page.more
    successor = rig.connector()
    rest = await read_all(successor, "notifications", page.cursor)
    stored = {raw.body for _, raw in (*page.items, *rest.items)}
    assert len(stored) == len(written)


async def test_a_broken_cursor_heals(rig: Rig) -> None:
    """A cursor that the server no longer reads looks like an ill server; after three failures reading starts anew."""
    connector = rig.connector()
    written = _many(rig, 150)
    page = await connector.poll("notifications", None)
    assert page.cursor
    at = page.cursor.split('"at":"')[1].split('"')[0]
    broken = page.cursor.replace(at, "garbage")
    for _ in range(2):
        with pytest.raises(Transient):
            await connector.poll("notifications", broken)
    found = interactions(connector, await read_all(connector, "notifications", broken))
    assert {one.id for one in found} == written


async def test_a_stored_cursor_that_is_no_json_starts_anew(rig: Rig) -> None:
    """A damaged cursor costs a second reading, never a mention."""
    connector = rig.connector()
    post = rig.square.post("anahorvat", "@acme hello")
    assert [one.id for one in interactions(connector, await read_all(connector, "notifications", "{"))] == [post.uri]


async def test_an_edit_arrives_as_a_new_version(rig: Rig) -> None:
    """An edited post comes again under another key, as the same interaction in another version."""
    connector = rig.connector()
    post = rig.square.post("anahorvat", "@acme my bag is red")
    first = await read_all(connector, "notifications")
    rig.square.edit(post.uri, "@acme my bag is blue")
    second = await read_all(connector, "notifications", first.cursor)
    [before], [after] = interactions(connector, first), interactions(connector, second)
    assert before.id == after.id
    assert before.version != after.version
    assert "blue" in after.text


async def test_recheck_sees_edits_and_deletions(rig: Rig) -> None:
    """Looking again tells what was edited and what is gone, and keeps silent about the rest."""
    connector = rig.connector()
    posts = [rig.square.post("anahorvat", f"@acme {word}") for word in ("same", "edited", "deleted")]
    known = interactions(connector, await read_all(connector, "notifications"))
    refs = [one.ref for one in known]
    assert await connector.recheck(refs) == []
    rig.square.edit(posts[1].uri, "@acme changed")
    rig.square.delete(posts[2].uri)
    found = [event for _, raw in await connector.recheck(refs) for event in connector.parse(raw)]
    by_id = {one.id: one.key for one in known}
    assert {type(event): (event.id, event.key) for event in found if isinstance(event, Edited | Deleted)} == {
        Edited: (posts[1].uri, by_id[posts[1].uri]),
        Deleted: (posts[2].uri, by_id[posts[2].uri]),
    }
    (edit,) = (event for event in found if isinstance(event, Edited))
    assert edit.ref == {"cid": edit.version, "root_cid": edit.version}  # what an answer names from now on


async def test_recheck_asks_for_25_posts_a_call(rig: Rig) -> None:
    """60 known posts take three calls; refs without an address (messages) take none."""
    connector = rig.connector()
    for n in range(60):
        rig.square.post("anahorvat", f"@acme {n}")
    known = interactions(connector, await read_all(connector, "notifications"))
    assert await connector.recheck([*(one.ref for one in known), {"convo": "x"}]) == []
    assert len(rig.square.calls_of("app.bsky.feed.getPosts")) == 3
    assert await connector.recheck([]) == []


async def test_likes_reposts_and_follows_come_through_activity(rig: Rig) -> None:
    """Quiet acts are read apart from mentions, and point at what they are about."""
    connector = rig.connector()
    ours = rig.square.post("acme", "New routes!")
    rig.square.like("anahorvat", ours.uri)
    rig.square.repost("anahorvat", ours.uri)
    rig.square.follow("jamalreed", "acme")
    assert (await read_all(connector, "notifications")).items == ()
    found = {one.kind: one for one in interactions(connector, await read_all(connector, "activity"))}
    assert found[Kind.REACTION].about == found[Kind.REPOST].about == ours.uri
    ana = rig.square.who("anahorvat").did
    assert found[Kind.REACTION].key.conversation == f"{ours.uri}|{ana}"
    assert found[Kind.FOLLOW].key.conversation == f"profile:{rig.square.who('jamalreed').did}"


async def test_each_customer_has_a_branch_under_our_post(rig: Rig) -> None:
    """Two customers below one post of ours are two conversations; one customer's two words are one."""
    connector = rig.connector()
    ours = rig.square.post("acme", "New routes!")
    first = rig.square.post("anahorvat", "Why not Split?", reply_to=ours.uri)
    answer = rig.square.post("acme", "Soon", reply_to=first.uri)
    rig.square.post("anahorvat", "When?", reply_to=answer.uri)
    rig.square.post("jamalreed", "Why not Oslo?", reply_to=ours.uri)
    found = interactions(connector, await read_all(connector, "notifications"))
    assert {one.kind for one in found} == {Kind.COMMENT}
    assert sorted(one.text for one in found) == ["When?", "Why not Oslo?", "Why not Split?"]
    assert len({one.key for one in found}) == 2


async def test_search_finds_words_and_knows_mentions(rig: Rig) -> None:
    """A search brings matches; a post that also mentions us is the same interaction as through notifications."""
    connector = rig.connector(search="suitcase, ,suitcase")
    plain = rig.square.post("jamalreed", "My suitcase is on holiday without me")
    rig.square.post("anahorvat", "@acme where is my suitcase?")
    assert [name for name in connector.sources() if name.startswith("search:")] == ["search:suitcase"]
    assert connector.searches() == ["suitcase"]
    searched = await read_all(connector, "search:suitcase")
    found = {one.id: one for one in interactions(connector, searched)}
    assert (found[plain.uri].kind, found[plain.uri].stream) == (Kind.MATCH, "suitcase")
    polled = await read_all(connector, "notifications")
    [mention] = interactions(connector, polled)
    assert found[mention.id] == mention
    assert {key for key, _ in polled.items} < {key for key, _ in searched.items}


async def test_our_own_posts_are_marked(rig: Rig) -> None:
    """A search that finds our own words says that they are ours."""
    connector = rig.connector(search="timetable")
    rig.square.post("acme", "The timetable is out")
    [found] = interactions(connector, await read_all(connector, "search:timetable"))
    assert found.by_us


async def test_a_broken_place_in_a_sweep_starts_it_again(rig: Rig) -> None:
    """A sweep whose place the server no longer reads begins anew after three failures, and still takes all in."""
    connector = rig.connector()
    stock = await read_all(connector, "sweep")
    written = _many(rig, 120)
    rig.clock.advance(timedelta(hours=1))
    page = await connector.poll("sweep", stock.cursor)
    assert page.more
    assert page.cursor
    at = page.cursor.split('"at":"')[1].split('"')[0]
    broken = page.cursor.replace(at, "garbage")
    for _ in range(2):
        with pytest.raises(Transient):
            await connector.poll("sweep", broken)
    found = interactions(connector, await read_all(connector, "sweep", broken))
    assert {one.id for one in found} == written


async def test_a_broken_chat_cursor_reads_the_last_day_again(rig: Rig) -> None:
    """A chat cursor that is no JSON, or that the server keeps failing on, costs a second reading, never a message."""
    connector = rig.connector()
    rig.square.message("meitanaka", "acme", "My card was charged twice")
    damaged = await read_all(connector, "chat", "{")
    assert [one.text for one in interactions(connector, damaged)] == ["My card was charged twice"]
    rig.square.set_fault("http_500", "chat.bsky.convo.getLog", times=9)
    for _ in range(2):
        with pytest.raises(Transient):
            await connector.poll("chat", damaged.cursor)
    again = await read_all(connector, "chat", damaged.cursor)
    assert again.items == damaged.items
