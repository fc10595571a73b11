"""Which channel a new case's card goes to, and who is rung for it: the first route that fits, else the team's own.

Only new cases are routed. A case has one card for its whole life, which stays where it began.
"""

import re
from collections.abc import Sequence
from typing import Final

from bot.domain.models import QUIET_KINDS, Kind, Model

CHANNEL: Final = "[CG][A-Z0-9]{5,}"
"""The id of a channel in Slack."""
PERSON: Final = "[UW][A-Z0-9]{5,}"
"""The id of a person in Slack."""
SHAPE: Final = re.compile(rf"(?P<cases>[^=]*)=\s*(?P<channel>{CHANNEL})(?P<people>(?:\s+{PERSON})*)")
CASES: Final = re.compile(r"(?P<network>\w+)(?:/(?P<account>\w+))?(?::(?P<kind>\w+))?")
CARDED: Final = tuple(kind.value for kind in Kind if kind not in QUIET_KINDS)
"""What customers do that gets a card."""
HOW: Final = "it should be like message=C0123ABCDEF, webhook/reviews=C0123ABCDEF U0123ABCDEF or x:match=C0123ABCDEF"


class Route(Model):
    """The cards of cases of one network, one account, one kind go to `channel`; what is None fits all of them.

    `people` are on call for these cases; without any, the team's own are.
    """

    channel: str
    network: str | None = None
    account: str | None = None
    kind: Kind | None = None
    people: tuple[str, ...] = ()

    def takes(self, network: str | None, account: str | None, kind: Kind | None) -> bool:
        """Whether such cases go this way, be they those of another route."""
        return self.network in (None, network) and self.account in (None, account) and self.kind in (None, kind)

    @property
    def cases(self) -> str:
        """The cases as the setting names them."""
        whose = "/".join(filter(None, (self.network, self.account)))
        return ":".join(filter(None, (whose, self.kind)))


def read_route(text: str) -> Route:
    """One route as the setting has it: `message=C…`, `webhook=C…`, `webhook/reviews=C… U… U…`, `facebook/shop:post=C…`.

    Raises ValueError with words for whoever set it. Whether there is such an account, others know.
    """
    parts = SHAPE.fullmatch(text)
    named = CASES.fullmatch(parts["cases"].strip().lower()) if parts else None
    if parts is None or named is None:
        raise ValueError(f"{text[:60]!r} is no route; {HOW}")
    network, account, kind = named.groups()
    if named[0] in set(Kind):  # no network is called like what customers do
        network, kind = None, named[0]
    return Route(
        channel=parts["channel"],
        network=network,
        account=account,
        kind=_kind(kind, text) if kind else None,
        people=tuple(parts["people"].split()),
    )


def read_routes(texts: Sequence[str]) -> tuple[Route, ...]:
    """All routes. Raises ValueError, also where one of them has no effect, since one before it takes all of it."""
    routes = tuple(read_route(text) for text in texts)
    for place, late in enumerate(routes):
        early = next((each for each in routes[:place] if each.takes(late.network, late.account, late.kind)), None)
        if early is not None:
            raise ValueError(f"{late.cases!r} has no effect: {early.cases!r} before it takes all of it; put it first")
    return routes


def _kind(word: str, text: str) -> Kind:
    if word not in CARDED:
        raise ValueError(f"{text[:60]!r}: there are no cards for {word!r}, only for {', '.join(CARDED)}")
    return Kind(word)
