"""Score promotion and scams in English text by adding up signs; a link alone is not one."""

import re
from dataclasses import dataclass
from typing import Final

FOLD_AT: Final = 2.0
FOLD_NEW_AUTHOR_AT: Final = 1.5
"""Score from which a text counts as spam, for an author known to us and for a new one."""

_SIGNS: Final = (
    (
        1.0,
        r"\b(?:giveaway|free (?:gift|money|iphone|trial|followers|crypto|entry)|claim (?:your|now)"
        r"|you(?:'ve| have) (?:won|been selected)|winner"
        r"|prize|cash(?:back)? (?:prize|reward|now)|lottery|jackpot|congratulations you)\b",
    ),
    (
        1.0,
        r"\b(?:bitcoin|btc|crypto(?:currency)?|forex|nft|airdrop|trading (?:signals?|account|platform)"
        r"|invest(?:ment|ing)? (?:of|with|plan|platform|opportunity)"
        r"|passive income|earn (?:up to )?[$£€]?\d+|make money|work from home|financial freedom"
        r"|onlyfans|adult content|viagra|casino|betting tips)\b",
    ),
    (
        1.0,
        r"\b(?:check (?:out )?my (?:bio|profile|page|channel|link|store|shop|video)|link in (?:my )?bio"
        r"|subscribe to my|follow (?:me|back|for follow)|follow4follow|f4f"
        r"|sub4sub|dm (?:me|us)? ?(?:for|to) (?:promo\w*|collab\w*|details|a? ?quick|get)"
        r"|promote (?:it )?(?:on|your)|buy (?:followers|likes|views)"
        r"|like and share|my (?:new )?(?:song|mixtape|album|channel|store) )\b",
    ),
    (
        1.0,
        r"\b(?:limited (?:time )?offer|act now|click (?:here|the link|below)|100% (?:guaranteed|free"
        r"|legit)|best price(?:s)? guaranteed|order now|use (?:my )?(?:promo )?code"
        r"|special offer|no credit check|risk[- ]free|call now|txt|text \w+ to \d{4,6}|t&cs? apply"
        r"|\d{2,3}% off)\b",
    ),
    (
        1.0,
        r"\b(?:contact|message|reach|write|text|dm|inbox)\b.{0,40}\b(?:on|via) (?:whatsapp|telegram"
        r"|signal)\b|\b(?:he|she|they) (?:helped me )?recover(?:ed)? my (?:account|funds|money)"
        r"|\b(?:recovery|hack(?:er|ing)) (?:expert|service|agent)s?\b|\bthanks to (?:mr|mrs"
        r"|dr)s?\b.{0,40}\btrad",
    ),
)
_LINK: Final = r"https?://|www\.|\b(?:bit\.ly|tinyurl\.com|t\.me|wa\.me)/"
_SHORT_LINK: Final = r"\b(?:bit\.ly|tinyurl\.com|t\.me|wa\.me|cutt\.ly|is\.gd)/"
_TAG: Final = r"(?<!\w)[#＃]\w+"
_AT: Final = r"(?<!\w)@\w+"
_MONEY: Final = r"[$£€]{2,}|💰|💸|🤑|🔥.*🔥.*🔥|👇|[$£€]\d[\d,.]*k?\b.{0,60}\b(?:day|daily|week|weekly|month|hour)"


@dataclass(frozen=True)
class SpamReader:
    """The compiled signs; build it once with `load`."""

    signs: tuple[tuple[float, "re.Pattern[str]"], ...]
    counts: tuple[tuple[float, int, "re.Pattern[str]"], ...]

    @classmethod
    def load(cls) -> "SpamReader":
        """Compile the signs; a count adds its weight when the pattern is met that often."""
        signs = (*_SIGNS, (0.5, _MONEY), (0.5, _SHORT_LINK))
        counts = ((0.5, 1, _LINK), (0.5, 3, _LINK), (0.5, 6, _TAG), (0.5, 10, _TAG), (1.0, 6, _AT))
        return cls(
            tuple((weight, re.compile(pattern)) for weight, pattern in signs),
            tuple((weight, least, re.compile(pattern)) for weight, least, pattern in counts),
        )

    def score(self, text: str) -> float:
        """Return the sum of signs in the whole text, handles and links included."""
        lowered = text.lower().replace("’", "'")
        score = sum(weight for weight, pattern in self.signs if pattern.search(lowered))
        return score + sum(weight for weight, least, pattern in self.counts if _met(pattern, lowered, least))

    def read(self, text: str, *, known_author: bool) -> bool:
        """Tell whether the text counts as spam."""
        return self.score(text) >= (FOLD_AT if known_author else FOLD_NEW_AUTHOR_AT)


def _met(pattern: "re.Pattern[str]", text: str, least: int) -> bool:
    return any(count == least for count, _ in enumerate(pattern.finditer(text), 1))
