"""How an access token of Meta stands: what it may do, and when it ends. After "Debugging Tokens"."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain.errors import Permanent
from bot.domain.models import Health
from connectors.graph.client import Graph
from connectors.graph.errors import Fate
from connectors.graph.values import moment

WARN_BEFORE: Final = timedelta(days=10)
ENDS: Final = ("expires_at", "data_access_expires_at")


@dataclass(frozen=True, slots=True)
class Token:
    """What the network says about a token; None and empty where it says nothing."""

    valid: bool
    expires_at: datetime | None = None
    scopes: frozenset[str] = frozenset()

    def lacks(self, needed: Collection[str]) -> list[str]:
        """The permissions that are missing; none where the network does not say what there is."""
        return sorted(set(needed) - self.scopes) if self.scopes else []


async def inspect(graph: Graph) -> Token | None:
    """Ask about the token that we call with, by its own right; None where the network will not say.

    Raises Transient or Permanent. Whether every kind of token may ask about itself is unconfirmed, so a refusal for
    want of a permission is no error.
    """
    try:
        answer = await graph.get("debug_token", {"input_token": graph.access.token}, staff=True, tries=2)
    except Permanent as error:
        if error.reason == Fate.TOKEN:
            raise
        return None
    data = answer.get("data")
    return read(data) if isinstance(data, dict) else None


def read(data: dict[str, Any]) -> Token:
    """One answer. A time of 0 stands for never; the right to data may end before the token does."""
    ends = [moment(data.get(name)) for name in ENDS if data.get(name) not in (0, "0")]
    scopes = data.get("scopes")
    return Token(
        valid=data.get("is_valid") is not False,
        expires_at=min((one for one in ends if one is not None), default=None),
        scopes=frozenset(one for one in scopes if isinstance(one, str)) if isinstance(scopes, list) else frozenset(),
    )


def trouble(token: Token | None, needed: Collection[str], renew: str) -> Health | None:
    """What is wrong with a token: it is not valid, or lacks permissions; None where nothing is, or nothing is known."""
    if token is None:
        return None
    lacking = ", ".join(token.lacks(needed))
    if not token.valid:
        return Health(ok=False, summary="the token is not valid", mend=renew)
    if lacking:
        mend = f"Make a token with {lacking} as well; the app may need App Review for it."
        return Health(ok=False, summary=f"the token lacks {lacking}", mend=mend)
    return None


def warned(health: Health, token: Token | None, now: datetime, mend: str) -> Health:
    """A healthy account whose token ends soon, or has: with the date, and with the mend before it is too late."""
    expires_at = token.expires_at if token else None
    if expires_at is None or not health.ok:
        return health
    left = expires_at - now
    if left <= timedelta(0):
        return Health(ok=False, summary=f"{health.summary}, but the token has ended", mend=mend, expires_at=expires_at)
    update: dict[str, object] = {"expires_at": expires_at}
    if left <= WARN_BEFORE:
        update |= {"summary": f"{health.summary}, the token ends in {left.days} days", "mend": mend}
    return health.model_copy(update=update)
