"""The Redis server slow, full, stopped and killed under load: nothing that was taken is lost, nothing is doubled."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from bot.roles import Role
from tests.support.bot_process import a_sandbox, run_bot, serving
from tests.support.deliveries import ENV, Network, all_are_cases
from tests.support.old_server import said_to_be_old
from tests.support.real_servers import RealServer, a_server
from tests.support.stores import a_store

MANY = 150
TROUBLE_S = 1.5


async def full(server: RealServer) -> None:
    """No room for a while."""
    with server.client() as admin:
        admin.config_set("maxmemory", 1)
        await asyncio.sleep(TROUBLE_S)
        admin.config_set("maxmemory", 0)


async def slow(server: RealServer) -> None:
    """Every write waits."""
    with server.client() as admin:
        for _ in range(5):
            admin.execute_command("CLIENT", "PAUSE", 400, "WRITE")
            await asyncio.sleep(0.5)


async def stopped(server: RealServer) -> None:
    """It does not breathe for a while."""
    assert server.process
    server.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(TROUBLE_S)
    server.process.send_signal(signal.SIGCONT)


async def killed(server: RealServer) -> None:
    """SIGKILL, a pause, and a start from its file; twice."""
    for _ in range(2):
        server.kill()
        await asyncio.sleep(TROUBLE_S)
        server.start()
        await asyncio.sleep(0.5)


@pytest.mark.parametrize(("trouble", "refuses"), [(full, True), (slow, False), (stopped, False), (killed, True)])
async def test_what_was_taken_is_not_lost(trouble: Callable[[RealServer], Awaitable[None]], refuses: bool) -> None:
    """Every delivery that was answered with a 200 becomes one case; what could not be stored was a 503 with a pause."""
    with a_server() as server:
        async with (
            a_sandbox(server.url) as (_, env),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http,
            serving(env | ENV, Role.ALL) as (service, port),
        ):
            network = Network(port, http)
            await network.flood([f"c{n}" for n in range(MANY)], MANY // 3, lambda: trouble(server))
            assert set(network.answers) <= {200, 202, 503}, network.answers
            assert network.without_pause == 0
            assert bool(network.answers[503]) or not refuses
            await all_are_cases(service.store, MANY)


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random"])
async def test_a_server_that_forgets_open_cases_is_refused(policy: str) -> None:
    """The start ends with what to do; nothing is taken in."""
    with a_server("--maxmemory-policy", policy) as server:
        async with a_sandbox(server.url) as (_, env):
            code, said = await run_bot(env, "run")
    assert code == 1
    assert f"forgets open cases when it is full ({policy})" in said
    assert "Mend: set maxmemory-policy to noeviction" in said


async def test_a_server_that_is_too_old_is_refused() -> None:
    """The start ends with what to do, instead of a bot that answers webhooks and never draws a card."""
    with a_server() as server:
        async with said_to_be_old(server.url) as url, a_sandbox(url) as (_, env):
            code, said = await run_bot(env, "run")
    assert code == 1
    assert "the Redis server is too old (Redis 6." in said
    assert "Mend: use Redis 7.0 or newer" in said


async def test_a_server_that_forgets_smaller_things_is_said() -> None:
    """It runs, and the log says what is wrong; `check` calls it BAD."""
    with a_server("--maxmemory-policy", "volatile-lru") as server:
        async with a_sandbox(server.url) as (_, env):
            async with serving(env, Role.WORKER):
                pass
            _, said = await run_bot(env, "check")
        async with a_store(server.url) as store:
            assert not (await store.info()).safe
    assert "evicts by volatile-lru" in said
