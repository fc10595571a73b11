"""The words and signs of the cards. Every sign stands beside a word: nothing is said by a picture or colour alone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.domain.case import MODERATION, STAND_IN, Case, Item, Purpose, Send
from bot.domain.models import Kind, LengthRule
from bot.domain.reading import Intent, Reading

URGENT_FROM: Final = 2
"""Points of urgency from which the card says "urgent"."""


def _table(**words: str) -> Mapping[str, str]:
    return MappingProxyType(words)


KINDS: Final[Mapping[Kind, tuple[str, str]]] = MappingProxyType(
    {
        Kind.COMMENT: ("💬", "Comment"),
        Kind.MENTION: ("📣", "Mention"),
        Kind.MESSAGE: ("✉️", "Private message"),
        Kind.REVIEW: ("⭐", "Review"),
        Kind.POST: ("📝", "Post"),
        Kind.MATCH: ("🔎", "Search match"),
        Kind.REACTION: ("👍", "Like"),
        Kind.REPOST: ("🔁", "Repost"),
        Kind.FOLLOW: ("➕", "New follower"),
    }
)
INTENTS: Final[Mapping[Intent, str]] = MappingProxyType(
    {"complaint": "😟 Complaint", "question": "❓ Question", "praise": "💛 Praise", "other": "🗨️ Remark"}
)
PURPOSES: Final[Mapping[Purpose, str]] = MappingProxyType(
    {
        Purpose.REPLY: "reply",
        Purpose.THANK: "thank-you",
        Purpose.ACKNOWLEDGE: "“on it”",
        Purpose.PRIVATE: "message",
        Purpose.LIKE: "like",
        Purpose.NOTICE: "line",
        Purpose.HIDE: "Hiding the comment",
        Purpose.UNHIDE: "Showing the comment again",
    }
)
ATTACHMENTS: Final = _table(
    image="🖼️ Picture", video="🎬 Video", audio="🔊 Sound", file="📎 File", link="🔗 Link", quote="❝ Quoted post"
)
URGENT_BECAUSE: Final = _table(
    time="time is short", leaving="may leave us", legal="legal trouble", shouting="in capitals", insistent="insists"
)
"""What triage calls a reason, as staff read it; the other reasons say it themselves."""
ABUSE: Final = _table(none="", heated="🌶️ heated words", troll="🚩 abusive")
UNITS: Final = _table(
    graphemes="characters",
    characters="characters",
    utf16="characters (an emoji counts as two)",
    weighted="characters (an emoji counts as two, a link as 23)",
    emoji_bytes="characters (an emoji counts as four or more)",
    bytes="bytes (an accented letter counts as two, an emoji as four)",
)
LANGUAGES: Final = _table(
    ar="Arabic", bg="Bulgarian", bn="Bengali", ca="Catalan", cs="Czech", da="Danish", de="German", el="Greek",
    en="English", es="Spanish", et="Estonian", eu="Basque", fa="Persian", fi="Finnish", fr="French", gl="Galician",
    he="Hebrew", hi="Hindi", hr="Croatian", hu="Hungarian", id="Indonesian", it="Italian", ja="Japanese", ko="Korean",
    lt="Lithuanian", lv="Latvian", ms="Malay", nl="Dutch", no="Norwegian", pl="Polish", pt="Portuguese", ro="Romanian",
    ru="Russian", sk="Slovak", sl="Slovenian", sr="Serbian", sv="Swedish", sw="Swahili", ta="Tamil", th="Thai",
    tl="Tagalog", tr="Turkish", uk="Ukrainian", ur="Urdu", vi="Vietnamese", zh="Chinese",
)  # fmt: skip


def kind_words(kind: Kind) -> str:
    """Sign and word for what the customer did."""
    return " ".join(KINDS[kind])


def language_name(code: str) -> str:
    """English name of an ISO 639-1 code, else the code; empty when the language is not known."""
    return "" if code in ("", "und") else LANGUAGES.get(code, code)


def is_urgent(reading: Reading) -> bool:
    """Whether the words themselves press."""
    return reading.urgency >= URGENT_FROM


def author_label(item: Item, case: Case) -> str:
    """The most human name of whoever wrote this."""
    author = item.author or case.author
    return author.label if author else "someone"


def send_title(send: Send) -> str:
    """What kind of send this is and who can read it, such as "Public reply"."""
    if send.purpose in MODERATION:
        return PURPOSES[send.purpose]
    return f"{'Private' if send.private else 'Public'} {PURPOSES[send.purpose]}"


def doubt(send: Send) -> str:
    """What is not known of a send whose answer was lost: an act has no words that could arrive."""
    return f"not known whether it {'worked' if send.purpose in MODERATION else 'arrived'}"


def staff_name(name: str) -> str:
    """A colleague's name, or a stand-in."""
    return name or STAND_IN


def rule_words(rule: LengthRule) -> str:
    """A network's limit in words. A second limit in bytes hardly ever binds: it is named when a text is over it."""
    return f"{rule.limit:,} {UNITS[rule.unit]}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
