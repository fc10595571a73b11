"""Facets: what makes handles, links and tags in a post live. Without them a post is dead text.

Offsets count bytes of UTF-8, the end exclusive (lexicon app.bsky.richtext.facet).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import regex

TAG_GRAPHEMES = 64

_HANDLE = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_MENTION = re.compile(rf"(?:^|(?<=[\s(\"'“‘«]))@({_HANDLE})(?![A-Za-z0-9_@-])")
# Chinese, Japanese and Thai set no space around a link: it holds ASCII, accented Latin, Greek and Cyrillic letters, and
# any other letter may stand right before or behind it.
_LINK = re.compile(r"(?<![^\s(\"'“‘«\u0500-\U0010ffff])https?://[!#-;=?-~\xa1-\u04ff]+", re.IGNORECASE)
_TAG = re.compile(r"(?:^|(?<=\s))[#＃]([^\s#＃]+)")
_NOT_ONLY_DIGITS = re.compile(r"[^\d\W]|[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, in characters, and what it is."""

    start: int
    end: int
    kind: Literal["mention", "link", "tag"]
    value: str


def _trim(found: str) -> str:
    """Leave out the punctuation that belongs to the sentence, not to the link or tag."""
    while found:
        if found[-1] in ".,;:!?'’”»…" or (found[-1] == ")" and found.count(")") > found.count("(")):
            found = found[:-1]
        else:
            break
    return found


def spans(text: str) -> Iterator[Span]:
    """Find links, mentions and tags, none within another, in the order of the text."""
    links = [
        Span(match.start(), match.start() + len(link), "link", link)
        for match in _LINK.finditer(text)
        if len(link := _trim(match[0])) > len("https://")
    ]
    others = [Span(match.start(), match.end(), "mention", match[1].lower()) for match in _MENTION.finditer(text)]
    for match in _TAG.finditer(text):
        tag = _trim(match[1])
        if _NOT_ONLY_DIGITS.search(tag) and len(regex.findall(r"\X", tag)) <= TAG_GRAPHEMES:
            others.append(Span(match.start(), match.start() + 1 + len(tag), "tag", tag))
    end = 0
    for span in sorted([*links, *others], key=lambda span: span.start):
        if span.start >= end:
            end = span.end
            yield span


def handles(text: str) -> tuple[str, ...]:
    """The handles that a text names, each once, in lower case."""
    return tuple(dict.fromkeys(span.value for span in spans(text) if span.kind == "mention"))


def _feature(span: Span, dids: Mapping[str, str]) -> dict[str, str] | None:
    if span.kind == "link":
        return {"$type": "app.bsky.richtext.facet#link", "uri": span.value}
    if span.kind == "tag":
        return {"$type": "app.bsky.richtext.facet#tag", "tag": span.value}
    did = dids.get(span.value)
    return {"$type": "app.bsky.richtext.facet#mention", "did": did} if did else None


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facets of a text. `dids` maps handles (lower case) to DIDs; a handle that is not in it stays plain text."""

    def offset(index: int) -> int:
        return len(text[:index].encode("utf-8", "surrogatepass"))

    return [
        {"index": {"byteStart": offset(span.start), "byteEnd": offset(span.end)}, "features": [feature]}
        for span in spans(text)
        if (feature := _feature(span, dids)) is not None
    ]
