"""What staff write in Slack: its codes made the characters that they stand for, notes masked, and the checks of what is
about to be sent: length, private data, things that only Slack understands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.models import LengthRule
from bot.domain.text.clean import cut, tidy, utf8_bytes
from bot.domain.text.lengths import length
from bot.domain.text.privacy import AllowList, find, mask

TEXT = "text"
PUBLIC_LINE = "line"
SIGNATURE = "signature"
NOTE_GRAPHEMES = 300
HEADLINE_NOTE_GRAPHEMES = 200
"""Of such a note a headline shows all, with who wrote it; also on a lock screen."""
UNIT_WORDS = {
    "graphemes": "characters",
    "utf16": "characters",
    "weighted": "characters, as X counts them",
    "emoji_bytes": "characters, each emoji as its bytes",
}
PRIVATE_WORDS: Mapping[str, str] = {
    "email": "an e-mail address",
    "phone": "a phone number",
    "card": "a payment card’s number",
    "iban": "a bank account’s number",
    "national_id": "an identity number",
}
CODE = re.compile(r":([a-z0-9_+'-]+):(?::skin-tone-([2-6]):)?")
FLAG = re.compile(r"flag-([a-z]{2})")
TONE_2, LETTER_A, EMOJI_STYLE = 0x1F3FB, 0x1F1E6, "\ufe0f"
"""The lightest skin tone, an A of the two letters of a flag, and what a skin tone takes the place of."""
OTHERWISE = {
    "smiling_face_with_3_hearts": "smiling_face_with_hearts",
    "face_palm": "person_facepalming",
    "face_with_cowboy_hat": "cowboy_hat_face",
    "first_place_medal": "1st_place_medal",
    "second_place_medal": "2nd_place_medal",
    "third_place_medal": "3rd_place_medal",
    "medal": "sports_medal",
}
BEGINNINGS = (("female_", "woman_"), ("male_", "man_"), ("large_", ""), ("flag_", ""))
"""How Slack's names, those of iamcal/emoji-data, differ from those of our table."""
SLACK_ONLY = re.compile(r"<[@#!][^>]*>|(?<!\w):[a-z0-9_+'-]+:(?!\w)")


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong, by field of the modal; nothing was sent."""

    fields: dict[str, str]


def from_slack(text: str) -> str:
    """Staff's text as customers should read it: Slack's `:emoji:` codes become the characters themselves."""
    return CODE.sub(_character, text).strip()


def noted(note: str, allow: AllowList, graphemes: int = NOTE_GRAPHEMES) -> str:
    """A note to colleagues as it is kept and shown in Slack: masked like a customer's words, and cut."""
    return cut(mask(tidy(from_slack(note)), allow).text, graphemes)


def _character(code: re.Match[str]) -> str:
    """The character of a code, in its skin tone; the code itself where it is a workspace's own."""
    sign, tone = _emoji(code[1]), code[2]
    if not sign or tone is None:
        return sign or code[0]
    return f"{sign[0]}{chr(TONE_2 + int(tone) - 2)}{sign[1:].removeprefix(EMOJI_STYLE)}"


def _emoji(name: str) -> str:
    """The emoji of that name, or an empty text."""
    import emoji  # noqa: PLC0415 - its table of all emoji takes long to load, and only a process that is typed into needs it

    if flag := FLAG.fullmatch(name):
        return "".join(chr(LETTER_A + ord(letter) - ord("a")) for letter in flag[1])
    known = OTHERWISE.get(name, name.replace("-", "_"))
    names = (name, known, *(new + known.removeprefix(old) for old, new in BEGINNINGS if known.startswith(old)))
    signs = (emoji.emojize(f":{each}:", language="alias") for each in names)
    return next((sign for sign in signs if not sign.startswith(":")), "")


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
        return _too_long(counted, rule.limit, UNIT_WORDS.get(rule.unit, rule.unit), network)
    if rule.max_bytes is not None and utf8_bytes(text) > rule.max_bytes:
        return _too_long(utf8_bytes(text), rule.max_bytes, "bytes", network)
    found = find(text, allow) if allow is not None else ()
    if found:
        kinds = ", ".join(PRIVATE_WORDS[kind] for kind in dict.fromkeys(each.kind for each in found))
        return f"This looks like private data ({kinds}), and everybody can read it: leave it out, or say it in private."
    return ""


def _too_long(counted: int, limit: int, unit: str, network: str) -> str:
    return f"Too long for {network} by {counted - limit:,}: with the signature it has {counted:,} of {limit:,} {unit}."


def slack_only(text: str) -> str:
    """What means something in Slack alone and customers would see as it stands, in words; empty when nothing does."""
    strange = SLACK_ONLY.search(text)
    if strange is None:
        return ""
    return f"Customers would see “{strange.group()}” as it stands, for only Slack understands it: leave it out."
