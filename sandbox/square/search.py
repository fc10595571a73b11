"""Which posts a search finds: every word or "quoted phrase" must be in the text, whatever the case."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import regex

from sandbox.square.model import Record
from sandbox.square.notifications import mentioned_dids
from sandbox.square.richtext import LINK, TAG
from sandbox.square.world import World

_PARTS = regex.compile(r'"([^"]+)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. `since` counts itself in, `until` does not; both mean the place in lists."""

    words: str
    author: str | None = None
    mentions: str | None = None
    lang: str | None = None
    domain: str | None = None
    url: str | None = None
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def matches(search: Search, post: Record, world: World) -> bool:
    """Whether the post meets every condition."""
    value = post.value
    links = list(_features(value, LINK, "uri"))
    conditions = (
        search.author in (None, post.did),
        search.mentions is None or search.mentions in mentioned_dids(value),
        search.lang is None or search.lang in value.get("langs", ()),
        search.url is None or search.url in links,
        search.domain is None or any(urlsplit(link).hostname == search.domain for link in links),
        search.since is None or post.sort_at >= search.since,
        search.until is None or post.sort_at < search.until,
        all(_has_tag(value, tag) for tag in search.tags),
    )
    return all(conditions) and all(_has(part, post, world) for part in _PARTS.finditer(search.words))


def _has(part: regex.Match[str], post: Record, world: World) -> bool:
    phrase, word = part[1], part[2]
    if phrase:
        return _contains(post.value["text"], phrase)
    if word.startswith("#") and len(word) > 1:
        return _has_tag(post.value, word[1:])
    if word.startswith("from:"):
        person = world.person(word.removeprefix("from:").removeprefix("@"))
        return person is not None and person.did == post.did
    return _contains(post.value["text"], word)


def _contains(text: str, wanted: str) -> bool:
    """Whole words only, so that `acme` is not found in `pacme`."""
    return regex.search(rf"(?<!\w){regex.escape(wanted.casefold())}(?!\w)", text.casefold()) is not None


def _has_tag(value: dict[str, Any], tag: str) -> bool:
    known = [*_features(value, TAG, "tag"), *value.get("tags", ())]
    return tag.casefold() in [item.casefold() for item in known]


def _features(value: dict[str, Any], kind: str, field: str) -> Iterator[str]:
    for facet in value.get("facets") or ():
        for feature in facet["features"]:
            if feature["$type"] == kind:
                yield feature[field]
