"""A Slack that costs next to nothing, so that it does not bound what is measured: `python -m bench.fake_slack`.

It answers the calls that Hark makes as Slack does, keeps when each event's card arrived (by the token in its text), and
finds a message again by its metadata, newest first in pages. It can answer 429 above a rate, and answer late. It
checks nothing: whether a card would be accepted is the business of the sandbox and of the tests.

The first line on standard output is the port. `/_bench/...` is the bench's own side: `set`, `reset`, `report`.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench import events, wire

CHANNEL = re.compile(rb'"channel": ?"([^"]+)"')
TS = re.compile(rb'"ts": ?"([^"]+)"')
THREAD = re.compile(rb'"thread_ts": ?"([^"]+)"')
ATTEMPT = re.compile(rb'"attempt": ?"([^"]+)"')
USER = re.compile(r"[?&]user=(\w+)")
QUERY = re.compile(r"[?&](oldest|latest|cursor|limit)=([^&]*)")
BOT = {"team": "Bench", "team_id": "T0BENCH001", "user": "hark", "user_id": "U0HARK0001", "bot_id": "B0HARK0001"}
PAGE = 100


@dataclass(slots=True)
class Posted:
    """One message that was accepted: when (monotonic seconds), its name, its thread, its attempt, its tokens."""

    at: float
    ts: str
    thread: str
    attempt: str
    tokens: list[str]


@dataclass(slots=True)
class Book:
    """All that happened since the last reset, and how to behave."""

    limit_per_s: float = 0
    delay_s: float = 0
    calls: Counter[str] = field(default_factory=Counter)
    limited: int = 0
    posts: list[Posted] = field(default_factory=list)
    redrawn: dict[str, float] = field(default_factory=dict)
    last_ts: int = 0
    window: float = 0
    in_window: int = 0

    def is_too_much(self, now: float) -> bool:
        """Count one post; whether it is above the rate of this second."""
        if not self.limit_per_s:
            return False
        if now - self.window >= 1:
            self.window, self.in_window = now, 0
        self.in_window += 1
        return self.in_window > self.limit_per_s

    def next_ts(self) -> str:
        """The name of a new message: the present, never twice the same."""
        self.last_ts = max(self.last_ts + 1, time.time_ns() // 1000)
        return f"{self.last_ts // 1_000_000}.{self.last_ts % 1_000_000:06d}"


class Slack:
    """Answers one request at a time; says how."""

    def __init__(self) -> None:
        self.book = Book()

    def answer(self, path: str, content: bytes) -> bytes:
        """The whole HTTP answer."""
        now = time.monotonic()
        if path.startswith("/respond/"):
            self.book.redrawn.setdefault(path, now)
            return http(b"ok")
        if path.startswith("/_bench/"):
            return self._bench(path.removeprefix("/_bench/"), content)
        method, _, query = path.removeprefix("/api/").partition("?")
        self.book.calls[method] += 1
        if method == "chat.postMessage":
            return self._post(content, now)
        if method == "chat.update":
            return say({"channel": _first(CHANNEL, content), "ts": _first(TS, content)})
        return say(self._other(method, "?" + query, content))

    def _post(self, content: bytes, now: float) -> bytes:
        if self.book.is_too_much(now):
            self.book.limited += 1
            body = json.dumps({"ok": False, "error": "ratelimited"}).encode()
            return http(body, b"429 Too Many Requests", b"Retry-After: 1\r\n")
        ts = self.book.next_ts()
        tokens = list(dict.fromkeys(name.decode() for name in events.TOKEN.findall(content)))
        thread, attempt = _first(THREAD, content), _first(ATTEMPT, content)
        self.book.posts.append(Posted(now, ts, thread, attempt, tokens))
        return say({"channel": _first(CHANNEL, content), "ts": ts, "message": {"ts": ts}})

    def _other(self, method: str, query: str, content: bytes) -> dict[str, Any]:
        match method:
            case "auth.test":
                return {"url": "https://bench.slack.example/", **BOT}
            case "users.info":
                user = (USER.search(query) or USER.search("?" + content.decode()) or ["", "U0BENCH001"])[1]
                return {"user": {"id": user, "real_name": "Bench", "profile": {"real_name": f"Bench {user[-4:]}"}}}
            case "conversations.open":
                return {"channel": {"id": "D0BENCH001"}}
            case "conversations.history" | "conversations.replies":
                return self._history("?" + query.removeprefix("?"))
            case "views.open" | "views.update" | "views.publish":
                return {"view": {"id": "V0BENCH001", "hash": "1"}}
            case _:
                return {}

    def _history(self, query: str) -> dict[str, Any]:
        """A page of messages, newest first; the cursor is how many came before it."""
        given = dict(QUERY.findall(query))
        start, limit = int(given.get("cursor") or 0), int(given.get("limit") or PAGE)
        low, high = given.get("oldest", "0"), given.get("latest", "9")
        found = [post for post in reversed(self.book.posts) if low < post.ts < high]
        page = [
            {"ts": post.ts, "metadata": {"event_type": "hark_message", "event_payload": {"attempt": post.attempt}}}
            for post in found[start : start + limit]
        ]
        more = str(start + limit) if len(found) > start + limit else ""
        return {"messages": page, "has_more": bool(more), "response_metadata": {"next_cursor": more}}

    def _bench(self, what: str, content: bytes) -> bytes:
        if what == "set":
            for name, value in json.loads(content).items():
                setattr(self.book, name, value)
        elif what == "reset":
            self.book = Book()
        elif what == "count":
            return say({"posts": len(self.book.posts), "last": self.book.posts[-1].at if self.book.posts else 0})
        elif what == "report":
            posts = [(post.at, post.ts, post.thread, post.tokens) for post in self.book.posts]
            redrawn = {path.removeprefix("/respond/"): at for path, at in self.book.redrawn.items()}
            calls = dict(self.book.calls)
            return say({"calls": calls, "limited": self.book.limited, "posts": posts, "redrawn": redrawn})
        return say({})


class Door(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server makes
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request, late if that was asked for."""
        self._buffer += data
        while (message := wire.split(self._buffer)) is not None:
            head, content = message
            path = head.split(b" ", 2)[1].decode()
            answer = self._slack.answer(path, content)
            if self._slack.book.delay_s and path.startswith("/api/"):
                asyncio.get_running_loop().call_later(self._slack.book.delay_s, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def http(body: bytes, status: bytes = b"200 OK", extra: bytes = b"") -> bytes:
    """One answer."""
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json; charset=utf-8\r\n%sContent-Length: %d\r\n\r\n"
    return head % (status, extra, len(body)) + body


def say(fields: dict[str, Any]) -> bytes:
    """Slack's yes."""
    return http(json.dumps({"ok": True, **fields}).encode())


def _first(pattern: re.Pattern[bytes], content: bytes) -> str:
    found = pattern.search(content)
    return found[1].decode() if found else ""


async def main() -> None:
    """Listen on a free port until killed."""
    slack = Slack()
    server = await asyncio.get_running_loop().create_server(lambda: Door(slack), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
