"""The page's part of the square, its faults, and how it is kept over restarts."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from sandbox.square.config import SquareConfig
from sandbox.square.square import SquareSandbox
from tests.support.square_sandbox import POST, Client, SquareClock, post_body, running_square
from tests.support.waiting import wait_until

Square = tuple[Client, SquareClock]
PUT = "com.atproto.repo.putRecord"
SESSION = "com.atproto.server.getSession"


@pytest.fixture
async def square() -> AsyncIterator[Square]:
    """A client that is not signed in, and the clock."""
    async with running_square() as running:
        yield running


async def test_a_visitor_does_everything_by_the_page(square: Square) -> None:
    """Post, reply, quote, edit, like, repost, follow, write privately and delete all show in the state."""
    client, _ = square
    sandbox = client.square
    ana, jamal, acme = sandbox.who("anahorvat").did, sandbox.who("jamalreed").did, sandbox.brand.did
    first = await client.page("post", {"as": ana, "text": "@acme hello"})
    assert first["ok"] is True
    uri = first["uri"]
    reply = (await client.page("post", {"as": jamal, "text": "me too", "reply_to": uri}))["uri"]
    quote = (await client.page("post", {"as": jamal, "text": "look", "quote_of": uri}))["uri"]
    await client.page("edit", {"uri": uri, "text": "@acme hello again"})
    for name, body in {
        "like": {"as": jamal, "uri": uri},
        "repost": {"as": jamal, "uri": uri},
        "follow": {"as": jamal, "who": acme},
        "message": {"as": ana, "to": acme, "text": "privately"},
        "allow_messages": {"did": ana, "from": "none"},
        "delete": {"uri": quote},
    }.items():
        assert (await client.page(name, body))["ok"] is True
    state = await client.page("state")
    assert state == sandbox.state()
    posts = {post["uri"]: post for post in state["posts"]}
    assert posts[uri]["text"] == "@acme.square.test hello again"
    assert (posts[uri]["edited"], posts[uri]["likes"], posts[uri]["reposts"]) == (True, [jamal], [jamal])
    assert (posts[reply]["reply_to"], posts[reply]["root"]) == (uri, uri)
    assert (posts[quote]["quote_of"], posts[quote]["deleted"]) == (uri, True)
    assert [jamal, acme] in state["follows"]
    assert state["chats"][0]["messages"][0]["text"] == "privately"
    allowed = {person["did"]: person["allow_messages"] for person in state["people"]}
    assert (allowed[ana], allowed[jamal], allowed[sandbox.who("meitanaka").did]) == ("none", "all", "following")
    assert {person["name"] for person in state["people"] if not person["brand"]} == {
        "Ana Horvat",
        "Jamal Reed",
        "Mei Tanaka",
        "Rosa Díaz",
        "Tom Becker",
    }
    reached = await (await client.brand()).chat("getConvoAvailability", {"members": jamal})
    assert reached.data["canChat"] is True


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("post", {"as": "anahorvat", "text": "x" * 301}, "The post has 301 characters; 300 is the most."),
        ("post", {"as": "anahorvat", "text": "  "}, "The post is empty."),
        ("post", {"as": "nobody", "text": "x"}, "There is nobody called nobody."),
        ("post", {"as": "anahorvat", "text": "x", "reply_to": "at://x/y/z"}, "That post is no longer there."),
        ("post", {"text": "x"}, "as: Field required"),
        ("like", {"as": "anahorvat", "uri": "at://x/y/z"}, "That post is no longer there."),
        ("delete", {"uri": "at://x/y/z"}, "That is no longer there."),
        ("follow", {"as": "anahorvat", "who": "anahorvat"}, "You cannot follow yourself."),
        ("allow_messages", {"did": "anahorvat", "from": "some"}, "Choose all, following or none."),
    ],
)
async def test_refusals_are_words_for_a_person(square: Square, name: str, body: dict[str, str], words: str) -> None:
    """What cannot be done is said in words, with status 200."""
    client, _ = square
    assert await client.page(name, body) == {"ok": False, "error": words}


async def test_broken_json_is_refused(square: Square) -> None:
    """A body that is not JSON is refused in words."""
    client, _ = square
    async with client.http.post(f"{client.square.url}/sandbox/square/post", data="{") as answer:
        assert await answer.json() == {"ok": False, "error": "The request is not JSON."}


async def test_changes_are_told(square: Square) -> None:
    """Whoever listens is called after a change, and the state's rev grows."""
    client, _ = square
    heard: list[int] = []
    client.square.on_change(lambda: heard.append(client.square.world.rev))
    client.square.post("anahorvat", "hello")
    assert heard == [client.square.state()["rev"]]


async def test_planned_failures(square: Square) -> None:
    """http_500 and ratelimited fail the chosen method so many times, and only that one; None takes it back."""
    client, _ = square
    brand = await client.brand()
    client.square.set_fault("http_500", SESSION, times=2)
    assert (await brand.get("app.bsky.notification.listNotifications")).status == 200
    for _ in range(2):
        assert (await brand.get(SESSION)).error == (500, "InternalServerError")
    assert (await brand.get(SESSION)).status == 200
    client.square.set_fault("ratelimited", retry_after=30)
    limited = await brand.get(SESSION)
    assert limited.error == (429, "RateLimitExceeded")
    assert limited.headers["RateLimit-Remaining"] == "0"
    client.square.set_fault("http_500", times=5)
    client.square.set_fault(None)
    assert (await brand.get(SESSION)).status == 200
    brand.square.set_fault("http_500", SESSION)
    brand.square.set_fault(None, SESSION)
    assert (await brand.get(SESSION)).status == 200
    with pytest.raises(ValueError, match="unknown fault: http_418"):
        brand.square.set_fault("http_418")


async def test_a_slow_answer_comes_late(square: Square) -> None:
    """slow keeps the caller waiting; a caller with less patience gives up."""
    client, _ = square
    brand = await client.brand()
    client.square.set_fault("slow", SESSION, delay_s=5.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await brand.get(SESSION)
    client.square.set_fault("slow", SESSION, delay_s=0.01)
    assert (await brand.get(SESSION)).status == 200


async def test_a_dropped_line_after_the_act(square: Square) -> None:
    """drop_after does the write and cuts the line; the same putRecord again finds it done."""
    client, _ = square
    brand = await client.brand()
    body = post_body(client.square.brand.did, "answer") | {"rkey": "3m4cv7zrwo35o"}
    client.square.set_fault("drop_after", PUT)
    with pytest.raises(aiohttp.ClientError):
        await brand.post(PUT, body)
    (call,) = client.square.calls_of(PUT)
    assert (call.dropped, call.status) == (True, 200)
    again = await brand.post(PUT, body)
    assert again.status == 200
    assert "commit" not in again.data


async def test_calls_are_noted(square: Square) -> None:
    """Tests can see each call with its parameters, body and outcome."""
    client, _ = square
    await client.get("com.atproto.identity.resolveHandle", {"handle": "nobody.test"})
    (call,) = client.square.calls
    assert (call.http, call.params, call.status, call.error) == (
        "GET",
        {"handle": ["nobody.test"]},
        400,
        "InvalidRequest",
    )


async def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    """Posts, edits, deletions, talks, seen marks and sessions are there after a restart; keys stay unique."""
    config = SquareConfig(data_file=tmp_path / "deep" / "square.json")
    async with running_square(config) as (client, _):
        brand = await client.brand()
        sandbox = client.square
        post = sandbox.post("anahorvat", "@acme hello")
        sandbox.edit(post.uri, "@acme hello again")
        sandbox.like("jamalreed", post.uri)
        gone = sandbox.post("anahorvat", "gone")
        sandbox.delete(gone.uri)
        sandbox.message("anahorvat", "acme", "privately")
        await brand.post("app.bsky.notification.updateSeen", {"seenAt": "2026-11-20T11:00:00Z"})
        before = sandbox.state()
        notified = await brand.notifications()
    async with running_square(config) as (client, _):
        assert client.square.state() == before
        again = Client(client.square, client.http, brand.token)
        assert await again.notifications() == notified
        assert [event["$type"] for event in (await again.chat("getLog")).data["logs"]] == [
            "chat.bsky.convo.defs#logBeginConvo",
            "chat.bsky.convo.defs#logCreateMessage",
        ]
        assert client.square.post("anahorvat", "new").rkey > gone.rkey


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _names_in(folder: Path) -> list[str]:
    return [item.name for item in folder.iterdir()]


async def test_the_state_is_written_soon(tmp_path: Path) -> None:
    """A change reaches the file within about a second, without a stop, and never half a file."""
    path = tmp_path / "square.json"
    async with running_square(SquareConfig(data_file=path)) as (client, _):
        client.square.post("anahorvat", "keep me")
        await wait_until(lambda: "keep me" in _text_of(path), "the post is in the file", within_s=3)
        assert json.loads(_text_of(path))["version"] == 1
        assert _names_in(tmp_path) == ["square.json"]


async def test_a_broken_state_file_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not a state of the square is put aside with a message, and the square starts afresh."""
    path = tmp_path / "square.json"
    path.write_text("{", encoding="utf-8")
    async with SquareSandbox(SquareClock(), SquareConfig(data_file=path)) as square:
        assert [record.did for record in square.world.of_kind(POST)] == [square.brand.did] * 2
    assert "square.json could not be read" in capsys.readouterr().err
    assert sorted(_names_in(tmp_path)) == ["square.json", "square.json.broken-1"]
    assert _text_of(tmp_path / "square.json.broken-1") == "{"


async def test_the_square_mounts_on_another_application() -> None:
    """Mounted on somebody else's server, it answers there and names that address in the DID document."""
    square = SquareSandbox(SquareClock())
    app = web.Application()
    square.mount(app)
    square.open()
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    body = {"identifier": "acme.square.test", "password": next(iter(square.brand.logins))}
    session_url = f"{url}/xrpc/com.atproto.server.createSession"
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}/xrpc/_health") as answer:
            assert answer.status == 200
        async with http.post(session_url, json=body) as answer:
            assert (await answer.json())["didDoc"]["service"][0]["serviceEndpoint"] == url
    with pytest.raises(LookupError):
        _ = square.url
    await runner.cleanup()
    square.close()


async def test_an_empty_square_has_no_first_records() -> None:
    """Without the seed there are people but no posts."""
    async with running_square(SquareConfig(seeded=False)) as (client, _):
        state = client.square.state()
        assert (state["posts"], len(state["people"])) == ([], 6)
        assert [*client.square.world.of_kind(POST)] == []
