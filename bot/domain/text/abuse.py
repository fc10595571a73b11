"""Tell heated customers from trolls in English text, with a short word list.

A customer who swears about a lost parcel is heated, and is served. Only abuse aimed at the reader, in a text
that raises no matter of service, is a troll's; even then a person decides what to do.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from bot.domain.reading import Abuse

_COARSE: Final = (
    r"\b(?:f+u+c+k\w*|f[*@#]+(?:ck|k)\w*|fck\w*|stfu|gtfo|motherf\w+|bull ?sh[i1*]t|sh[i1*]t(?:ty|show"
    r"|e)?|a(?:ss|rse)hole?s?|dumb ?ass\w*"
    r"|jack ?ass\w*|bastards?|b[i1*]tch\w*|c[u*]nts?|d[i*]ckheads?|pricks?|twats?|wankers?|tossers?"
    r"|bollocks|pissed off|scumbags?"
    r"|morons?|idiots?|imbeciles?|retard(?:s|ed)?|whores?|sluts?|douche\w*)\b"
)
_INSULT: Final = (
    r"(?:idiots?|morons?|imbeciles?|scum(?:bags?)?|bastards?|b[i1*]tch(?:es)?|c[u*]nts?|(?:ass"
    r"|arse)holes?|d[i*]ckheads?|pricks?|twats?|wankers?"
    r"|tossers?|retard(?:s|ed)?|trash|garbage|filth|vermin|parasites?|pathetic|losers?|clowns?|liars?"
    r"|thieves|stupid|dumb|worthless"
    r"|disgusting|ugly|pigs?|rats?|whores?|sluts?)"
)
_DIRECTED: Final = (
    r"\b(?:(?:f+u+c+k|f[*@#]+(?:ck|k)|screw|damn) (?:yo)?u\b|f+u+c+k off|piss off|go to hell|rot in hell"
    r"|eat sh[i1*]t|drop dead|kill yo?urself"
    r"|kys\b|(?:hope|wish) (?:you|u)(?: all| guys)? (?:die|burn|choke|rot)|shut (?:the (?:\w+ )?)?up\b|stfu"
    rf"|(?:you|u|y'?all)(?:'?re| are| r)? (?:(?:all|guys|people|such|just|nothing but|a|an|bunch of|the"
    rf"|so|really|\w+ing|absolute|total|complete"
    rf"|fat|old|little) ){{0,4}}{_INSULT}\b|you {_INSULT}\b)"
)
# A customer's matter in plain words, whatever the trade; topics only know the common ones.
_SERVICE: Final = (
    r"\b(?:orders?|items?|products?|accounts?|phones?|service|customers?|polic(?:y|ies)|lines?|queue"
    r"|seats?|flights?|plane|bags?|gate|tickets?"
    r"|shop|store|branch|driver|subscription|bought|paid|wait\w*|sitting|hours?|hrs?|minutes?|weeks?"
    r"|days?|fix|broken|money|airport|train"
    r"|bus|hotel|room|contract|internet|signal|update|information|business|screwed|ruin\w*|stuck)\b"
)


@dataclass(frozen=True)
class AbuseReader:
    """The compiled word lists."""

    coarse: "re.Pattern[str]" = field(default_factory=lambda: re.compile(_COARSE))
    directed: "re.Pattern[str]" = field(default_factory=lambda: re.compile(_DIRECTED))

    service: "re.Pattern[str]" = field(default_factory=lambda: re.compile(_SERVICE))

    def read(self, words: str, *, about_service: bool) -> Abuse:
        """Return troll for aimed abuse without a matter of service, heated for other coarse words."""
        lowered = words.lower().replace("’", "'")
        directed = self.directed.search(lowered) is not None
        if directed and not about_service and not self.service.search(lowered):
            return "troll"
        return "heated" if directed or self.coarse.search(lowered) else "none"
