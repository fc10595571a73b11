"""What Meta's servers, and others in their name, do at the door of the running bot."""

import json
from collections.abc import Mapping
from io import BytesIO

import aiohttp

from bot.web import MAX_BODY
from tests.support.graph_server import APP_SECRET, VERIFY_TOKEN, signed
from tests.support.rig import Rig

CHALLENGE = "1158201444"


def _door(rig: Rig, network: str) -> str:
    return f"http://127.0.0.1:{rig.port}/webhooks/{network}"


async def deliver(
    rig: Rig, network: str, body: bytes, *, secret: str = APP_SECRET, headers: Mapping[str, str] | None = None
) -> int:
    """Post a delivery as the network does, or with other `headers`; the status of the answer."""
    given = signed(body, secret) if headers is None else headers
    async with (
        aiohttp.ClientSession() as http,
        http.post(_door(rig, network), data=BytesIO(body), headers=given) as answer,
    ):
        return answer.status


async def assert_handshake(rig: Rig, network: str) -> None:
    """The challenge goes back to who knows our word, and to nobody else."""
    async with aiohttp.ClientSession() as http:
        for token, expected in ((VERIFY_TOKEN, (200, CHALLENGE)), ("guess", (403, "not genuine\n"))):
            query = {"hub.mode": "subscribe", "hub.challenge": CHALLENGE, "hub.verify_token": token}
            async with http.get(_door(rig, network), params=query) as answer:
                assert (answer.status, await answer.text()) == expected


async def assert_only_genuine(rig: Rig, network: str, body: bytes) -> None:
    """Signed by another, unsigned, cut off, lengthened, spelled anew, empty, too large: refused, and nothing stored."""
    assert await deliver(rig, network, body, secret="f" * 32) == 403
    assert await deliver(rig, network, body, headers={}) == 403
    for sent in (body[:-1], body + b"\n", json.dumps(json.loads(body), indent=1).encode(), b""):
        assert await deliver(rig, network, sent, headers=signed(body)) == 403
    assert await deliver(rig, network, body + b" " * MAX_BODY) == 413
    assert await rig.service.store.inbox.depth() == 0
    assert rig.cards() == []
