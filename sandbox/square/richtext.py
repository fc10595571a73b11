"""Text with facets: what a client app does when a person writes a post.

A facet marks a range of UTF-8 bytes as a mention, a link or a tag; without one, a handle or a link is dead text.
Source: the Bluesky documentation, "Links, mentions, and rich text".
"""

from collections.abc import Callable, Iterator
from typing import Any

import regex

MENTION = "app.bsky.richtext.facet#mention"
LINK = "app.bsky.richtext.facet#link"
TAG = "app.bsky.richtext.facet#tag"
MAX_TAG_GRAPHEMES = 64

_MENTION = regex.compile(r"(?<![\w@.])@([a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)")
_LINK = regex.compile(r"(?<!\S|\()\(?(https?://\S+)")
_TAG = regex.compile(r"(?<!\S)[#＃](?!\ufe0f)(\S*[^\d\s\p{P}]+\S*)")
_CLOSING = ".,;:!?'\"”’"

Resolve = Callable[[str], str | None]


def graphemes(text: str) -> int:
    """How many characters a reader sees; 300 is the most a post may have."""
    return len(regex.findall(r"\X", text))


def complete_handles(text: str, short_names: dict[str, str]) -> str:
    """Write handles out in full where a person typed only the first part, as the app's completion would.

    `short_names` maps a first part, such as `acme`, to a handle.
    """
    return _MENTION.sub(lambda found: "@" + short_names.get(found[1].lower(), found[1]), text)


def detect_facets(text: str, resolve: Resolve) -> list[dict[str, Any]]:
    """Find handles that `resolve` knows (it answers with a DID or None), links and tags; in order of place."""
    found = [*_mentions(text, resolve), *_links(text), *_tags(text)]
    return [_facet(text, start, end, feature) for start, end, feature in sorted(found, key=lambda item: item[0])]


_Found = tuple[int, int, dict[str, Any]]


def _mentions(text: str, resolve: Resolve) -> Iterator[_Found]:
    for match in _MENTION.finditer(text):
        did = resolve(match[1].lower())
        if did is not None:
            yield match.start(1) - 1, match.end(1), {"$type": MENTION, "did": did}


def _links(text: str) -> Iterator[_Found]:
    for match in _LINK.finditer(text):
        uri = match[1].rstrip(_CLOSING)
        if uri.endswith(")") and "(" not in uri:
            uri = uri[:-1]
        yield match.start(1), match.start(1) + len(uri), {"$type": LINK, "uri": uri}


def _tags(text: str) -> Iterator[_Found]:
    for match in _TAG.finditer(text):
        tag = regex.sub(r"\p{P}+$", "", match[1])
        if tag and graphemes(tag) <= MAX_TAG_GRAPHEMES:
            yield match.start(1) - 1, match.start(1) + len(tag), {"$type": TAG, "tag": tag}


def _facet(text: str, start: int, end: int, feature: dict[str, Any]) -> dict[str, Any]:
    byte_start = len(text[:start].encode())
    byte_end = byte_start + len(text[start:end].encode())
    return {"index": {"byteStart": byte_start, "byteEnd": byte_end}, "features": [feature]}


def features(record: dict[str, Any], kind: str, field: str) -> Iterator[str]:
    """What the facets of one kind hold: the DIDs of mentions, the tags."""
    for facet in record.get("facets") or ():
        for feature in facet["features"]:
            if feature["$type"] == kind:
                yield feature[field]


def misplaced_facet(record: dict[str, Any]) -> str | None:
    """Say what is wrong with the first facet whose range is not whole characters of the text; None when all fit.

    The real server stores such a record and apps then show wrong links, so the square refuses it by default.
    """
    raw = str(record.get("text", "")).encode()
    for number, facet in enumerate(record.get("facets") or ()):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if not 0 <= start < end <= len(raw):
            return f"facet bytes {start}-{end} are not within the {len(raw)} of the text at $.record.facets[{number}]"
        if _inside_character(raw, start) or _inside_character(raw, end):
            return f"facet bytes {start}-{end} cut a character at $.record.facets[{number}]"
    return None


def _inside_character(raw: bytes, place: int) -> bool:
    return place < len(raw) and raw[place] & 0xC0 == 0x80
