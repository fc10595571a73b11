"""A real Redis server for tests: one for each pytest process, without a file, ended with that process."""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from bot.store import embedded

START_S = 20.0
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "redis-keys.md"


@contextlib.contextmanager
def running_server(data_dir: Path, server: embedded.Server | None = None) -> Iterator[str]:
    """Run a server (the one that Hark itself would choose, unless given) and yield its URL."""
    chosen = server or embedded.choose_server(data_dir, embedded.find_servers())
    socket = embedded.private_socket()
    lock = embedded.take_lock(data_dir / "server.lock")
    assert lock is not None
    process = embedded.spawn(chosen, data_dir, socket, lock, "no")
    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            wait_for_server(client)
            client.config_set("appendonly", "no")
        yield f"unix://{socket}"
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(embedded.STOP_S)


def wait_for_server(client: redis.Redis) -> None:
    """Return when the server answers; the last error shows when it never does."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def keys_without_ttl(client: redis.Redis, allowed: list[re.Pattern[str]]) -> list[str]:
    """Return the keys that would stay for ever although no allowed pattern names them."""
    keys = [str(key) for key in client.scan_iter(count=1000)]
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.ttl(key)
        ttls = pipe.execute()
    lasting = [key for key, ttl in zip(keys, ttls, strict=True) if ttl == -1]
    return sorted(key for key in lasting if not any(pattern.fullmatch(key) for pattern in allowed))


def allowed_patterns(document: Path = DOCUMENT) -> list[re.Pattern[str]]:
    """Return the key patterns of those rows in docs/redis-keys.md whose cell for the TTL begins with "no TTL".

    The first code span of a row is the pattern; `<name>` in it stands for any text.
    """
    lines = document.read_text().splitlines() if document.is_file() else []
    rows = [line for line in lines if re.search(r"^\|.*\|\s*no ttl\b", line, re.IGNORECASE)]
    spans = [found[1] for row in rows if (found := re.search(r"`([^`]+)`", row))]
    return [re.compile(re.sub(r"<[^<>]+>", ".+", escape_literals(span)), re.DOTALL) for span in spans]


def escape_literals(pattern: str) -> str:
    """Escape a key pattern for a regular expression, except for its `<name>` parts."""
    return "".join(part if part.startswith("<") else re.escape(part) for part in re.split(r"(<[^<>]+>)", pattern))
