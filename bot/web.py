"""The web server: webhooks in, Slack's HTTP mode in, health and metrics out.

A webhook is answered 200 only after it stands in Redis; when Redis is away the answer is 503, so the network sends it
again. Nothing is parsed here.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from ipaddress import ip_address
from traceback import clear_frames

from aiohttp import web
from aiohttp.http import HttpProcessingError
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from pydantic import SecretStr

from bot.domain.errors import StoreUnavailable
from bot.domain.network import Accepted, Challenge, ConnectorPort, Connectors, Refusal, WebhookRequest
from bot.domain.ports import Clock, Inbox
from bot.environment import MAIN
from bot.telemetry import Metrics

MAX_BODY = 4 * 1024 * 1024
"""Meta sends up to 1000 updates at once and up to 3 MB (docs/decisions/007); a connector may allow less."""

BODY_S = 15.0
"""How long a body may take to come: the largest does at 2.3 megabits a second. A signature can be judged at the end
only, so until then anybody's bytes are kept."""
RETRY_AFTER = {"Retry-After": "5"}
NOT_OURS = (ConnectionError, web.RequestPayloadError, HttpProcessingError)
"""What aiohttp tells as an error, with a trace: a client went away in the middle, or does not speak HTTP."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class WebDeps:
    """What the routes need. `ready` names each condition with its state (a word says why not); `measure` sets gauges
    that nobody keeps up to date, or raises StoreUnavailable.

    Without `public` there are only the routes for watching: a worker takes no webhooks and no presses. `body_s` is how
    long the body of a request may take to come.
    """

    inbox: Inbox
    connectors: Connectors
    clock: Clock
    metrics: Metrics
    ready: Callable[[], Awaitable[Mapping[str, bool | str]]]
    measure: Callable[[], Awaitable[None]]
    metrics_token: SecretStr | None = None
    slack: Handler | None = None
    public: bool = True
    body_s: float = BODY_S


def build(deps: WebDeps) -> web.Application:
    """The application with all its routes."""
    logging.getLogger("aiohttp.server").addFilter(_retell)
    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", partial(_ready, deps))
    app.router.add_get("/metrics", partial(_metrics, deps))
    if not deps.public:
        return app
    doors = _doors(deps)
    for path, door in doors.items():
        app.router.add_route("*", path, door)
    app.router.add_route("*", "/webhooks/{rest:.*}", partial(_elsewhere, doors))
    if deps.slack is not None:
        app.router.add_post("/slack/events", _as_sent(deps.slack, deps.body_s))
    return app


def _retell(record: logging.LogRecord) -> bool:
    """Tell of a request that broke off in one line: on the open internet that is nothing to look into."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, NOT_OURS):
        record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
        record.msg, record.args = "a request could not be read (%s)", (type(error).__name__,)
    return True


def _as_sent(handler: Handler, body_s: float) -> Handler:
    """Hand over a request whose body is there. One that is compressed is refused unread, for signatures are over bytes
    as they are sent, and no network compresses; one that takes too long to come is given up."""

    async def handle(request: web.Request) -> web.StreamResponse:
        encoding = request.headers.get("Content-Encoding")
        if encoding is not None and encoding.strip().lower() != "identity":
            return web.Response(status=415, text="send the body as it is, not compressed\n")
        try:
            if not request.content.is_eof():  # most bodies come together with their headers
                async with asyncio.timeout(body_s):
                    await request.read()
        except TimeoutError:
            return _hanging_up(web.Response(status=408, text="too slow\n"))
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text="too large\n")
        except NOT_OURS as error:
            # What had come, up to 4 MB, and its error hold each other until the collector comes by, which is seldom.
            clear_frames(error.__traceback__)
            raise
        return await handler(request)

    return handle


def _hanging_up(response: web.Response) -> web.Response:
    """The answer, after which nothing more is taken on this connection."""
    response.force_close()
    return response


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _ready(deps: WebDeps, _request: web.Request) -> web.Response:
    states = await deps.ready()
    words = {True: "ok", False: "not ready"}
    body = json.dumps({name: state if isinstance(state, str) else words[state] for name, state in states.items()})
    fine = all(state is True for state in states.values())
    return web.Response(text=body, status=200 if fine else 503, content_type="application/json")


async def _metrics(deps: WebDeps, request: web.Request) -> web.Response:
    if not _may_read_metrics(request, deps.metrics_token):
        return web.Response(status=403, text="the metrics need a token (HARK_METRICS_TOKEN)\n")
    try:
        await deps.measure()
    except StoreUnavailable:
        deps.metrics.depth.clear()  # no depth is better than an old one
    return web.Response(body=generate_latest(deps.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _may_read_metrics(request: web.Request, token: SecretStr | None) -> bool:
    """With a token set it is asked of everybody; without one only this machine may read, and no proxy for others."""
    if token is not None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.get_secret_value().encode())
    peer = request.transport.get_extra_info("peername") if request.transport else None
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return peer is not None and ip_address(peer[0]).is_loopback and not forwarded


def _doors(deps: WebDeps) -> dict[str, Handler]:
    """The path of each account. That of a network alone is its main account's, or that of the only one there is."""
    networks = [network for network, _ in deps.connectors]
    doors: dict[str, Handler] = {}
    for (network, account), connector in deps.connectors.items():
        door = _webhook(deps, network, connector)
        doors[f"/webhooks/{network}/{account}"] = door
        if account == MAIN or networks.count(network) == 1:
            doors[f"/webhooks/{network}"] = door
    return doors


async def _elsewhere(doors: Mapping[str, Handler], request: web.Request) -> web.StreamResponse:
    """Every other path: the account may be written in capital letters, as in the names of its settings."""
    network, _, account = request.match_info["rest"].partition("/")
    door = doors.get(f"/webhooks/{network}/{account.lower()}")
    return web.Response(status=404, text="no such account\n") if door is None else await door(request)


def _webhook(deps: WebDeps, network: str, connector: ConnectorPort) -> Handler:
    receive = _as_sent(partial(_receive, deps, connector), deps.body_s)

    @cache
    def counter(status: int) -> Counter:
        return deps.metrics.webhooks.labels(network, str(status))

    async def handle(request: web.Request) -> web.StreamResponse:
        response = await receive(request)
        counter(response.status).inc()
        return response

    return handle


async def _receive(deps: WebDeps, connector: ConnectorPort, request: web.Request) -> web.Response:
    verdict = connector.verify(
        WebhookRequest(
            method=request.method,
            headers=_headers(request),
            query=dict(request.query) if request.query_string else {},
            body=await request.read(),
            received_at=deps.clock.now(),
        )
    )
    match verdict:
        case Accepted():
            return await _store(deps, verdict)
        case Challenge():
            return web.Response(
                status=verdict.status,
                text=verdict.body,
                headers=dict(verdict.headers),
                content_type=verdict.content_type,
            )
        case Refusal():
            return web.Response(status=verdict.status, text=f"{verdict.reason}\n")


def _headers(request: web.Request) -> dict[str, str]:
    """The headers in lower case. One that is given twice says nothing: nobody can know which of them is meant."""
    given = request.headers
    plain = {name.lower(): value for name, value in given.items()}
    if len(plain) == len(given):
        return plain
    return {name: value for name, value in plain.items() if len(given.getall(name)) == 1}


async def _store(deps: WebDeps, verdict: Accepted) -> web.Response:
    try:
        for raw in verdict.raws:
            await deps.inbox.put(raw)
    except StoreUnavailable:
        return web.Response(status=503, text="try again later\n", headers=RETRY_AFTER)
    return web.Response(status=verdict.status, text=verdict.body)
