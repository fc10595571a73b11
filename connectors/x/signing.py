"""X's two uses of the consumer secret: its check of our address (CRC), and the signature of each delivery.

Both are base64 of HMAC-SHA256 with the prefix "sha256=", by the same key. So whoever may have any text signed as a
CRC token could forge a delivery. Hence only what looks like a token of X is signed: no body in JSON can.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Final

SIGNATURE_HEADER: Final = "x-twitter-webhooks-signature"
_TOKEN: Final = re.compile(r"[A-Za-z0-9+/=_-]{16,128}")


def sign(secret: bytes, text: bytes) -> str:
    """The signature "sha256=<base64>"."""
    return "sha256=" + base64.b64encode(hmac.digest(secret, text, hashlib.sha256)).decode()


def crc_answer(secret: bytes, token: str) -> str | None:
    """The JSON body that answers X's check; None for what is not a well-formed token."""
    if not _TOKEN.fullmatch(token):
        return None
    return json.dumps({"response_token": sign(secret, token.encode())})


def is_genuine(signature: str, body: bytes, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets signed exactly these bytes; every secret is tried, so that time tells nothing."""
    given = signature.encode("utf-8", "replace")
    return sum(hmac.compare_digest(sign(secret, body).encode(), given) for secret in secrets) > 0
