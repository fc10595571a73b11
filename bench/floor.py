"""What every durable pipeline does at least, each as a process: `python -m bench.floor <kind> <redis> <slack>`.

`relay` takes what the `xadd` baseline stored, stores one document for it (on the disk before anything is posted), posts
the naive forwarder's card and notes that it stands. `desk` is a Bolt app with one button: acknowledge, read a document,
store it, send a message of Hark's size to the response_url. Neither reads, checks, sorts out, counts, claims, limits or
draws anything, so what lies between them and the forwarder is the price of losing nothing; what lies between them and
Hark is Hark. The first line on standard output is the port, or 0 without one.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import web
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ResponseError
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bench.baselines import CONNECTIONS, STREAM, card
from bench.stage import SIGNING_SECRET
from bot.slack.listening import AcknowledgePresses

GROUP = "relay"
AT_ONCE = 64
BLOCK_MS = 1000
DOCUMENT, REDRAW = "x" * 1_300, "x" * 3_000


async def relay(redis: Redis, http: aiohttp.ClientSession, slack: str) -> None:
    """Take, store, post, note, until killed."""
    with suppress(ResponseError):  # the other relay was here first
        await redis.xgroup_create(STREAM, GROUP, id="$", mkstream=True)
    _say(0)
    async with asyncio.TaskGroup() as tasks:
        while True:
            taken: Any = await redis.xreadgroup(GROUP, str(os.getpid()), {STREAM: ">"}, count=AT_ONCE, block=BLOCK_MS)
            for name, fields in taken[0][1] if taken else ():
                tasks.create_task(_pass_on(redis, http, slack, name, fields[b"body"]))


async def _pass_on(redis: Redis, http: aiohttp.ClientSession, slack: str, name: bytes, body: bytes) -> None:
    await redis.hset(_key(name), mapping={"doc": DOCUMENT})
    async with http.post(f"{slack}chat.postMessage", json=card(json.loads(body))) as answer:
        await answer.read()
    noted = redis.pipeline(transaction=False)
    noted.xack(STREAM, GROUP, name)
    noted.xdel(STREAM, name)
    noted.hset(_key(name), mapping={"doc": DOCUMENT})
    await noted.execute()


def _key(name: bytes) -> str:
    return f"bench:floor:{name.decode()}"


async def desk(redis: Redis, http: aiohttp.ClientSession, _slack: str) -> None:
    """Answer presses on any button, until killed."""
    app = AsyncApp(name="floor", authorize=_authorize, signing_secret=SIGNING_SECRET)
    app.use(AcknowledgePresses())

    @app.action(re.compile(""))
    async def press(ack: Callable[[], Awaitable[Any]], body: dict[str, Any]) -> None:
        await ack()
        key = _key(body["actions"][0]["value"].encode())
        await redis.hget(key, "doc")
        await redis.hset(key, mapping={"doc": DOCUMENT})
        async with http.post(body["response_url"], json={"text": REDRAW}) as answer:
            await answer.read()

    async def handle(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    site = web.Application()
    site.router.add_post("/slack/events", handle)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _say(runner.addresses[0][1])
    await asyncio.Event().wait()


async def _authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="xoxb-floor")  # noqa: S106 - nobody's


def _say(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


KINDS = {"relay": relay, "desk": desk}


async def serve(kind: str, address: str, slack: str) -> None:
    """Be one of them until killed."""
    pool = BlockingConnectionPool.from_url(address, max_connections=CONNECTIONS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as http:
        await KINDS[kind](Redis(connection_pool=pool), http, slack)


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:4]))
