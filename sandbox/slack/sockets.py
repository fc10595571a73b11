"""Socket Mode: one-time tickets, up to ten sockets, one of them in turn for each payload, acks and redelivery.

Shapes and rules are from Slack's page "Using Socket Mode" and from what the SDK's client does.
"""

import asyncio
import json
from collections import deque
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from sandbox.clock import Time
from sandbox.slack.background import Background
from sandbox.slack.base import Json
from sandbox.slack.config import SandboxConfig
from sandbox.slack.delivery import COMMANDS, EVENTS, INTERACTIVE, Ack, DeliveryRecord, Unanswered

APPROXIMATE_LIFE_S = 18_060
_ANSWERED_IN_PLACE = frozenset({"block_actions", "view_submission", "block_suggestion"})


class Sockets:
    """The server side of Socket Mode for one app."""

    def __init__(self, config: SandboxConfig, time: Time, background: Background) -> None:
        """Start with no tickets and no sockets; `greeted` tells that there has been one."""
        self._config = config
        self._time = time
        self._background = background
        self._tickets: dict[str, float] = {}
        self._waiting: dict[str, tuple[asyncio.Future[Any], bool]] = {}  # and whether the answer may carry a payload
        self._held: deque[tuple[float, DeliveryRecord]] = deque()
        self._turn = 0
        self.open: list[web.WebSocketResponse] = []
        self.greeted = asyncio.Event()
        self.log: deque[DeliveryRecord] = deque(maxlen=config.log_size)
        self.problems: deque[str] = deque(maxlen=1_000)
        self.link_disabled = False

    def ticket(self) -> str:
        """A ticket for one connection, good for a short time."""
        ticket = uuid4().hex
        self._tickets[ticket] = self._time.monotonic() + self._config.ticket_life_s
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The websocket endpoint."""
        expires = self._tickets.pop(request.query.get("ticket", ""), 0.0)
        if expires < self._time.monotonic():
            return web.Response(status=401, text="invalid ticket")
        socket = web.WebSocketResponse(heartbeat=self._config.socket_heartbeat_s, timeout=1.0)
        await socket.prepare(request)
        refusal = self._refusal()
        if refusal is not None:
            await self._disconnect(socket, refusal)
            return socket
        self.open.append(socket)
        try:
            await self._greet(socket, request)
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._receive(message.data)
        finally:
            self._retire(socket)
        return socket

    def _refusal(self) -> str | None:
        if self.link_disabled:
            return "link_disabled"
        return "too_many_websockets" if len(self.open) >= self._config.max_sockets else None

    async def _greet(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        life = 360.0 if request.query.get("debug_reconnects") == "true" else self._config.socket_life_s
        hello = {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": {
                "host": "sandbox",
                "build_number": 1,
                "approximate_connection_time": int(life or APPROXIMATE_LIFE_S),
            },
            "connection_info": {"app_id": self._config.app_id},
        }
        await socket.send_str(json.dumps(hello))
        self.greeted.set()
        if life is not None:
            self._background.start(self._refresh_after(socket, life))
        now = self._time.monotonic()
        while self._held:
            expires, record = self._held.popleft()
            if expires >= now:
                self._background.start(self._deliver_event(record))
            else:
                record.outcome = "expired"

    def _receive(self, text: str) -> None:
        try:
            answer = json.loads(text)
            envelope_id = str(answer["envelope_id"])
        except (ValueError, KeyError, TypeError):
            self.problems.append(f"not an acknowledgement: {text[:200]}")
            return
        waiting, accepts = self._waiting.get(envelope_id, (None, False))
        if waiting is None or waiting.done():
            self.problems.append(f"unknown or late envelope_id: {envelope_id}")
        elif answer.get("payload") is not None and not accepts:
            self.problems.append(f"a response payload was not expected for envelope_id: {envelope_id}")
        else:
            waiting.set_result(answer.get("payload"))

    def event(self, payload: Json) -> None:
        """Deliver an event with up to `socket_retries` redeliveries; hold it while no socket is up."""
        record = DeliveryRecord(EVENTS, payload["event_id"], payload)
        self.log.append(record)
        self._hold_or_start(record)

    def _hold_or_start(self, record: DeliveryRecord) -> None:
        if self.open:
            self._background.start(self._deliver_event(record))
            return
        if len(self._held) >= self._config.hold_events_max:
            self._held.popleft()[1].outcome = "dropped"
        self._held.append((self._time.monotonic() + self._config.hold_events_s, record))

    async def _deliver_event(self, record: DeliveryRecord) -> None:
        while record.attempts <= self._config.socket_retries:
            more = {
                "accepts_response_payload": False,
                "retry_attempt": record.attempts,
                "retry_reason": "timeout" if record.attempts else "",
            }
            outcome = await self._exchange(EVENTS, record.payload, more)
            if isinstance(outcome, Unanswered) and outcome.reason == "no_connection":
                self._hold_or_start(record)
                return
            record.attempts += 1
            if isinstance(outcome, Ack):
                record.outcome = "acknowledged"
                return
        record.outcome = "given_up"

    async def ask(self, kind: str, payload: Json) -> Ack | Unanswered:
        """Deliver an interaction or a command once and wait for its ack until the deadline."""
        accepts = kind == COMMANDS or (kind == INTERACTIVE and payload.get("type") in _ANSWERED_IN_PLACE)
        record = DeliveryRecord(kind, str(payload.get("trigger_id", "")), payload, attempts=1)
        self.log.append(record)
        outcome = await self._exchange(kind, payload, {"accepts_response_payload": accepts})
        record.outcome = "acknowledged" if isinstance(outcome, Ack) else outcome.reason
        return outcome

    async def _exchange(self, kind: str, payload: Json, more: Json) -> Ack | Unanswered:
        envelope_id = str(uuid4())
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, **more}
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting, bool(more["accepts_response_payload"])
        try:
            if not await self._send(json.dumps(envelope)):
                return Unanswered("no_connection")
            async with asyncio.timeout(self._config.ack_deadline_s):
                return Ack(await waiting)
        except TimeoutError:
            return Unanswered("timeout")
        finally:
            del self._waiting[envelope_id]

    async def _send(self, text: str) -> bool:
        """Send to one socket, in turn; a socket found dead is skipped."""
        for _ in range(len(self.open)):
            if not self.open:
                break
            self._turn = (self._turn + 1) % len(self.open)
            socket = self.open[self._turn]
            try:
                await socket.send_str(text)
            except ConnectionError:
                continue
            return True
        return False

    async def refresh(self, warning_s: float | None = None) -> None:
        """Ask every socket to reconnect as Slack does every few hours: warning, then refresh_requested and close."""
        wait = self._config.socket_warning_s if warning_s is None else warning_s
        async with asyncio.TaskGroup() as group:
            for socket in list(self.open):
                group.create_task(self._refresh_one(socket, wait))

    async def _refresh_after(self, socket: web.WebSocketResponse, life_s: float) -> None:
        wait = min(self._config.socket_warning_s, life_s)
        await asyncio.sleep(life_s - wait)
        await self._refresh_one(socket, wait)

    async def _refresh_one(self, socket: web.WebSocketResponse, warning_s: float) -> None:
        if socket.closed:
            return
        await self._say_disconnect(socket, "warning")
        await asyncio.sleep(warning_s)
        if not socket.closed:
            await self._disconnect(socket, "refresh_requested")

    async def drop(self) -> None:
        """Close every socket without a word, as a network failure would."""
        closing, self.open[:] = list(self.open), []
        await asyncio.gather(*(socket.close() for socket in closing))

    async def disable_link(self) -> None:
        """Switch Socket Mode off for the app."""
        self.link_disabled = True
        for socket in list(self.open):
            await self._disconnect(socket, "link_disabled")

    async def _disconnect(self, socket: web.WebSocketResponse, reason: str) -> None:
        self._retire(socket)
        await self._say_disconnect(socket, reason)
        await socket.close()

    def _retire(self, socket: web.WebSocketResponse) -> None:
        if socket in self.open:
            self.open.remove(socket)

    async def _say_disconnect(self, socket: web.WebSocketResponse, reason: str) -> None:
        try:
            await socket.send_str(
                json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            )
        except ConnectionError:
            self._retire(socket)
