"""Reading posts, threads, searches, likes and profiles on the square."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from sandbox.square.richtext import detect_facets, graphemes
from sandbox.square.times import iso
from tests.support.square_sandbox import Client, SquareClock, running_square

POSTS = "app.bsky.feed.getPosts"
THREAD = "app.bsky.feed.getPostThread"
SEARCH = "app.bsky.feed.searchPosts"
FEED = "app.bsky.feed.getAuthorFeed"
LIKES = "app.bsky.feed.getLikes"
PROFILE = "app.bsky.actor.getProfile"
PROFILES = "app.bsky.actor.getProfiles"
Square = tuple[Client, SquareClock]


@pytest.fixture
async def square() -> AsyncIterator[Square]:
    """The brand, signed in, and the clock."""
    async with running_square() as (client, clock):
        yield await client.brand(), clock


async def test_posts_come_with_counts_and_without_the_deleted(square: Square) -> None:
    """getPosts gives the counts and the viewer's own like; deleted posts are left out."""
    brand, _ = square
    sandbox = brand.square
    post, gone = sandbox.post("anahorvat", "counted"), sandbox.post("anahorvat", "gone")
    sandbox.delete(gone.uri)
    sandbox.post("jamalreed", "reply", reply_to=post.uri)
    sandbox.post("jamalreed", "quote", quote_of=post.uri)
    sandbox.repost("jamalreed", post.uri)
    own_like = sandbox.like("acme", post.uri)
    assert sandbox.like("acme", post.uri) == own_like
    answer = await brand.get(POSTS, [("uris", post.uri), ("uris", gone.uri)])
    (view,) = answer.data["posts"]
    counts = {name: view[name] for name in ("replyCount", "quoteCount", "repostCount", "likeCount")}
    assert counts == dict.fromkeys(counts, 1)
    assert view["viewer"]["like"] == own_like.uri
    assert view["record"]["text"] == "counted"
    by_handle = await brand.get(POSTS, {"uris": post.uri.replace(post.did, "anahorvat.square.test")})
    assert len(by_handle.data["posts"]) == 1


async def test_at_most_25_posts(square: Square) -> None:
    """25 addresses are fine, 26 are not, nor none or a broken one."""
    brand, _ = square
    uri = brand.square.post("anahorvat", "x").uri
    assert (await brand.get(POSTS, [("uris", uri)] * 25)).status == 200
    too_many = await brand.get(POSTS, [("uris", uri)] * 26)
    assert too_many.data["message"] == "Error: uris must not have more than 25 elements"
    assert (await brand.get(POSTS)).data["message"] == 'Error: Params must have the property "uris"'
    assert (await brand.get(POSTS, {"uris": "x"})).data["message"] == "Error: uris/0 must be a valid at-uri"


async def test_quotes_show_what_they_quote(square: Square) -> None:
    """A quote embeds the quoted post; when that is deleted, a note that it is gone."""
    brand, _ = square
    quoted = brand.square.post("anahorvat", "original")
    quote = brand.square.post("jamalreed", "see", quote_of=quoted.uri)
    view = (await brand.get(POSTS, {"uris": quote.uri})).data["posts"][0]["embed"]["record"]
    assert (view["$type"], view["value"]["text"]) == ("app.bsky.embed.record#viewRecord", "original")
    brand.square.delete(quoted.uri)
    view = (await brand.get(POSTS, {"uris": quote.uri})).data["posts"][0]["embed"]["record"]
    assert view == {"$type": "app.bsky.embed.record#viewNotFound", "uri": quoted.uri, "notFound": True}


def _texts(node: dict[str, Any]) -> Any:
    return node["post"]["record"]["text"], [_texts(reply) for reply in node.get("replies", [])]


async def test_threads_show_replies_below_and_parents_above(square: Square) -> None:
    """The thread of a post holds the replies, newest first; asked from below it holds the parents."""
    brand, clock = square
    root = brand.square.post("anahorvat", "root")
    first = brand.square.post("jamalreed", "first", reply_to=root.uri)
    clock.skip(seconds=1)
    brand.square.post("meitanaka", "second", reply_to=root.uri)
    deep = brand.square.post("anahorvat", "deep", reply_to=first.uri)
    assert deep.value["reply"]["root"]["uri"] == root.uri
    thread = (await brand.get(THREAD, {"uri": root.uri})).data["thread"]
    assert _texts(thread) == ("root", [("second", []), ("first", [("deep", [])])])
    shallow = (await brand.get(THREAD, {"uri": root.uri, "depth": "1"})).data["thread"]
    assert _texts(shallow) == ("root", [("second", []), ("first", [])])
    below = (await brand.get(THREAD, {"uri": deep.uri, "depth": "0"})).data["thread"]
    assert below["parent"]["parent"]["post"]["uri"] == root.uri
    near = (await brand.get(THREAD, {"uri": deep.uri, "parentHeight": "1"})).data["thread"]
    assert "parent" not in near["parent"]


async def test_threads_of_deleted_posts(square: Square) -> None:
    """A deleted post has no thread (400 NotFound); a reply to one shows that it is gone, and may still be written."""
    brand, _ = square
    root = brand.square.post("anahorvat", "root")
    reply = brand.square.post("jamalreed", "reply", reply_to=root.uri)
    brand.square.delete(root.uri)
    assert (await brand.get(THREAD, {"uri": root.uri})).error == (400, "NotFound")
    thread = (await brand.get(THREAD, {"uri": reply.uri})).data["thread"]
    assert thread["parent"] == {"$type": "app.bsky.feed.defs#notFoundPost", "uri": root.uri, "notFound": True}
    body = {
        "repo": brand.square.brand.did,
        "collection": "app.bsky.feed.post",
        "record": {
            "text": "late",
            "createdAt": "2026-11-20T10:00:00Z",
            "reply": {"root": root.ref, "parent": root.ref},
        },
    }
    assert (await brand.post("com.atproto.repo.createRecord", body)).status == 200


async def _found(client: Client, **query: str) -> list[str]:
    answer = await client.get(SEARCH, query)
    assert answer.status == 200, answer
    return [post["record"]["text"] for post in answer.data["posts"]]


async def test_search_by_words_and_phrases(square: Square) -> None:
    """All words must be there, whole and in any case; quotes make a phrase; # and from: work."""
    brand, clock = square
    for text in ("Acme Air lost my bag", "air and acme, reversed", "pacme flair, acmes airy", "nothing #delay here"):
        clock.skip(seconds=1)
        brand.square.post("anahorvat", text)
    assert await _found(brand, q="ACME air", since="2026-11-20") == ["air and acme, reversed", "Acme Air lost my bag"]
    assert await _found(brand, q='"acme air" bag') == ["Acme Air lost my bag"]
    assert await _found(brand, q="#DELAY") == ["nothing #delay here"]
    assert await _found(brand, q="acme from:jamalreed.square.test") == []
    assert await _found(brand, q="acme from:anahorvat.square.test bag") == ["Acme Air lost my bag"]


async def test_search_filters(square: Square) -> None:
    """Author, mentions, tag, url, domain and times narrow the search; `since` counts itself in, `until` does not."""
    brand, clock = square
    sandbox = brand.square
    early, late = iso(clock.now()), iso(clock.now() + timedelta(hours=1))
    sandbox.post("anahorvat", "zebra @acme https://example.com/a#b #One")
    clock.skip(hours=1)
    sandbox.post("jamalreed", "zebra plain")
    both = ["zebra plain", "zebra @acme.square.test https://example.com/a#b #One"]
    assert await _found(brand, q="zebra", sort="latest") == both
    assert await _found(brand, q="zebra", since=late) == both[:1]
    assert await _found(brand, q="zebra", until=late, since=early) == both[1:]
    for query in (
        {"author": "anahorvat.square.test"},
        {"mentions": "acme.square.test"},
        {"tag": "one"},
        {"url": "https://example.com/a#b"},
        {"domain": "example.com"},
    ):
        assert await _found(brand, q="zebra", **query) == both[1:], query
    assert await _found(brand, q="zebra", lang="de") == []


async def test_search_pages_and_refusals(square: Square) -> None:
    """Search pages by cursor; no words, a bad limit, a bad time and a broken cursor are refused."""
    brand, clock = square
    for number in range(3):
        clock.skip(seconds=1)
        brand.square.post("anahorvat", f"zebra {number}")
    first = (await brand.get(SEARCH, {"q": "zebra", "limit": "2"})).data
    second = (await brand.get(SEARCH, {"q": "zebra", "limit": "2", "cursor": first["cursor"]})).data
    texts = [post["record"]["text"] for post in first["posts"] + second["posts"]]
    assert texts == ["zebra 2", "zebra 1", "zebra 0"]
    for query in ({}, {"q": ""}, {"q": "x", "limit": "101"}, {"q": "x", "cursor": "zz"}):
        assert (await brand.get(SEARCH, query)).error == (400, "InvalidRequest")
    assert (await brand.get(SEARCH, {"q": "x", "since": "soon"})).error == (400, "BadQueryString")


async def test_author_feed_has_posts_and_reposts(square: Square) -> None:
    """A person's feed holds what they wrote and what they passed on, newest first; replies can be left out."""
    brand, clock = square
    sandbox = brand.square
    original = sandbox.post("meitanaka", "original")
    sandbox.post("anahorvat", "own words")
    clock.skip(seconds=1)
    sandbox.post("anahorvat", "an answer", reply_to=original.uri)
    clock.skip(seconds=1)
    sandbox.repost("anahorvat", original.uri)
    feed = (await brand.get(FEED, {"actor": "anahorvat.square.test"})).data["feed"]
    assert [item["post"]["record"]["text"] for item in feed] == ["original", "an answer", "own words"]
    assert feed[0]["reason"]["by"]["handle"] == "anahorvat.square.test"
    query = {"actor": "anahorvat.square.test", "filter": "posts_no_replies"}
    assert len((await brand.get(FEED, query)).data["feed"]) == 2
    assert (await brand.get(FEED, {"actor": "nobody.test"})).error == (400, "InvalidRequest")


async def test_likes_name_the_people(square: Square) -> None:
    """getLikes lists who liked, in pages."""
    brand, clock = square
    post = brand.square.post("anahorvat", "likeable")
    for name in ("jamalreed", "meitanaka"):
        clock.skip(seconds=1)
        brand.square.like(name, post.uri)
    first = (await brand.get(LIKES, {"uri": post.uri, "limit": "1"})).data
    second = (await brand.get(LIKES, {"uri": post.uri, "limit": "1", "cursor": first["cursor"]})).data
    names = [like["actor"]["displayName"] for like in first["likes"] + second["likes"]]
    assert names == ["Mei Tanaka", "Jamal Reed"]


async def test_profiles_have_counts(square: Square) -> None:
    """A profile tells followers, follows and posts, and how the viewer stands to the person."""
    brand, _ = square
    before = (await brand.get(PROFILE, {"actor": "meitanaka.square.test"})).data
    brand.square.follow("tombecker", "meitanaka")
    follow = brand.square.follow("meitanaka", "acme")
    view = (await brand.get(PROFILE, {"actor": brand.square.who("meitanaka").did})).data
    assert view["followersCount"] == before["followersCount"] + 1 > 48_000
    assert (view["displayName"], view["followsCount"], view["postsCount"]) == ("Mei Tanaka", 1, 0)
    assert view["viewer"]["followedBy"] == follow.uri
    assert (await brand.get(PROFILE, {"actor": "nobody.test"})).data["message"] == "Profile not found"
    several = await brand.get(PROFILES, [("actors", "tombecker.square.test"), ("actors", "nobody.test")])
    assert [profile["displayName"] for profile in several.data["profiles"]] == ["Tom Becker"]
    assert (await brand.get(PROFILES, [("actors", "tombecker.square.test")] * 26)).status == 400


def test_facets_are_found_as_a_client_app_finds_them() -> None:
    """Handles, links and tags are found with byte ranges; look-alikes are not."""
    text = "ünï @ana.test, x@y.test (https://a.test/b?c=d). #späti! #1 @nobody.test"
    known = {"ana.test": "did:plc:ana"}
    found = detect_facets(text, known.get)
    raw = text.encode()
    shown = [(raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(), f["features"][0]) for f in found]
    prefix = "app.bsky.richtext.facet#"
    assert shown == [
        ("@ana.test", {"$type": f"{prefix}mention", "did": "did:plc:ana"}),
        ("https://a.test/b?c=d", {"$type": f"{prefix}link", "uri": "https://a.test/b?c=d"}),
        ("#späti", {"$type": f"{prefix}tag", "tag": "späti"}),
    ]


@pytest.mark.parametrize(("text", "count"), [("", 0), ("abc", 3), ("e\u0301", 1), ("\U0001f468\u200d\U0001f469", 1)])
def test_graphemes_are_what_a_reader_sees(text: str, count: int) -> None:
    """Combined characters and joined emoji count once."""
    assert graphemes(text) == count
