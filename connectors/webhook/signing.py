"""Standard Webhooks signatures, version 1: HMAC-SHA256 over "id.timestamp.body".

After the specification at www.standardwebhooks.com. The headers are `webhook-id`, `webhook-timestamp` (unix seconds)
and `webhook-signature`: entries "v1,<base64>" parted by spaces, several of them while a secret is being changed.
"""

import base64
import hashlib
import hmac
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE_S: Final = 300
"""How far the sender's clock may be from ours, both ways."""

MAX_ID: Final = 256
MIN_SECRET: Final = 24
MAX_SECRET: Final = 64
WEAK_BITS: Final = 96.0
"""24 random bytes come out at 100 or more by the measure of `is_weak`, repeated words below 96."""

_ID: Final = re.compile(rf"[\x21-\x7e]{{1,{MAX_ID}}}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")


def decode_secret(text: str) -> bytes:
    """The key in a secret "whsec_<base64>", 24 to 64 bytes; raises ValueError that says what is wrong."""
    if not text.startswith(PREFIX):
        msg = f"each secret must start with {PREFIX}"
        raise ValueError(msg)
    coded = text.removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except ValueError:
        msg = f"what follows {PREFIX} must be base64"
        raise ValueError(msg) from None  # the cause would quote the secret
    if not MIN_SECRET <= len(key) <= MAX_SECRET:
        msg = f"a secret must hold {MIN_SECRET} to {MAX_SECRET} bytes; this one holds {len(key)}"
        raise ValueError(msg)
    return key


def is_weak(key: bytes) -> bool:
    """Whether a key repeats itself so much that nobody can have drawn it at random."""
    shares = [count / len(key) for count in Counter(key).values()]
    return -sum(share * math.log2(share) for share in shares) * len(key) < WEAK_BITS


def sign(key: bytes, id_: str, timestamp: str, body: bytes) -> str:
    """The signature entry "v1,<base64>"."""
    digest = hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(key: bytes, id_: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message of ours."""
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(key, id_, timestamp, body),
    }


def is_genuine(given: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: datetime) -> bool:
    """Whether one of the keys signed exactly this body not more than five minutes ago; never raises.

    `given` are the request's headers in lower case. Every signature is compared with every key, so that the time
    taken does not tell which one came close.
    """
    id_, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not _ID.fullmatch(id_) or not _TIMESTAMP.fullmatch(timestamp):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        return False
    entries = [entry.encode("utf-8", "replace") for entry in given.get("webhook-signature", "").split(" ")]
    expected = [sign(key, id_, timestamp, body).encode() for key in keys]
    return sum(hmac.compare_digest(one, entry) for one in expected for entry in entries) > 0
