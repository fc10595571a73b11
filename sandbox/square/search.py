"""Which posts a search finds: every word or "quoted phrase" must be in the text, whatever the case."""

from typing import Any

import regex

from sandbox.square.model import Record
from sandbox.square.richtext import TAG, features
from sandbox.square.schemas import POST
from sandbox.square.world import World

_PARTS = regex.compile(r'"([^"]+)"|(\S+)')


def search(world: World, words: str) -> list[Record]:
    """The posts that hold all of it, in no order."""
    parts = list(_PARTS.finditer(words))
    return [post for post in world.of_kind(POST) if all(_has(part, post, world) for part in parts)]


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
    known = [*features(value, TAG, "tag"), *value.get("tags", ())]
    return tag.casefold() in [item.casefold() for item in known]
