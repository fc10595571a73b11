"""Names of the network and of the AT Protocol: record addresses (at://...), record keys (TID), web links."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

NETWORK: Final = "bluesky"
_SORTABLE: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH: Final = 13


@dataclass(frozen=True, slots=True)
class RecordName:
    """The parts of at://<did>/<collection>/<rkey>."""

    did: str
    collection: str = ""
    rkey: str = ""


def split_uri(uri: str) -> RecordName:
    """Take an address apart; parts that are missing are empty, also for text that is no address at all."""
    did, _, rest = uri.removeprefix("at://").partition("/")
    collection, _, rkey = rest.partition("/")
    return RecordName(did, collection, rkey)


def record_key(name: str, at: datetime) -> str:
    """A valid TID that is the same for the same name and time, so that a repeated write cannot make a second record.

    A TID is 64 bits in 13 letters: a zero, 53 bits of microseconds since 1970, 10 bits of a clock id
    (atproto.com/specs/tid). Here time gives the milliseconds; the name gives what is below, and the clock id.
    """
    number = int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    microseconds = int(at.timestamp() * 1000) * 1000 + number % 1000
    value = ((microseconds & ((1 << 53) - 1)) << 10) | ((number // 1000) & 1023)
    return "".join(_SORTABLE[(value >> (5 * n)) & 31] for n in reversed(range(_TID_LENGTH)))


def timestamp(at: datetime) -> str:
    """A time as records carry it: UTC with milliseconds and a Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def profile_url(web_url: str, did: str, handle: str = "") -> str:
    """The page of a profile; the DID stands in for a handle that is missing."""
    known = handle or did
    return f"{web_url}/profile/{known}" if known else ""


def post_url(web_url: str, uri: str, handle: str = "") -> str:
    """The page of a post; empty when the address names none."""
    name = split_uri(uri)
    return f"{profile_url(web_url, name.did, handle)}/post/{name.rkey}" if name.rkey else ""
