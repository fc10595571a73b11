"""When a network begins to send what Hark does not know: events without a reader, fields that were never there.

Fields are learned by their names for a week. One that is first seen later, in five deliveries looked at, is news: it
may be worth reading. Names only; what stands in a field is never kept.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from bot.domain.notices import Words
from bot.domain.text.skeleton import field_name

LEARN = timedelta(days=7)
LEARN_DELIVERIES = 200
SEEN_TO_TELL = 5
KNOWN_WEIGHT = 1000
"""A field seen while learning counts so much that it never arrives at five by one and one."""
BODY_READ = 256 * 1024
DEPTH = 10
FIELDS = 400
SHOWN = 12
TOLD_EVERY = timedelta(days=7)
ROUTINE = frozenset(
    (
        "another_page",
        "before_start",
        "delivery",
        "ephemeral",
        "fb_owner",
        "group_message",
        "logAcceptConvo",
        "logBeginConvo",
        "logLeaveConvo",
        "logMuteConvo",
        "logReadConvo",
        "logReadMessage",
        "logUnmuteConvo",
        "message_deliveries",
        "message_reads",
        "no_value",
        "not_ours",
        "other_account",
        "read",
        "remove",
        "removed",
        "replay",
        "request_welcome",
        "status",
        "subscribed-post",
        "system",
        "typing",
        "unhide",
        "unreact",
        "without_thread",
    )
)
"""Words in the names of events that connectors leave out on purpose: counted, never told."""


def fields_of(body: bytes) -> list[str]:
    """The names of all fields of a JSON body, as paths ("entry[].changes[].field"); none for anything else."""
    if len(body) > BODY_READ:
        return []
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return []
    found: dict[str, None] = {}
    _walk(value, "", 0, found)
    return list(found)[:FIELDS]


def is_learned(since: datetime, deliveries: int, now: datetime) -> bool:
    """Whether enough was looked at to call a field new."""
    return now - since >= LEARN and deliveries >= LEARN_DELIVERIES


def is_routine(what: str) -> bool:
    """Whether an event without a reader is one of those that networks always send."""
    return not ROUTINE.isdisjoint(what.split(":"))


def unknown_words(network: str, what: str, shape: str) -> Words:
    """The notice about an event that no reader knows."""
    return Words(
        headline=f"{network} sent something that Hark does not know: {what}",
        example=shape,
        mend="Nothing that Hark knows is lost by it. If customers speak there, look for a newer Hark.",
        every=TOLD_EVERY,
    )


def field_words(network: str, fields: list[str], shape: str) -> Words:
    """The notice about new fields."""
    more = f" and {len(fields) - SHOWN} more" if len(fields) > SHOWN else ""
    return Words(
        headline=f"{network} sends fields that it did not send before: {', '.join(fields[:SHOWN])}{more}",
        example=shape,
        mend="Often harmless. Compare with the network's changelog: a rename would make Hark miss what it reads now.",
        every=TOLD_EVERY,
    )


def _walk(value: Any, path: str, depth: int, found: dict[str, None]) -> None:
    if depth >= DEPTH or len(found) >= FIELDS:
        return
    if isinstance(value, dict):
        for key, each in value.items():
            name = f"{path}.{field_name(key)}" if path else field_name(key)
            found[name] = None
            _walk(each, name, depth + 1, found)
    elif isinstance(value, list):
        for each in value[:20]:
            _walk(each, f"{path}[]", depth + 1, found)
