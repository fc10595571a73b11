"""A delivery as it stands in a stream, of the inbox or of the dead letters: fields and values."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from bot.domain.models import Raw
from bot.store.keys import instant, millis
from bot.store.trips import Arg

FIELDS = ("network", "account", "source", "body", "headers", "received_at")
HEADERS = TypeAdapter(dict[str, str])


def to_fields(raw: Raw) -> list[Arg]:
    """A delivery as field, value, ... of a stream entry."""
    return [part for pair in zip(FIELDS, to_values(raw), strict=True) for part in pair]


def to_values(raw: Raw) -> list[Arg]:
    """A delivery as the values of FIELDS; the body as the bytes that came."""
    headers = HEADERS.dump_json(dict(raw.headers)) if raw.headers else b"{}"
    return [raw.network, raw.account, raw.source, raw.body, headers, millis(raw.received_at)]


def from_fields(id_: bytes, fields: Mapping[bytes, bytes]) -> Raw:
    """A delivery as it was stored. What is missing is empty: intake must be able to bury whatever stands there."""
    text = {name: fields.get(name.encode(), b"").decode("utf-8", "replace") for name in FIELDS if name != "body"}
    try:
        headers = HEADERS.validate_json(fields.get(b"headers", b"{}"))
    except ValidationError:
        headers = {}
    return Raw(
        network=text["network"],
        account=text["account"],
        source=text["source"],
        body=fields.get(b"body", b""),
        headers=headers,
        received_at=came_at(text["received_at"], id_),
    )


def from_pairs(id_: bytes, pairs: Sequence[bytes]) -> Raw:
    """The same from the flat list that a script answers."""
    return from_fields(id_, dict(zip(pairs[::2], pairs[1::2], strict=True)))


def came_at(ms: str, id_: bytes) -> datetime:
    """When an entry came: as it says itself, else as its id says."""
    return instant(int(ms) if ms.isdecimal() else int(id_.split(b"-")[0]))


def letter_address(id_: str, shards: int) -> tuple[int, str] | None:
    """Shard and stream id of a dead letter's id ("0.1700000000000-0"), or None for anything else."""
    shard, _, entry = id_.partition(".")
    parts = (shard, *entry.split("-"))
    sound = len(parts) == 3 and all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts)
    return (int(shard), entry) if sound and int(shard) < shards else None
