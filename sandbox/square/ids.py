"""Names of things: record keys (TID), content hashes (CID) and account ids (DID).

Sources: the AT Protocol specification, chapters TID, Data Model (DAG-CBOR, CIDv1, SHA-256) and DID.
"""

import base64
import hashlib
import re
from datetime import datetime
from typing import Any

_TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_CLOCK_ID = 21


class TidClock:
    """Makes record keys that sort by time and never repeat, even when the clock stands still or goes back."""

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def next(self, now: datetime) -> str:
        """The next key: microseconds since 1970 and a clock id, 13 letters."""
        self.last = max(self.last + 1, round(now.timestamp() * 1_000_000))
        return tid(self.last)


def tid(microseconds: int) -> str:
    """Write a 53-bit time in microseconds and our clock id in the sortable base 32."""
    number = (microseconds << 10) | _CLOCK_ID
    return "".join(_TID_LETTERS[(number >> shift) & 31] for shift in range(60, -1, -5))


def is_tid(text: str) -> bool:
    """Whether the text has the form of a record key made from time."""
    return _TID.fullmatch(text) is not None


def cid(value: Any) -> str:
    """The content hash of a record: equal records have equal hashes, any change changes it."""
    return _cid_text(hashlib.sha256(dag_cbor(value)).digest())


def cid_bytes(text: str) -> bytes:
    """The binary form of a content hash; raises ValueError when the text is not one."""
    if not text.startswith("b"):
        raise ValueError("a content hash starts with b")
    body = text[1:].upper()
    raw = base64.b32decode(body + "=" * (-len(body) % 8))
    if len(raw) != 36 or raw[0] != 1:
        raise ValueError("not a version 1 content hash")
    return raw


def plc_did(name: str) -> str:
    """A stable account id for a name, of the form the network's directory gives."""
    digest = hashlib.sha256(name.encode()).digest()
    return "did:plc:" + base64.b32encode(digest).decode().lower()[:24]


def dag_cbor(value: Any) -> bytes:
    """Encode JSON-like data as DAG-CBOR; raises ValueError for what the data model does not have (fractions)."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(dag_cbor(item) for item in value)
    if isinstance(value, dict):
        return _map(value)
    raise ValueError(f"records cannot hold {type(value).__name__}")


def _map(value: dict[str, Any]) -> bytes:
    if set(value) == {"$link"}:
        raw = b"\x00" + cid_bytes(value["$link"])
        return b"\xd8\x2a" + _head(2, len(raw)) + raw
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return _head(5, len(keys)) + b"".join(dag_cbor(key) + dag_cbor(value[key]) for key in keys)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major << 5 | code]) + number.to_bytes(size, "big")
    raise ValueError("the number is too large for a record")


def _cid_text(digest: bytes) -> str:
    raw = bytes([0x01, 0x71, 0x12, 0x20]) + digest
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")
