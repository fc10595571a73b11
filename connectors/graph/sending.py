"""What sending on Facebook, Instagram and Threads has in common: one more look before, and what became of a hiding."""

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

from bot.domain.case import Purpose, Send
from bot.domain.errors import Permanent
from bot.domain.models import Sent
from connectors.graph.client import rows
from connectors.graph.errors import Fate
from connectors.graph.values import moment
from connectors.lenient import table

T = TypeVar("T")


async def looked_at(reading: Awaitable[T], gone: str) -> T:
    """One more look at what will be answered, since few deletions are told of; `gone` are the words where it is."""
    try:
        return await reading
    except Permanent as error:
        if error.reason == Fate.GONE:
            raise Permanent(Fate.GONE, gone) from error
        raise


def moderated(send: Send, id_: str) -> Sent:
    """A hiding, or its end, that is done."""
    return Sent(id=f"{send.purpose}:{id_}")


async def found_hidden(send: Send, id_: str, reading: Awaitable[bool | None]) -> Sent | None:
    """Whether it is hidden, or shown, as it should be by now; of what is gone the next try learns it for good.

    `reading` answers None where the network does not say: that proves nothing. Raises Permanent for any other refusal.
    """
    try:
        is_hidden = await reading
    except Permanent as error:
        if error.reason != Fate.GONE:
            raise
        return None
    return moderated(send, id_) if is_hidden is (send.purpose is Purpose.HIDE) else None


def is_cut(messages: object, most: int, since: datetime) -> bool:
    """Whether the newest messages of a conversation, at most so many, end before they reach back to an instant."""
    found = [moment(each.get("created_time")) for each in rows(dict(table(messages)))]
    return len(found) >= most and all(at is None or at >= since for at in found)
