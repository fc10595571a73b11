"""Round trips to a Redis Cluster: to each node by itself, and to the replica once a node has died.

redis-py fails a whole pipeline when one of its nodes does not answer, and does not look for the new layout afterwards,
so that it would ask a dead node for ever. When a node dies it also closes that node's connections under whoever is just
writing to one of them; they find None in place of a socket (seen with 8.1), as does who writes to one that broke off
(`bot.store.lane`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from redis.asyncio import RedisCluster
from redis.exceptions import ClusterDownError, MovedError, RedisClusterException, RedisError
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as NoAnswer

AWAY = (NoConnection, NoAnswer, ClusterDownError, MovedError, OSError)
BROKEN = (AttributeError, TypeError)
"""What comes of None in place of a socket."""
KEY = "hark:{"


class Nodes:
    """A cluster's client, asked node by node."""

    def __init__(self, client: RedisCluster) -> None:
        self._client = client
        self._looking = asyncio.Lock()

    async def pipelined(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The raw answers in the order of the commands; a node that is away fails its own commands alone."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, command in enumerate(commands):
            places[self._node(command)].append(place)
        answers: list[Any] = [None] * len(commands)

        async def ask(of_node: list[int]) -> None:
            for place, answer in zip(of_node, await self._one([commands[n] for n in of_node]), strict=True):
                answers[place] = answer

        async with asyncio.TaskGroup() as group:
            for of_node in places.values():
                group.create_task(ask(of_node))
        if any(isinstance(answer, AWAY) for answer in answers):
            await self._look_around()
        return answers

    async def close(self) -> None:
        """Nothing is kept here: the connections are the client's."""

    async def _one(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        try:
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        except (RedisError, RedisClusterException, OSError) as error:
            return [error] * len(commands)
        except BROKEN as error:
            return [NoConnection(f"a connection was closed meanwhile ({error})")] * len(commands)
        return answers

    def _node(self, command: Sequence[Any]) -> str:
        """The name of the node that has the command's first key; all its keys have one hash tag."""
        key = next((part for part in command[1:] if isinstance(part, str) and part.startswith(KEY)), "")
        try:
            node = self._client.get_node_from_key(key) if key else None
        except RedisClusterException:
            return key
        return node.name if node else ""

    async def _look_around(self) -> None:
        """Learn anew which node has which slots."""
        if self._looking.locked():
            return
        async with self._looking:
            try:
                await self._client.nodes_manager.initialize()
            except (RedisError, RedisClusterException, OSError, *BROKEN):
                return  # nobody answers now; the next failure looks again
