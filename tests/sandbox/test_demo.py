"""The demo as a process: starting, stopping in every phase, a second start, ports, and the lock of its folder."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.domain.errors import SetupError
from sandbox.lock import only_demo
from sandbox.ports import HIGHEST, first_port, free_or_any, listen, port_number
from sandbox.slack.workspace import ANA, CARE
from scripts import dev
from tests.support.demo_process import Demo, a_demo, a_taken_port, is_listening
from tests.support.waiting import wait_until

Json = dict[str, Any]


async def cards(demo: Demo) -> list[Json]:
    """The cards in the channel, as Ana sees them."""
    state = await demo.get("/sandbox/slack/state", user=ANA)
    care = next(each for each in state["conversations"] if each["id"] == CARE)
    return [each for each in care["messages"] if any(block["type"] == "actions" for block in each["blocks"])]


async def a_card(demo: Demo, words: str, *, showing: str = "") -> Json:
    """The card about something, once it stands and shows some words."""
    found: list[Json] = []

    async def look() -> bool:
        found[:] = [each for each in await cards(demo) if words in str(each) and showing in str(each["blocks"])]
        return bool(found)

    await wait_until(look, f"a card about {words!r} shows {showing!r}", within_s=20)
    assert len(found) == 1
    return found[0]


async def press_claim(demo: Demo, card: Json) -> None:
    """Press Claim as Ana."""
    acts = next(block for block in card["blocks"] if block["type"] == "actions")
    claim = next(each for each in acts["elements"] if each["action_id"] == "hark:claim:v1")
    place = {"conversation": CARE, "message_ts": card["ts"], "block_id": acts["block_id"]}
    await demo.act("/sandbox/slack/press", user=ANA, action_id=claim["action_id"], value=claim["value"], **place)


@pytest.mark.timeout(150)
async def test_a_second_start_keeps_the_cases(tmp_path: Path) -> None:
    """Cards, claims and the clock stand after a stop and after a kill; the opening posts come only once."""
    folder = tmp_path / "demo"
    async with a_taken_port() as taken, a_demo(folder, "--verbose", env={"PORT": str(taken)}) as demo:
        url = await demo.up()
        assert f"Port {taken} is taken, trying the next one." in demo.words
        for words in ("suitcase", "folding bike", "headphones"):
            await a_card(demo, words)
        await demo.act("/sandbox/square/post", **{"as": "tombecker", "text": "@acme where is my seat?"})
        await a_card(demo, "where is my seat?")
        await demo.act("/sandbox/clock", skip_s=600)
        hooks = (await demo.get("/sandbox/start"))["webhooks"]
        assert f"webhooks: {hooks['url']} (secret {hooks['secret']})" in demo.words
        async with aiohttp.ClientSession(trust_env=False) as http, http.get(f"{url}/sandbox/events") as notices:
            async with http.post(hooks["url"], json={}) as refused:
                assert refused.status == 401
            assert await notices.content.readline() == b"retry: 1000\n"
            async with a_demo(folder) as second:
                assert await second.process.wait() == 1
                assert f"A demo is already running at {url}\n" in second.words
                assert "Traceback" not in second.words
            assert await demo.end(signal.SIGTERM) == 0
        assert not demo.has_server()
        assert not is_listening(url)
        assert not is_listening(hooks["url"].partition("/webhooks")[0])
        assert "Traceback" not in demo.words
    async with a_demo(folder, "--port", "0", env={"PORT": "not a port"}) as demo:
        url = await demo.up()
        assert (await demo.get("/sandbox/clock"))["offset_s"] == 600
        await press_claim(demo, await a_card(demo, "where is my seat?"))
        await a_card(demo, "where is my seat?", showing="Release")
        await demo.act("/sandbox/square/post", **{"as": "tombecker", "text": "@acme and where is my bag?"})
        await a_card(demo, "and where is my bag?")
        assert len(await cards(demo)) == 5
        assert len([each for each in await cards(demo) if "suitcase" in str(each)]) == 1
        demo.process.kill()
        await demo.process.wait()
        await wait_until(lambda: not demo.has_server(), "the server is gone after a kill", within_s=5)
        assert not is_listening(url)


def hears_signals(demo: Demo) -> bool:
    """Whether the process has set its own handling of SIGTERM, by what the kernel says."""
    status = Path(f"/proc/{demo.process.pid}/status").read_text("ascii")
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def holds_the_folder(demo: Demo) -> bool:
    """Whether the lock is there."""
    return (demo.folder / "demo.lock").exists()


def has_a_page(demo: Demo) -> bool:
    """Whether the page's address is known."""
    return holds_the_folder(demo) and bool((demo.folder / "demo.lock").read_text("utf-8"))


def starts_a_server(demo: Demo) -> bool:
    """Whether a Redis server was started, ready or not."""
    return (demo.folder / "redis" / "server.json").exists()


def is_up(demo: Demo) -> bool:
    """Whether the demo has printed its address; the first posts are about to come then."""
    return bool(demo.url)


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        (hears_signals, signal.SIGINT),
        (holds_the_folder, signal.SIGTERM),
        (has_a_page, signal.SIGINT),
        (starts_a_server, signal.SIGTERM),
        (is_up, signal.SIGINT),
    ],
)
async def test_a_signal_ends_the_demo_in_every_phase(
    tmp_path: Path, phase: Callable[[Demo], bool], number: signal.Signals
) -> None:
    """Wherever the start has got to, the demo ends within five seconds with code 0, and leaves nothing running."""
    if phase is hears_signals and sys.platform != "linux":
        pytest.skip("only Linux tells which signals a process handles")
    async with a_demo(tmp_path / "demo", "--port", "0") as demo:
        await wait_until(lambda: phase(demo) or demo.has_ended, phase.__name__, within_s=40)
        url = (demo.folder / "demo.lock").read_text("utf-8") if holds_the_folder(demo) else ""
        assert await demo.end(number) == 0, demo.words
        assert "Traceback" not in demo.words
        if (demo.folder / "redis").exists():
            assert not demo.has_server()
        assert not (url and is_listening(url))


@pytest.mark.parametrize("port", ["http", "-1", "65536", "8420.5", "", "٣"])
def test_a_wrong_port_is_named(port: str) -> None:
    """What is no port ends the start with a message that says which setting, what was wrong, and an example."""
    with pytest.raises(SetupError, match="--port must be a number from 0 to 65535, not ") as refused:
        first_port(port, {})
    assert "for example --port=8420" in str(refused.value)


def test_which_port_is_tried_first() -> None:
    """--port beats PORT, which beats the default; an empty PORT counts as none."""
    assert first_port("9000", {"PORT": "9001"}) == 9000
    assert first_port(None, {"PORT": "9001"}) == 9001
    assert first_port(None, {"PORT": ""}) == first_port(None, {}) == 8420
    assert (port_number("0", "PORT"), port_number(" 65535 ", "PORT")) == (0, HIGHEST)
    with pytest.raises(SetupError, match="PORT must be a number from 0 to 65535, not 'high'"):
        first_port(None, {"PORT": "high"})


async def test_a_taken_port_gives_the_next_free_one() -> None:
    """Each port that is taken is said once; a named port that is free is used as it is."""
    said: list[str] = []
    runner = web.AppRunner(web.Application())
    await runner.setup()
    try:
        async with a_taken_port() as taken:
            bound = await listen(runner, taken, said.append)
            assert said[0] == f"Port {taken} is taken, trying the next one."
            assert taken < bound == taken + len(said)
            assert (free_or_any(taken), free_or_any(HIGHEST + 1)) == (0, 0)
        assert free_or_any(taken) == taken
    finally:
        await runner.cleanup()


async def test_no_free_port_up_to_the_last_one() -> None:
    """Beyond the highest port there is none to try: the start ends with a message, not with a traceback."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    try:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", HIGHEST))
            other.listen()
            with pytest.raises(SetupError, match=f"There is no free port from {HIGHEST} to {HIGHEST}"):
                await listen(runner, HIGHEST, lambda _: None)
    finally:
        await runner.cleanup()


def test_one_demo_for_each_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one holds the folder another is refused with its address, and so is a reset; afterwards both may."""
    folder = tmp_path / "demo"
    monkeypatch.setattr(dev, "STATE", tmp_path)
    with only_demo(folder) as tell:
        with pytest.raises(SetupError, match="A demo is starting on the same data"), only_demo(folder):
            pass
        tell("http://127.0.0.1:8420")
        with pytest.raises(SetupError, match=r"already running at http://127\.0\.0\.1:8420\n"), only_demo(folder):
            pass
        with pytest.raises(dev.DevError, match="A demo is running"):
            dev.demo_reset([])
    with only_demo(folder), pytest.raises(SetupError, match="A demo is starting"), only_demo(folder):
        pass
    assert dev.demo_reset([]) == 0
    assert not folder.exists()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file in the folder's place gives a message with the mend."""
    (tmp_path / "demo").write_text("not a folder")
    words = r"cannot keep its data in .*demo: File exists\n.*--data FOLDER"
    with pytest.raises(SetupError, match=words), only_demo(tmp_path / "demo"):
        pass


async def test_a_wrong_port_ends_the_process_with_a_message(tmp_path: Path) -> None:
    """The message goes to the terminal without a traceback, and the exit code is 1."""
    async with a_demo(tmp_path / "demo", env={"PORT": "high"}) as demo:
        async with asyncio.timeout(30):
            assert await demo.process.wait() == 1
        assert demo.words.startswith("hark: PORT must be a number from 0 to 65535, not 'high'")
        assert "Traceback" not in demo.words
