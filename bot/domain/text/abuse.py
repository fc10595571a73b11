"""Tell heated customers from trolls in English text, with a short word list.

A customer who swears about a lost parcel is heated, and is served. Only abuse aimed at the reader, in a text
that raises no matter of service, is a troll's; even then a person decides what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.reading import Abuse

_COARSE: Final = (
    r"f+u+c+k\w*|f[*@#]+(?:ck|k)\w*|fck\w*|stfu|gtfo|motherf\w+|bull ?sh[i1*]t|sh[i1*]t(?:ty|show"
    r"|e)?|a(?:ss|rse)hole?s?|dumb ?ass\w*"
    r"|jack ?ass\w*|bastards?|b[i1*]tch\w*|c[u*]nts?|d[i*]ckheads?|pricks?|twats?|wankers?|tossers?"
    r"|bollocks|pissed off|scumbags?"
    r"|morons?|idiots?|imbeciles?|retard(?:s|ed)?|whores?|sluts?|douche\w*"
)
_INSULT: Final = (
    r"(?:idiots?|morons?|imbeciles?|scum(?:bags?)?|bastards?|b[i1*]tch(?:es)?|c[u*]nts?|(?:ass"
    r"|arse)holes?|d[i*]ckheads?|pricks?|twats?|wankers?"
    r"|tossers?|retard(?:s|ed)?|trash|garbage|filth|vermin|parasites?|pathetic|losers?|clowns?|liars?"
    r"|thieves|stupid|dumb|worthless"
    r"|disgusting|ugly|pigs?|rats?|whores?|sluts?)"
)
_DIRECTED: Final = (
    r"(?:(?:f+u+c+k|f[*@#]+(?:ck|k)|screw|damn) (?:yo)?u\b|f+u+c+k off|piss off|go to hell|rot in hell"
    r"|eat sh[i1*]t|drop dead|kill yo?urself"
    r"|kys\b|(?:hope|wish) (?:you|u)(?: all| guys)? (?:die|burn|choke|rot)|shut (?:the (?:\w+ )?)?up\b|stfu"
    rf"|(?:you|u|y'?all)(?:'?re| are| r)? (?:(?:all|guys|people|such|just|nothing but|a|an|bunch of|the"
    rf"|so|really|\w+ing|absolute|total|complete"
    rf"|fat|old|little) ){{0,4}}{_INSULT}\b|you {_INSULT}\b)\w*"
)
# A customer's matter in plain words, whatever the trade; topics only know the common ones.
_SERVICE: Final = (
    r"orders?|items?|products?|accounts?|phones?|service|customers?|polic(?:y|ies)|lines?|queue"
    r"|seats?|flights?|plane|bags?|gate|tickets?"
    r"|shop|store|branch|driver|subscription|bought|paid|wait\w*|sitting|hours?|hrs?|minutes?|weeks?"
    r"|days?|fix|broken|money|airport|train"
    r"|bus|hotel|room|contract|internet|signal|update|information|business|screwed|ruin\w*|stuck"
)


@dataclass(frozen=True)
class AbuseReader:
    """The word lists."""

    patterns: tuple[str, ...] = (_COARSE, _DIRECTED, _SERVICE)

    def read(self, hits: Sequence[int], *, about_service: bool) -> Abuse:
        """Return troll for aimed abuse without a matter of service, heated for other coarse words.

        `hits` are how often each of `patterns` is met.
        """
        coarse, directed, service = hits
        if directed and not about_service and not service:
            return "troll"
        return "heated" if directed or coarse else "none"
