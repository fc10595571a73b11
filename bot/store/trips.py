"""Round trips that callers share: what is asked while others are under way goes out together with the next.

A server that writes to its disk before it answers does so once for each round trip, and answers nobody meanwhile. So
what nobody waits for does not set out by itself: it goes along with the next one that writes anyhow.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis.exceptions import RedisClusterException, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

CARRIERS = 2
"""Round trips under way at once. More would make each of them smaller, and an exchange costs more than a command."""
TOGETHER = 512
PATIENCE_S = 0.02
"""How long what is patient waits for others. With somebody's case at work there are some every few milliseconds."""

Arg = str | bytes | int | float
Command = Sequence[Arg]


class Road(Protocol):
    """A way to the server: one node's, or a cluster's."""

    async def pipelined(self, commands: Sequence[Command]) -> list[Any]:
        """The raw answers in the order of the commands, exceptions of single ones among them."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """Commands of one caller, and where their answers go."""

    commands: Sequence[Command]
    answers: "asyncio.Future[list[Any]]"
    writes: bool


@dataclass(slots=True)
class Trips:
    """Everybody's commands on their way to one server. Nothing is sent twice."""

    road: Road = field(repr=False)
    _asked: list[Ask] = field(default_factory=list, init=False)
    _patient: list[Ask] = field(default_factory=list, init=False)
    _patience: asyncio.TimerHandle | None = field(default=None, init=False)
    _carriers: "set[asyncio.Task[None]]" = field(default_factory=set, init=False)
    _on_the_way: int = field(default=0, init=False)
    _starting: bool = field(default=False, init=False)

    def ask(self, commands: Sequence[Command], *, writes: bool = False, patient: bool = False) -> Awaitable[list[Any]]:
        """The raw answers, exceptions among them, once they are here.

        What is `patient` goes along with the next round trip that `writes`, or by itself after `PATIENCE_S`.
        """
        loop = asyncio.get_running_loop()
        ask = Ask(commands, loop.create_future(), writes)
        if patient:
            self._patient.append(ask)
            if self._patience is None:
                self._patience = loop.call_later(PATIENCE_S, self._lose_patience)
        else:
            self._asked.append(ask)
            self._set_out()
        return ask.answers

    async def close(self) -> None:
        """Finish what is under way, and what waits to be; then close the connections."""
        if self._patient:
            self._lose_patience()
        if self._carriers:
            await asyncio.wait(self._carriers)
        await self.road.close()

    def _set_out(self) -> None:
        """See that somebody takes along what has been asked."""
        if not self._starting and self._on_the_way < CARRIERS:
            self._starting = True
            self._on_the_way += 1
            # A task of its own: a caller that is cancelled must not take the others' commands along.
            carrier = asyncio.get_running_loop().create_task(self._carry())
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)

    def _lose_patience(self) -> None:
        self._asked += self._waiting()
        self._set_out()

    def _waiting(self) -> list[Ask]:
        """Those who were patient, and are to wait no longer."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        patient, self._patient = self._patient, []
        return patient

    async def _carry(self) -> None:
        """Take what has been asked to the server, until nothing is left to take.

        Who has looked in vain is on the way no more, from that moment on: whoever asks next must not rely on it.
        """
        self._starting = False
        try:
            while self._asked:
                asks, self._asked = self._asked[:TOGETHER], self._asked[TOGETHER:]
                if self._patient and any(ask.writes for ask in asks):
                    asks += self._waiting()
                await self._take_along(asks)
        finally:
            self._on_the_way -= 1

    async def _take_along(self, asks: Sequence[Ask]) -> None:
        """One round trip, and everybody's own answers."""
        # Whoever was cancelled meanwhile has told nobody that it was done.
        asks = [ask for ask in asks if not ask.answers.done()]
        commands = [command for ask in asks for command in ask.commands]
        answers: list[Any] = [_Interrupted()] * len(commands)
        try:
            answers = await self.road.pipelined(commands) if commands else []
        except (RedisError, RedisClusterException, OSError) as error:
            answers = [error] * len(commands)
            if isinstance(error, TimeoutError | RedisTimeoutError):
                # The server is stuck: whoever waits behind would wait as long again.
                behind, self._asked = self._asked + self._waiting(), []
                _settle(behind, [error] * sum(len(ask.commands) for ask in behind))
        finally:
            _settle(asks, answers)


class _Interrupted(RedisError):
    """The carrier was stopped in the middle of a round trip."""


def _settle(asks: Sequence[Ask], answers: Sequence[Any]) -> None:
    """Give every caller its own answers."""
    at = 0
    for ask in asks:
        if not ask.answers.done():
            ask.answers.set_result(list(answers[at : at + len(ask.commands)]))
        at += len(ask.commands)
