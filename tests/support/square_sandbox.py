"""A square for tests: a clock that tests move, and a small client that shows status, JSON and headers."""

import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from sandbox.square.config import SquareConfig
from sandbox.square.model import Person
from sandbox.square.seed import BRAND_APP_LOGIN, BRAND_CHAT_LOGIN, BRAND_MAIN_LOGIN
from sandbox.square.square import SquareSandbox

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
CHAT = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}
POST = "app.bsky.feed.post"


class SquareClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._start = start

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return (self._now - self._start).total_seconds()

    def skip(self, **parts: float) -> None:
        """Move on, for example `skip(hours=2)`."""
        self._now += timedelta(**parts)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the square."""

    status: int
    data: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> tuple[int, str]:
        """Status and error name, the pair that clients decide by."""
        return self.status, self.data["error"]


Query = Mapping[str, str] | Sequence[tuple[str, str]]


class Client:
    """Speaks XRPC to a square, as one signed-in person or as nobody."""

    def __init__(self, square: SquareSandbox, http: aiohttp.ClientSession, token: str | None = None) -> None:
        self.square = square
        self.http = http
        self.token = token

    async def call(
        self,
        verb: str,
        method: str,
        *,
        query: Query = (),
        body: Any = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one call; `raw` is sent as it is, `body` as JSON."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data_sent = None if raw is None else io.BytesIO(raw)
        async with self.http.request(
            verb, f"{self.square.url}/xrpc/{method}", params=query, json=body, data=data_sent, headers=sent
        ) as answer:
            is_json = answer.content_type == "application/json"
            data = await answer.json() if is_json else await answer.text()
            return Reply(answer.status, data, answer.headers.copy())

    async def get(self, method: str, query: Query = (), **headers: str) -> Reply:
        """Call a query."""
        return await self.call("GET", method, query=query, headers=headers)

    async def post(self, method: str, body: Any = None) -> Reply:
        """Call a procedure."""
        return await self.call("POST", method, body=body)

    async def chat(self, method: str, query: Query = (), body: Any = None) -> Reply:
        """Call a method of private talks through the proxy header."""
        verb = "GET" if body is None else "POST"
        return await self.call(verb, f"chat.bsky.convo.{method}", query=query, body=body, headers=CHAT)

    async def sign_in(self, person: Person, password: str | None = None) -> "Client":
        """A client of a person; without a password it uses the first one the person has."""
        secret = password or next(iter(person.logins))
        body = {"identifier": person.handle, "password": secret}
        answer = await self.post("com.atproto.server.createSession", body)
        assert answer.status == 200, answer
        return Client(self.square, self.http, answer.data["accessJwt"])

    async def brand(self, password: str = BRAND_CHAT_LOGIN) -> "Client":
        """A client of the company."""
        return await self.sign_in(self.square.brand, password)

    async def notifications(self, query: Query = ()) -> list[dict[str, Any]]:
        """The notifications of the caller, as they come."""
        answer = await self.get("app.bsky.notification.listNotifications", query)
        assert answer.status == 200, answer
        return list(answer.data["notifications"])

    async def page(self, name: str, body: Any = None) -> Any:
        """Call the page's part: with a body an act, without one its state."""
        url = f"{self.square.url}/sandbox/square/{name}"
        async with self.http.request("GET" if body is None else "POST", url, json=body) as answer:
            assert answer.status == 200
            return await answer.json()


BRAND_PASSWORDS = (BRAND_MAIN_LOGIN, BRAND_APP_LOGIN, BRAND_CHAT_LOGIN)


def post_body(did: str, text: str, created_at: str = "2026-11-20T10:00:00.000Z", **more: Any) -> dict[str, Any]:
    """The body of createRecord for a post."""
    return {
        "repo": did,
        "collection": POST,
        "record": {"$type": POST, "text": text, "createdAt": created_at} | more,
    }


@asynccontextmanager
async def running_square(config: SquareConfig | None = None) -> AsyncIterator[tuple[Client, SquareClock]]:
    """A square on a free port with a still clock, and a client that is not signed in."""
    clock = SquareClock()
    async with SquareSandbox(clock, config) as square, aiohttp.ClientSession() as http:
        yield Client(square, http), clock
