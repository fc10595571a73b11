"""The one HTTP session that Slack and all networks share."""

import asyncio
import socket

import aiohttp
from aiohttp.abc import AbstractStreamWriter

USER_AGENT = "Hark/26.11 (customer care from Slack)"
TOTAL_S = 20.0
CONNECT_S = 5.0
CONNECTIONS = 100


def open_session() -> aiohttp.ClientSession:
    """A session with limits on everything. Close it last. Proxies are used only where a call names one.

    No cookie is kept: the accounts of one network share its host, and what one is given is nothing to the others.
    """
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S),
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, family=socket.AF_UNSPEC, ttl_dns_cache=60),
        headers={"User-Agent": USER_AGENT},
        raise_for_status=False,
    )


class Prompt(aiohttp.BytesPayload):
    """A body that begins to be sent within so many seconds, or not at all: then the call ends with
    aiohttp.ConnectionTimeoutError.

    aiohttp may write it in a later turn of the loop, which no time limit of the call reaches. Who is frozen in between
    would send it on waking, when another has long looked for it in vain and sent it as well.
    """

    def __init__(self, content: bytes, content_type: str, within_s: float) -> None:
        super().__init__(content, content_type=content_type)
        self._until = asyncio.get_running_loop().time() + within_s

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send it, with the headers, which wait for it; or neither."""
        if asyncio.get_running_loop().time() > self._until:
            msg = "the process slept, and it was too late to send anything"
            raise aiohttp.ConnectionTimeoutError(msg)
        await super().write_with_length(writer, content_length)
