"""Tells of work that workers die of. How it is kept apart from other work: `bot/store/lua/due_lib.lua`."""

from datetime import datetime

from bot.domain.dead import TRIES, deadly_words, survived_words
from bot.domain.notices import kind_of
from bot.domain.ports import Due
from bot.services.notices import Notices
from bot.services.worker import Act

WORK = {
    "cards": "a card",
    "sends": "an answer to a customer",
    "timers": "a timer",
    "polls": "a look at a network",
    "storms": "a storm",
}
"""What the ids of each queue stand for."""


def telling(queue: str, act: Act, notices: Notices) -> Act:
    """The same act on a queue's ids. It is told when those who began with one died, and when somebody survives it."""
    work = WORK[queue]

    async def told(due: Due) -> datetime | None:
        if due.lapses + 1 < TRIES:
            return await act(due)
        kind = kind_of("deadly", queue, due.id)
        await notices.tell(kind, deadly_words(work, due.id, due.lapses))
        again = await act(due)
        await notices.over(kind, survived_words(work, due.id))
        return again

    return told
