"""Real Redis servers that a test may kill, restart, or join into a cluster."""

import contextlib
import functools
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from bot.store import embedded

START_S = 20.0
SLOTS = 16_384


@dataclass(slots=True)
class RealServer:
    """One server process on a Unix socket, or on a port of loopback, with its data in `folder`."""

    folder: Path
    flags: tuple[str, ...] = ("--appendonly", "yes", "--appendfsync", "always")
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}" if self.port else f"unix://{self.folder}/s"

    def client(self) -> redis.Redis:
        """A client for the test's own looks."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        """Start it on whatever its folder holds and wait until it answers."""
        binary = next(iter(embedded.find_servers())).path
        where = ["--port", str(self.port), "--bind", "127.0.0.1"]
        where += [] if self.port else ["--unixsocket", f"{self.folder}/s"]
        command = [str(binary), *where, "--dir", str(self.folder), "--save", "", *self.flags]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
        deadline = time.monotonic() + START_S
        with self.client() as client:
            while True:
                try:
                    client.ping()
                except redis.AuthenticationError:
                    return
                except redis.ConnectionError:
                    pass
                else:
                    return
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut of the process would: SIGKILL."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def a_server(*flags: str) -> Iterator[RealServer]:
    """A server of the test's own, with an append-only file."""
    # A socket's path may have 107 bytes at most, and pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="hark-test-"))
    server = RealServer(folder)
    server.flags += flags
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)


@contextlib.contextmanager
def a_cluster(nodes: int = 3) -> Iterator[list[RealServer]]:
    """A Redis Cluster on loopback, its slots shared out evenly."""
    with contextlib.ExitStack() as stack:
        flags = ("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")
        servers = []
        for port in free_ports(nodes):
            folder = Path(tempfile.mkdtemp(prefix="hark-node-"))
            stack.callback(shutil.rmtree, folder)
            servers.append(RealServer(folder, flags, port))
            stack.callback(servers[-1].kill)
            servers[-1].start()
        join(servers)
        yield servers


def join(servers: list[RealServer]) -> None:
    """Make one cluster of the servers and wait until all of them agree."""
    clients: list[Any] = [stacked.client() for stacked in servers]
    share = SLOTS // len(servers) + 1
    for n, client in enumerate(clients):
        client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", n * share, min((n + 1) * share, SLOTS) - 1)
    for server in servers[1:]:
        clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", server.port)
    deadline = time.monotonic() + START_S
    known = str(len(servers))
    while not all(agrees(client.execute_command("CLUSTER", "INFO"), known) for client in clients):
        assert time.monotonic() < deadline, "the cluster's nodes did not find each other"
        time.sleep(0.02)
    for client in clients:
        client.close()


@contextlib.contextmanager
def a_replicated_cluster(nodes: int = 3) -> Iterator[list[RealServer]]:
    """The same with one replica for each node, which takes its place when it dies; yields the masters."""
    with a_cluster(nodes) as masters, contextlib.ExitStack() as stack:
        for master, port in zip(masters, free_ports(nodes), strict=True):
            folder = Path(tempfile.mkdtemp(prefix="hark-replica-"))
            stack.callback(shutil.rmtree, folder)
            replica = RealServer(folder, masters[0].flags, port)
            stack.callback(replica.kill)
            replica.start()
            follow(replica, master)
        for server in masters:
            with server.client() as client:
                until(functools.partial(sees, client, 2 * nodes), "all agree")
        yield masters


def follow(replica: RealServer, master: RealServer) -> None:
    """Let a new node copy a master, and wait until it has caught up."""
    with replica.client() as new, master.client() as old:
        id_ = old.execute_command("CLUSTER", "MYID")
        new.execute_command("CLUSTER", "MEET", "127.0.0.1", master.port)
        until(lambda: id_ in new.execute_command("CLUSTER", "NODES"), "the replica knows its master")
        new.execute_command("CLUSTER", "REPLICATE", id_)
        until(lambda: new.info("replication")["master_link_status"] == "up", "the replica has caught up")


def until(fits: Callable[[], bool], what: str) -> None:
    """Wait in a plain function."""
    deadline = time.monotonic() + START_S
    while not fits():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def sees(client: Any, known: int) -> bool:
    """Whether the node behind this client sees so many nodes, all well."""
    return agrees(client.execute_command("CLUSTER", "INFO"), str(known))


def agrees(info: str, known: str) -> bool:
    """Whether a node sees the whole cluster."""
    return {"cluster_state:ok", f"cluster_known_nodes:{known}"} <= set(info.split())


def free_ports(count: int) -> list[int]:
    """Free ports of loopback; a cluster's node takes the one 10,000 above its own as well, which is free too.

    Both lie below the ports from which connections go out (32,768 and up on Linux): any program may get one of those
    between this look and the server's start.
    """
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        for candidate in range(10_000 + time.monotonic_ns() % 10_000, 22_000):
            with contextlib.suppress(OSError):
                for port in (candidate, candidate + 10_000):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                found.append(candidate)
            if len(found) == count:
                break
    return found
