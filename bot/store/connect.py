"""The connection to Redis: how it is made, and the one place where its exceptions become StoreUnavailable."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from bot.domain.errors import StoreUnavailable
from bot.store.scripts import Script

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
TURN_TIMEOUT_S = 5.0
HEALTH_CHECK_S = 30
"""A connection idle for longer is tried with PING before use: hosts drop idle connections without a word."""
MAX_CONNECTIONS = 8

Arg = str | bytes | int | float
Call = tuple[Sequence[str], Sequence[Arg]]
"""The keys and the arguments of one run of a script."""


class GroupMissing(StoreUnavailable):
    """The inbox has no consumer group: the server lost its data, or was flushed."""


@dataclass(frozen=True, slots=True)
class Link:
    """A client and its limits. Every method raises StoreUnavailable when Redis does not answer or refuses.

    Nothing is sent twice by the client: after a broken connection nobody knows whether a command was carried out,
    and only the caller knows whether repeating it is safe. Answers are bytes; str arguments travel as UTF-8, lone
    surrogates included.
    """

    client: "Redis | RedisCluster" = field(repr=False)
    cluster: bool
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONNECTIONS))

    async def do(self, *command: Arg) -> Any:
        """Run one command."""
        async with self._turn():
            return await self.client.execute_command(*command)

    async def many(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """Run commands in one round trip per node; the answers come in the same order."""
        answers = await self.each(commands)
        for answer in answers:
            if isinstance(answer, StoreUnavailable):
                raise answer
        return answers

    async def each(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """Like `many`, but a command that failed answers with its StoreUnavailable."""
        async with self._turn():
            return [translated(answer) for answer in await self._pipelined(commands)]

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        """Run a script."""
        async with self._turn():
            return await self._run(script, keys, args)

    async def run_many(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """Run a script for several shards in one round trip per node."""
        if len(calls) == 1:
            return [await self.run(script, *calls[0])]
        async with self._turn():
            commands = [("EVALSHA", script.sha, len(keys), *keys, *args) for keys, args in calls]
            answers = await self._pipelined(commands)
            for n, (keys, args) in enumerate(calls):
                if isinstance(answers[n], NoScriptError):
                    answers[n] = await self._run(script, keys, args)
        for answer in answers:
            if isinstance(answer, Exception):
                raise _unavailable(answer) from answer
        return answers

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()

    async def _run(self, script: Script, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        try:
            return await self.client.execute_command("EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:
            # EVAL teaches this node the script: a first use, a restart, a failover, or a new node.
            return await self.client.execute_command("EVAL", script.source, len(keys), *keys, *args)

    async def _pipelined(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        if not commands:
            return []
        pipe = self.client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the connections, for one exchange; translates whatever goes wrong."""
        try:
            async with asyncio.timeout(TURN_TIMEOUT_S):
                await self.turns.acquire()
        except TimeoutError as error:
            msg = f"no connection to Redis was free within {TURN_TIMEOUT_S:g} s"
            raise StoreUnavailable(msg) from error
        try:
            yield
        except (RedisError, RedisClusterException, OSError) as error:
            raise _unavailable(error) from error
        finally:
            self.turns.release()


def translated(answer: object) -> object:
    """An answer of a pipeline, its exception in Hark's own words."""
    return _unavailable(answer) if isinstance(answer, Exception) else answer


def _unavailable(error: Exception) -> StoreUnavailable:
    text = str(error) or type(error).__name__
    return GroupMissing(text) if text.startswith("NOGROUP") else StoreUnavailable(f"Redis: {text}")


async def connect(url: str, *, tls_verify: bool = True, max_connections: int = MAX_CONNECTIONS) -> Link:
    """Connect to the server at `url` (redis://, rediss:// or unix://), one node or a cluster, which it finds out.

    Without `tls_verify` a rediss:// server's certificate is not checked (hosts with self-signed ones). Raises
    StoreUnavailable, and ValueError for an address that cannot be read.
    """
    options: dict[str, Any] = {
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "health_check_interval": HEALTH_CHECK_S,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": max_connections + 2,
        "encoding_errors": "surrogatepass",
        "decode_responses": False,
        "protocol": 2,
    }
    if url.startswith("rediss://") and not tls_verify:
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    link = Link(Redis.from_url(url, **options), cluster=False, turns=asyncio.Semaphore(max_connections))
    try:
        clustered = (await link.do("INFO", "cluster")).get("cluster_enabled") == 1
    except StoreUnavailable:
        await link.close()
        raise
    if not clustered:
        return link
    await link.close()
    cluster = RedisCluster.from_url(url, **options)
    return Link(cluster, cluster=True, turns=asyncio.Semaphore(max_connections))
