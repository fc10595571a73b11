"""The names of things on Facebook: conversations, versions, addresses for people, and what answering takes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.domain.models import Author, CaseKey
from connectors.facebook.wire import Person

NETWORK: Final = "facebook"
WEB: Final = "https://www.facebook.com"
INBOX: Final = "https://business.facebook.com/latest/inbox/all?asset_id="
"""Unconfirmed: the address of a Page's inbox for people."""

PRIVATE_REPLY: Final = timedelta(days=7)
"""How long after a comment or post one private message about it may be sent ("Private Replies")."""

STANDARD: Final = timedelta(hours=24)
HUMAN_AGENT: Final = timedelta(days=7)
"""Messenger's windows, counted from what the customer did last ("Messenger Platform policy")."""


@dataclass(frozen=True, slots=True)
class Page:
    """The Page whose deliveries are read, and how long its staff may answer messages."""

    id: str
    account: str
    window: timedelta = STANDARD

    def key(self, conversation: str) -> CaseKey:
        """The key of one of its conversations."""
        return CaseKey(network=NETWORK, account=self.account, conversation=conversation)


def branch(post: str, author: str, fallback: str) -> str:
    """A customer's own branch below a post, be it ours or theirs; by the top comment where no author is named."""
    return f"{post}|{author}" if author else f"{post}|?{fallback}"


def private(person: str) -> str:
    """All messages with one person."""
    return f"private|{person}"


def author(person: Person) -> Author | None:
    """The customer, or None where the network withholds who it was."""
    return Author(id=person.id, name=person.name) if person.id else None


def post_url(post: str, comment: str = "") -> str:
    """The address of a post for people, with the comment marked."""
    url = f"{WEB}/{post}"
    return f"{url}?comment_id={comment.rpartition('_')[2]}" if comment else url


def inbox_url(page: str) -> str:
    """Where staff find private messages on the network itself."""
    return f"{INBOX}{page}"


def seconds(at: datetime) -> str:
    """An instant as unix seconds, for `ref`."""
    return str(int(at.timestamp()))
