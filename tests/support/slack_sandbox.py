"""A local Slack for tests, and real Bolt apps that talk to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api import SlackApi
from sandbox.slack.app import SlackSandbox
from sandbox.slack.config import BOT_EVENTS, BOT_SCOPES, SandboxConfig
from tests.support.loopback import on_loopback
from tests.support.waiting import wait_until

UNLIMITED = SandboxConfig(rate_limits=False)
HEARING = replace(
    UNLIMITED,
    bot_scopes=(*BOT_SCOPES, "app_mentions:read"),
    bot_events=(*BOT_EVENTS, "message.channels", "message.groups", "message.im"),
)
"""An app that hears what people write, which Hark does not."""


class ManualTime:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        """Start at a fixed moment."""
        self.moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.seconds = 1_000.0

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def monotonic(self) -> float:
        """The seconds."""
        return self.seconds

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds


@asynccontextmanager
async def web_client(slack: SlackSandbox, token: str | None = None) -> AsyncIterator[AsyncWebClient]:
    """The real SDK client with one session; no proxy of the environment, no retries."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        chosen = slack.config.bot_token if token is None else token
        client = AsyncWebClient(token=chosen, base_url=slack.url, session=session, retry_handlers=[])
        client.proxy = None
        yield client


@asynccontextmanager
async def slack_api(slack: SlackSandbox, token: str | None = None) -> AsyncIterator[SlackApi]:
    """Hark's own way to the Web API."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        yield SlackApi(session, slack.url, slack.config.bot_token if token is None else token)


@asynccontextmanager
async def bolt_app(slack: SlackSandbox, **options: Any) -> AsyncIterator[AsyncApp]:
    """A real Bolt app, not yet connected."""
    async with web_client(slack) as client:
        yield AsyncApp(client=client, signing_secret=slack.config.signing_secret, **options)


@asynccontextmanager
async def connected(
    app: AsyncApp, slack: SlackSandbox, ping_interval: float = 1
) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app connected over Socket Mode, closed at the end."""
    before = len(slack.hub.sockets.open)
    handler = AsyncSocketModeHandler(app, slack.config.app_token, ping_interval=ping_interval)
    handler.client.proxy = None
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        await wait_until(lambda: len(slack.hub.sockets.open) == before + 1, "the socket is open")
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


class Served:
    """A Bolt app's web routes on a free loopback port; requests can be refused on purpose with `failing`."""

    def __init__(self) -> None:
        """Not listening yet."""
        self.url = ""
        self.app: AsyncApp | None = None
        self.failing: list[web.Response] = []
        self.headers: list[dict[str, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Answer with the next forced failure, else with what Bolt says."""
        self.headers.append(dict(request.headers))
        if self.failing:
            return self.failing.pop(0)
        assert self.app is not None
        return await to_aiohttp_response(await self.app.async_dispatch(await to_bolt_request(request)))


@asynccontextmanager
async def http_endpoint() -> AsyncIterator[Served]:
    """A place for a Bolt app in HTTP mode; set its `app` once the local Slack is there."""
    served = Served()
    application = web.Application()
    application.router.add_post("/slack/events", served.handle)
    async with on_loopback(application) as url:
        served.url = f"{url}/slack/events"
        yield served
