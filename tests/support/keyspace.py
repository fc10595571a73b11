"""What stands in Redis, whatever kind of key it is in."""

import redis.asyncio


async def holding(client: "redis.asyncio.Redis", *words: str) -> list[str]:
    """The keys in which one of these words stands, in the name or the value."""
    found = []
    async for key in client.scan_iter(count=1000):
        kind = await client.type(key)
        reads = {"hash": client.hgetall, "set": client.smembers}
        if kind in reads:
            value = str(await reads[kind](key))
        elif kind == "zset":
            value = str(await client.zrange(key, 0, -1))
        elif kind == "list":
            value = str(await client.lrange(key, 0, -1))
        elif kind == "stream":
            value = str(await client.xrange(key))
        else:
            value = str(await client.get(key))
        if any(word in f"{key} {value}" for word in words):
            found.append(key)
    return sorted(found)
