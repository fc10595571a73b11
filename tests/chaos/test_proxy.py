"""The line that can be cut: what goes in comes out, and each trouble is what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.chaos.proxy import SLOW_S, Line, a_line, end
from tests.support.waiting import wait_until


@asynccontextmanager
async def an_echo(heard: list[bytes]) -> AsyncIterator[Line]:
    """A line to a program that answers each line with the same in capitals, and keeps what it heard."""

    open_now: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.append(writer)
        try:
            with suppress(ConnectionError):
                while words := await reader.readline():
                    heard.append(words)
                    writer.write(words.upper())
        finally:
            open_now.remove(writer)
            await end(writer)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        async with a_line(server.sockets[0].getsockname()[1]) as line:
            yield line
        await wait_until(lambda: not open_now, "the program behind the line has hung up")
    finally:
        server.close()
        await server.wait_closed()


async def ask(line: Line, words: bytes) -> bytes:
    """One question over a connection of its own; empty, or an error, when the connection breaks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    try:
        writer.write(words)
        return await reader.readline()
    finally:
        await end(writer)


async def test_an_open_line_carries_both_ways() -> None:
    """Question and answer pass, on many connections at once."""
    async with an_echo([]) as line:
        answers = await asyncio.gather(*(ask(line, b"n%d\n" % n) for n in range(20)))
        assert answers == [b"N%d\n" % n for n in range(20)]


async def test_a_cut_breaks_what_there_is_and_refuses_what_comes() -> None:
    """Both see it at once; after mending, new connections work."""
    async with an_echo([]) as line:
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"a\n")
        assert await reader.readline() == b"A\n"
        line.fail("cut")
        with pytest.raises(ConnectionError):
            await reader.readexactly(1)
        await end(writer)
        with suppress(ConnectionError):
            assert await ask(line, b"b\n") == b""
        line.mend()
        assert await ask(line, b"c\n") == b"C\n"


async def test_a_mute_line_does_the_act_and_loses_the_answer() -> None:
    """The far side hears the question; the asker hears nothing, and at the end of the trouble a broken connection."""
    heard: list[bytes] = []
    async with an_echo(heard) as line:
        line.fail("mute")
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(b"a\n")
        await wait_until(lambda: heard == [b"a\n"], "the act was done")
        await wait_until(lambda: bool(line._robbed), "the answer was swallowed")
        line.mend()
        with suppress(ConnectionError):
            assert await reader.read() == b""
        await end(writer)
        assert await ask(line, b"b\n") == b"B\n"


async def test_a_slow_line_delays_each_way() -> None:
    """Question and answer each take their time."""
    async with an_echo([]) as line:
        line.fail("delay")
        began = asyncio.get_running_loop().time()
        assert await ask(line, b"a\n") == b"A\n"
        assert asyncio.get_running_loop().time() - began >= 2 * SLOW_S - 0.01


async def test_a_line_to_nobody_breaks_each_connection() -> None:
    """A dead program behind the line looks like a dead program."""
    async with an_echo([]) as line:
        port = line.to
    async with a_line(port) as dead:
        with suppress(ConnectionError):
            assert await ask(dead, b"a\n") == b""
