"""How Slack reaches Hark: a socket with a watchdog (Socket Mode), or requests on /slack/events (HTTP mode)."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import within
from bot.domain.errors import SetupError, SlackError
from bot.domain.ports import Clock
from bot.slack.gateway import SlackGateway

WATCH_S = 5.0
LONGEST_DOWN_S = 120.0
CLOSE_S = 5.0
RETRY_S = 3.0
LINE_BROKE = ("Failed to connect (error:", "Failed to run a request listener: Cannot write to closing transport")
"""Slack's SDK tells with a trace that the socket broke: it connects again, and Slack delivers what was not answered."""
TICKET = re.compile(r"ticket=[^&'\s]+")
"""What opens a socket, until it was used."""
TOKEN_UNUSED = ("will be unused.", "will be ignored.")
"""Bolt finds SLACK_BOT_TOKEN in the environment by itself and warns at each start that it does not use it."""


def slack_client(url: str, http: aiohttp.ClientSession, token: str | None = None) -> AsyncWebClient:
    """Slack's client on the shared session, without retries of its own; a server on this machine needs no proxy."""
    client = AsyncWebClient(token=token, base_url=url, session=http, retry_handlers=[])
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        client.proxy = None
    return client


def build_bolt(gateway: SlackGateway, http: aiohttp.ClientSession, signing_secret: str | None) -> AsyncApp:
    """The Bolt app. Who we are is known from the start, so no request waits for auth.test within its three seconds."""
    api = gateway.api

    async def authorize() -> AuthorizeResult:
        us = gateway.bot_user or None
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=api.token, bot_user_id=us)

    logging.getLogger("slack_bolt.AsyncApp").addFilter(_retell)
    # Without a name Bolt walks the stack to find one, which reads every module that is loaded. It sets the level of the
    # logger of that name: not one of ours. The token is told for each request: one in the client would make it warn.
    client = slack_client(api.base_url, http)
    bolt = AsyncApp(name="bolt", client=client, authorize=authorize, signing_secret=signing_secret)
    bolt.use(AcknowledgePresses())
    return bolt


class AcknowledgePresses(AsyncMiddleware):
    """Acknowledges a genuine press before its listener runs.

    Bolt starts the listener as a task and then looks every 10 ms whether it has acknowledged. A press needs no answer
    but that it came; a modal's submission does (its errors), and is left to its listener.
    """

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's name for it
    ) -> BoltResponse:
        """Acknowledge, and go on."""
        del resp
        if req.body.get("type") == "block_actions":
            await req.context.ack()
        return await next()


def _retell(record: logging.LogRecord) -> bool:
    """Whether a line of Bolt's log is worth telling, and without a trace where only a line broke."""
    words = record.getMessage()
    if words.startswith(LINE_BROKE):
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
        record.msg, record.args = TICKET.sub("ticket=…", words), ()
    return not words.endswith(TOKEN_UNUSED)


def http_route(bolt: AsyncApp) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler for POST /slack/events. Bolt checks the signature over the raw body."""

    async def handle(request: web.Request) -> web.Response:
        if not _is_signed(request):
            return _refusal()
        try:
            asked = await to_bolt_request(request)
        except (ValueError, LookupError, AttributeError, RecursionError):
            # Bolt reads the body before it checks the signature; Slack's own requests can always be read.
            return _refusal()
        return await to_aiohttp_response(await bolt.async_dispatch(asked))

    return handle


def _is_signed(request: web.Request) -> bool:
    """Whether the two headers of a signature are there once, and look like such: Bolt fails at what is not ASCII."""
    stamps = request.headers.getall("X-Slack-Request-Timestamp", [])
    signatures = request.headers.getall("X-Slack-Signature", [])
    fine = re.fullmatch(r"[0-9]{1,12}", "".join(stamps)) and re.fullmatch(r"v0=[0-9a-f]{64}", "".join(signatures))
    return len(stamps) == len(signatures) == 1 and fine is not None


def _refusal() -> web.Response:
    """What Bolt answers to a wrong signature: whatever is wrong, the answer is the same."""
    return web.Response(status=401, text='{"error": "invalid request"}', content_type="application/json")


class Socket:
    """Socket Mode with a watchdog: a connection that stays down makes the process end, so that it is started anew."""

    def __init__(
        self, bolt: AsyncApp, app_token: str, client: AsyncWebClient, clock: Clock, watch_s: float = WATCH_S
    ) -> None:
        self._handler = AsyncSocketModeHandler(bolt, app_token, web_client=client, proxy=client.proxy)
        self._handler.client.proxy = client.proxy  # without one it would take that of the environment
        self._clock = clock
        self._watch_s = watch_s
        self._log = structlog.get_logger("hark.socket")

    async def is_connected(self) -> bool:
        """Whether Slack can reach us now."""
        session = self._handler.client.current_session
        return session is not None and not session.closed

    async def run(self, stop: asyncio.Event) -> None:
        """Connect and stay connected until told to stop. Raises SetupError after two minutes without a connection."""
        # The SDK tries for as long as it takes, so it is watched from the first moment.
        connecting = asyncio.ensure_future(self._connect())
        try:
            await self._watch(stop)
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await self._close()

    async def _watch(self, stop: asyncio.Event) -> None:
        # A connection counts once it has lasted from one look to the next: with Socket Mode switched off at Slack,
        # each new one is taken and ended at once, for ever.
        down_since: float | None = None
        last = None
        while not stop.is_set():
            last, before = self._handler.client.current_session, last
            if last is before and await self.is_connected():
                down_since = None
            else:
                self._handler.client.wss_uri = None  # good for one try, and the SDK would make every try with the same
                down_since = down_since if down_since is not None else self._clock.monotonic()
                if self._clock.monotonic() - down_since > LONGEST_DOWN_S:
                    mend = "start Hark again; if that does not help, `python -m bot check` says what Slack answers"
                    raise SetupError("the socket to Slack has been down for two minutes", mend)
            await within(stop, self._watch_s)

    async def _connect(self) -> None:
        await self._handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._handler.close_async()  # type: ignore[no-untyped-call]  # the same
        except TimeoutError:
            self._log.warning("the socket did not close in time")


async def keep_acquainted(gateway: SlackGateway, stop: asyncio.Event) -> None:
    """Learn from Slack who we are, however long that takes: webhooks are stored meanwhile."""
    log = structlog.get_logger("hark.slack")
    while not stop.is_set() and not gateway.bot_user:
        try:
            await gateway.connect()
        except SlackError as error:
            log.warning("Slack does not answer yet", error=str(error))
            await within(stop, RETRY_S)
