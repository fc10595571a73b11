"""Score promotion and scams in English text by adding up signs; a link alone is not one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.text.phrases import Phrases, lowered

FOLD_AT: Final = 2.0
FOLD_NEW_AUTHOR_AT: Final = 1.5
"""Score from which a text counts as spam, for an author known to us and for a new one."""

_PHRASES: Final = (
    r"giveaway|free (?:gift|money|iphone|trial|followers|crypto|entry)|claim (?:your|now)"
    r"|you(?:'ve| have) (?:won|been selected)|winner"
    r"|prize|cash(?:back)? (?:prize|reward|now)|lottery|jackpot|congratulations you",
    r"bitcoin|btc|crypto(?:currency)?|forex|nft|airdrop|trading (?:signals?|account|platform)"
    r"|invest(?:ment|ing)? (?:of|with|plan|platform|opportunity)"
    r"|passive income|earn (?:up to )?[$£€]?\d+|make money|work from home|financial freedom"
    r"|onlyfans|adult content|viagra|casino|betting tips",
    r"check (?:out )?my (?:bio|profile|page|channel|link|store|shop|video)|link in (?:my )?bio"
    r"|subscribe to my|follow (?:me|back|for follow)|follow4follow|f4f"
    r"|sub4sub|dm (?:me|us)? ?(?:for|to) (?:promo\w*|collab\w*|details|a? ?quick|get)"
    r"|promote (?:it )?(?:on|your)|buy (?:followers|likes|views)"
    r"|like and share|my (?:new )?(?:song|mixtape|album|channel|store)(?= \w)",
    r"limited (?:time )?offer|act now|click (?:here|the link|below)|100% (?:guaranteed|free"
    r"|legit)|best price(?:s)? guaranteed|order now|use (?:my )?(?:promo )?code"
    r"|special offer|no credit check|risk[- ]free|call now|txt|text \w+ to \d{4,6}|t&cs? apply"
    r"|\d{2,3}% off",
    r"(?:contact|message|reach|write|text|dm|inbox)\b.{0,40}\b(?:on|via) (?:whatsapp|telegram"
    r"|signal)|(?:he|she|they) (?:helped me )?recover(?:ed)? my (?:account|funds|money)"
    r"|(?:recovery|hack(?:er|ing)) (?:expert|service|agent)s?|thanks to (?:mr|mrs"
    r"|dr)s?\b.{0,40}\btrad\w*",
)
_LINK: Final = r"https?://|www\.|\b(?:bit\.ly|tinyurl\.com|t\.me|wa\.me)/"
_SHORT_LINK: Final = r"\b(?:bit\.ly|tinyurl\.com|t\.me|wa\.me|cutt\.ly|is\.gd)/"
_TAG: Final = r"(?<!\w)[#＃]\w+"
_AT: Final = r"(?<!\w)@\w+"
_MONEY: Final = r"[$£€]{2,}|💰|💸|🤑|🔥.*🔥.*🔥|👇|[$£€]\d[\d,.]*k?\b.{0,60}\b(?:day|daily|week|weekly|month|hour)"


@dataclass(frozen=True)
class _Sign:
    """A pattern that weighs when it is met `least` times; looked for only where one of its marks stands."""

    weight: float
    least: int
    marks: tuple[str, ...]
    pattern: "re.Pattern[str]"

    def met(self, text: str) -> bool:
        """Tell whether the text, in lower case, has it."""
        if not any(mark in text for mark in self.marks):
            return False
        return any(count == self.least for count, _ in enumerate(self.pattern.finditer(text), 1))


@dataclass(frozen=True)
class SpamReader:
    """The compiled signs; build it once with `load`."""

    phrases: Phrases
    signs: tuple[_Sign, ...]
    patterns: tuple[str, ...] = _PHRASES

    @classmethod
    def load(cls) -> "SpamReader":
        """Compile phrases and signs."""
        link, tag = re.compile(_LINK), re.compile(_TAG)
        signs = (
            _Sign(0.5, 1, tuple("$£€💰💸🤑🔥👇"), re.compile(_MONEY)),
            _Sign(0.5, 1, ("/",), re.compile(_SHORT_LINK)),
            _Sign(0.5, 1, ("/", "www."), link),
            _Sign(0.5, 3, ("/", "www."), link),
            _Sign(0.5, 6, ("#", "＃"), tag),
            _Sign(0.5, 10, ("#", "＃"), tag),
            _Sign(1.0, 6, ("@",), re.compile(_AT)),
        )
        return cls(Phrases(_PHRASES), signs)

    def score(self, text: str, hits: Sequence[int] | None = None) -> float:
        """Return the sum of signs in the whole text, handles and links included.

        `hits` are how often each of `patterns` is met, if that is known already.
        """
        text = lowered(text)
        phrases = self.phrases.counts(text) if hits is None else hits
        return sum(map(bool, phrases)) + sum(sign.weight for sign in self.signs if sign.met(text))

    def read(self, text: str, hits: Sequence[int] | None = None, *, known_author: bool) -> bool:
        """Tell whether the text counts as spam."""
        return self.score(text, hits) >= (FOLD_AT if known_author else FOLD_NEW_AUTHOR_AT)
