"""A message that is posted once, whoever dies, sleeps or hears no answer meanwhile.

Who posts stores the attempt first, and has it travel in the message's metadata; who comes after looks for it. Between
the two a worker may be frozen for longer than its lease. So who took long to store it does not post; and who posted
looks whether its attempt is still the newest that is stored: if not, nobody looks for its message any more, and it
takes that away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from bot.domain.attempts import began_at, new_attempt
from bot.domain.errors import HarkError, LeaseLost, SlackError, SlackUnknown, StoreUnavailable
from bot.domain.ports import Clock, Notes, Posted, Rendered, SlackPort

STALE = timedelta(seconds=2)
"""When noting an attempt took longer than this (the machine slept, the server hung), another worker may have taken the
message over: nothing is posted, and the next turn looks for the attempt first. Shorter than any lease."""
UNHEARD = (SlackUnknown, StoreUnavailable, asyncio.CancelledError)
"""How a step ends whose call was or may yet be carried out, and is not noted: no answer came from Slack or from the
store, or it was stopped because it lost its lease."""
TRIES, PAUSE_S = 30, 1.0
LOOKS_S = (0.0, 1.0, 4.0)
"""Whoever slept looks again after these pauses: the call that left may be carried out only now, and whoever took over
may post only now."""
_log = structlog.get_logger("hark.once")


class Standing(NamedTuple):
    """A message that stands: where, and the digest of what it shows ("": nobody knows)."""

    at: Posted
    shows: str


Note = Callable[[str, Standing | None], Awaitable[str]]
"""Stores that this attempt begins, or where its message stands, unless another worker has stored something since or
nobody wants the message any more. Answers the newest attempt that is stored now; once it stands, that stays stored."""


@dataclass(frozen=True, slots=True)
class Once:
    """Finds or posts messages that are no case's own. Both raise SlackError, StoreUnavailable, and LeaseLost when
    another worker has the message, or may have it by now: then the next turn looks again."""

    slack: SlackPort
    clock: Clock

    async def find(self, channel: str, begun: str, note: Note) -> Standing | None:
        """The message of an attempt that was begun ("": none was), if it stands. Nobody knows what it shows."""
        found = await self.slack.find_attempt(channel, begun) if begun else None
        if found is None:
            return None
        stands = Standing(found, "")
        if await note(begun, stands) != begun:
            raise LeaseLost("another worker posts this message by now")
        return stands

    async def post(self, channel: str, message: Rendered, note: Note) -> Standing:
        """Post it, by an attempt that takes the place of one that was looked for in vain."""
        attempt = new_attempt(self.clock.now())
        if await note(attempt, None) != attempt:
            raise LeaseLost("another worker posts this message, or nobody wants it any more")
        if overslept(began_at(attempt), self.clock.now()):
            raise LeaseLost("it took too long to note that a message is about to be posted")
        try:
            posted = await self.slack.post(channel, message.text, message.blocks, attempt=attempt)
            stands = Standing(posted, message.digest)
            newest = await note(attempt, stands)
        except UNHEARD:
            await to_the_end(look_after(attempt, lambda: self._overtaken(channel, attempt, note), self.clock))
            raise
        if newest != attempt:
            await take_away(self.slack, posted, channel)
            raise LeaseLost("another worker has begun to post this message meanwhile")
        return stands

    async def _overtaken(self, channel: str, attempt: str, note: Note) -> None:
        """Nobody knows whether our call was carried out. Usually the next turn looks for it; but who slept may find
        that another worker has looked in vain and begun anew. Then ours, if it stands, is surplus."""
        if await note(attempt, None) != attempt:
            found = await self.slack.find_attempt(channel, attempt)
            if found is not None:
                await take_away(self.slack, found, channel)


@dataclass(slots=True)
class Slip:
    """A note as this worker knows it ("": there is none): changed only while it is still so."""

    notes: Notes
    name: str
    text: str
    ttl: timedelta

    async def write(self, text: str) -> str:
        """Change it; the text that stands now, which is another one when somebody else has changed it since."""
        stands = await self.notes.swap(self.name, self.text, text, self.ttl)
        if stands == text:
            self.text = text
        return stands


async def read_slip(notes: Notes, name: str, ttl: timedelta) -> Slip:
    """The note of that name as it is now; what is written to it is kept for `ttl`."""
    return Slip(notes, name, await notes.get(name) or "", ttl)


def overslept(since: datetime, now: datetime) -> bool:
    """Whether another worker may have taken over meanwhile."""
    return now - since > STALE


async def look_after(attempt: str, look: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Look at what became of a call that nobody heard the end of: several times, if this worker slept."""
    for pause in LOOKS_S if overslept(began_at(attempt), clock.now()) else LOOKS_S[:1]:
        await clock.sleep(pause)
        await patiently(look, clock)


async def patiently(act: Callable[[], Awaitable[object]], clock: Clock) -> None:
    """Do what nobody else would do later: a lease that was lost brings no second turn."""
    trouble = ""
    for _ in range(TRIES):
        try:
            await act()
        except HarkError as error:
            trouble = str(error)
            await clock.sleep(PAUSE_S)
        else:
            return
    _log.error("could not look at what became of a call", error=trouble)


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do this although the step is stopped meanwhile, since nobody else would; a second stop ends it as well."""
    doing = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await doing
        raise


async def take_away(slack: SlackPort, surplus: Posted, whose: str) -> None:
    """Delete a message that nobody knows of."""
    _log.warning("a surplus message, taken away again", of=whose, ts=surplus.ts)
    try:
        await slack.delete(surplus)
    except SlackError as error:
        _log.error("a surplus message could not be taken away", of=whose, ts=surplus.ts, error=str(error))
