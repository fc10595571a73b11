"""Count points for urgency in an English text, with the reasons shown to staff.

The points order a queue. They are rough (about three in five of the top marks looked urgent to a reader), so no
one is paged on one text alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class UrgencyRule:
    """A reason with its points; `pattern` is a phrase on lower-case text, or anything in the text as written.

    `needs` is a quick pattern without which the other cannot be met, for one as written.
    """

    reason: str
    points: int
    pattern: str
    as_written: bool = False
    needs: str = ""


RULES: Final = (
    UrgencyRule(
        "safety",
        3,
        r"unsafe|dangerous|hazard\w*|injur(?:y|ed|ies)|bleeding|burn(?:ed|t|ing) (?:my|me|him|her|us"
        r"|through)|caught fire|on fire"
        r"|smoke|smoking|explod\w+|electric(?:al)? shock|electrocuted|choking|recall(?:ed)?|toxic"
        r"|poison\w*|carbon monoxide"
        r"|assault\w*|harass\w*|stalk\w*|threaten\w*|suicid\w*|kill myself",
    ),
    UrgencyRule(
        "health",
        3,
        r"medical|medication|medicine|insulin|prescription|allerg(?:y|ic)|epi-?pen|hospital"
        r"|ambulance|emergency|wheelchair"
        r"|disab(?:led|ility)|pregnan\w+|surgery|funeral|seizure|asthma|diabet\w+",
    ),
    UrgencyRule(
        "legal",
        3,
        r"lawyer|attorney|solicitor|legal action|lawsuit|su(?:e|ing) (?:you|them)|small claims"
        r"|trading standards|ombudsman"
        r"|consumer (?:rights|protection)|regulator|gdpr|data breach|discriminat\w+|racis[mt]|the police"
        r"|police report|court",
    ),
    UrgencyRule(
        "fraud",
        3,
        r"fraud\w*|hacked|stolen|identity theft|unauthori[sz]ed|phishing"
        r"|someone (?:else )?(?:is using|used|has access"
        r"|logged in)|did(?: not|n't) (?:authori[sz]e|make this (?:payment|purchase))|account (?:was|is"
        r"|has been) (?:taken|compromised)",
    ),
    UrgencyRule(
        "time",
        2,
        r"urgent(?:ly)?|asap|right now|immediately|as soon as possible|tonight|today|tomorrow"
        r"|this (?:morning|afternoon|evening)"
        r"|in (?:an|one|two|a few|\d+) (?:hours?|hrs?|minutes?|mins?)|stuck|strand(?:ed|ing)|on hold"
        r"|locked out|still waiting"
        r"|\d+\+? ?(?:hours?|hrs?)|deadline|last chance|need (?:it|this|help) (?:by|before|now)"
        r"|before (?:monday|tuesday|wednesday"
        r"|thursday|friday|saturday|sunday|christmas|the weekend)",
    ),
    UrgencyRule(
        "leaving",
        1,
        r"refund\w*|money back|chargeback|charge back|dispute (?:the|this)|cancel(?:l?ing)? (?:my"
        r"|our|the) (?:account|subscription"
        r"|contract|order|membership)|never (?:again|us(?:e|ing)|buy\w*|order\w*|shop\w*|fly\w*)"
        r"|switch(?:ing|ed)? to|los(?:t|ing) (?:a|me as a)"
        r" customer|taking my business|last time i",
    ),
    UrgencyRule(
        "shouting",
        1,
        r"\b(?=[A-Z\W]{0,40}[A-Z]{4})[A-Z]{2,}(?:\W{1,9}[A-Z]{2,}\b){2}",
        as_written=True,
        needs=r"[A-Z]{4}",
    ),
    UrgencyRule("insistent", 1, r"[!?]{3,}|!.{0,80}!.{0,80}!", as_written=True, needs=r"[!?]"),
)


@dataclass(frozen=True)
class UrgencyReader:
    """The rules, those on lower-case phrases first; build it once with `load`."""

    rules: tuple[UrgencyRule, ...]
    patterns: tuple[str, ...]
    as_written: "tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]"

    @classmethod
    def load(cls) -> "UrgencyReader":
        """Compile the rules."""
        phrases = tuple(rule for rule in RULES if not rule.as_written)
        written = tuple(rule for rule in RULES if rule.as_written)
        return cls(
            (*phrases, *written),
            tuple(rule.pattern for rule in phrases),
            tuple((re.compile(rule.needs), re.compile(rule.pattern)) for rule in written),
        )

    def read(self, words: str, hits: Sequence[int]) -> tuple[int, tuple[str, ...]]:
        """Return the points and the reasons, the weightiest first; `hits` are how often each of `patterns` is met."""
        found = [*hits, *(needed.search(words) and pattern.search(words) for needed, pattern in self.as_written)]
        met = [rule for rule, hit in zip(self.rules, found, strict=True) if hit]
        return sum(rule.points for rule in met), tuple(rule.reason for rule in met)
