"""The Web API over HTTP: token, scope, rate limit and arguments, then the method.

All refusals are HTTP 200 with ok false; only a rate limit is HTTP 429 with Retry-After (Slack's rate limit page).
"""

import asyncio
from typing import Final

from aiohttp import web

from sandbox.faults import Fault
from sandbox.slack import chat_methods, conversation_methods, people_methods, view_methods
from sandbox.slack.args import read_args, require
from sandbox.slack.base import Json, SlackError
from sandbox.slack.hub import BROKEN, REFUSALS, Hub
from sandbox.slack.method import Method, need_scope

METHODS: Final[dict[str, Method]] = {
    **chat_methods.METHODS,
    **conversation_methods.METHODS,
    **people_methods.METHODS,
    **view_methods.METHODS,
}


class TooMany(SlackError):
    """A rate limit was hit; `retry_after` is whole seconds."""

    def __init__(self, retry_after: int) -> None:
        """Keep the wait."""
        super().__init__("ratelimited")
        self.retry_after = retry_after


async def handle(hub: Hub, request: web.Request) -> web.StreamResponse:
    """Answer one call of /api/<method>."""
    if not hub.base_url:
        hub.base_url = str(request.url.origin())
    name = request.match_info["method"]
    fault = hub.faults.take(name)
    if fault is not None and fault.kind in BROKEN:
        hub.log_call(name, {}, BROKEN[fault.kind], None)
        return web.Response(status=BROKEN[fault.kind], text="upstream error")
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.delay_s)
    response = await _answer(hub, request, name, fault)
    if fault is not None and fault.kind == "drop_after" and request.transport is not None:
        request.transport.abort()
    return response


async def _answer(hub: Hub, request: web.Request, name: str, fault: Fault | None) -> web.Response:
    args: Json = {}
    headers: dict[str, str] = {}
    status, error = 200, None
    try:
        method = _method(name)
        args = await read_args(request, takes_json=not method.reads)
        _authorise(hub, request, args, method, headers)
        body = _run(hub, name, method, args, fault)
    except TooMany as limited:
        status, error, body = 429, limited.code, limited.body()
        headers["Retry-After"] = str(limited.retry_after)
    except SlackError as refused:
        error, body = refused.code, refused.body()
    args.pop("token", None)
    hub.log_call(name, args, status, error)
    return web.json_response(body, status=status, headers=headers)


def _authorise(hub: Hub, request: web.Request, args: Json, method: Method, headers: dict[str, str]) -> None:
    """Raises SlackError: not_authed, invalid_auth, not_allowed_token_type, missing_scope."""
    config = hub.config
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = args.get("token", "") if method.caller == "bot" else ""
    if not token:
        raise SlackError("not_authed")
    kind = {config.bot_token: "bot", config.app_token: "app"}.get(str(token).strip())
    if kind is None:
        raise SlackError("invalid_auth")
    held = config.bot_scopes if kind == "bot" else config.app_scopes
    headers["x-oauth-scopes"] = ",".join(held)
    headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
    if kind != method.caller:
        raise SlackError("not_allowed_token_type")
    need_scope(held, *method.scopes)


def _run(hub: Hub, name: str, method: Method, args: Json, fault: Fault | None) -> Json:
    if fault is not None and fault.kind == "ratelimited":
        raise TooMany(fault.retry_after)
    if fault is not None and fault.kind in REFUSALS:
        raise SlackError(fault.kind)
    channel = str(args.get("channel", "")) if method.per_channel else None
    wait = hub.limits.retry_after(name, method.per_minute, channel, hub.time.monotonic())
    if wait:
        raise TooMany(wait)
    require(args, method.required)
    return {"ok": True, **method.run(hub, args)}


def _method(name: str) -> Method:
    method = METHODS.get(name)
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    return method
