"""A server that speaks the Graph API's HTTP: versions, tokens and proofs, errors, usage headers, pages, faults.

A network's own server extends `GraphServer`: it registers its edges with `edge`, keeps its own state, and raises
`GraphError` where the network refuses. Everything else is here.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.domain.network import WebhookRequest
from bot.domain.ports import Clock
from connectors.base import ConnectorDeps
from tests.support.cases import NOON
from tests.support.loopback import catch_all
from tests.support.stores import TestClock, a_store

Json = dict[str, Any]
APP_SECRET = "5f1b0d6a9c3e4872b1a0c9d8e7f60514"  # invented
VERIFY_TOKEN = "a-word-of-our-own"  # invented
META: Final = {"META_APP_SECRET": APP_SECRET, "META_VERIFY_TOKEN": VERIFY_TOKEN}
"""What every account on the Graph API needs beside its network's own variables."""

TRACE = "AxTestTrace9"


class GraphError(Exception):
    """A refusal as the network words it."""

    def __init__(
        self, code: int, message: str = "", *, subcode: int | None = None, status: int = 400, **more: Any
    ) -> None:
        super().__init__(message)
        error = {"message": message or f"(#{code}) refused", "type": "OAuthException", "code": code}
        error |= {} if subcode is None else {"error_subcode": subcode}
        self.status = status
        self.body: Json = {"error": {**error, **more, "fbtrace_id": TRACE}}


@dataclass(frozen=True)
class Asked:
    """One call as the server understood it; `path` comes without the version, `found` are the parts of the path."""

    verb: str
    path: str
    params: dict[str, str]
    body: Json
    headers: dict[str, str]
    found: dict[str, str] = field(default_factory=dict)

    def given(self, name: str) -> str:
        """A parameter, from the query or the body."""
        value = self.body.get(name, self.params.get(name, ""))
        return value if isinstance(value, str) else json.dumps(value)


Edge = Callable[[Asked], Json]
E = TypeVar("E", bound=Edge)


@dataclass
class Fault:
    """Something that goes wrong: instead of the act, or with `lost` only on the way back. `match` searches the path."""

    error: GraphError | None = None
    status: int = 0
    lost: bool = False
    match: str = ""
    verb: str = ""
    times: int = 1

    def meets(self, asked: Asked) -> bool:
        """Whether it happens to this call."""
        return self.times > 0 and re.search(self.match, asked.path) is not None and self.verb in {"", asked.verb}


class GraphServer:
    """The common part. `usage` are headers of every answer; `calls` is everything that was asked. The test may give it
    a `clock`; without one it is noon."""

    token = "EAATestPageToken"  # invented
    secret = APP_SECRET
    version = "v26.0"

    def __init__(self) -> None:
        self.url = ""
        self.clock: Clock | None = None
        self.calls: list[Asked] = []
        self.usage: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.token_error: GraphError | None = None
        self.withdrawn = ""
        self.token_data: Json = {"is_valid": True, "type": "PAGE", "expires_at": 0, "scopes": []}
        self._edges: list[tuple[str, re.Pattern[str], Edge]] = []
        self.edge("GET", "debug_token", lambda _: {"data": self.token_data})

    def now(self) -> datetime:
        """The network's time."""
        return self.clock.now() if self.clock else NOON

    def edge(self, verb: str, path: str, act: Edge) -> None:
        """Answer a path such as "{post}/comments"; plain paths win, and among equals the last one registered."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        self._edges.insert(0, (verb, re.compile(pattern), act))
        self._edges.sort(key=lambda each: "?P<" in each[1].pattern)

    # --- trouble ---

    def fail(self, code: int, *, subcode: int | None = None, status: int = 400, match: str = "", verb: str = "",
             times: int = 1, **more: Any) -> None:  # fmt: skip
        """Refuse the next calls with this error."""
        error = GraphError(code, subcode=subcode, status=status, **more)
        self.faults.append(Fault(error=error, match=match, verb=verb, times=times))

    def withdraw(self, match: str) -> None:
        """Take a permission away: reading these paths is refused in the very words for what is not there."""
        self.withdrawn = match

    def fall_over(self, status: int = 502, *, match: str = "", verb: str = "", times: int = 1) -> None:
        """Answer with a page of HTML, as a gateway does."""
        self.faults.append(Fault(status=status, match=match, verb=verb, times=times))

    def lose_answer(self, *, match: str = "", verb: str = "", times: int = 1) -> None:
        """Do what is asked, then break the connection."""
        self.faults.append(Fault(lost=True, match=match, verb=verb, times=times))

    def use_up(self, percent: int, *, kind: str = "pages", regain_min: int = 0) -> None:
        """Say in every answer how much of the limit is used."""
        usage = {"type": kind, "call_count": percent, "total_cputime": 3, "total_time": 5}
        business = {"1122334455": [{**usage, "estimated_time_to_regain_access": regain_min}]}
        self.usage = {"X-Business-Use-Case-Usage": json.dumps(business)}

    # --- pages ---

    def page(self, asked: Asked, items: Sequence[Json], most: int = 100) -> Json:
        """One page of a list, with cursors and, like the real one, an address with the token in it."""
        start = int(base64.b64decode(asked.params["after"])) if "after" in asked.params else 0
        size = min(int(asked.params.get("limit", "25")), most)
        shown, end = list(items[start : start + size]), start + size
        if not items:
            return {"data": []}
        cursors = {"before": _cursor(start), "after": _cursor(end)}
        paging: Json = {"cursors": cursors}
        if end < len(items):
            query = urlencode({**asked.params, "access_token": self.token, "after": cursors["after"]})
            paging["next"] = f"{self.url}/{self.version}/{asked.path}?{query}"
        return {"data": shown, "paging": paging}

    # --- the wire ---

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        asked = await _asked(request)
        self.calls.append(asked)
        fault = next((each for each in self.faults if each.meets(asked)), None)
        if fault is not None:
            fault.times -= 1
            if fault.status:
                return web.Response(status=fault.status, text="<html>Sorry, something went wrong.</html>")
        try:
            if fault is not None and fault.error is not None:
                raise fault.error
            answer = self._act(asked)
        except GraphError as error:
            return web.json_response(error.body, status=error.status, headers=self.usage)
        if fault is not None and fault.lost:
            assert request.transport is not None
            request.transport.close()
        return web.json_response(answer, headers=self.usage)

    def _act(self, asked: Asked) -> Json:
        if asked.headers.get("x-version") != self.version:
            raise GraphError(2635, f"You are calling a version other than {self.version}.")
        self._check_token(asked)
        if self.withdrawn and asked.verb == "GET" and re.search(self.withdrawn, asked.path):
            raise GraphError(100, "Unsupported get request.", subcode=33, type="GraphMethodException")
        for verb, pattern, act in self._edges:
            match = pattern.fullmatch(asked.path)
            if match and verb == asked.verb:
                found = match.groupdict()
                return act(Asked(asked.verb, asked.path, asked.params, asked.body, asked.headers, found))
        raise GraphError(100, f"Unsupported {asked.verb.lower()} request.", subcode=33, type="GraphMethodException")

    def _check_token(self, asked: Asked) -> None:
        if self.token_error is not None:
            raise self.token_error
        given = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if given != self.token:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        proof = asked.params.get("appsecret_proof")
        if proof is not None and proof != hmac.new(self.secret.encode(), given.encode(), hashlib.sha256).hexdigest():
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument", type="GraphMethodException")


async def _asked(request: web.Request) -> Asked:
    version, _, path = request.path.strip("/").partition("/")
    raw = await request.read()
    body = json.loads(raw) if raw else {}
    headers = {name.lower(): value for name, value in request.headers.items()} | {"x-version": version}
    return Asked(request.method, path, dict(request.query), body, headers)


def stamp(at: datetime) -> str:
    """A time as the Graph API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _cursor(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()


S = TypeVar("S", bound=GraphServer)


@asynccontextmanager
async def running(server: S) -> AsyncIterator[S]:
    """The server on loopback, at `server.url`."""
    async with catch_all(server.handle) as server.url:
        yield server


@asynccontextmanager
async def at_noon(server: GraphServer, redis_url: str) -> AsyncIterator[tuple[TestClock, ConnectorDeps]]:
    """The server running, the clock of everything, and what a connector of one of its accounts is given."""
    server.clock = clock = TestClock(NOON)
    async with running(server), a_store(redis_url, clock=clock) as store, aiohttp.ClientSession() as http:
        yield clock, ConnectorDeps(account="main", http=http, clock=clock, notes=store.notes, poll_seconds=20)


# --- deliveries -------------------------------------------------------------------------------------------------


def signed(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    """The headers of a delivery."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}


def a_delivery(body: bytes, secret: str = APP_SECRET, **headers: str) -> WebhookRequest:
    """A signed request as a connector sees it; `headers` (with `_` for `-`) replace the signed ones."""
    given = {name.lower(): value for name, value in signed(body, secret).items()}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(method="POST", headers=given, query={}, body=body, received_at=NOON)


def a_handshake(token: str = VERIFY_TOKEN, challenge: str = "1158201444", mode: str = "subscribe") -> WebhookRequest:
    """The request by which the network makes sure that the address is ours."""
    query = {"hub.mode": mode, "hub.challenge": challenge, "hub.verify_token": token}
    return WebhookRequest(method="GET", headers={}, query=query, body=b"", received_at=NOON)
