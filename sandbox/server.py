"""The sandbox's web server: the page, the clock, the notices of change, and what the two sides bring."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from sandbox.clock import SandboxClock

What = Literal["slack", "square", "clock"]
Mount = Callable[[web.Application], None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE: Final = Path(str(files("sandbox"))) / "page"
HEARTBEAT_S: Final = 15.0
RECONNECT_MS: Final = 1000
MAX_BODY: Final = 1024 * 1024
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(slots=True)
class Webhooks:
    """Where the bot takes signed posts of the generic webhook, and their secret; `url` is empty until it listens."""

    url: str = ""
    secret: str = ""


class Changes:
    """Tells open pages what has changed. Notices that wait for a slow page are folded into one per kind."""

    def __init__(self) -> None:
        """No page is open yet."""
        self._pages: set[_Page] = set()
        self._closed = False

    def slack(self) -> None:
        """Something that the Slack side shows has changed."""
        self.publish("slack")

    def square(self) -> None:
        """Something that the square shows has changed."""
        self.publish("square")

    def clock(self) -> None:
        """The clock was moved."""
        self.publish("clock")

    def publish(self, what: What) -> None:
        """Tell every open page."""
        for page in self._pages:
            page.waiting[what] = None
            page.wake.set()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for page in self._pages:
            page.wake.set()

    async def listen(self, heartbeat_s: float = HEARTBEAT_S) -> AsyncGenerator[What | None, None]:
        """Yield what changes, or None when nothing did for `heartbeat_s` seconds; ends with `close`."""
        with self._page() as page:
            while not self._closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(heartbeat_s):
                        await page.wake.wait()
                page.wake.clear()
                waiting, page.waiting = page.waiting, {}
                for what in waiting:
                    yield what
                if not waiting and not self._closed:
                    yield None

    @contextmanager
    def _page(self) -> Iterator["_Page"]:
        page = _Page()
        self._pages.add(page)
        try:
            yield page
        finally:
            self._pages.discard(page)


class _Page:
    """One open page: the kinds of change it has not been told of (a dict, to keep their order)."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.waiting: dict[What, None] = {}


def build(
    *,
    slack: Mount,
    square: Mount,
    clock: SandboxClock,
    changes: Changes,
    first_staff: str,
    webhooks: Webhooks | None = None,
) -> web.Application:
    """The whole sandbox as one aiohttp application.

    `slack` and `square` add their own routes to the application they are given, and call `changes.slack` and
    `changes.square` after each change that the page shows. `first_staff` is the Slack user id whose screen the page
    shows when its address names nobody; `webhooks` is read each time that a page asks for it.
    """
    app = web.Application(middlewares=[_same_origin], client_max_size=MAX_BODY)
    app.router.add_get("/", _file(PAGE / "index.html"))
    app.router.add_get("/favicon.ico", _file(PAGE / "favicon.svg"))
    app.router.add_static("/static", PAGE)
    app.router.add_get("/sandbox/events", _events(changes))
    app.router.add_get("/sandbox/start", _start(first_staff, webhooks or Webhooks()))
    app.router.add_get("/sandbox/clock", _read_clock(clock))
    app.router.add_post("/sandbox/clock", _skip_clock(clock))
    slack(app)
    square(app)
    clock.on_skip(changes.clock)

    async def stop_streams(_: web.Application) -> None:
        changes.close()

    app.on_shutdown.append(stop_streams)
    app.on_response_prepare.append(_protect)
    return app


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    """The page's own protection; the two APIs answer as the services they stand for."""
    if request.path in {"/", "/favicon.ico"} or request.path.startswith(("/static/", "/sandbox/")):
        response.headers.update(HEADERS)
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-cache")


@web.middleware
async def _same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse another site's page that tries to work the sandbox through the viewer's browser."""
    if request.path.startswith("/sandbox/"):
        origin = request.headers.get(hdrs.ORIGIN)
        is_foreign = origin is not None and urlsplit(origin).netloc != request.host
        if is_foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise web.HTTPForbidden(text="The sandbox answers only its own page.")
    return await handler(request)


def _file(path: Path) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return serve


def _events(changes: Changes) -> Handler:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream", hdrs.CACHE_CONTROL: "no-store"})
        with suppress(ConnectionResetError):
            await response.prepare(request)
            await response.write(f"retry: {RECONNECT_MS}\n\n".encode())
            async with aclosing(changes.listen()) as notices:
                async for what in notices:
                    line = ": still here" if what is None else f"data: {json.dumps({'what': what})}"
                    await response.write(f"{line}\n\n".encode())
        return response

    return stream


def _start(first_staff: str, webhooks: Webhooks) -> Handler:
    async def tell(_: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, "staff": first_staff, "webhooks": asdict(webhooks)})

    return tell


def _clock_state(clock: SandboxClock) -> web.Response:
    return web.json_response({"ok": True, "now": clock.now().isoformat(), "offset_s": clock.offset.total_seconds()})


def _refusal(words: str) -> web.Response:
    return web.json_response({"ok": False, "error": words})


def _read_clock(clock: SandboxClock) -> Handler:
    async def read(_: web.Request) -> web.StreamResponse:
        return _clock_state(clock)

    return read


def _skip_clock(clock: SandboxClock) -> Handler:
    async def skip(request: web.Request) -> web.StreamResponse:
        try:
            body: Any = await request.json()
            seconds = float(body["skip_s"])
        except (ValueError, KeyError, TypeError):
            return _refusal('Send {"skip_s": seconds}.')
        try:
            clock.skip(seconds)
        except ValueError as error:
            return _refusal(f"{error}".capitalize())
        return _clock_state(clock)

    return skip
