"""What Hark is measured against, each as a process: `python -m bench.baselines <kind> <door> [address]`.

`bare` checks the signature and stores nothing; `xadd` does one XADD for each request before it answers (a server that
writes to the disk at once); `forward` is the naive forwarder: signature, then chat.postMessage with a card of three
blocks, no storage, no retry, no dedupe. The first line on standard output is the port.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web
from redis.asyncio import Redis

from bench import events

Handler = Callable[[web.Request], Awaitable[web.Response]]
Check = Callable[[web.Request, bytes], bool]
CONNECTIONS = 32
STREAM = "bench:naive"


def is_facebook(request: web.Request, body: bytes) -> bool:
    """X-Hub-Signature-256 over the raw body."""
    digest = hmac.digest(events.META_SECRET.encode(), body, hashlib.sha256).hex()
    return hmac.compare_digest(request.headers.get("X-Hub-Signature-256", ""), f"sha256={digest}")


def is_webhook(request: web.Request, body: bytes) -> bool:
    """Standard Webhooks over id, timestamp and raw body."""
    head = f"{request.headers.get('webhook-id', '')}.{request.headers.get('webhook-timestamp', '')}."
    signed = base64.b64encode(hmac.digest(events.KEY, head.encode() + body, hashlib.sha256)).decode()
    return hmac.compare_digest(request.headers.get("webhook-signature", ""), f"v1,{signed}")


CHECKS: dict[str, Check] = {"facebook": is_facebook, "webhook": is_webhook}


def bare(check: Check) -> Handler:
    """Check and answer."""

    async def handle(request: web.Request) -> web.Response:
        fine = check(request, await request.read())
        return web.Response(text="ok") if fine else web.Response(status=403)

    return handle


def xadd(check: Check, redis: Redis) -> Handler:
    """Check, one XADD, answer."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if not check(request, body):
            return web.Response(status=403)
        await redis.xadd(STREAM, {"body": body})
        return web.Response(text="ok")

    return handle


def forward(check: Check, session: aiohttp.ClientSession, slack: str) -> Handler:
    """Check, post a card, answer."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if not check(request, body):
            return web.Response(status=403)
        async with session.post(f"{slack}chat.postMessage", json=card(json.loads(body))) as answer:
            await answer.read()
        return web.Response(text="ok")

    return handle


def card(event: dict[str, dict[str, object]]) -> dict[str, object]:
    """Header, section with a button, four actions: as much as anybody would write by hand."""
    text = str(event["data"]["text"])
    buttons = [
        {"type": "button", "action_id": name, "text": plain(name)} for name in ("Claim", "Reply", "Thank", "More")
    ]
    return {
        "channel": "C0BENCH001",
        "text": text,
        "blocks": [
            {"type": "header", "text": plain("New comment")},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": text},
                "accessory": {
                    "type": "button",
                    "action_id": "open",
                    "text": plain("Open"),
                    "url": event["data"]["url"],
                },
            },
            {"type": "actions", "elements": buttons},
        ],
    }


def plain(text: str) -> dict[str, str]:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


async def serve(kind: str, door: str, address: str) -> None:
    """Listen on a free port until killed. `address` is the server's or Slack's, for those who need one."""
    check = CHECKS[door]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
        if kind == "bare":
            handler = bare(check)
        elif kind == "xadd":
            handler = xadd(check, Redis.from_url(address, max_connections=CONNECTIONS))
        else:
            handler = forward(check, session, address)
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/webhooks/{network}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""))
