"""What customers do and how their networks tell of it: signed, late, twice, and again until it is acknowledged."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from bot.clock import SystemClock
from sandbox.demo import WEBHOOK_SECRET
from sandbox.square.people import Acts
from tests.chaos.ledger import Told
from tests.chaos.schedule import Event
from tests.support import webhook_rig
from tests.support.facebook_server import FacebookServer, delivery
from tests.support.graph_server import signed

PATIENCE_S = 2.0
RESEND_S = 0.4
PEOPLE = ("jamalreed", "meitanaka", "tombecker")
DEAD = "x"
"""What the name of an unreadable part ends in."""

Json = dict[str, Any]


@dataclass(eq=False)
class Receiver:
    """A system that takes answers of staff at its reply_url. It acts once for each webhook-id, as the guide asks."""

    url: str = ""
    acts: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, float]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take one answer, or fail as planned."""
        what, seconds = self.faults.pop(0) if self.faults else ("", 0.0)
        if what == "429":
            return web.Response(status=429, headers={"Retry-After": f"{seconds:.0f}"})
        if what == "500":
            return web.Response(status=500)
        body = await request.json()
        self.acts.setdefault(request.headers["webhook-id"], body["data"]["text"])
        if what == "lost" and request.transport is not None:
            request.transport.abort()
        return web.json_response({"id": f"answer-{len(self.acts)}"})


@dataclass(eq=False)
class Customers:
    """Carries the events out. `hooks` is the address of Hark's web server as the networks know it."""

    hooks: str
    answers: str
    square: Acts
    page: FacebookServer
    http: aiohttp.ClientSession
    unacknowledged: int = 0
    refused: list[str] = field(default_factory=list)
    _posts: dict[int, str] = field(default_factory=dict)

    async def act(self, event: Event) -> None:
        """Do one thing, and tell of it until it is acknowledged, with all its repetitions."""
        tell = {"webhook": self._webhook, "facebook": self._facebook, "square": self._square}[event.network](event)
        if tell is None:
            return
        async with asyncio.TaskGroup() as group:
            for after in (0.0, *event.again):
                group.create_task(self._until_acknowledged(tell, event.late + after))

    async def _until_acknowledged(self, tell: Callable[[], Awaitable[int]], after: float) -> None:
        self.unacknowledged += 1
        await asyncio.sleep(after)
        while True:
            try:
                status = await tell()
            except (aiohttp.ClientError, TimeoutError, OSError):
                status = 0
            if 200 <= status < 300:
                break
            if 400 <= status < 500:
                self.refused.append(f"a webhook was refused with {status}")
                break
            await asyncio.sleep(RESEND_S)
        self.unacknowledged -= 1

    def _square(self, event: Event) -> None:
        """A post on the square, which Hark finds by asking."""
        known = self._posts.get(event.talk)
        name = PEOPLE[event.talk % len(PEOPLE)]
        made = self.square.post(name, f"@acme.square.test my parcel {event.token} is late", reply_to=known)
        self._posts.setdefault(event.talk, made.uri)

    def _facebook(self, event: Event) -> Callable[[], Awaitable[int]]:
        author = {"id": f"9{event.talk:04d}", "name": f"Customer {event.token}"}
        value = self.page.comment(author, f"My parcel {event.token} is late")
        body = delivery(value, at=int(SystemClock().now().timestamp()))
        return lambda: self._post("facebook", body, signed(body))

    def _webhook(self, event: Event) -> Callable[[], Awaitable[int]]:
        author = {"id": f"u-{event.talk}", "name": "Carla"}
        data: Json = {"id": event.token, "conversation": f"talk-{event.talk}", "author": author}
        data |= {"text": f"My parcel {event.token} is late", "reply_url": self.answers}
        if event.what == "broken":
            head = {"specversion": "1.0", "source": "shop", "type": "comment.created"}
            good = {**head, "id": event.token, "data": data}
            bad = {**head, "id": event.token + DEAD, "data": {"id": event.token + DEAD}}
            form, body = "application/cloudevents-batch+json", json.dumps([good, bad]).encode()
        else:
            kind = "reaction" if event.what == "like" else "comment"
            form, body = "application/json", json.dumps({"type": f"{kind}.created", "data": data}).encode()
        sign = partial(webhook_rig.signed, event.token, body=body, secret=WEBHOOK_SECRET, form=form)
        return lambda: self._post("webhook", body, sign(at=SystemClock().now()))

    async def _post(self, network: str, body: bytes, headers: dict[str, str]) -> int:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        url = f"{self.hooks}/webhooks/{network}"
        async with self.http.post(url, data=body, headers=headers, timeout=timeout) as answer:
            await answer.read()
            return answer.status


def told(events: tuple[Event, ...], replies: dict[str, int], claims: dict[int, str]) -> Told:
    """The ledger of what went in."""
    words = {event.token: event.talk for event in events if event.what != "like"}
    likes = {event.token: event.talk for event in events if event.what == "like"}
    dead = frozenset(event.token + DEAD for event in events if event.what == "broken")
    return Told(words, likes, dead, replies, claims)
