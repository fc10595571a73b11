"""Round trips on a connection that is kept: one write, one timer, and the answers as they come.

redis-py's pipeline takes a connection out of its pool for each round trip, starts a task and a timer for the write and
one more timer for each answer, and counts all of it for its telemetry: three times the processor time of the round trip
itself (measured with 8.1 on Python 3.11). Everything that knows the protocol is still redis-py's and hiredis'.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer


@dataclass(slots=True)
class Lane:
    """One connection to one server, for one caller at a time.

    `timeout_s` is how long a whole round trip may take, connecting included.
    """

    client: Redis = field(repr=False)
    timeout_s: float
    _connection: AbstractConnection | None = field(default=None, init=False, repr=False)
    _old: bool = field(default=False, init=False)

    async def pipelined(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The raw answers in the order of the commands; one that the server refused is its ResponseError.

        Raises RedisError or OSError when the connection fails: then nobody knows which of them were carried out.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._exchange(await self._ready(), commands)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self.timeout_s:g} s") from error

    def renew(self) -> None:
        """Have the next round trip open another connection; the one that is under way goes on."""
        self._old = True

    async def close(self) -> None:
        """Close the connection; the next round trip would open another one."""
        if self._connection is not None:
            await self._connection.disconnect()

    async def _ready(self) -> AbstractConnection:
        """The connection; one that was closed, broke off, is to be renewed or holds an old answer is opened anew."""
        old, self._old = self._old, False
        if self._connection is None:
            pool = self.client.connection_pool
            # The round trip has one timer; redis-py would set its own for each step.
            self._connection = pool.connection_class(**pool.connection_kwargs | {"socket_timeout": None})
        elif self._connection.is_connected and (
            old or _is_broken(self._connection) or await self._connection.can_read()
        ):
            await self._connection.disconnect(nowait=True)
        return self._connection

    async def _exchange(self, connection: AbstractConnection, commands: Sequence[Sequence[Any]]) -> list[Any]:
        try:
            await connection.send_packed_command(connection.pack_commands(commands))
            return [await self._answer(connection, command[0]) for command in commands]
        except BaseException:
            # An answer that still comes must not be taken for the next one's.
            await connection.disconnect(nowait=True)
            raise

    async def _answer(self, connection: AbstractConnection, name: str) -> Any:
        try:
            answer = await connection.read_response()
        except ResponseError as error:
            return error
        form = self.client.response_callbacks.get(name)
        return answer if form is None else form(answer)


def _is_broken(connection: AbstractConnection) -> bool:
    """Whether the connection broke off, which is not the same as being closed in order.

    redis-py (8.1) still takes it for connected, and asyncio answers the next write with a TypeError: in Python 3.12, in
    3.13 up to 3.13.9 and in 3.14.0 (https://github.com/python/cpython/issues/136234).
    """
    writer = connection._writer  # noqa: SLF001 - it has no other name for it
    return writer is not None and writer.transport.is_closing()


@dataclass(slots=True)
class Lanes:
    """As many lanes as there are round trips under way at once.

    A server that refuses a write because it has become another one's replica still answers everything else: whoever
    stayed with it would never write again. All lanes open their connections anew then, since whatever stands behind the
    address (a name, a virtual address, a proxy) leads to the server that has taken its place.
    """

    client: Redis = field(repr=False)
    timeout_s: float
    _all: list[Lane] = field(default_factory=list, init=False)
    _free: list[Lane] = field(default_factory=list, init=False)

    async def pipelined(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """As a lane does; others may be under way meanwhile."""
        lane = self._free.pop() if self._free else self._new()
        try:
            answers = await lane.pipelined(commands)
        finally:
            self._free.append(lane)
        if any(isinstance(answer, ReadOnlyError) for answer in answers):
            for each in self._all:
                each.renew()
        return answers

    async def close(self) -> None:
        """Close every connection; a round trip that is under way fails."""
        for lane in self._all:
            await lane.close()

    def _new(self) -> Lane:
        lane = Lane(self.client, self.timeout_s)
        self._all.append(lane)
        return lane
