"""Reading and searching posts on the square."""

from collections.abc import AsyncIterator

import pytest

from sandbox.square.richtext import detect_facets, graphemes
from tests.support.square_sandbox import Client, SquareClock, post_body, running_square

POSTS = "app.bsky.feed.getPosts"
SEARCH = "app.bsky.feed.searchPosts"
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


async def test_a_reply_to_a_deleted_post_may_still_be_written(square: Square) -> None:
    """The network does not look whether the post above is there."""
    brand, _ = square
    root = brand.square.post("anahorvat", "root")
    brand.square.delete(root.uri)
    body = post_body(brand.square.brand.did, "late", reply={"root": root.ref, "parent": root.ref})
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
    assert (await _found(brand, q="ACME air"))[:2] == ["air and acme, reversed", "Acme Air lost my bag"]
    assert await _found(brand, q='"acme air" bag') == ["Acme Air lost my bag"]
    assert await _found(brand, q="#DELAY") == ["nothing #delay here"]
    assert await _found(brand, q="acme from:jamalreed.square.test") == []
    assert await _found(brand, q="acme from:anahorvat.square.test bag") == ["Acme Air lost my bag"]


async def test_search_pages_and_refusals(square: Square) -> None:
    """Search pages by cursor; no words, a bad limit and a broken cursor are refused."""
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
