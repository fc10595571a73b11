"""A small HTTP/1.1 client and the message reader that client and fake Slack share: quick enough not to be the limit."""

import asyncio
from typing import Final

END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length:"
LOST: Final = 0
"""The status of a request that got no answer."""


def split(buffer: bytearray) -> tuple[bytes, bytes] | None:
    """Take one whole message (head and body) off the front of a buffer; None while it is not whole.

    Only messages with a Content-Length or without a body are understood, which is all that is used here.
    """
    end = buffer.find(END)
    if end < 0:
        return None
    head = bytes(buffer[:end])
    total = end + len(END) + length_of(head)
    if len(buffer) < total:
        return None
    content = bytes(buffer[end + len(END) : total])
    del buffer[:total]
    return head, content


def length_of(head: bytes) -> int:
    """The Content-Length that a head names, or 0."""
    start = head.lower().find(LENGTH)
    if start < 0:
        return 0
    value = head[start + len(LENGTH) :].split(b"\r\n", 1)[0]
    return int(value)


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request under way at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_connection makes
        self._transport, self.is_open = transport, True

    def data_received(self, data: bytes) -> None:
        """Answer the waiting request once its answer is whole."""
        self._buffer += data
        message = split(self._buffer)
        if message is None or self._answer is None:
            return
        head, content = message
        answer, self._answer = self._answer, None
        if b"connection: close" in head.lower():
            self.close()
        if not answer.done():
            answer.set_result((int(head[9:12]), content))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits that no answer will come."""
        del exc
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((LOST, b""))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; its status and body, or LOST when the connection broke."""
        if self._transport is None or not self.is_open:
            return LOST, b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End the connection."""
        self.is_open = False
        if self._transport is not None:
            self._transport.close()


class Client:
    """Connections to one port of this machine: idle ones are used again, and a new one is opened when none is idle."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request on any connection; LOST when the server cannot be reached or breaks off."""
        connection = await self._connection()
        if connection is None:
            return LOST, b""
        answer = await connection.ask(request)
        if connection.is_open:
            self._idle.append(connection)
        return answer

    async def warm(self, connections: int) -> None:
        """Open that many connections beforehand."""
        opened = [await self._connection() for _ in range(connections)]
        self._idle += [each for each in opened if each is not None]

    def close(self) -> None:
        """End all idle connections."""
        for connection in self._idle:
            connection.close()

    async def _connection(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        try:
            _, made = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port)
        except OSError:
            return None
        return made
