"""How Slack stores text and what in it calls a person: entities, automatic links, mentions."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from sandbox.slack.base import Json

_ENTITY = re.compile(r"<([^<>]*)>")
_KNOWN_ENTITY = re.compile(
    r"(?:@[UW][A-Z0-9]+|#C[A-Z0-9]+|!(?:here|channel|everyone)|!subteam\^S[A-Z0-9]+|!date\^.+"
    r"|(?:https?|mailto|tel|slack):[^|]+)(?:\|.*)?",
    re.DOTALL,
)
_BARE_URL = re.compile(r"https?://[^\s<>|]+")
_LOOSE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_GROUP = re.compile(r"<!subteam\^(S[A-Z0-9]+)(?:\|[^<>]*)?>")
_BROADCAST = re.compile(r"<!(here|channel|everyone)(?:\|[^<>]*)?>")
_PLAIN_BROADCAST = re.compile(r"(?<![\w@/.])@(here|channel|everyone)\b")
_TYPED_NAME = re.compile(r"(?<![\w@/.])@([\w.-]*\w)")
_HOLDERS = frozenset({"actions", "context_actions"})
_CONTAINERS = frozenset({dict, list})
_URL_TAIL = ".,;:!?)'\""


@dataclass
class Mentions:
    """Whom a text calls: user ids, user group ids, and the words here, channel, everyone."""

    users: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    broadcasts: set[str] = field(default_factory=set)

    def read(self, stored: str) -> None:
        """Add what the entities of a stored text call."""
        if "<" in stored:
            self.users.update(_USER.findall(stored))
            self.groups.update(_GROUP.findall(stored))
            self.broadcasts.update(_BROADCAST.findall(stored))


def escape(text: str) -> str:
    """Slack's three escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stored_text(text: str, *, autolink: bool = True) -> str:
    """The text as Slack keeps it: known entities stay, other brackets are escaped, bare URLs become links."""
    if not any(mark in text for mark in "<>&") and "://" not in text:
        return text
    parts: list[str] = []
    end = 0
    for match in _ENTITY.finditer(text):
        parts.append(_stored_plain(text[end : match.start()], autolink))
        known = _KNOWN_ENTITY.fullmatch(match[1])
        parts.append(match[0] if known else f"&lt;{_stored_plain(match[1], autolink)}&gt;")
        end = match.end()
    parts.append(_stored_plain(text[end:], autolink))
    return "".join(parts)


def _stored_plain(text: str, autolink: bool) -> str:
    safe = _LOOSE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return _BARE_URL.sub(_link, safe) if autolink and "://" in safe else safe


def _link(match: re.Match[str]) -> str:
    url, tail = match[0], ""
    for entity in ("&lt;", "&gt;"):
        if entity in url:
            cut = url.index(entity)
            url, tail = url[:cut], url[cut:] + tail
    bare = url.rstrip(_URL_TAIL)
    return f"<{bare}>{url[len(bare) :]}{tail}"


def stored_blocks(blocks: list[Json], next_id: Callable[[str], str]) -> list[Json]:
    """Blocks as Slack keeps them: block_ids and action_ids filled in, texts normalised, defaults written out."""
    stored = []
    for block in blocks:
        kept = {**_stored_node(block), "block_id": block.get("block_id") or next_id("b")}
        elements = kept.get("elements", ()) if block["type"] in _HOLDERS else ()
        for element in (kept.get("accessory"), kept.get("element"), *elements):
            if element is not None and element["type"] != "image" and not element.get("action_id"):
                element["action_id"] = next_id("a")
        stored.append(kept)
    return stored


def _stored_node(node: Any) -> Any:
    if isinstance(node, list):
        return [_stored_node(item) for item in node]
    if not isinstance(node, dict):
        return node
    kind = node.get("type")
    if kind == "mrkdwn":
        verbatim = bool(node.get("verbatim", False))
        return {**node, "text": stored_text(node["text"], autolink=not verbatim), "verbatim": verbatim}
    if kind == "plain_text":
        return {**node, "emoji": node.get("emoji", True)}
    return {key: _stored_node(value) for key, value in node.items()}


def mentions(text: str, blocks: list[Json]) -> Mentions:
    """Everyone that a message calls, in its top-level text and in its blocks (both as stored).

    Text elements of rich_text and plain_text call nobody. mrkdwn that is not `verbatim` also has its plain
    @here, @channel and @everyone parsed by Slack.
    """
    found = Mentions()
    found.read(text)
    for node in nodes(blocks):
        reader = _READERS.get(node.get("type"))
        if reader is not None:
            reader(node, found)
    return found


def nodes(value: Any) -> Iterator[Json]:
    """Every object inside a JSON value, in no promised order; a stack, because this runs for each message."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(item for item in node.values() if type(item) in _CONTAINERS)
        else:
            waiting.extend(item for item in node if type(item) in _CONTAINERS)


def _read_mrkdwn(node: Json, found: Mentions) -> None:
    text = str(node.get("text", ""))
    found.read(text)
    if not node.get("verbatim", False) and "@" in text:
        found.broadcasts.update(_PLAIN_BROADCAST.findall(_ENTITY.sub(" ", text)))


def _read_user(node: Json, found: Mentions) -> None:
    found.users.add(str(node.get("user_id")))


def _read_group(node: Json, found: Mentions) -> None:
    found.groups.add(str(node.get("usergroup_id")))


def _read_broadcast(node: Json, found: Mentions) -> None:
    found.broadcasts.add(str(node.get("range")))


_READERS: dict[object, Callable[[Json, Mentions], None]] = {
    "mrkdwn": _read_mrkdwn,
    "markdown": _read_mrkdwn,
    "user": _read_user,
    "usergroup": _read_group,
    "broadcast": _read_broadcast,
}


def typed_text(text: str, ids_by_name: dict[str, str]) -> str:
    """What a person types in the message box, as stored: escaped, with @name and @here turned into mentions."""

    def entity(match: re.Match[str]) -> str:
        name = match[1].lower()
        if name in {"here", "channel", "everyone"}:
            return f"<!{name}>"
        return f"<@{ids_by_name[name]}>" if name in ids_by_name else match[0]

    return _BARE_URL.sub(_link, _TYPED_NAME.sub(entity, escape(text)))


def shown_text(stored: str, names: dict[str, str]) -> str:
    """The text as a phone shows it: mentions by name, links by label, escapes undone."""

    def shown(match: re.Match[str]) -> str:
        head, _, label = match[1].partition("|")
        if head.startswith("@"):
            return "@" + names.get(head[1:], head[1:])
        if head.startswith("!") and not label:
            return "@" + head[1:].partition("^")[0]
        return label or head

    return unescape(_ENTITY.sub(shown, stored))
