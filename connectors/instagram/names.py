"""The names of things on Instagram: conversations, windows, authors, and what the account's settings decide."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.domain.models import Author
from connectors.instagram import wire

NETWORK: Final = "instagram"
PERSON: Final = "person"  # what the connector may be asked for beside what a delivery tells
MENTION: Final = "mention"

WEB: Final = "https://www.instagram.com"
INBOX: Final = f"{WEB}/direct/inbox/"
WINDOW: Final = timedelta(hours=24)
HUMAN_WINDOW: Final = timedelta(days=7)
PRIVATE_REPLY: Final = timedelta(days=7)

_NAME: Final = re.compile(r"[A-Za-z0-9._]{1,60}")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the account's settings decide about reading."""

    account_id: str
    human_agent: bool
    reads_mentions: bool

    @property
    def window(self) -> timedelta:
        """How long a message can be answered."""
        return HUMAN_WINDOW if self.human_agent else WINDOW


def private_conversation(customer: str) -> str:
    """Everything private with one customer."""
    return f"dm|{customer}"


def author(who: wire.Who) -> Author | None:
    """Who it was; None where nobody is named."""
    if not who.id:
        return None
    url = f"{WEB}/{who.username}/" if _NAME.fullmatch(who.username) else ""
    return Author(id=who.id, handle=who.username, url=url)
