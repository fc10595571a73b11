"""The list of notifications: reasons, order, the cursor trap, edits and deletes."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from sandbox.square.model import Record
from sandbox.square.times import iso
from tests.support.square_sandbox import Client, SquareClock, running_square

LIST = "app.bsky.notification.listNotifications"
SEEN = "app.bsky.notification.updateSeen"
Square = tuple[Client, SquareClock]


@pytest.fixture
async def square() -> AsyncIterator[Square]:
    """The brand, signed in, on a square whose seeded follows are forgotten; and the clock."""
    async with running_square() as (client, clock):
        world = client.square.world
        for record in [*world.of_kind("app.bsky.graph.follow")]:
            world.remove(record.uri)
        yield await client.brand(), clock


def _own_post(client: Client) -> Record:
    return next(client.square.world.of_kind("app.bsky.feed.post", client.square.brand.did))


def _uris(notifications: list[dict[str, Any]]) -> list[str]:
    return [item["uri"] for item in notifications]


async def test_each_reason_has_its_shape(square: Square) -> None:
    """Mention and follow have no subject; reply, quote, like and repost name the brand's post."""
    brand, clock = square
    sandbox, own = brand.square, _own_post(brand)
    acts: dict[str, Callable[[], Record]] = {
        "mention": lambda: sandbox.post("anahorvat", "café @acme my order is late"),
        "reply": lambda: sandbox.post("jamalreed", "me too", reply_to=own.uri),
        "quote": lambda: sandbox.post("meitanaka", "look at this", quote_of=own.uri),
        "like": lambda: sandbox.like("rosadiaz", own.uri),
        "repost": lambda: sandbox.repost("tombecker", own.uri),
        "follow": lambda: sandbox.follow("meitanaka", "acme"),
    }
    made: dict[str, Record] = {}
    for reason, act in acts.items():
        clock.skip(seconds=1)
        made[reason] = act()
    found = {item["reason"]: item for item in await brand.notifications()}
    assert list(found) == list(reversed(made))
    for reason, record in made.items():
        item = found[reason]
        assert (item["uri"], item["cid"], item["record"]) == (record.uri, record.cid, record.value)
        subject = None if reason in ("mention", "follow") else own.uri
        assert item.get("reasonSubject") == subject
        assert item["author"]["did"] == record.did
    assert found["mention"]["author"]["displayName"] == "Ana Horvat"
    facet = found["mention"]["record"]["facets"][0]
    assert facet["index"] == {"byteStart": 6, "byteEnd": 23}
    assert facet["features"][0]["did"] == sandbox.brand.did


async def test_text_alone_is_no_mention(square: Square) -> None:
    """Without a facet the handle is plain text, and nobody is told."""
    brand, _ = square
    brand.square.post("anahorvat", "hello @acme.square.test", facets=[])
    assert await brand.notifications() == []


async def test_a_mention_wins_over_quote_and_reply(square: Square) -> None:
    """A reply or quote that also mentions the brand is one notification, with the reason mention."""
    brand, _ = square
    own = _own_post(brand)
    brand.square.post("anahorvat", "@acme again", reply_to=own.uri)
    brand.square.post("anahorvat", "@acme look", quote_of=own.uri)
    assert [item["reason"] for item in await brand.notifications()] == ["mention", "mention"]


async def test_deeper_replies_tell_the_author_above(square: Square) -> None:
    """A reply to a reply is told too, up to five posts below; own posts are never told."""
    brand, clock = square
    own = _own_post(brand)
    uri = own.uri
    for depth in range(6):
        clock.skip(seconds=1)
        uri = brand.square.post("anahorvat", f"depth {depth}", reply_to=uri).uri
    brand.square.post("acme", "note to @acme", reply_to=own.uri)
    found = await brand.notifications()
    assert [item["record"]["text"] for item in found] == [f"depth {depth}" for depth in (4, 3, 2, 1, 0)]
    assert {item["reasonSubject"] for item in found} == {own.uri}


async def test_backdated_posts_are_lower_in_the_list(square: Square) -> None:
    """The place is the client's time, so a new post can stand far below the newest; a future time counts as now."""
    brand, clock = square
    sandbox, now = brand.square, clock.now()
    old = sandbox.post("anahorvat", "@acme one hour ago", created_at=now - timedelta(hours=1))
    clock.skip(seconds=1)
    future = sandbox.post("anahorvat", "@acme tomorrow", created_at=now + timedelta(days=1))
    backdated = sandbox.post("anahorvat", "@acme two hours ago", created_at=now - timedelta(hours=2))
    found = await brand.notifications()
    assert _uris(found) == [future.uri, old.uri, backdated.uri]
    assert found[0]["indexedAt"] == iso(clock.now())
    assert found[2]["indexedAt"] == iso(now - timedelta(hours=2))


async def test_an_edit_keeps_the_address_and_changes_the_hash(square: Square) -> None:
    """After an edit the same entry carries the new text and hash; there is no second one."""
    brand, clock = square
    post = brand.square.post("anahorvat", "@acme please help")
    before = (await brand.notifications())[0]
    clock.skip(minutes=5)
    brand.square.edit(post.uri, "@acme please help, order 12")
    (after,) = await brand.notifications()
    assert (after["uri"], after["indexedAt"]) == (before["uri"], before["indexedAt"])
    assert after["cid"] != before["cid"]
    assert after["record"]["text"] == "@acme.square.test please help, order 12"


async def test_deleted_things_vanish(square: Square) -> None:
    """A deleted post, and a like whose post is deleted, are no longer in the list."""
    brand, _ = square
    mention = brand.square.post("anahorvat", "@acme oops")
    own = brand.square.post("acme", "short-lived")
    brand.square.like("anahorvat", own.uri)
    assert len(await brand.notifications()) == 2
    brand.square.delete(mention.uri)
    brand.square.delete(own.uri)
    assert await brand.notifications() == []


async def test_pages_follow_the_cursor(square: Square) -> None:
    """Pages are newest first; the cursor is the time of the last entry, and is absent after the end."""
    brand, clock = square
    posts = []
    for number in range(5):
        clock.skip(seconds=1)
        posts.append(brand.square.post("anahorvat", f"@acme {number}").uri)
    got: list[str] = []
    query = {"limit": "2"}
    for _ in range(3):
        answer = (await brand.get(LIST, query)).data
        got += _uris(answer["notifications"])
        query["cursor"] = answer["cursor"]
    assert got == list(reversed(posts))
    end = (await brand.get(LIST, query)).data
    assert (end["notifications"], "cursor" in end) == ([], False)


async def test_the_cursor_skips_what_shares_its_millisecond(square: Square) -> None:
    """The cursor is only a time: of two entries of one millisecond, a page end between them loses the second."""
    brand, _ = square
    for name in ("anahorvat", "jamalreed"):
        brand.square.post(name, "@acme at the same time")
    first = (await brand.get(LIST, {"limit": "1"})).data
    second = (await brand.get(LIST, {"limit": "1", "cursor": first["cursor"]})).data
    assert (len(first["notifications"]), len(second["notifications"])) == (1, 0)


async def test_reasons_filter(square: Square) -> None:
    """Only the wanted reasons come back, also when they are far below the first page."""
    brand, clock = square
    own = _own_post(brand)
    wanted = brand.square.post("jamalreed", "hm", reply_to=own.uri)
    for number in range(8):
        clock.skip(seconds=1)
        brand.square.post("anahorvat", f"@acme {number}")
    found = await brand.notifications([("reasons", "reply"), ("reasons", "quote"), ("limit", "1")])
    assert _uris(found) == [wanted.uri]
    assert await brand.notifications({"reasons": "starterpack-joined"}) == []


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"limit": "0"}, (400, "InvalidRequest")),
        ({"limit": "101"}, (400, "InvalidRequest")),
        ({"limit": "many"}, (400, "InvalidRequest")),
        ({"cursor": "garbage"}, (502, "InternalServerError")),
        ({"seenAt": "2026-11-20T10:00:00Z"}, (400, "InvalidRequest")),
    ],
)
async def test_bad_questions(square: Square, query: dict[str, str], error: tuple[int, str]) -> None:
    """Limits outside 1 to 100 are 400; a garbage cursor is a 502 that looks like a passing fault."""
    brand, _ = square
    assert (await brand.get(LIST, query)).error == error


async def test_the_largest_limit_is_fine(square: Square) -> None:
    """limit=100 is accepted."""
    brand, _ = square
    assert (await brand.get(LIST, {"limit": "100"})).status == 200


async def test_seen_marks_everything_up_to_a_time(square: Square) -> None:
    """updateSeen answers an empty 200; what is older is then read."""
    brand, clock = square
    brand.square.post("anahorvat", "@acme first")
    clock.skip(minutes=1)
    answer = await brand.post(SEEN, {"seenAt": iso(clock.now())})
    assert (answer.status, answer.data) == (200, "")
    clock.skip(minutes=1)
    brand.square.post("anahorvat", "@acme second")
    assert [item["isRead"] for item in await brand.notifications()] == [False, True]
    assert (await brand.post(SEEN, {})).error == (400, "InvalidRequest")
    assert (await brand.post(SEEN, {"seenAt": "x"})).error == (400, "InvalidRequest")


async def test_priority_hides_people_the_brand_does_not_follow(square: Square) -> None:
    """With the account's priority preference a plain call loses strangers, unless priority=false is asked for."""
    brand, _ = square
    brand.square.post("anahorvat", "@acme hello")
    brand.square.post("jamalreed", "@acme hello")
    brand.square.follow("acme", "jamalreed")
    answer = await brand.post("app.bsky.notification.putPreferences", {"priority": True})
    assert answer.status == 200
    known = [item["author"]["handle"] for item in await brand.notifications()]
    assert known == ["jamalreed.square.test"]
    assert len(await brand.notifications({"priority": "false"})) == 2
    await brand.post("app.bsky.notification.putPreferences", {"priority": False})
    assert len(await brand.notifications()) == 2


async def test_a_second_like_by_other_means_is_told_once(square: Square) -> None:
    """Two like records of one person for one post, as putRecord can make them, are one notification and one like."""
    brand, _ = square
    own, ana = _own_post(brand), brand.square.who("anahorvat")
    for rkey in ("3m4cv7zrwo35o", "3m4cv7zrwo35p"):
        value = {"$type": "app.bsky.feed.like", "subject": own.ref, "createdAt": "2026-11-20T09:00:00.000Z"}
        brand.square.world.put(ana.did, "app.bsky.feed.like", rkey, value)
    assert len(await brand.notifications()) == 1
    (post,) = (await brand.get("app.bsky.feed.getPosts", {"uris": own.uri})).data["posts"]
    assert post["likeCount"] == 1


async def test_notifications_need_a_token(square: Square) -> None:
    """Without a token the list is 401."""
    brand, _ = square
    assert (await Client(brand.square, brand.http).get(LIST)).error == (401, "AuthMissing")
