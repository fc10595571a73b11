"""Who is told of what: notifications are worked out from the records, so what is deleted is gone from the list.

Rules as measured on the reference app server: one notification for each record and recipient; a mention comes before
a quote, a quote before a reply; a reply tells the authors of up to five posts above it; nobody is told of their own
acts; a like, repost, quote or reply of a post that is gone is not listed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.square.model import Record
from sandbox.square.richtext import MENTION, features
from sandbox.square.schemas import EMBED_RECORD, FOLLOW, LIKE, POST, REPOST
from sandbox.square.world import World, parent_of, subject_of

REPLY_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that one person is told of."""

    record: Record
    reason: str
    subject: str | None

    @property
    def at(self) -> datetime:
        """Its place in the list, newest first."""
        return self.record.sort_at


def notifications_for(world: World, did: str, *, followed_only: bool = False) -> list[Notification]:
    """All notifications of one person, newest first. `followed_only` leaves out people they do not follow."""
    found = [
        Notification(record, reason, subject)
        for record in world.records.values()
        if record.did != did
        for reason, subject in _told(world, record, did)
        if not followed_only or world.follows(did, record.did)
    ]
    return sorted(found, key=lambda item: (item.at, item.record.rkey), reverse=True)


def quoted_uri(value: dict[str, Any]) -> str | None:
    """The post that a post quotes."""
    embed = value.get("embed") or {}
    uri = embed["record"]["uri"] if embed.get("$type") == EMBED_RECORD else None
    return uri if uri and f"/{POST}/" in uri else None


def author_of(uri: str) -> str:
    """The DID in the address of a record."""
    return uri.removeprefix("at://").partition("/")[0]


_Told = Iterator[tuple[str, str | None]]


def _told(world: World, record: Record, did: str) -> _Told:
    rule = _RULES.get(record.collection)
    return rule(world, record, did) if rule else iter(())


def _of_post(world: World, record: Record, did: str) -> _Told:
    quoted = quoted_uri(record.value)
    if did in features(record.value, MENTION, "did"):
        yield "mention", None
    elif quoted is not None and author_of(quoted) == did:
        if quoted in world.records:
            yield "quote", quoted
    else:
        answered = _own_post_above(world, record, did)
        if answered is not None:
            yield "reply", answered


def _own_post_above(world: World, record: Record, did: str) -> str | None:
    uri = parent_of(record.value)
    for _ in range(REPLY_DEPTH):
        above = world.records.get(uri) if uri else None
        if above is None:
            return None
        if above.did == did:
            return above.uri
        uri = parent_of(above.value)
    return None


def _of_subject(reason: str) -> Callable[[World, Record, str], _Told]:
    def told(world: World, record: Record, did: str) -> _Told:
        target = subject_of(record.value)
        if target in world.records and author_of(target) == did and _is_first(world, record, target):
            yield reason, target

    return told


def _of_follow(world: World, record: Record, did: str) -> _Told:
    if subject_of(record.value) == did and _is_first(world, record, did):
        yield "follow", None


def _is_first(world: World, record: Record, target: str) -> bool:
    return world.pointing_at(record.collection, target, record.did)[0].uri == record.uri


_RULES: Mapping[str, Callable[[World, Record, str], _Told]] = {
    POST: _of_post,
    LIKE: _of_subject("like"),
    REPOST: _of_subject("repost"),
    FOLLOW: _of_follow,
}
