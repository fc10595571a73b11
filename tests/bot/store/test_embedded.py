"""The server that Hark runs itself: choice, life, data, and what remains after a crash (nothing but the data)."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.domain.errors import SetupError
from bot.store import embedded
from bot.store.embedded import Embedded, Server
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
OWNER = """
import asyncio, sys
from pathlib import Path
from bot.store.embedded import Embedded

async def main():
    async with Embedded(Path(sys.argv[1])) as server:
        print(server.url, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


def fake_program(folder: Path, name: str, words: str) -> Path:
    """Put a program on a private PATH that prints these words."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{words}'\n")
    path.chmod(0o755)
    return path


def state_of(data_dir: Path) -> embedded.State:
    """Read the state file of a server that must be running."""
    state = embedded.read_state(data_dir / "server.json")
    assert state is not None
    return state


def is_alive(pid: int) -> bool:
    """Tell whether a process still runs; one that waits to be reaped by a lazy init does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def gone(pid: int) -> Callable[[], bool]:
    """Make a predicate: the process has ended."""
    return lambda: not is_alive(pid)


def start_owner(data_dir: Path) -> tuple[subprocess.Popen[str], str]:
    """Start another process that owns a server; return it and the server's URL."""
    process = subprocess.Popen(  # noqa: S603  (our own words)
        [sys.executable, "-c", OWNER, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def names_in(folder: Path) -> list[str]:
    """List a folder."""
    return sorted(path.name for path in folder.iterdir())


def start_bystander() -> subprocess.Popen[bytes]:
    """Start a process that has nothing to do with Hark."""
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def end(process: subprocess.Popen[str]) -> None:
    """Let an owner end, whatever state it is in."""
    process.kill()
    process.communicate()


async def test_a_dyno_without_redis_url_is_refused_with_the_mend(tmp_path: Path) -> None:
    """A dyno's disk is lost on every restart, so an embedded server there would lose cases."""
    with pytest.raises(SetupError, match="heroku addons:create"):
        async with Embedded(tmp_path, on_heroku=True):
            pass
    assert names_in(tmp_path) == []


async def test_what_was_written_is_there_after_a_clean_restart(tmp_path: Path) -> None:
    """The embedded server keeps its data, closely packed, evicts nothing, has no port, and its socket is ours alone."""
    async with Embedded(tmp_path) as server:
        socket = Path(server.url.removeprefix("unix://"))
        assert socket.parent.stat().st_mode & 0o777 == 0o700
        async with Redis.from_url(server.url, decode_responses=True) as client:
            assert await client.config_get("maxmemory-policy", "appendonly", "appendfsync", "port") == {
                "maxmemory-policy": "noeviction",
                "appendonly": "yes",
                "appendfsync": "always",
                "port": "0",
            }
            await client.set("case", "open")
            await client.hset("hash", mapping={"v": "1", "doc": "x" * embedded.PACKED_BYTES})
            assert await client.object("encoding", "hash") == "listpack"
        pid = state_of(tmp_path).pid
    assert not is_alive(pid)
    assert not socket.parent.exists()
    assert not (tmp_path / "server.json").exists()
    async with Embedded(tmp_path) as again, Redis.from_url(again.url, decode_responses=True) as client:
        assert await client.get("case") == "open"


async def test_a_second_process_adopts_and_leaves_the_end_to_the_first(tmp_path: Path) -> None:
    """Two processes with one data folder share one server; the guest's end does not stop it."""
    async with Embedded(tmp_path) as owner:
        async with Embedded(tmp_path) as guest:
            assert guest.url == owner.url
        async with Redis.from_url(owner.url) as client:
            assert await client.ping()


async def test_a_killed_owner_leaves_no_process_and_loses_nothing(tmp_path: Path) -> None:
    """After SIGKILL of the owner the server writes everything, ends by itself, and a new owner finds all."""
    process, url = start_owner(tmp_path)
    try:
        async with Redis.from_url(url) as client:
            for number in range(500):
                await client.rpush("answers", number)
        state = state_of(tmp_path)
    finally:
        end(process)
    async with Embedded(tmp_path) as successor, Redis.from_url(successor.url) as client:
        assert state_of(tmp_path).pid != state.pid
        assert await client.llen("answers") == 500
    await wait_until(gone(state.pid), "the orphaned server ends")
    await wait_until(gone(state.supervisor), "the orphaned supervisor ends")


async def test_the_server_outlives_a_ctrl_c_in_the_terminal(tmp_path: Path) -> None:
    """SIGINT reaches the whole foreground group; the server must serve until the bot has drained."""
    process, url = start_owner(tmp_path)
    try:
        state = state_of(tmp_path)
        assert os.getsid(state.pid) not in {os.getsid(0), os.getsid(process.pid)}
        os.kill(state.supervisor, signal.SIGINT)
        async with Redis.from_url(url) as client:
            assert await client.ping()
    finally:
        end(process)
    await wait_until(gone(state.pid), "the server ends")


async def test_an_orphan_whose_supervisor_was_killed_is_replaced(tmp_path: Path) -> None:
    """With the supervisor gone nobody would end the server: the next start does, and keeps the data."""
    process, url = start_owner(tmp_path)
    try:
        async with Redis.from_url(url) as client:
            await client.set("kept", "yes")
        state = state_of(tmp_path)
        os.kill(state.supervisor, signal.SIGKILL)
    finally:
        end(process)
    assert is_alive(state.pid)
    async with Embedded(tmp_path) as successor, Redis.from_url(successor.url) as client:
        assert await client.get("kept") == b"yes"
        assert state_of(tmp_path).pid != state.pid
    await wait_until(gone(state.pid), "the orphan ends")
    assert not os.path.lexists(state.socket.parent)  # noqa: ASYNC240 - a look at one local name


async def test_a_stale_state_file_harms_nobody(tmp_path: Path) -> None:
    """After a power cut the file names processes that belong to others by now: they are left alone."""
    bystander = start_bystander()
    try:
        state = {"pid": bystander.pid, "supervisor": bystander.pid, "socket": "/nowhere"}
        (tmp_path / "server.json").write_text(json.dumps(state))
        async with Embedded(tmp_path):
            assert is_alive(state_of(tmp_path).pid)
            assert state_of(tmp_path).pid != bystander.pid
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.communicate()


async def test_wait_returns_when_the_server_dies(tmp_path: Path) -> None:
    """A crash of the server is noticed, so that the bot can end instead of working without a memory."""
    async with Embedded(tmp_path) as server, asyncio.timeout(10):
        waiting = asyncio.ensure_future(server.wait())
        await wait_until(lambda: embedded.is_answering(state_of(tmp_path).socket), "the server answers")
        assert not waiting.done()
        os.kill(state_of(tmp_path).pid, signal.SIGKILL)
        await waiting


async def test_files_of_another_engine_are_never_opened(tmp_path: Path) -> None:
    """Data that Redis 99 wrote stays untouched, and the message says what is needed."""
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "engine.json").write_text('{"engine": "redis", "version": "99.0.1"}')
    with pytest.raises(SetupError, match=r"holds the data of redis 99\.0\.1"):
        async with Embedded(tmp_path):
            pass
    assert json.loads((tmp_path / "engine.json").read_text())["version"] == "99.0.1"
    for name in ("owner.lock", "server.lock"):
        lock = embedded.take_lock(tmp_path / name)
        assert lock is not None, name
        os.close(lock)


@pytest.mark.parametrize("record", ["", "{", "[]", '{"engine": "redis"}', '{"engine": "redis", "version": "x"}'])
def test_data_without_a_readable_record_is_refused(tmp_path: Path, record: str) -> None:
    """Nobody knows who wrote it, so nobody opens it."""
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "engine.json").write_text(record)
    with pytest.raises(SetupError, match="does not say which server wrote it"):
        embedded.read_engine(tmp_path)


@pytest.mark.parametrize(
    ("engine", "version", "chosen"),
    [
        ("redis", "7.0.15", "redis"),
        ("redis", "7.0.1", "redis"),
        ("valkey", "9.1.2", "valkey"),
        ("valkey", "8.0.0", "valkey"),
        ("redis", "7.2.0", None),
        ("valkey", "10.0.0", None),
    ],
)
def test_the_folder_decides_between_the_engines(tmp_path: Path, engine: str, version: str, chosen: str | None) -> None:
    """The writer's engine, in its version or a newer one, may open the folder; installing Redis changes nothing."""
    servers = [Server(Path("r"), "redis", (7, 0, 15)), Server(Path("v"), "valkey", (9, 1, 2))]
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "engine.json").write_text(json.dumps({"engine": engine, "version": version}))
    if chosen is None:
        with pytest.raises(SetupError, match="no server here may open it"):
            embedded.choose_server(tmp_path, servers)
    else:
        assert embedded.choose_server(tmp_path, servers).engine == chosen


def test_no_server_at_all_says_what_to_install(tmp_path: Path) -> None:
    """The message names both ways out."""
    with pytest.raises(SetupError, match=r"apt install redis-server.*requirements-demo.txt.*REDIS_URL"):
        embedded.choose_server(tmp_path, [])


def test_path_comes_first_and_old_servers_are_passed_over(tmp_path: Path) -> None:
    """Redis 6.2 lacks commands that Hark needs, and a program of another kind is no server."""
    fake_program(tmp_path, "redis-server", "Redis server v=6.2.14 sha=0 malloc=libc bits=64")
    fake_program(tmp_path, "valkey-server", "Valkey server v=8.1.8 sha=0 malloc=libc bits=64")
    found = list(embedded.find_servers(str(tmp_path)))
    assert found[0].version == (8, 1, 8)
    assert all(server.engine == "valkey" for server in found)
    fake_program(tmp_path, "redis-server", "Redis server v=7.0.15 sha=0 malloc=libc bits=64")
    assert next(embedded.find_servers(str(tmp_path))).version == (7, 0, 15)
    fake_program(tmp_path, "redis-server", "hello")
    assert next(embedded.find_servers(str(tmp_path))).engine == "valkey"


async def test_a_server_that_does_not_start_shows_its_own_words(tmp_path: Path) -> None:
    """The message carries the program's last line, and the folder is free again."""
    programs = tmp_path / "bin"
    programs.mkdir()
    fake_program(programs, "redis-server", "Redis server v=7.4.0 sha=0")
    data = tmp_path / "data"
    with pytest.raises(SetupError, match=r"did not start: Redis server v=7\.4\.0"):
        async with Embedded(data, search_path=str(programs)):
            pass
    lock = embedded.take_lock(data / "server.lock")
    assert lock is not None
    os.close(lock)


async def test_a_long_temporary_folder_does_not_break_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket path over the kernel's limit would fail, so a short folder is used instead."""
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    socket = embedded.private_socket()
    assert len(os.fsencode(socket)) < 104
    socket.parent.rmdir()
    assert not list(long.iterdir())
