"""One exchange with a network: an answer without end fills no memory, a cookie is not kept."""

import tracemalloc
import zlib
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from bot.domain.errors import NetworkError, Transient, Unknown
from bot.http import open_session
from connectors.exchange import MAX_ANSWER, exchange
from tests.support.loopback import catch_all

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CHUNK = b"x" * 262_144


async def answer(url: str, *, writes: bool = False) -> bytes:
    """What comes back of one exchange."""
    async with aiohttp.ClientSession() as http:
        return (await exchange(http, "POST", url, params={}, writes=writes))[2]


async def flood(request: web.Request) -> web.StreamResponse:
    """An answer that goes on for as long as somebody reads."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(CHUNK)
    except ConnectionError:
        return response


async def bomb(request: web.Request) -> web.Response:
    """Much in little: 128 MB in 128 kB."""
    del request
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(CHUNK) for _ in range(512)) + packer.flush()
    return web.Response(body=packed, headers={"Content-Encoding": "gzip"})


async def exact(request: web.Request) -> web.Response:
    """As much as is taken."""
    del request
    return web.Response(body=b"x" * MAX_ANSWER)


@pytest.mark.parametrize("network", [flood, bomb])
@pytest.mark.parametrize(("writes", "error"), [(False, Transient), (True, Unknown)])
async def test_an_answer_without_end_is_given_up(network: Handler, writes: bool, error: type[NetworkError]) -> None:
    """Whoever stands in for a network cannot fill the memory; whether a write was carried out is then not known."""
    async with catch_all(network) as url:
        tracemalloc.start()
        try:
            with pytest.raises(error, match="answered more than 8 MiB"):
                await answer(url, writes=writes)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 12 * MAX_ANSWER


async def test_a_long_answer_comes_whole() -> None:
    """Up to the last byte."""
    async with catch_all(exact) as url:
        assert len(await answer(url)) == MAX_ANSWER


async def test_no_cookie_is_kept_from_one_call_to_the_next() -> None:
    """All accounts of a network share its host, and a session that it gives to one of them is nothing to the others."""
    shown: list[str] = []

    async def sets(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "session=ana; Path=/"})

    async with catch_all(sets) as url, open_session() as http:
        named = url.replace("127.0.0.1", "localhost")  # a jar keeps none for an address of numbers
        for _ in range(2):
            await exchange(http, "GET", named, params={})
    assert shown == ["", ""]
