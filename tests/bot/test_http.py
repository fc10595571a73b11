"""What is too late is not sent: the process may have slept between its last look at the clock and the first byte."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from bot.domain.errors import SlackUnavailable, Transient
from bot.http import Prompt, open_session
from bot.services.sending import WRITTEN_S
from bot.slack.api import SlackApi
from connectors import exchange as exchanges
from connectors import guard
from connectors.exchange import exchange
from tests.support.loopback import catch_all


@dataclass
class Far:
    """A server on loopback that keeps what it is sent."""

    url: str = ""
    got: list[tuple[str, bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep it, and say yes."""
        self.got.append((request.headers.get("Content-Type", ""), await request.read()))
        return web.json_response({"ok": True})


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    """One server."""
    found = Far()
    async with catch_all(found.take) as found.url:
        yield found


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """The session that all share."""
    async with open_session() as session:
        yield session


async def test_a_body_is_sent_in_time_or_not_at_all(http: aiohttp.ClientSession) -> None:
    """Not even the headers leave: nobody can take half a request for one."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await http.post(f"http://{host}:{port}", data=Prompt(b"too late", "text/plain", -1.0))
        assert heard == b""


async def test_a_late_call_to_slack_never_left(
    far: Far, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told so: nothing has to be looked for."""
    api = SlackApi(http, f"{far.url}/api/", "xoxb-test")
    await api.call("chat.postMessage", {"text": "in time"})
    monkeypatch.setattr("bot.slack.api.CONNECT_S", -1.0)
    with pytest.raises(SlackUnavailable):
        await api.call("chat.postMessage", {"text": "too late"})
    assert far.got == [("application/json; charset=utf-8", b'{"text":"in time"}')]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"json": {"text": "Grüße"}}, ("application/json", '{"text":"Grüße"}'.encode())),
        ({"form": {"message": "Grüße & mehr"}}, (exchanges.FORM, b"message=Gr%C3%BC%C3%9Fe+%26+mehr")),
    ],
)
async def test_a_late_call_to_a_network_was_not_made(
    far: Far, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, given: dict[str, object], sent: object
) -> None:
    """Whatever it carries: it may be made again."""
    await exchange(http, "POST", far.url, params={}, writes=True, **given)  # type: ignore[arg-type]
    monkeypatch.setattr("connectors.exchange.CONNECT_S", -1.0)
    with pytest.raises(Transient):
        await exchange(http, "POST", far.url, params={}, writes=True, **given)  # type: ignore[arg-type]
    assert far.got == [sent]


async def test_a_late_answer_to_another_system_was_not_sent(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is that left in doubt."""
    caller = guard.Guard(allowed=frozenset({"127.0.0.1"}))
    await caller.post(far.url, b"in time", {})
    monkeypatch.setattr("connectors.guard.CONNECT_S", 1e-9)
    with pytest.raises(Transient):
        await caller.post(far.url, b"too late", {})
    assert [body for _, body in far.got] == [b"in time"]


def test_nobody_waits_longer_to_send_than_a_lease_allows_for() -> None:
    """What a call may still send after it was given up is counted in how late it may begin."""
    assert max(exchanges.CONNECT_S, guard.CONNECT_S) <= WRITTEN_S
