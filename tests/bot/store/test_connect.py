"""The connection: addresses, limits, and errors that become StoreUnavailable at one place."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import hiredis
import pytest
from redis.asyncio import Redis
from redis.exceptions import DataError

from bot.domain.errors import StoreUnavailable
from bot.store.connect import Link, connect
from bot.store.packing import packing
from bot.store.scripts import Scripts
from tests.support.cases import NOON, a_raw
from tests.support.real_servers import a_server, free_ports
from tests.support.stores import TestClock, a_store

LEASE = timedelta(seconds=30)


async def test_nobody_there_is_said_in_our_own_words() -> None:
    """A refused connection is StoreUnavailable, soon."""
    (port,) = free_ports(1)
    for url in (f"redis://127.0.0.1:{port}", "unix:///nowhere/at/all"):
        async with asyncio.timeout(5):
            with pytest.raises(StoreUnavailable, match="Redis"):
                await connect(url)


async def test_a_password_never_shows() -> None:
    """Neither errors nor the printed connection carry the password of the address."""
    with a_server("--requirepass", "s3cret-word") as server:
        with pytest.raises(StoreUnavailable) as refused:
            await connect(server.url)
        link = await connect(server.url + "?password=s3cret-word")
        await link.do("PING")
        await link.close()
    with pytest.raises(StoreUnavailable) as gone:
        await link.do("PING")
    assert "s3cret-word" not in f"{refused.value}{gone.value}{link!r}"


async def test_an_address_of_another_kind_is_a_value_error() -> None:
    """Only redis://, rediss:// and unix:// are addresses of Redis."""
    with pytest.raises(ValueError, match="redis://"):
        await connect("https://127.0.0.1/")


async def test_info_tells_what_check_needs() -> None:
    """Version, append-only file and eviction, and whether together they are safe."""
    with a_server() as server, server.client() as admin:
        async with a_store(server.url) as store:
            info = await store.info()
            assert (info.append_only, info.eviction, info.safe) == (True, "noeviction", True)
            assert not store.link.cluster
            assert info.version.split()[0] in {"Redis", "Valkey"}
            assert not info.old
            admin.config_set("maxmemory-policy", "allkeys-lru")
            assert not (await store.info()).safe


async def test_a_restarted_server_is_used_again() -> None:
    """After a restart old connections and forgotten scripts are no trouble; leases and cases are still there."""
    with a_server() as server:
        async with a_store(server.url) as store:
            await asyncio.gather(*(store.cards.put(f"id-{n}", NOON) for n in range(20)))
            (held,) = await store.cards.take(NOON, 1, LEASE)
            server.kill()
            with pytest.raises(StoreUnavailable):
                await store.ping()
            server.start()
            assert len(await store.cards.take(NOON, 50, LEASE)) == 19
            await store.cards.done(held)
            assert await store.cards.depth() == 19


async def test_scripts_are_taught_to_a_server_that_forgot_them(redis_url: str) -> None:
    """A script runs once however the server came to know it: alone and for several shards at a time."""
    async with a_store(redis_url, shards=4) as store:
        await store.link.do("SCRIPT", "FLUSH")
        await store.cards.put("a", NOON)
        await store.link.do("SCRIPT", "FLUSH")
        assert len(await store.cards.take(NOON, 50, LEASE)) == 1


async def test_a_server_that_is_stuck_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer in time is StoreUnavailable, for those too who were waiting for their turn."""
    monkeypatch.setattr("bot.store.connect.ANSWER_TIMEOUT_S", 0.4)
    with a_server() as server, server.client() as admin:
        link = await connect(server.url)
        admin.execute_command("CLIENT", "PAUSE", 60_000, "ALL")
        async with asyncio.timeout(3):
            first = [asyncio.ensure_future(link.do("PING")) for _ in range(5)]
            await asyncio.sleep(0.05)
            answers = await asyncio.gather(*first, *(link.do("PING") for _ in range(5)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [StoreUnavailable] * 10
        await link.close()


async def test_many_callers_share_a_round_trip(redis_url: str) -> None:
    """A hundred callers at once need one connection, and each gets its own answer."""
    link = await connect(redis_url)
    before = await link.do("INFO")
    answers = await asyncio.gather(*(link.do("ECHO", n) for n in range(100)))
    assert [int(answer) for answer in answers] == list(range(100))
    assert (await link.do("INFO"))["total_connections_received"] == before["total_connections_received"]
    await link.close()


async def test_who_gives_up_takes_nobody_along(redis_url: str) -> None:
    """A caller that is cancelled while its round trip is under way costs the others nothing."""
    link = await connect(redis_url)
    asks = [asyncio.ensure_future(link.do("ECHO", n)) for n in range(20)]
    await asyncio.sleep(0)
    for ask in asks[::2]:
        ask.cancel()
    answers = await asyncio.gather(*asks, return_exceptions=True)
    assert [int(str(answer, "ascii")) if isinstance(answer, bytes) else answer for answer in answers[1::2]] == list(
        range(1, 20, 2)
    )
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
    await link.close()


async def test_one_who_waits_at_the_server_holds_up_nobody(redis_url: str) -> None:
    """A blocking command has a connection of its own: others are answered meanwhile."""
    link = await connect(redis_url)
    waiting = asyncio.ensure_future(link.alone([("BLPOP", "hark:{0}:nothing", 5)]))
    await link.do("PING")
    assert not waiting.done()
    await link.do("RPUSH", "hark:{0}:nothing", "something")
    assert (await waiting)[0][1] == b"something"
    await link.close()


async def test_a_command_that_fails_in_a_pipeline_is_told(redis_url: str) -> None:
    """`each` answers in place of the failed command, `many` raises; nobody sees an exception of the client's own."""
    link = await connect(redis_url)
    commands = [("SET", "hark:{0}:note:a", "1", "PX", 1000), ("INCR", "hark:{0}:note:a", "extra"), ("PING",)]
    answers = await link.each(commands)
    assert isinstance(answers[1], StoreUnavailable)
    assert answers[2]
    with pytest.raises(StoreUnavailable, match="wrong number"):
        await link.many(commands)
    assert await link.many([]) == []
    scripts = Scripts.read()
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        await link.run_many(scripts.due_exchange, [(("hark:{0}:note:a", "x", "y", "z"), (1, 1, 1, "t"))])
    await link.close()


async def test_a_store_that_cannot_be_opened_leaves_no_connection() -> None:
    """If the groups cannot be made, opening fails as StoreUnavailable."""
    with a_server() as server, server.client() as admin:
        admin.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            async with a_store(server.url, clock=TestClock()):
                pass
        assert len(admin.client_list()) == 1


async def test_closing_finishes_what_is_under_way(redis_url: str) -> None:
    """What was put before closing is stored."""
    async with a_store(redis_url) as store:
        puts = [asyncio.ensure_future(store.inbox.put(a_raw(b"%d" % n))) for n in range(300)]
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(*puts)
    async with a_store(redis_url) as store:
        assert await store.inbox.depth() == 300


@pytest.mark.parametrize("value", ["", "plain", "é☃", "\ud800", b"\xff\r\n", "x" * 100_000, 7, -1, 2**60, 1.5, 1e300])
async def test_whatever_is_sent_arrives(redis_url: str, value: str | bytes | float) -> None:
    """Commands are packed in C; what that cannot do is packed as redis-py does it. Nobody can tell which."""
    link = await connect(redis_url)
    await link.do("SET", "hark:{0}:note:a", value, "PX", 1000)
    expected = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    assert await link.do("GET", "hark:{0}:note:a") == expected
    await link.close()


@pytest.mark.parametrize("url", ["redis://host:1/0", "rediss://host:1/0", "unix:///somewhere"])
def test_both_ways_of_packing_agree(url: str) -> None:
    """On each kind of connection, for commands of two words too; what neither knows is refused."""
    client = Redis.from_url(url, encoding_errors="surrogatepass")
    theirs = client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    ours = packing(client).connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    assert type(ours) is not type(theirs)
    for command in (
        ("PING",),
        ("CONFIG GET", "a"),
        ("SET", "k", 1, 0.1, "é\ud800"),
        (b"GET", memoryview(b"k")),
        ("a", ""),
    ):
        assert b"".join(ours.pack_command(*command)) == b"".join(theirs.pack_command(*command))
    with pytest.raises(DataError):
        ours.pack_command("SET", "k", True)


class Chorus(asyncio.Protocol):
    """A server that answers OK to everything, on all its connections at the same moment."""

    def __init__(self, waiting: "dict[asyncio.BaseTransport, int]") -> None:
        self._waiting = waiting
        self._reader = hiredis.Reader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Count what has been asked."""
        self._reader.feed(data)
        while self._reader.gets() is not False:
            self._waiting[self._transport] = self._waiting.get(self._transport, 0) + 1


async def answer_together(waiting: dict[asyncio.WriteTransport, int], rng: random.Random) -> None:
    """Answer what has been asked so far, all at once, now and then."""
    while True:
        for _ in range(rng.randrange(1, 6)):
            await asyncio.sleep(0)
        for transport in list(waiting):
            transport.write(b"+OK\r\n" * waiting.pop(transport))


async def test_nobody_is_forgotten_when_two_answers_come_at_once() -> None:
    """Who asks just as the last round trips end is taken along by a new one, whether or not others ask later."""
    waiting: dict[Any, int] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Chorus(waiting), "127.0.0.1")
    link = Link(packing(Redis.from_url(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")), cluster=False)

    async def ask(times: int, rng: random.Random) -> None:
        for _ in range(times):
            await link.do("GET", "a")
            for _ in range(rng.choice((0, 0, 0, 1, 2))):
                await asyncio.sleep(0)

    chorus = asyncio.ensure_future(answer_together(waiting, random.Random(0)))  # noqa: S311 - no secret
    for seed in range(600):
        rng = random.Random(seed)  # noqa: S311 - no secret
        async with asyncio.timeout(4):  # who is forgotten waits for ever
            await asyncio.gather(*(ask(rng.randrange(1, 6), rng) for _ in range(rng.randrange(2, 8))))
    chorus.cancel()
    await link.close()
    server.close()
    await server.wait_closed()
