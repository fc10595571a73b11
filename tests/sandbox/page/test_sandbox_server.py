"""The page's web server: files, headers, the clock's routes, and the stream of changes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sandbox.server import Changes
from tests.support.page_sandbox import PageSandbox, page_sandbox
from tests.support.waiting import wait_until

PAGE = Path(__file__).parents[3] / "sandbox" / "page"


@pytest.fixture
async def sandbox() -> AsyncIterator[PageSandbox]:
    """A running sandbox on the test's own event loop: no browser is needed here."""
    async with page_sandbox() as running:
        yield running


@pytest.fixture
async def http(sandbox: PageSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain client of the sandbox."""
    async with aiohttp.ClientSession(sandbox.url, trust_env=False) as session:
        yield session


@pytest.mark.parametrize("path", ["/", "/static/js/main.js", "/sandbox/clock", "/favicon.ico"])
async def test_everything_of_the_page_is_protected(http: aiohttp.ClientSession, path: str) -> None:
    """The page and its files carry a policy that allows nothing from elsewhere."""
    async with http.get(path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/js/", "/static/none.js"])
async def test_only_the_pages_files_are_served(http: aiohttp.ClientSession, path: str) -> None:
    """No path leads out of the page's folder, and folders are not listed."""
    async with http.get(path) as answer:
        assert answer.status in {403, 404}


async def test_the_clock_can_be_read_and_moved(http: aiohttp.ClientSession, sandbox: PageSandbox) -> None:
    """A skip moves the sandbox's own clock, and the answer tells the new time."""
    async with http.post("/sandbox/clock", json={"skip_s": 900}) as answer:
        body = await answer.json()
    assert body["ok"]
    assert body["offset_s"] == 900 == sandbox.clock.offset.total_seconds()
    async with http.get("/sandbox/clock") as answer:
        assert (await answer.json())["offset_s"] == 900


WRONG_SKIPS = (
    b"",
    b"[]",
    b"{}",
    b'{"skip_s":"soon"}',
    b'{"skip_s":null}',
    b"\xff",
    b'{"skip_s":-5}',
    b'{"skip_s":1e99}',
)


@pytest.mark.parametrize("body", WRONG_SKIPS)
async def test_a_wrong_skip_is_refused_in_words(http: aiohttp.ClientSession, sandbox: PageSandbox, body: bytes) -> None:
    """What is not a sensible number of seconds changes nothing and is explained."""
    async with http.post("/sandbox/clock", data=body) as answer:
        assert answer.status == 200
        told = await answer.json()
    assert told["ok"] is False
    assert "skip" in told["error"].lower()
    assert sandbox.clock.offset.total_seconds() == 0


async def test_another_site_cannot_work_the_sandbox(http: aiohttp.ClientSession, sandbox: PageSandbox) -> None:
    """A request that a browser sends for another site's page is refused; one of the page itself is not."""
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        async with http.post("/sandbox/clock", json={"skip_s": 60}, headers=headers) as answer:
            assert answer.status == 403
    assert sandbox.clock.offset.total_seconds() == 0
    async with http.post("/sandbox/clock", json={"skip_s": 60}, headers={"Origin": sandbox.url}) as answer:
        assert answer.status == 200


async def test_changes_are_streamed(http: aiohttp.ClientSession, sandbox: PageSandbox) -> None:
    """Each side's changes, and the clock's, reach an open page by name."""
    async with http.get("/sandbox/events") as stream:
        assert stream.content_type == "text/event-stream"
        await stream.content.readuntil(b"\n\n")
        for what, change in (
            ("clock", lambda: sandbox.clock.skip(5)),
            ("square", lambda: sandbox.square.post("tombecker.square.test", "hello")),
            ("slack", sandbox.changes.slack),
        ):
            change()
            line = await stream.content.readuntil(b"\n\n")
            assert json.loads(line.removeprefix(b"data: ")) == {"what": what}


async def test_a_slow_page_is_told_once() -> None:
    """Notices that a page has not read are folded into one per kind, in the order of the first."""
    changes = Changes()
    stream = changes.listen(heartbeat_s=0.01)
    assert await anext(stream) is None
    for _ in range(500):
        changes.square()
        changes.slack()
    assert [await anext(stream), await anext(stream), await anext(stream)] == ["square", "slack", None]
    changes.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_closed_page_is_forgotten(http: aiohttp.ClientSession, sandbox: PageSandbox) -> None:
    """A page that goes away leaves nothing behind once the server notices."""
    async with http.get("/sandbox/events") as stream:
        await stream.content.readuntil(b"\n\n")
        assert len(sandbox.changes._pages) == 1

    def is_forgotten() -> bool:
        sandbox.changes.clock()
        return not sandbox.changes._pages

    await wait_until(is_forgotten, "the closed page is forgotten")


def test_no_text_becomes_markup() -> None:
    """No script of the page writes markup, runs text as code, or names an address outside the sandbox."""
    for script in PAGE.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert banned not in text, f"{script.name}: {banned}"
    for file in [*PAGE.rglob("*.css"), *PAGE.rglob("*.html"), *PAGE.rglob("*.js")]:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text.replace("https?://", ""), file.name


def test_files_stay_small() -> None:
    """Every script and style sheet is under 400 lines."""
    for file in [*PAGE.rglob("*.js"), *PAGE.rglob("*.css"), *PAGE.rglob("*.html")]:
        assert len(file.read_text(encoding="utf-8").splitlines()) < 400, file.name
