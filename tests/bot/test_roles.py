"""The roles as real processes: two that work together, an orderly end under load, and endings that say why."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from bot.roles import LISTENERS_S, REQUESTS_S, WORK_S
from bot.services.once import LOOKS_S
from bot.slack.api import TIMEOUT
from sandbox.demo import Sandbox
from sandbox.slack.model import Message
from sandbox.slack.workspace import ANA, CARE
from tests.support.bot_process import BotProcess, a_sandbox, bot, children
from tests.support.stores import a_store
from tests.support.waiting import wait_until

WAIT_S = 30.0


def cards(sandbox: Sandbox) -> list[Message]:
    """The cards that stand in the channel."""
    return [each for each in sandbox.slack.messages(CARE) if not each.thread_ts and "hark:" in str(each.blocks)]


async def connected(sandbox: Sandbox, process: BotProcess) -> None:
    """Wait until a process is up and its socket is open."""
    await process.says('"event": "ready"')
    await wait_until(lambda: sandbox.slack.hub.sockets.open, "the socket is up", within_s=WAIT_S)


async def test_web_and_worker_are_two_processes_that_work_together(redis_url: str) -> None:
    """The worker draws the card, the web process takes the press, and the card shows it."""
    async with a_sandbox(redis_url) as (sandbox, env), bot(env, "web") as web, bot(env, "worker") as worker:
        await connected(sandbox, web)
        await worker.says('"role": "worker"')
        await worker.says('"event": "ready"')
        assert len(sandbox.slack.hub.sockets.open) == 1
        sandbox.square.post("jamalreed", "@acme.square.test my bag is lost")
        await wait_until(lambda: cards(sandbox), "a card stands", within_s=WAIT_S)
        assert (await sandbox.slack.press_in(ANA, CARE, cards(sandbox)[0].ts, "hark:claim:v1")).ok
        await wait_until(lambda: "Claimed by Ana" in str(cards(sandbox)[0].blocks), "it is hers", within_s=WAIT_S)
        assert "listening" not in worker.said
        assert await worker.stop() == 0
        assert await web.stop() == 0
        assert len(cards(sandbox)) == 1


def test_all_that_an_end_may_take_is_under_25_s() -> None:
    """Also where work is stopped whose call to Slack is unheard of: it looks for what became of that. And a call that
    began before the end is over before work is stopped."""
    assert REQUESTS_S + WORK_S + sum(LOOKS_S) + LISTENERS_S < 25
    assert TIMEOUT.total is not None
    assert TIMEOUT.total < WORK_S


async def test_sigterm_under_load_ends_in_order_and_loses_nothing(redis_url: str) -> None:
    """Exit 0 within 25 s, no child left; what is not a card yet is still due, and the next start draws it, once."""
    posts = 12
    async with a_sandbox(redis_url) as (sandbox, env):
        async with bot(env, "run") as process:
            await connected(sandbox, process)
            for number in range(posts):
                sandbox.square.post("jamalreed", f"@acme.square.test bag number {number:02} is lost")
            await wait_until(lambda: cards(sandbox), "the first card stands", within_s=WAIT_S)
            assert await process.stop() == 0, process.said
            assert '"event": "stopped"' in process.said
            assert "Traceback" not in process.said, process.said
            assert children(process.process.pid) == []
        async with bot(env, "run") as again:
            await connected(sandbox, again)

            def words() -> list[str]:
                return [f"bag number {number:02}" for number in range(posts) if number_is_in(sandbox, number)]

            await wait_until(lambda: len(words()) == posts, "every post has its card", within_s=55)
            assert await again.stop() == 0
        assert len(cards(sandbox)) == posts


def number_is_in(sandbox: Sandbox, number: int) -> bool:
    """Whether a post has a card."""
    return any(f"bag number {number:02}" in str(card.blocks) for card in cards(sandbox))


async def test_its_own_server_is_stopped_with_it_and_its_data_kept(redis_url: str) -> None:
    """Without REDIS_URL a server is started; after SIGTERM no process is left, and a second start knows the case."""
    async with a_sandbox(redis_url) as (sandbox, env):
        own = env | {"REDIS_URL": ""}
        async with bot(own, "run") as process:
            await connected(sandbox, process)
            server = json.loads((Path(env["HARK_DATA_DIR"]) / "redis" / "server.json").read_text())
            sandbox.square.post("jamalreed", "@acme.square.test my bag is lost")
            await wait_until(lambda: cards(sandbox), "a card stands", within_s=WAIT_S)
            assert await process.stop() == 0, process.said
        for pid in (server["pid"], server["supervisor"]):
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        async with bot(own, "run") as again:
            await connected(sandbox, again)
            assert (await sandbox.slack.press_in(ANA, CARE, cards(sandbox)[0].ts, "hark:claim:v1")).ok
            await wait_until(lambda: "Claimed by Ana" in str(cards(sandbox)[0].blocks), "it is hers", within_s=WAIT_S)
            assert await again.stop() == 0
        assert len(cards(sandbox)) == 1


async def test_the_process_ends_when_its_own_server_is_killed(redis_url: str) -> None:
    """Without a memory it must not go on: exit 1 and one clear message."""
    async with a_sandbox(redis_url) as (sandbox, env):
        async with bot(env | {"REDIS_URL": ""}, "run") as process:
            await connected(sandbox, process)
            state = Path(env["HARK_DATA_DIR"]) / "redis" / "server.json"
            os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
            assert await process.ends() == 1
        assert "hark: the Redis server that Hark started has ended" in process.said
        assert "Mend: see server.log in HARK_DATA_DIR/redis" in process.said
        assert "Traceback" not in process.said


async def test_a_taken_port_is_said(redis_url: str) -> None:
    """Exit 1, which port, and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with a_sandbox(redis_url) as (_, env), bot(env | {"PORT": str(port)}, "web") as process:
            assert await process.ends() == 1
    assert f"hark: port {port} on 127.0.0.1 is taken" in process.said
    assert "Mend: set PORT to a free port" in process.said
    assert "Traceback" not in process.said


async def test_a_worker_can_be_watched(redis_url: str) -> None:
    """With HARK_WORKER_PORT a worker shows health, readiness and metrics, but takes no webhook and no press."""
    async with (
        a_sandbox(redis_url) as (_, env),
        bot(env | {"HARK_WORKER_PORT": "0", "SLACK_SIGNING_SECRET": "s-0451"}, "worker") as process,
        aiohttp.ClientSession() as http,
    ):
        await process.says('"event": "listening"')
        said = next(json.loads(line) for line in process.lines if '"event": "listening"' in line)
        at = f"http://{said['host']}:{said['port']}"
        for path, words in {"/healthz": "alive", "/metrics": "hark_queue_depth"}.items():
            async with http.get(at + path) as answer:
                assert (answer.status, words in await answer.text()) == (200, True), path
        async with http.get(f"{at}/readyz") as answer:
            assert (await answer.json())["workers"] == "ok"
        for path in ("/webhooks/square", "/slack/events"):
            async with http.post(at + path, data=b"{}") as answer:
                assert answer.status == 404, path
        assert await process.stop() == 0


async def test_a_workers_taken_port_is_said(redis_url: str) -> None:
    """Exit 1, and which setting to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with a_sandbox(redis_url) as (_, env), bot(env | {"HARK_WORKER_PORT": port}, "worker") as process:
            assert await process.ends() == 1
    assert "Mend: set HARK_WORKER_PORT to a free port" in process.said


@pytest.mark.parametrize("command", ["run", "web"])
async def test_slack_away_does_not_keep_it_from_stopping(redis_url: str, command: str) -> None:
    """Webhooks are taken meanwhile; SIGTERM ends it in order."""
    away = {"SLACK_API_URL": "http://127.0.0.1:9"}
    async with a_sandbox(redis_url) as (_, env), bot(env | away, command) as process:
        await process.says('"event": "ready"')
        assert await process.stop() == 0, process.said


async def test_a_press_under_way_is_finished(redis_url: str) -> None:
    """SIGTERM right behind the press: the claim stands in the store although the process ends."""
    async with a_sandbox(redis_url) as (sandbox, env):
        async with bot(env, "run") as process:
            await connected(sandbox, process)
            sandbox.square.post("jamalreed", "@acme.square.test my bag is lost")
            await wait_until(lambda: cards(sandbox), "a card stands", within_s=WAIT_S)
            sandbox.slack.set_fault("slow", "users.info", delay_s=1.0)
            pressing = asyncio.ensure_future(sandbox.slack.press_in(ANA, CARE, cards(sandbox)[0].ts, "hark:claim:v1"))
            assert (await pressing).ok
            assert await process.stop() == 0, process.said
        async with a_store(redis_url) as store:
            assert [case.id for case in await store.cases.claimed_by(ANA, 10)]
