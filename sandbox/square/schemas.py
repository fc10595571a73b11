"""The lexicons of the records that people write on the square, and which record keys each kind takes."""

from collections.abc import Mapping
from typing import Any

from sandbox.square.lexicon import LexiconError, Schema, check, is_format, show

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"
FOLLOW = "app.bsky.graph.follow"
BLOCK = "app.bsky.graph.block"
PROFILE = "app.bsky.actor.profile"
CHAT_DECLARATION = "chat.bsky.actor.declaration"
EMBED_RECORD = "app.bsky.embed.record"


def text(max_bytes: int | None = None, max_graphemes: int | None = None, form: str | None = None) -> Schema:
    """A string with its limits: UTF-8 bytes, graphemes, and format."""
    limits = {"maxLength": max_bytes, "maxGraphemes": max_graphemes, "format": form}
    return {"type": "string"} | {key: value for key, value in limits.items() if value is not None}


def record(properties: Mapping[str, Schema], required: tuple[str, ...]) -> Schema:
    """An object whose named properties have schemas; others may be there too."""
    return {"type": "object", "properties": properties, "required": required}


DATETIME = text(form="datetime")
STRONG_REF = record({"uri": text(form="at-uri"), "cid": text(form="cid")}, ("uri", "cid"))
BYTE_PLACE: Schema = {"type": "integer", "minimum": 0}
FACET = record(
    {
        "index": record({"byteStart": BYTE_PLACE, "byteEnd": BYTE_PLACE}, ("byteStart", "byteEnd")),
        "features": {
            "type": "array",
            "items": {
                "type": "union",
                "refs": {
                    "app.bsky.richtext.facet#mention": record({"did": text(form="did")}, ("did",)),
                    "app.bsky.richtext.facet#link": record({"uri": text(form="uri")}, ("uri",)),
                    "app.bsky.richtext.facet#tag": record({"tag": text(640, 64)}, ("tag",)),
                },
            },
        },
    },
    ("index", "features"),
)
FACETS: Schema = {"type": "array", "items": FACET}
EMBED: Schema = {
    "type": "union",
    "refs": {
        EMBED_RECORD: record({"record": STRONG_REF}, ("record",)),
        "app.bsky.embed.external": record(
            {
                "external": record(
                    {"uri": text(form="uri"), "title": text(), "description": text()}, ("uri", "title", "description")
                )
            },
            ("external",),
        ),
    },
}
RECORDS: Mapping[str, Schema] = {
    POST: record(
        {
            "text": text(3000, 300),
            "facets": FACETS,
            "reply": record({"root": STRONG_REF, "parent": STRONG_REF}, ("root", "parent")),
            "embed": EMBED,
            "langs": {"type": "array", "maxLength": 3, "items": text(form="language")},
            "tags": {"type": "array", "maxLength": 8, "items": text(640, 64)},
            "createdAt": DATETIME,
        },
        ("text", "createdAt"),
    ),
    LIKE: record({"subject": STRONG_REF, "createdAt": DATETIME, "via": STRONG_REF}, ("subject", "createdAt")),
    REPOST: record({"subject": STRONG_REF, "createdAt": DATETIME, "via": STRONG_REF}, ("subject", "createdAt")),
    FOLLOW: record({"subject": text(form="did"), "createdAt": DATETIME}, ("subject", "createdAt")),
    BLOCK: record({"subject": text(form="did"), "createdAt": DATETIME}, ("subject", "createdAt")),
    PROFILE: record({"displayName": text(640, 64), "description": text(2560, 256), "createdAt": DATETIME}, ()),
    CHAT_DECLARATION: record(
        {"allowIncoming": {"type": "string", "enum": ("all", "none", "following")}}, ("allowIncoming",)
    ),
}
_SELF_KEYED = frozenset({PROFILE, CHAT_DECLARATION})


def check_record(collection: str, rkey: str, value: dict[str, Any], validate: bool | None) -> str | None:
    """Check a record and its key; answers `valid`, `unknown`, or None when validation was switched off.

    `validate` is the request's flag: True refuses kinds without a lexicon here, False checks nothing.
    Raises LexiconError with the server's words.
    """
    if validate is False:
        return None
    schema = RECORDS.get(collection)
    if schema is None:
        if validate:
            raise ValueError(f"Unknown lexicon type: {collection}")
        return "unknown"
    _check_key(collection, rkey)
    try:
        check(schema, value, ("record",))
    except LexiconError as error:
        raise ValueError(f"Invalid {collection} record: {error}") from error
    return "valid"


def _check_key(collection: str, rkey: str) -> None:
    prefix = f"Invalid record key for {collection}: "
    if collection in _SELF_KEYED:
        if rkey != "self":
            raise ValueError(f'{prefix}Expected "self" (got {show(rkey)}) at $')
    elif not is_format("tid", rkey):
        raise ValueError(f"{prefix}Invalid TID string (got {show(rkey)}) at $")
