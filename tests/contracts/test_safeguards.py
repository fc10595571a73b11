"""The safeguards of the tests themselves: loopback only, and no key that stays for ever."""

import re
import socket
from pathlib import Path

import pytest
from redis import Redis

from tests.support import network_guard
from tests.support.redis_server import allowed_patterns, keys_without_ttl

DOCUMENT = """
| key | what | lifetime |
|---|---|---|
| `hark:{<shard>}:inbox` | the stream | no TTL |
| `hark:{<shard>}:case:<key>` | a case | 90 days |
| `hark:due.<queue>` | see `take` | No TTL, trimmed |
"""


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", "2001:db8::1", "10.0.0.1", "localhost.example.com"])
def test_a_test_cannot_leave_the_machine(host: str) -> None:
    """Neither a connection nor a look-up of a name gets out."""
    with pytest.raises(network_guard.OutsideNetworkError, match=re.escape(host)):
        socket.create_connection((host, 9), timeout=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "a.localhost", "", None, b"127.0.0.1"])
def test_loopback_is_open(host: object) -> None:
    """Test servers listen there."""
    assert network_guard.is_local(host)


def test_only_the_documented_keys_may_stay(tmp_path: Path, redis_url: str) -> None:
    """A key with a TTL is fine, one on the list is fine, any other is reported by name."""
    document = tmp_path / "redis-keys.md"
    document.write_text(DOCUMENT)
    allowed = allowed_patterns(document)
    with Redis.from_url(redis_url, decode_responses=True) as client:
        client.set("hark:{0}:inbox", 1)
        client.set("hark:due.cards", 1)
        client.set("hark:{0}:case:a", 1, ex=60)
        assert keys_without_ttl(client, allowed) == []
        client.persist("hark:{0}:case:a")
        client.set("hark:due-cards", 1)
        assert keys_without_ttl(client, allowed) == ["hark:due-cards", "hark:{0}:case:a"]
        client.flushall()


def test_without_the_document_no_key_may_stay(tmp_path: Path) -> None:
    """A missing list allows nothing."""
    assert allowed_patterns(tmp_path / "missing.md") == []
