"""Checks of what staff are about to send: length, private data, things that only Slack understands."""

import re
from dataclasses import dataclass

from bot.domain.models import LengthRule
from bot.domain.text.clean import utf8_bytes
from bot.domain.text.lengths import length
from bot.domain.text.privacy import AllowList, find

TEXT = "text"
PUBLIC_LINE = "line"
SIGNATURE = "signature"
UNIT_WORDS = {
    "graphemes": "characters",
    "utf16": "characters",
    "weighted": "characters, as X counts them,",
    "emoji_bytes": "characters, each emoji as its bytes,",
}
SLACK_ONLY = re.compile(r"<[@#!][^>]*>|(?<!\w):[a-z0-9_+'-]+:(?!\w)")


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong, by field of the modal; nothing was sent."""

    fields: dict[str, str]


def from_slack(text: str) -> str:
    """Staff's text as customers should read it: Slack's `:emoji:` codes become the characters themselves."""
    import emoji  # noqa: PLC0415 - its table of all emoji takes long to load, and only a process that is typed into needs it

    return emoji.emojize(text, language="alias").strip()


def text_problems(text: str, rule: LengthRule | None, allow: AllowList | None, network: str) -> str:
    """The first problem of a text with its signature, in words for its author; empty when it may go out.

    Private data is looked for when `allow` is given (public texts).
    """
    if rule is None:
        return "This network takes no such message."
    strange = slack_only(text)
    if strange:
        return strange
    counted = length(text, rule)
    if counted > rule.limit:
        unit = UNIT_WORDS.get(rule.unit, rule.unit)
        return f"{counted - rule.limit} too long: {counted} of {rule.limit} {unit} on {network}, signature included."
    if rule.max_bytes is not None and utf8_bytes(text) > rule.max_bytes:
        return f"Too long for {network}: {utf8_bytes(text)} of {rule.max_bytes} bytes."
    found = find(text, allow) if allow is not None else ()
    if found:
        return f"This looks like private data ({found[0].kind}): take it private, or leave it out."
    return ""


def slack_only(text: str) -> str:
    """What means something in Slack alone and customers would see as it stands, in words; empty when nothing does."""
    strange = SLACK_ONLY.search(text)
    return f"Customers would see “{strange.group()}” as it stands: only Slack understands it." if strange else ""
