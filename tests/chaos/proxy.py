"""A line between two programs that can be cut, slowed, or made to swallow the answers."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 2**16
SLOW_S = 0.2


@dataclass(eq=False)
class Trap:
    """Goes off once: right after words that `pattern` finds in them were carried to the far side."""

    pattern: re.Pattern[bytes]
    spring: Callable[[], None]
    sprung: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Line:
    """A TCP proxy on loopback. `mode` is open, cut, delay or mute; `port` is where it listens.

    `to` is where it leads: a port of loopback, or the path of a unix socket.
    """

    to: int | str
    port: int = 0
    mode: str = "open"
    trap: Trap | None = None
    _ways: set[asyncio.WriteTransport] = field(default_factory=set)
    _robbed: set[asyncio.WriteTransport] = field(default_factory=set)
    _carried: set[asyncio.Task[None]] = field(default_factory=set)

    def fail(self, mode: str) -> None:
        """Begin to fail: cut breaks every connection and refuses new ones; the other modes keep them."""
        self.mode = mode
        if mode == "cut":
            for way in self._ways:
                reset(way)

    def mend(self) -> None:
        """End the trouble. A connection of which an answer was swallowed is broken: its peer waits in vain."""
        self.mode = "open"
        for way in self._robbed:
            reset(way)
        self._robbed.clear()

    @property
    def has_swallowed(self) -> bool:
        """Whether an answer was swallowed whose peer still waits."""
        return bool(self._robbed)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one more connection."""
        task = asyncio.ensure_future(self.serve(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def close(self) -> None:
        """Break every connection and wait until nothing of them is left."""
        self.fail("cut")
        await asyncio.gather(*self._carried, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        if self.mode == "cut":
            await end(writer)
            return
        try:
            far_reader, far_writer = await self._reach()
        except OSError:
            await end(writer)
            return
        ways = {writer.transport, far_writer.transport}
        self._ways |= ways
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, far_writer, writer, answers=False))
                group.create_task(self._carry(far_reader, writer, far_writer, answers=True))
        finally:
            await asyncio.gather(end(writer), end(far_writer))
            self._ways -= ways
            self._robbed -= ways

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.to, str):
            return await asyncio.open_unix_connection(self.to)
        return await asyncio.open_connection("127.0.0.1", self.to)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if self.mode == "delay":
                    await asyncio.sleep(SLOW_S)
                if self.mode == "mute" and answers:
                    self._robbed.add(writer.transport)
                    continue
                writer.write(chunk)
                if self.trap is not None and not answers and self.trap.pattern.search(chunk):
                    trap, self.trap = self.trap, None
                    trap.spring()
                    trap.sprung.set()
                await writer.drain()
        # Whoever ends its half ends the whole: none of the programs here leaves a connection half open.
        for each in (writer, back):
            each.close()


def reset(way: asyncio.WriteTransport) -> None:
    """Break a connection so that the other side is told of it as an error, not as an end."""
    with suppress(OSError):  # it has just been closed from the other side
        way.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    way.abort()


async def end(writer: asyncio.StreamWriter) -> None:
    """Break a connection; returns when its socket is closed."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def a_line(to: int | str) -> AsyncIterator[Line]:
    """A line to a port or a socket, closed with the block."""
    line = Line(to)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await line.close()  # first: from Python 3.12 on, a server waits for its connections to end
        await server.wait_closed()
