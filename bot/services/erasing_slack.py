"""What erasing a customer asks of Slack: find every message of ours about them, and delete it.

A 429 is waited for, as long as it takes; a call without an answer is made again, for deleting twice changes nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Protocol, TypeVar

from bot.domain.erasing import Remains, Seen, Stands
from bot.domain.errors import SlackRateLimited, SlackRefused, SlackUnavailable, SlackUnknown
from bot.domain.fallback import FATAL, REASONS
from bot.domain.ports import Clock, Posted

TRIES: Final = 3
PAUSE_S: Final = 2.0
NOTHING_THERE: Final = frozenset({"message_not_found", "thread_not_found"})
CLOSED_TO_US: Final = frozenset(REASONS)
"""Why Slack does not let Hark look through a channel, or what it wrote to somebody."""
T = TypeVar("T")


class SlackHistory(Protocol):
    """The calls to Slack that this needs. All raise the SlackError family."""

    async def connect(self) -> tuple[str, ...]: ...
    async def look_through(self, channel: str, oldest: datetime, thread_ts: str, cursor: str) -> tuple[list[Seen], str]:
        """Some messages of a channel, or of a thread in it, since `oldest`, and the cursor for more ("": none)."""
        ...

    async def find_attempt(self, channel: str, attempt: str, thread_ts: str | None = None) -> Posted | None: ...
    async def delete(self, posted: Posted) -> None: ...
    def permalink(self, posted: Posted) -> str: ...


@dataclass(slots=True)
class SlackErasing:
    """Deletes, and remembers what it could not: `deleted` counts, `refused` and `answered` are for a person."""

    slack: SlackHistory
    clock: Clock
    deleted: int = 0
    refused: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)

    async def look(self, channel: str, oldest: datetime, thread: str = "") -> AsyncIterator[Seen]:
        """Every message of a channel, or of a thread in it, since then. What Slack closes to us is `unseen`."""
        cursor, more = "", True
        while more:
            ask = partial(self.slack.look_through, channel, oldest, thread, cursor)
            try:
                page, cursor = await self._patiently(ask)
            except SlackRefused as error:
                if error.code in CLOSED_TO_US:
                    self.unseen.add(channel)
                    return
                if error.code in NOTHING_THERE:
                    return
                raise
            for each in page:
                yield each
            more = bool(cursor)

    async def clear(self, remains: Remains) -> None:
        """Delete all that remains of one case, its card last. Raises SlackError when Slack takes nothing now."""
        for each in remains.messages:
            await self.take_away(each)
        if remains.card is None:
            return
        if remains.replies:
            self.answered.append(self._address(remains.card))
        await self.take_away(remains.card)

    async def take_away(self, stands: Stands) -> None:
        """Delete one message, also one that a worker is posting just now."""
        if not stands.ts:
            found = await self._come(stands)
            if found is None:
                return
            stands = Stands(channel=found.channel, ts=found.ts)
        try:
            await self._patiently(lambda: self.slack.delete(Posted(stands.channel, stands.ts)))
        except SlackRefused as error:
            if error.code in FATAL:
                raise
            if error.code not in NOTHING_THERE:
                self.refused.append(self._address(stands))
            return
        self.deleted += 1

    async def _come(self, stands: Stands) -> Posted | None:
        """Where the message of an attempt stands; while it may still come, it is waited for."""
        while True:
            late = self.clock.now() >= stands.comes_until
            found = await self._find(stands)
            if found is not None or late:
                return found
            await self.clock.sleep(PAUSE_S)

    async def _find(self, stands: Stands) -> Posted | None:
        try:
            return await self._patiently(
                lambda: self.slack.find_attempt(stands.channel, stands.attempt, stands.thread or None)
            )
        except SlackRefused as error:
            if error.code in FATAL:
                raise
            return None  # a place that Slack closes to us took no message of ours either

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        failed = 0
        while True:
            try:
                return await call()
            except SlackRateLimited as error:
                await self.clock.sleep(error.retry_after)
            except (SlackUnavailable, SlackUnknown):
                failed += 1
                if failed >= TRIES:
                    raise
                await self.clock.sleep(PAUSE_S)

    def _address(self, stands: Stands) -> str:
        return self.slack.permalink(Posted(stands.channel, stands.ts)) or f"{stands.channel} {stands.ts}"
