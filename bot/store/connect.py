"""The connection to Redis: how it is made, and the one place where its exceptions become StoreUnavailable."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from bot.domain.errors import StoreUnavailable
from bot.store.cluster import Nodes
from bot.store.lane import Lanes
from bot.store.packing import packing
from bot.store.scripts import Script
from bot.store.trips import Arg, Command, Trips

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
HEALTH_CHECK_S = 30
"""A connection idle for longer is tried with PING before use: hosts drop idle connections without a word."""
MAX_CONNECTIONS = 64
"""Far more than the lanes and the readers that wait at the server need."""

Call = tuple[Sequence[str], Sequence[Arg]]
"""The keys and the arguments of one run of a script."""


class GroupMissing(StoreUnavailable):
    """The inbox has no consumer group: the server lost its data, or was flushed."""


@dataclass(slots=True)
class Link:
    """A client whose callers share their round trips; what is `patient` waits for others a little (`bot.store.trips`).

    Every method raises StoreUnavailable when Redis does not answer or refuses. Nothing is sent twice: after a broken
    connection nobody knows whether a command was carried out, and only the caller knows whether repeating it is safe.
    Answers are bytes, in the same shapes from one node and from a cluster: of HGETALL a dict, of ZSCAN a number and
    pairs, of other pairs one flat list. str arguments travel as UTF-8, lone surrogates included.
    """

    client: "Redis | RedisCluster" = field(repr=False)
    cluster: bool
    _road: "Nodes | Lanes" = field(init=False, repr=False)
    _trips: Trips = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.client, RedisCluster):
            self._road = Nodes(self.client)
        else:
            self._road = Lanes(self.client, ANSWER_TIMEOUT_S)
        self._trips = Trips(self._road)

    async def do(self, *command: Arg) -> Any:
        """Run one command."""
        return (await self.many((command,)))[0]

    async def many(self, commands: Sequence[Command], *, patient: bool = False) -> list[Any]:
        """Run commands in one round trip per node; the answers come in the same order."""
        return _sound(await self._trips.ask(commands, patient=patient))

    async def each(self, commands: Sequence[Command]) -> list[Any]:
        """Like `many`, but a command that failed answers with its StoreUnavailable."""
        answers = await self._trips.ask(commands)
        return [_unavailable(each) if isinstance(each, Exception) else each for each in answers]

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Arg], *, patient: bool = False) -> Any:
        """Run a script."""
        return (await self.run_many(script, ((keys, args),), patient=patient))[0]

    async def run_many(self, script: Script, calls: Sequence[Call], *, patient: bool = False) -> list[Any]:
        """Run a script several times, for several shards, in one round trip per node."""
        runs = [("EVALSHA", script.sha, len(keys), *keys, *args) for keys, args in calls]
        answers = await self._trips.ask(runs, writes=True, patient=patient)
        for n, (keys, args) in enumerate(calls):
            if isinstance(answers[n], NoScriptError):
                # EVAL teaches this node the script: a first use, a restart, a failover, or a new node.
                again = ("EVAL", script.source, len(keys), *keys, *args)
                answers[n : n + 1] = await self._trips.ask([again], writes=True)
        return _sound(answers)

    async def alone(self, commands: Sequence[Command]) -> list[Any]:
        """Like `many`, on a connection of its own: the last command may wait at the server and holds up nobody."""
        try:
            return _sound(await self._road.pipelined(commands))
        except (RedisError, RedisClusterException, OSError) as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Finish what is under way, and close every connection."""
        await self._trips.close()
        await self.client.aclose()


def _sound(answers: list[Any]) -> list[Any]:
    """The answers, if none of them is an error."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise _unavailable(answer) from answer
    return answers


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
