"""What X charges, in millionths of a US dollar: docs.x.com, "X API pay-per-usage pricing", as of August 2026.

Reads are charged by what an answer holds, once for each thing and UTC day; an empty answer is free. Whether the authors
that come along with posts are charged is not said: Hark counts them. Reading the account's own mentions and posts is
cheap only if the account owns the developer app.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

POST: Final = 5_000
OWN_POST: Final = 1_000
USER: Final = 10_000
MESSAGE: Final = 10_000

EVENT_POST: Final = 5_000
EVENT_LIKE: Final = 1_000
EVENT_FOLLOW: Final = 10_000
EVENT_MESSAGE: Final = 10_000
"""What one event of the Activity API costs. For likes no price is named; the price of reading one is taken."""

REPLY: Final = 10_000
POST_WITH_LINK: Final = 200_000
SEND_MESSAGE: Final = 15_000
HIDE: Final = 5_000
""""Content: Manage" of the price list; that hiding a reply belongs there is unconfirmed."""


_EVENTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "like.create": EVENT_LIKE,
        "follow.follow": EVENT_FOLLOW,
        "follow.unfollow": EVENT_FOLLOW,
        "dm.received": EVENT_MESSAGE,
        "chat.received": EVENT_MESSAGE,
    }
)


def reply_price(*, link: bool) -> int:
    """The price of a reply to somebody who summoned us."""
    return POST_WITH_LINK if link else REPLY


def event_price(kind: str) -> int:
    """The price of one delivered event by its type ("post.mention.create"); what is not priced counts as free."""
    if kind.startswith("post."):
        return EVENT_POST
    return _EVENTS.get(kind, 0)


def dollars(micro: int) -> str:
    """An amount for people: "$3.21"."""
    return f"${micro / 1_000_000:,.2f}"
