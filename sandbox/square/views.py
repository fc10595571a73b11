"""The JSON that readers get: profiles and posts as a signed-in viewer sees them.

Shapes: lexicons `app.bsky.actor.defs` and `app.bsky.feed.defs`.
"""

from sandbox.square.model import Json, Person, Record
from sandbox.square.notifications import quoted_uri
from sandbox.square.schemas import BLOCK, CHAT_DECLARATION, EMBED_RECORD, LIKE, POST, PROFILE, REPOST
from sandbox.square.times import iso
from sandbox.square.world import World


def allow_incoming(world: World, did: str) -> str:
    """From whom a person takes new private talks: all, following (the default) or none."""
    declaration = world.find(did, CHAT_DECLARATION, "self")
    return str(declaration.value["allowIncoming"]) if declaration else "following"


def profile_basic(world: World, person: Person, viewer: str) -> Json:
    """A profile as it stands beside a post."""
    associated: Json = {"activitySubscription": {"allowSubscriptions": "followers"}}
    if world.find(person.did, CHAT_DECLARATION, "self"):
        associated["chat"] = {"allowIncoming": allow_incoming(world, person.did)}
    basics: Json = {"did": person.did, "handle": person.handle}
    profile = world.find(person.did, PROFILE, "self")
    if profile and profile.value.get("displayName"):
        basics["displayName"] = profile.value["displayName"]
    return basics | {"associated": associated, "viewer": _viewer(world, person.did, viewer), "labels": []}


def post_view(world: World, record: Record, viewer: str) -> Json:
    """One post with its counts."""
    author = world.people[record.did]
    embed = _embed_view(world, record, viewer)
    return {
        "uri": record.uri,
        "cid": record.cid,
        "author": profile_basic(world, author, viewer),
        "record": record.value,
        **({"embed": embed} if embed else {}),
        "bookmarkCount": 0,
        **_counts(world, record),
        "indexedAt": iso(record.sort_at),
        "viewer": {"bookmarked": False, "threadMuted": False, "embeddingDisabled": False}
        | _own_acts(world, record.uri, viewer),
        "labels": [],
    }


def newest_first(records: list[Record]) -> list[Record]:
    """Sort records the way lists show them."""
    return sorted(records, key=lambda record: (record.sort_at, record.cid), reverse=True)


def _viewer(world: World, did: str, viewer: str) -> Json:
    state: Json = {"muted": False, "blockedBy": bool(world.pointing_at(BLOCK, viewer, did))}
    following, followed_by = world.follows(viewer, did), world.follows(did, viewer)
    blocking = world.pointing_at(BLOCK, did, viewer)
    named = {"following": following, "followedBy": followed_by, "blocking": blocking[0] if blocking else None}
    return state | {name: record.uri for name, record in named.items() if record and did != viewer}


def _counts(world: World, record: Record) -> dict[str, int]:
    return {
        "replyCount": len(world.pointers.get((POST, record.uri), ())),
        "repostCount": len(world.pointing_at(REPOST, record.uri)),
        "likeCount": len(world.pointing_at(LIKE, record.uri)),
        "quoteCount": sum(1 for post in world.of_kind(POST) if quoted_uri(post.value) == record.uri),
    }


def _own_acts(world: World, uri: str, viewer: str) -> dict[str, str]:
    acts = {"like": LIKE, "repost": REPOST}
    found = {name: world.pointing_at(kind, uri, viewer) for name, kind in acts.items()}
    return {name: records[0].uri for name, records in found.items() if records}


def _embed_view(world: World, record: Record, viewer: str) -> Json | None:
    uri = quoted_uri(record.value)
    if uri is None:
        return None
    quoted = world.records.get(uri)
    inner = _quoted_view(world, quoted, viewer) if quoted else _quoted_gone(uri)
    return {"$type": f"{EMBED_RECORD}#view", "record": inner}


def _quoted_gone(uri: str) -> Json:
    return {"$type": f"{EMBED_RECORD}#viewNotFound", "uri": uri, "notFound": True}


def _quoted_view(world: World, quoted: Record, viewer: str) -> Json:
    return {
        "$type": f"{EMBED_RECORD}#viewRecord",
        **quoted.ref,
        "author": profile_basic(world, world.people[quoted.did], viewer),
        "value": quoted.value,
        "labels": [],
        **_counts(world, quoted),
        "indexedAt": iso(quoted.sort_at),
        "embeds": [],
    }
