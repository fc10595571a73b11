"""The HTTP side of XRPC: find the method, check token, query and body, run it, and write the answer."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, Faults
from sandbox.square import xrpc_account, xrpc_chat, xrpc_feed, xrpc_repo, xrpc_social
from sandbox.square.bodies import read_json
from sandbox.square.config import SquareConfig
from sandbox.square.errors import (
    XrpcError,
    auth_missing,
    internal_error,
    invalid_request,
    invalid_token,
    not_implemented,
)
from sandbox.square.limits import Limiter, limit_headers, rate_limited
from sandbox.square.methods import Method, Request
from sandbox.square.model import SCOPE_MAIN, SCOPE_PRIVILEGED, Json
from sandbox.square.params import check_body, read_query
from sandbox.square.sessions import access_caller, bearer
from sandbox.square.world import World

MAX_CALLS = 10_000
FAULTS = {"http_500", "ratelimited", "slow", "drop_after"}
CHAT_SERVICE = "did:web:api.bsky.chat#bsky_chat"

METHODS: Mapping[str, Method] = {
    method.name: method
    for module in (xrpc_account, xrpc_repo, xrpc_feed, xrpc_social, xrpc_chat)
    for method in module.METHODS
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the square answered it, for tests. `dropped` means that the caller saw no answer."""

    method: str
    http: str
    params: Mapping[str, list[str]]
    body: Any
    status: int
    error: str | None
    dropped: bool = False


@dataclass(slots=True)
class Dispatcher:
    """Answers `/xrpc/<method>`. Keeps a log of the last calls and the planned faults."""

    world: World
    config: SquareConfig
    limiter: Limiter = field(default_factory=Limiter)
    faults: Faults = field(default_factory=lambda: Faults(FAULTS))
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Answer one call, or fail as planned."""
        name = http.match_info["method"]
        fault = self.faults.take(name)
        request = self._request(http)
        body: Any = None
        try:
            await self._fail_before(fault)
            request.spend([self.config.limits.requests], request.ip, 1)
            method = _method(name, http)
            request = _authenticate(method, request, http)
            body = await _body(method, http)
            answer = method.run(_checked(method, request, http, body))
            error = None
        except XrpcError as refusal:
            answer, error = None, refusal
        dropped = fault is not None and fault.kind == "drop_after"
        self._note(http, body, error, dropped=dropped)
        if dropped and http.transport is not None:
            http.transport.abort()
        return _response(answer, error, request.headers)

    def _request(self, http: web.Request) -> Request:
        base_url = f"{http.scheme}://{http.host}"
        return Request(
            world=self.world,
            config=self.config,
            limiter=self.limiter,
            base_url=base_url,
            ip=http.remote or "",
        )

    async def _fail_before(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_s)
        if fault.kind == "http_500":
            raise internal_error()
        if fault.kind == "ratelimited":
            rule = self.config.limits.requests
            ends_at = self.world.clock.now() + timedelta(seconds=fault.retry_after)
            raise rate_limited(limit_headers(rule, 0, ends_at))

    def _note(self, http: web.Request, body: Any, error: XrpcError | None, *, dropped: bool) -> None:
        params = {name: http.query.getall(name) for name in http.query}
        status, name = (error.status, error.name) if error else (200, None)
        self.calls.append(Call(http.match_info["method"], http.method, params, body, status, name, dropped))


def _method(name: str, http: web.Request) -> Method:
    """The method of that name; as on the network, a caller without a token is told only that it is missing."""
    method = METHODS.get(name)
    if method is not None and method.http == http.method:
        return method
    if "Authorization" not in http.headers:
        raise auth_missing()
    if method is None:
        raise not_implemented()
    raise invalid_request(f"Incorrect HTTP method ({http.method}) expected {method.http}")


def _authenticate(method: Method, request: Request, http: web.Request) -> Request:
    if method.auth == "none":
        return request
    if method.auth == "chat":
        _check_proxy_form(http)
    token = bearer(http.headers.get("Authorization"))
    if method.auth == "refresh":
        return replace(request, bearer=token)
    caller = access_caller(request.world, token)
    if method.auth == "chat":
        if caller.scope not in (SCOPE_MAIN, SCOPE_PRIVILEGED):
            raise invalid_token("Bad token method")
        if "atproto-proxy" not in http.headers:
            raise XrpcError(404, "XRPCNotSupported", "XRPC Not Supported")
    return replace(request, bearer=token, caller=caller)


def _check_proxy_form(http: web.Request) -> None:
    """The header that sends a call on to the chat service must name that service."""
    target = http.headers.get("atproto-proxy", CHAT_SERVICE)
    if "#" not in target:
        raise invalid_request("no service id specified in proxy header")
    if target != CHAT_SERVICE:
        raise invalid_request("could not resolve proxy did service url")


async def _body(method: Method, http: web.Request) -> Any:
    if method.http == "GET":
        return None
    if method.body is None:
        if http.can_read_body and await http.read():
            raise invalid_request("A request body was provided when none was expected")
        return None
    return await read_json(http)


def _checked(method: Method, request: Request, http: web.Request, body: Any) -> Request:
    params = read_query(method.params, http.query)
    if method.body is None:
        return replace(request, params=params)
    return replace(request, params=params, body=check_body(method.body, body))


def _response(answer: Json | None, error: XrpcError | None, headers: Mapping[str, str]) -> web.Response:
    if error is not None:
        told = {"error": error.name, "message": error.words}
        return _json(told, error.status, {**headers, **error.headers})
    return web.Response(headers=headers) if answer is None else _json(answer, 200, headers)


def _json(told: Json, status: int, headers: Mapping[str, str]) -> web.Response:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return web.Response(text=text, status=status, headers=headers, content_type="application/json")
