"""Sixteen shards on a Redis Cluster of three nodes with replicas; one node dies under load, its replica takes over."""

import time

import aiohttp
import pytest

from bot.roles import Role
from tests.support.bot_process import a_sandbox, serving
from tests.support.deliveries import ENV, Network, all_are_cases
from tests.support.real_servers import a_replicated_cluster
from tests.support.rig import ANA, Scene
from tests.support.waiting import wait_until

MANY = 150
OUTAGE_S = 20.0
SHARDS = {"HARK_SHARDS": "16"}


@pytest.mark.parametrize("victim", [0, 2], ids=["the node of REDIS_URL", "another node"])
async def test_a_node_dies_and_its_replica_takes_over(victim: int) -> None:
    """Intake, drawing, claims and sends go on within seconds; every delivery that was answered 200 becomes one case."""
    with a_replicated_cluster() as nodes:
        async with (
            a_sandbox(nodes[0].url) as (sandbox, env),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http,
            serving(env | ENV | SHARDS, Role.ALL) as (service, port),
        ):
            scene = Scene(sandbox)
            await wait_until(lambda: sandbox.slack.hub.sockets.open, "the socket is up", within_s=20)
            card = await scene.complains()
            network = Network(port, http)

            async def fail() -> None:
                nodes[victim].kill()
                died = time.monotonic()
                before = set(network.taken)
                await wait_until(lambda: len(network.taken - before) >= MANY // 3, "taken again", within_s=OUTAGE_S)
                assert time.monotonic() - died < OUTAGE_S

            await network.flood([f"c{n}" for n in range(MANY)], MANY // 3, fail)
            assert set(network.answers) <= {200, 202, 503}, network.answers
            assert network.answers[503], "the dead node had work to do"
            await scene.press(ANA, card.ts, "hark:claim:v1")
            await scene.shows(card.ts, "Claimed by Ana")
            await scene.press(ANA, card.ts, "hark:reply:v1")
            assert (await scene.send(ANA, "We are looking for it.")).ok
            await wait_until(scene.brand_posts, "the reply stands", within_s=20)
            await all_are_cases(service.store, MANY + 1)
            assert len(scene.brand_posts()) == 1
            scene.square.post("jamalreed", "@acme.square.test and now my other bag is gone, too!")
            await all_are_cases(service.store, MANY + 2)
