"""Tag English texts with the matters they raise, by keyword rules that are plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TopicRule:
    """A topic and the pattern that raises it, on lower-case text at word boundaries."""

    topic: str
    pattern: str


TOPICS: Final = (
    TopicRule(
        "delivery",
        r"deliver\w*|shipp\w*|shipment|parcels?|packages?|courier|couriers|dispatch\w*|tracking"
        r"|in transit|arriv(?:e|ed|al|ing)"
        r"|doorstep|late|delay\w*|overdue|behind schedule|still waiting (?:for|on) (?:my|our|the|it)"
        r"|never (?:came|turned up|showed up)"
        r"|where(?:'s| is) my (?:order|stuff|item)",
    ),
    TopicRule(
        "refund",
        r"refund\w*|money back|reimburs\w*|compensat\w+|return(?:ed|ing)? (?:it|them|this|my|the)"
        r"|returns?(?: policy| label)"
        r"|vouchers?|store credit|chargeback",
    ),
    TopicRule(
        "billing",
        r"bill(?:s|ed|ing)?|invoices?|charg(?:e|ed|es|ing) (?:me|us|my|for|twice)|(?:over"
        r"|double)[- ]?charg\w+|charged|payments?|paid twice"
        r"|fees?|direct debit|credit card|debit card|price|prices|pricing|promo ?code|discount|coupon",
    ),
    TopicRule(
        "app or site",
        r"app|apps|website|web ?site|site|web ?page|log ?in|logg(?:ed|ing) in|sign(?:ed|ing)? in|password"
        r"|reset link|checkout"
        r"|crash(?:e[ds]|ing)?|bugs?|glitch\w*|error(?: message| code)?|loading|server|servers|outage"
        r"|wi-?fi|online booking|update broke",
    ),
    TopicRule(
        "staff",
        r"staff|employees?|(?:your|the|an?) (?:agents?|reps?|driver|manager|supervisor|cashier|assistant"
        r"|attendant|crew|technician)"
        r"|rude(?:ly|ness)?|unprofessional|attitude|disrespect\w*|unfriendly|unhelpful",
    ),
    TopicRule(
        "product fault",
        r"broken?|broke|defect\w*|fault(?:y|s)?|damag\w*|cracked|leak(?:s|ed|ing)?|stopped working"
        r"|does(?: not|n't) (?:work|turn on|charge|fit)"
        r"|not working|dirty|wrong (?:size|item|colou?r|product|order)|missing (?:part|parts|piece|item"
        r"|items)|poor quality|fell apart"
        r"|mould\w*|mold\w*|expired|battery",
    ),
    TopicRule(
        "reaching support",
        r"on hold|holding|hold (?:time|for)|on the phone|call(?:ed|ing)? (?:you|your|the|them|back|again)"
        r"|dms?|e-?mail(?:ed|s)?|respon[ds]\w*"
        r"|repl(?:y|ied|ies)|answer(?:ed|s|ing)?|hung up|hang up|(?:no|zero) (?:response|reply|answer"
        r"|one answers)"
        r"|(?:not|n't|never) (?:respond\w*|repl\w+"
        r"|answer\w*|heard back|called back|get through)|ignor(?:e|ed|ing)|call ?back|phone (?:line|lines"
        r"|number)|customer (?:service|care|support)"
        r"|help ?(?:desk|line)|unanswered|get(?:ting)? through|speak (?:to|with) (?:a|someone)|chat ?bot"
        r"|live chat|automated",
    ),
    TopicRule(
        "cancellation",
        r"cancel\w*|unsubscrib\w*|(?:close|delete) my account|end my (?:subscription|contract|membership)"
        r"|terminat(?:e|ed|ing) my",
    ),
    TopicRule(
        "lost",
        r"lost|luggage|baggage|suitcases?|(?:my|our|her|his|their) bags?|misplaced|went missing"
        r"|gone missing|(?:is|are|still) missing|left behind|can(?:not"
        r"|'t) find my|lose my",
    ),
    TopicRule(
        "booking",
        r"book(?:ed|ing|ings)|rebook\w*|reservations?|reserved|reschedul\w*|appointments?|(?:change"
        r"|changed|changing) my (?:flight|order|date|booking)"
        r"|seats?|tickets?|points|loyalty|membership",
    ),
)


@dataclass(frozen=True)
class TopicReader:
    """Topic rules."""

    rules: Sequence[TopicRule] = TOPICS

    @property
    def patterns(self) -> tuple[str, ...]:
        """What raises each topic."""
        return tuple(rule.pattern for rule in self.rules)

    def read(self, hits: Sequence[int]) -> tuple[str, ...]:
        """Return the topics raised, in the order of the rules; `hits` are how often each of `patterns` is met."""
        return tuple(rule.topic for rule, hit in zip(self.rules, hits, strict=True) if hit)
