"""Advise on the tone of a member of staff's English draft; it never blocks a send."""

import re
from dataclasses import dataclass
from typing import Final

from bot.domain.text.phrases import lowered

_PATTERNS: Final = (
    (
        "blame",
        r"\byou should(?:'ve| have)(?! (?:received|gotten|got|been (?:sent|given|able))\b)|\b(?:it(?:'s"
        r"| is|'s| was)|that(?:'s| is)) your (?:own )?(?:fault|mistake|problem|responsibility)"
        r"|\byou (?:obviously|clearly) (?:did|do|have|are|were|never)|\byou (?:failed|forgot"
        r"|neglected) to|\bif you had (?:only )?(?:read|checked|looked|listened|bothered)"
        r"|\byou did(?: not|n't) (?:read|listen|follow|bother)|\byour own (?:fault|doing)"
        r"|\bnot our (?:fault|problem|responsibility)",
    ),
    (
        "contradiction",
        r"\b(?:that(?:'s| is)|this is|it(?:'s| is)) (?:simply |just |clearly )?(?:not true|untrue|wrong"
        r"|incorrect|false|nonsense|ridiculous)|\byou(?:'re| are) (?:wrong|mistaken|lying|incorrect|confused)"
        r"|\b(?:as|like) (?:we|i)(?:'ve| have)? (?:already )?(?:told|said|explained|stated"
        r"|mentioned)(?: to)? ?(?:you|before|already|earlier|several|many|multiple)?"
        r"|\b(?:we|i)(?:'ve| have)? already (?:told|explained|said|answered)|\bwe never said"
        r"|\bthat never happened|\bactually,? (?:you|that|it)|\bi (?:strongly )?disagree",
    ),
    (
        "dismissal",
        r"\bcalm down|\brelax\b|\bget over it|\b(?:there(?:'s| is) )?nothing (?:more |else )?(?:we"
        r"|i) can do|\bdeal with it|\bstop (?:complaining|whining|shouting|spamming)|\bnot (?:my"
        r"|our) (?:job|concern)"
        r"|\bwhatever\b|\byou(?:'re| are) (?:overreacting|being (?:unreasonable|difficult|rude|dramatic"
        r"|ridiculous))|\btake it or leave it|\bread the (?:terms|manual|faq|policy|website)"
        r"|\bwe don't care|\bgo (?:elsewhere|somewhere else)|\bthat's (?:just )?(?:life|how it is)",
    ),
    (
        "sarcasm",
        r"\b(?:oh|well),? (?:really|sure|great|wow|congratulations)\b|\bgood for you\b"
        r"|\bsorry (?:that )?you feel that way|\bsorry if you|\bas if\b|\bgood luck with that"
        r"|\bwith all due respect"
        r"|\bthanks for (?:nothing|shouting|your opinion)|\bpal\b|\bsweetheart\b|\bnice try",
    ),
)
_SHOUTED: Final = r"\b[A-ZÀ-ÞŠŽ]{4,}\b"
_LOUD: Final = r"[!?]{3,}"
_SHOUTED_WORDS: Final = 2


@dataclass(frozen=True)
class ToneReader:
    """The compiled phrase families; build it once with `load`."""

    families: tuple[tuple[str, "re.Pattern[str]"], ...]
    shouted: "re.Pattern[str]"
    loud: "re.Pattern[str]"

    @classmethod
    def load(cls) -> "ToneReader":
        """Compile the families."""
        families = tuple((name, re.compile(pattern)) for name, pattern in _PATTERNS)
        return cls(families, re.compile(_SHOUTED), re.compile(_LOUD))

    def read(self, draft: str) -> tuple[str, ...]:
        """Return why a draft may sound argumentative: blame, contradiction, dismissal, sarcasm, shouting; or ()."""
        text = lowered(draft)
        found = [name for name, pattern in self.families if pattern.search(text)]
        if self.loud.search(draft) or len(self.shouted.findall(draft)) >= _SHOUTED_WORDS:
            found.append("shouting")
        return tuple(found)
