"""Writing and reading records on the square, with the refusals of the real server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.square.config import SquareConfig
from sandbox.square.ids import cid
from sandbox.square.limits import LimitRules, Rule
from tests.support.square_sandbox import POST, Client, Reply, post_body, running_square

CREATE = "com.atproto.repo.createRecord"
PUT = "com.atproto.repo.putRecord"
DELETE = "com.atproto.repo.deleteRecord"
GET = "com.atproto.repo.getRecord"
LIKE = "app.bsky.feed.like"
FAMILY = "\U0001f468‍\U0001f469‍\U0001f467‍\U0001f466"
RKEY = "3m4cv7zrwo35o"


@pytest.fixture
async def brand() -> AsyncIterator[Client]:
    """The brand, signed in."""
    async with running_square() as (client, _):
        yield await client.brand()


def _did(client: Client) -> str:
    return client.square.brand.did


async def _write(client: Client, text: Any, **more: Any) -> Reply:
    return await client.post(CREATE, post_body(_did(client), text, **more))


def _put_body(client: Client, text: str, **more: Any) -> dict[str, Any]:
    return post_body(_did(client), text) | {"rkey": RKEY} | more


async def test_a_post_is_written_and_read_back(brand: Client) -> None:
    """The answer names address, hash and commit; the record is found under that address, by DID or handle."""
    answer = await _write(brand, "hello", langs=["en"])
    assert answer.status == 200
    assert answer.data["validationStatus"] == "valid"
    assert set(answer.data["commit"]) == {"cid", "rev"}
    assert answer.data["cid"].startswith("bafyrei")
    rkey = answer.data["uri"].rpartition("/")[2]
    for repo in (_did(brand), "acme.square.test"):
        found = await brand.get(GET, {"repo": repo, "collection": POST, "rkey": rkey})
        assert found.data["cid"] == answer.data["cid"]
        assert found.data["value"]["text"] == "hello"


def test_content_hashes_are_those_of_the_network() -> None:
    """The hash of a record equals the one a real server gave for it."""
    record = {"$type": "com.example.thing", "a": 1}
    assert cid(record) == "bafyreidlhma7iacrjsdskfx5uzyb5uwneffkwkd4vmkbv7hx2cc66janoi"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("x" * 300, None),
        ("x" * 301, "grapheme too big (maximum 300, got 301) at $.record.text"),
        ("e\u0301" * 300, None),
        (FAMILY * 110, None),
        (FAMILY * 150, "string too big (maximum 3000, got 3750) at $.record.text"),
        (5, "Expected string value type (got 5) at $.record.text"),
    ],
)
async def test_limits_of_a_post(brand: Client, text: Any, refusal: str | None) -> None:
    """300 graphemes and 3000 bytes are allowed, one more of either is not."""
    answer = await _write(brand, text)
    if refusal is None:
        assert answer.status == 200
    else:
        assert answer.error == (400, "InvalidRequest")
        assert answer.data["message"] == f"Invalid {POST} record: {refusal}"


_MENTION = {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:abc"}


def _facet(start: Any, end: Any, feature: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"createdAt": "yesterday"}, 'Invalid datetime (got "yesterday") at $.record.createdAt'),
        ({"langs": ["!!"]}, 'Invalid language (got "!!") at $.record.langs[0]'),
        ({"langs": ["en", "de", "fr", "es"]}, "array too big (maximum 3, got 4) at $.record.langs"),
        (
            {"facets": _facet(-1, 1, _MENTION)},
            "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart",
        ),
        (
            {"facets": _facet("0", 1, _MENTION)},
            'Expected integer value type (got "0") at $.record.facets[0].index.byteStart',
        ),
        (
            {"facets": _facet(0, 1, {"$type": _MENTION["$type"]})},
            'Missing required key "did" at $.record.facets[0].features[0]',
        ),
        (
            {"facets": _facet(0, 1, _MENTION | {"did": "zz"})},
            'Invalid DID (got "zz") at $.record.facets[0].features[0].did',
        ),
        (
            {"facets": _facet(0, 1, {"$type": "app.bsky.richtext.facet#tag", "tag": "x" * 65})},
            "grapheme too big (maximum 64, got 65) at $.record.facets[0].features[0].tag",
        ),
        (
            {"facets": _facet(0, 1, {})},
            'Expected an object which includes the "$type" property value type (got {})'
            " at $.record.facets[0].features[0]",
        ),
        ({"reply": {"root": {"uri": "x", "cid": "y"}}}, 'Invalid at-uri (got "x") at $.record.reply.root.uri'),
        (
            {"facets": _facet(0, 50, _MENTION)},
            "facet bytes 0-50 are not within the 6 of the text at $.record.facets[0]",
        ),
        ({"facets": _facet(3, 2, _MENTION)}, "facet bytes 3-2 are not within the 6 of the text at $.record.facets[0]"),
        ({"facets": _facet(0, 4, _MENTION)}, "facet bytes 0-4 cut a character at $.record.facets[0]"),
    ],
)
async def test_records_that_break_the_lexicon(brand: Client, more: dict[str, Any], refusal: str) -> None:
    """The refusal names the place and what was wrong; the text is `café!`, six bytes."""
    body = post_body(_did(brand), "café!")
    body["record"] |= more
    answer = await brand.post(CREATE, body)
    assert answer.error == (400, "InvalidRequest")
    assert answer.data["message"] == f"Invalid {POST} record: {refusal}"


async def test_facets_that_miss_the_text_pass_when_the_square_is_lenient() -> None:
    """The real network stores such facets, and so does a square that is told to."""
    async with running_square(SquareConfig(strict_facets=False)) as (client, _):
        brand = await client.brand()
        assert (await _write(brand, "hi", facets=_facet(0, 50, _MENTION))).status == 200


async def test_types_and_keys(brand: Client) -> None:
    """The type is filled in, must fit the collection, and a post's key must be a TID."""
    body = post_body(_did(brand), "x")
    del body["record"]["$type"]
    assert (await brand.post(CREATE, body)).status == 200
    body["record"]["$type"] = LIKE
    assert (await brand.post(CREATE, body)).data["message"] == f"Invalid $type: expected {POST}, got {LIKE}"
    bad_key = await brand.post(CREATE, post_body(_did(brand), "x") | {"rkey": "abc"})
    assert bad_key.data["message"] == f'Invalid record key for {POST}: Invalid TID string (got "abc") at $'
    slash = await brand.post(CREATE, post_body(_did(brand), "x") | {"rkey": "a/b"})
    assert slash.data["message"] == 'Invalid record key (got "a/b") at $.rkey'
    profile = {"repo": _did(brand), "collection": "app.bsky.actor.profile", "rkey": RKEY, "record": {}}
    assert (await brand.post(PUT, profile)).error == (400, "InvalidRequest")
    assert (await brand.post(PUT, profile | {"rkey": "self"})).status == 200


async def test_unknown_kinds_are_stored_unchecked(brand: Client) -> None:
    """A record of a kind without a lexicon is stored, unless checking was asked for; fractions never are."""
    body = {"repo": _did(brand), "collection": "com.example.thing", "record": {"a": 1}}
    assert (await brand.post(CREATE, body)).data["validationStatus"] == "unknown"
    assert (await brand.post(CREATE, body | {"validate": True})).error == (400, "InvalidRequest")
    assert (await brand.post(CREATE, body | {"record": {"a": 1.5}})).error == (400, "InvalidRequest")


async def test_only_the_own_repository_takes_writes(brand: Client) -> None:
    """Writing for somebody else is 401, for nobody 403, without a token 401."""
    other = brand.square.who("anahorvat").did
    assert (await brand.post(CREATE, post_body(other, "x"))).error == (401, "AuthenticationRequired")
    assert (await brand.post(CREATE, post_body("nobody.test", "x"))).error == (403, "AccountNotFound")
    nobody = Client(brand.square, brand.http)
    assert (await nobody.post(CREATE, post_body(other, "x"))).error == (401, "AuthMissing")


async def test_put_twice_is_one_record(brand: Client) -> None:
    """The same content under the same key answers the same address and hash, without a new commit."""
    first = await brand.post(PUT, _put_body(brand, "once"))
    second = await brand.post(PUT, _put_body(brand, "once"))
    assert "commit" in first.data
    assert "commit" not in second.data
    assert (second.status, second.data["uri"], second.data["cid"]) == (200, first.data["uri"], first.data["cid"])
    changed = await brand.post(PUT, _put_body(brand, "changed"))
    assert (changed.data["uri"], changed.data["cid"] != first.data["cid"]) == (first.data["uri"], True)


async def test_create_with_a_used_key_is_500(brand: Client) -> None:
    """createRecord does not take a key that is in use: the server answers 500, and nothing changes."""
    first = await brand.post(PUT, _put_body(brand, "once"))
    answer = await brand.post(CREATE, _put_body(brand, "twice"))
    assert answer.error == (500, "InternalServerError")
    found = await brand.get(GET, {"repo": _did(brand), "collection": POST, "rkey": RKEY})
    assert found.data["cid"] == first.data["cid"]


async def test_swap_guards_against_stale_writes(brand: Client) -> None:
    """swapRecord must be the present hash (null: nothing there); else 400 InvalidSwap. An unchanged write passes."""
    first = (await brand.post(PUT, _put_body(brand, "one"))).data
    second = (await brand.post(PUT, _put_body(brand, "two", swapRecord=first["cid"]))).data
    stale = await brand.post(PUT, _put_body(brand, "three", swapRecord=first["cid"]))
    assert stale.error == (400, "InvalidSwap")
    assert stale.data["message"] == f"Record was at {second['cid']}"
    assert (await brand.post(PUT, _put_body(brand, "three", swapRecord=None))).error == (400, "InvalidSwap")
    assert (await brand.post(PUT, _put_body(brand, "two", swapRecord=first["cid"]))).status == 200
    assert (await brand.post(PUT, _put_body(brand, "x", swapRecord="zz"))).error == (400, "InvalidRequest")
    wrong_delete = {"repo": _did(brand), "collection": POST, "rkey": RKEY, "swapRecord": first["cid"]}
    assert (await brand.post(DELETE, wrong_delete)).error == (400, "InvalidSwap")


async def test_delete_twice(brand: Client) -> None:
    """Deleting answers a commit, deleting again an empty object; the record is then 400 RecordNotFound."""
    await brand.post(PUT, _put_body(brand, "gone soon"))
    body = {"repo": _did(brand), "collection": POST, "rkey": RKEY}
    assert "commit" in (await brand.post(DELETE, body)).data
    again = await brand.post(DELETE, body)
    assert (again.status, again.data) == (200, {})
    assert (await brand.get(GET, body)).error == (400, "RecordNotFound")


async def test_a_second_like_takes_the_place_of_the_first(brand: Client) -> None:
    """createRecord of a like for the same post leaves one record, as on the real server."""
    post = brand.square.post("anahorvat", "nice day")
    body = {
        "repo": _did(brand),
        "collection": LIKE,
        "record": {"$type": LIKE, "subject": post.ref, "createdAt": "2026-11-20T10:00:00.000Z"},
    }
    first, second = await brand.post(CREATE, body), await brand.post(CREATE, body)
    assert first.data["uri"] != second.data["uri"]
    assert [record.uri for record in brand.square.world.of_kind(LIKE)] == [second.data["uri"]]


async def test_writes_cost_points() -> None:
    """Create costs 3, update 2, delete 1; the write that would exceed the hour's points is 429."""
    config = SquareConfig(limits=LimitRules(writes=(Rule("hour", 6, 3600), Rule("day", 100, 86_400))))
    async with running_square(config) as (client, clock):
        brand = await client.brand()
        assert (await _write(brand, "a")).headers["RateLimit-Remaining"] == "3"
        assert (await brand.post(PUT, _put_body(brand, "b"))).headers["RateLimit-Remaining"] == "1"
        body = {"repo": _did(brand), "collection": POST, "rkey": RKEY}
        assert (await brand.post(DELETE, body)).headers["RateLimit-Remaining"] == "0"
        answer = await brand.post(DELETE, body)
        assert (answer.status, answer.headers["RateLimit-Policy"]) == (429, "6;w=3600")
        clock.skip(hours=1)
        assert (await (await client.brand()).post(DELETE, body)).status == 200


async def test_hostile_bodies(brand: Client) -> None:
    """Broken surrogates, deep nesting, huge and non-object bodies are answered, never with a crash."""
    half = '{"repo":"%s","collection":"%s","record":{"text":"a\\ud800b","createdAt":"2026-11-20T10:00:00Z"}}'
    raw = (half % (_did(brand), POST)).encode()
    json_type = {"Content-Type": "application/json"}
    stored = await brand.call("POST", CREATE, raw=raw, headers=json_type)
    assert stored.status == 200
    deep = await brand.call("POST", CREATE, raw=b"[" * 100_000, headers=json_type)
    assert deep.status == 400
    nested = b'{"a":' * 200 + b"1" + b"}" * 200
    assert (await brand.call("POST", CREATE, raw=nested, headers=json_type)).status == 400
    assert (await brand.call("POST", CREATE, raw=b"[1]", headers=json_type)).error == (400, "InvalidRequest")
    huge = b'{"a":"' + b"x" * 150 * 1024 + b'"}'
    assert (await brand.call("POST", CREATE, raw=huge, headers=json_type)).error == (413, "PayloadTooLargeError")
    nan = await brand.call("POST", CREATE, raw=(raw.replace(b'"a\\ud800b"', b"NaN")), headers=json_type)
    assert nan.error == (400, "InvalidRequest")
