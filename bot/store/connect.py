"""The connection to Redis: how it is made, and the one place where its exceptions become StoreUnavailable."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.domain.errors import StoreUnavailable
from bot.store.cluster import Nodes
from bot.store.lane import Lanes
from bot.store.packing import packing
from bot.store.scripts import Script

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
HEALTH_CHECK_S = 30
"""A connection idle for longer is tried with PING before use: hosts drop idle connections without a word."""
CARRIERS = 2
"""Round trips under way at once. More would make each of them smaller, and an exchange costs more than a command."""
TOGETHER = 512
MAX_CONNECTIONS = 64
"""Far more than the lanes and the readers that wait at the server need."""

Arg = str | bytes | int | float
Call = tuple[Sequence[str], Sequence[Arg]]
"""The keys and the arguments of one run of a script."""


Ask = tuple[Sequence[Sequence[Arg]], "asyncio.Future[list[Any]]"]
"""Commands of one caller, and where their answers go."""


class GroupMissing(StoreUnavailable):
    """The inbox has no consumer group: the server lost its data, or was flushed."""


@dataclass(slots=True)
class Link:
    """A client whose callers share their round trips: what is asked while others are under way goes out together.

    Every method raises StoreUnavailable when Redis does not answer or refuses. Nothing is sent twice: after a broken
    connection nobody knows whether a command was carried out, and only the caller knows whether repeating it is safe.
    Answers are bytes; str arguments travel as UTF-8, lone surrogates included.
    """

    client: "Redis | RedisCluster" = field(repr=False)
    cluster: bool
    _asked: "list[Ask]" = field(default_factory=list, init=False)
    _carriers: "set[asyncio.Task[None]]" = field(default_factory=set, init=False)
    _on_the_way: int = field(default=0, init=False)
    _starting: bool = field(default=False, init=False)
    _road: "Nodes | Lanes" = field(init=False)

    def __post_init__(self) -> None:
        if isinstance(self.client, RedisCluster):
            self._road = Nodes(self.client)
        else:
            self._road = Lanes(self.client, ANSWER_TIMEOUT_S)

    async def do(self, *command: Arg) -> Any:
        """Run one command."""
        answer = (await self.each((command,)))[0]
        if isinstance(answer, StoreUnavailable):
            raise answer
        return answer

    async def many(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """Run commands in one round trip per node; the answers come in the same order."""
        answers = await self.each(commands)
        for answer in answers:
            if isinstance(answer, StoreUnavailable):
                raise answer
        return answers

    async def each(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """Like `many`, but a command that failed answers with its StoreUnavailable."""
        return [translated(answer) for answer in await self._ask(commands)]

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """Run a script."""
        return (await self.run_many(script, ((keys, args),)))[0]

    async def run_many(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """Run a script several times, for several shards, in one round trip per node."""
        answers = await self._ask([("EVALSHA", script.sha, len(keys), *keys, *args) for keys, args in calls])
        for n, (keys, args) in enumerate(calls):
            if isinstance(answers[n], NoScriptError):
                # EVAL teaches this node the script: a first use, a restart, a failover, or a new node.
                answers[n : n + 1] = await self._ask([("EVAL", script.source, len(keys), *keys, *args)])
        for answer in answers:
            if isinstance(answer, Exception):
                raise _unavailable(answer) from answer
        return answers

    async def alone(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """Like `many`, on a connection of its own: the last command may wait at the server and holds up nobody."""
        try:
            answers = await self._pipelined(commands)
        except (RedisError, RedisClusterException, OSError) as error:
            raise _unavailable(error) from error
        for answer in answers:
            if isinstance(answer, Exception):
                raise _unavailable(answer) from answer
        return answers

    async def close(self) -> None:
        """Finish what is under way, and close every connection."""
        if self._carriers:
            await asyncio.wait(self._carriers)
        await self._road.close()
        await self.client.aclose()

    async def _ask(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """The raw answers, exceptions among them, once they are here."""
        loop = asyncio.get_running_loop()
        answers: asyncio.Future[list[Any]] = loop.create_future()
        self._asked.append((commands, answers))
        if not self._starting and self._on_the_way < CARRIERS:
            self._starting = True
            self._on_the_way += 1
            # A task of its own: a caller that is cancelled must not take the others' commands along.
            carrier = loop.create_task(self._carry())
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)
        return await answers

    async def _carry(self) -> None:
        """Take what has been asked to the server, until nothing is left to take.

        Who has looked in vain is on the way no more, from that moment on: whoever asks next must not rely on it.
        """
        self._starting = False
        try:
            while self._asked:
                asks, self._asked = self._asked[:TOGETHER], self._asked[TOGETHER:]
                await self._take_along(asks)
        finally:
            self._on_the_way -= 1

    async def _take_along(self, asks: "Sequence[Ask]") -> None:
        """One round trip, and everybody's own answers."""
        # Whoever was cancelled meanwhile has told nobody that it was done.
        asks = [ask for ask in asks if not ask[1].done()]
        commands = [command for wanted, _ in asks for command in wanted]
        answers: list[Any] = [_Interrupted()] * len(commands)
        try:
            answers = await self._pipelined(commands)
        except (RedisError, RedisClusterException, OSError) as error:
            answers = [error] * len(commands)
            if isinstance(error, TimeoutError | RedisTimeoutError):
                # The server is stuck: whoever waits behind would wait as long again.
                _settle(self._asked, [error] * sum(len(wanted) for wanted, _ in self._asked))
                self._asked = []
        finally:
            _settle(asks, answers)

    async def _pipelined(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        return await self._road.pipelined(commands) if commands else []


class _Interrupted(RedisError):
    """The carrier was stopped in the middle of a round trip."""


def _settle(asks: Sequence[Ask], answers: Sequence[Any]) -> None:
    """Give every caller its own answers."""
    at = 0
    for commands, answer in asks:
        if not answer.done():
            answer.set_result(list(answers[at : at + len(commands)]))
        at += len(commands)


def translated(answer: object) -> object:
    """An answer of a pipeline, its exception in Hark's own words."""
    return _unavailable(answer) if isinstance(answer, Exception) else answer


def _unavailable(error: Exception) -> StoreUnavailable:
    text = str(error) or type(error).__name__
    return GroupMissing(text) if text.startswith("NOGROUP") else StoreUnavailable(f"Redis: {text}")


async def connect(url: str, *, tls_verify: bool = True) -> Link:
    """Connect to the server at `url` (redis://, rediss:// or unix://), one node or a cluster, which it finds out.

    Without `tls_verify` a rediss:// server's certificate is not checked (hosts with self-signed ones). Raises
    StoreUnavailable, and ValueError for an address that cannot be read.
    """
    options: dict[str, Any] = {
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "health_check_interval": HEALTH_CHECK_S,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": MAX_CONNECTIONS,
        "encoding_errors": "surrogatepass",
        "decode_responses": False,
        "protocol": 2,
    }
    if url.startswith("rediss://") and not tls_verify:
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    link = Link(packing(Redis.from_url(url, **options)), cluster=False)
    try:
        clustered = (await link.do("INFO", "cluster")).get("cluster_enabled") == 1
    except StoreUnavailable:
        await link.close()
        raise
    if not clustered:
        return link
    await link.close()
    cluster = RedisCluster.from_url(url, **options)
    return Link(cluster, cluster=True)
