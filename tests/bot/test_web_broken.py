"""Requests that break off or are none: ordinary on the open internet, and no defect of Hark's."""

import asyncio
import gc
import logging
import tracemalloc
from io import BytesIO

import pytest
from aiohttp import ClientSession

from bot.roles import Role
from tests.bot.test_web import Site, a_site
from tests.support.bot_process import a_sandbox, serving
from tests.support.waiting import wait_until

DOOR = b"POST /webhooks/webhook HTTP/1.1\r\nHost: hark\r\n"


async def says(site: Site, raw: bytes, answer: bytes = b"") -> None:
    """Somebody connects, says this much, waits for an answer or does not, and hangs up."""
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    await writer.drain()
    if answer:
        await reader.readuntil(answer)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (DOOR + b"Content-Length: 50\r\n\r\nhalf", b""),
        (DOOR + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", b""),
        (DOOR + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n", b"400"),
        (DOOR + b"Content-Length: -5\r\n\r\n", b"400"),
        (DOOR + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", b"415"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    ],
)
async def test_it_is_told_in_one_line(
    redis_url: str, caplog: pytest.LogCaptureFixture, raw: bytes, answer: bytes
) -> None:
    """No error and no trace: whoever sent it may send it again, and nothing of it is stored."""
    caplog.set_level(logging.INFO)
    async with a_site(redis_url) as site:
        await says(site, raw, answer)
        await wait_until(lambda: caplog.records, "the server has noticed")
        assert [(each.levelname, each.exc_info) for each in caplog.records] == [("INFO", None)]
        assert "could not be read" in caplog.text
        assert await site.stored() == []


async def test_a_body_that_does_not_come_is_not_waited_for(redis_url: str) -> None:
    """A few thousand of them, 4 MB each but for the last byte, would fill the memory of any machine for as long as
    they like. Whoever is slow is told so and counted; others come through meanwhile."""
    async with a_site(redis_url, body_s=0.3) as site:
        host, port = site.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(DOOR + b"Content-Length: 4000000\r\n\r\n" + b"x" * 3_000_000)
        assert await site.post("/webhooks/postbox", b"quick") == 200
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"Connection: close" in answer
        slow = site.metrics.registry.get_sample_value("hark_webhooks_total", {"network": "webhook", "status": "408"})
        assert slow == 1
        writer.close()


async def test_what_is_sent_packed_is_not_unpacked(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Wherever it is sent to, and whoever sends it: nobody finds out that it is not packed at all."""
    caplog.set_level(logging.INFO)
    async with a_sandbox(redis_url) as (_, env), serving(env, Role.WEB) as (_, port), ClientSession() as http:
        for door, answer in (("webhooks/webhook", 415), ("webhooks/nowhere", 404)):
            packed = {"Content-Encoding": "gzip"}
            async with http.post(f"http://127.0.0.1:{port}/{door}", data=BytesIO(b"abcde"), headers=packed) as found:
                assert found.status == answer
    assert "could not be read" not in caplog.text


async def test_what_had_come_of_a_body_does_not_stay_in_memory(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody may send 4 MB and hang up, and the collector of reference cycles comes by seldom."""
    caplog.set_level(logging.INFO)
    said = DOOR + b"Content-Length: 4000000\r\n\r\n" + b"x" * 3_000_000
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        async with a_site(redis_url) as site:
            await says(site, said)
            await wait_until(lambda: caplog.records, "the server has noticed")
            kept, _ = tracemalloc.get_traced_memory()
        assert kept < len(said) / 2
    finally:
        tracemalloc.stop()
        gc.enable()
