"""Tells the people who run Hark what is wrong with it, once for each kind of trouble and period.

A notice is durable before it is posted, and is posted once (`bot/services/once.py`). Where the channel for notices
cannot be written to, the main channel is tried, then the people on call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.errors import SlackRefused
from bot.domain.notices import Line, Notice, NoticeBook, Telling, Told, Words, after, next_line
from bot.domain.ports import Clock, DueQueue, Notes, Rendered
from bot.services.once import Once, Standing

NOTICE = "notice"
"""The first part of the timer's name; the kind follows."""
AFTER_REFUSAL = timedelta(hours=1)
_log = structlog.get_logger("hark.notices")


@dataclass(slots=True)
class Page:
    """A notice in the book as this worker knows it: written only while it is still so."""

    book: NoticeBook
    clock: Clock
    notice: Notice

    async def note(self, telling: Telling, attempt: str, stands: Standing | None) -> str:
        """Note that the telling begins, or that it stands; the attempt that was begun last."""
        kind, told = self.notice.kind, self.notice.told
        if stands:
            settled = after(told, self.clock.now())
            stored = await self.book.settle(kind, settled, telling.count, self.notice.stored)
            return Told.model_validate_json(stored or "{}").newest
        told = told.model_copy(update={"telling": telling.model_copy(update={"attempt": attempt})})
        stored = await self.book.save(kind, told, self.notice.stored)
        if stored == told.model_dump_json():
            self.notice = self.notice.model_copy(update={"told": told, "stored": stored})
        return Told.model_validate_json(stored).newest


@dataclass(frozen=True, slots=True)
class Notices:
    """Takes trouble in, and posts what is due, in the first of the `places` that takes it; an empty one is none."""

    book: NoticeBook
    timers: DueQueue
    once: Once
    render: Callable[[Line], Rendered]
    mask: Callable[[str], str]
    places: Sequence[str]
    clock: Clock

    async def tell(self, kind: str, words: Words, count: int = 1, at: datetime | None = None) -> None:
        """Count trouble of this kind (since `at`, when it is the first) and have it told. Foreign words are masked."""
        now = self.clock.now()
        clean = Words(
            headline=self.mask(words.headline),
            example=self.mask(words.example),
            mend=self.mask(words.mend),
            every=words.every,
        )
        await self.book.add(kind, clean, count, at or now)
        await self.timers.put(_timer(kind), now)

    async def over(self, kind: str, words: Words) -> None:
        """The trouble has ended: told if the trouble itself was."""
        if await self.book.end(kind, Words(headline=self.mask(words.headline), mend=self.mask(words.mend))):
            await self.timers.put(_timer(kind), self.clock.now())

    async def act(self, timer: str) -> datetime | None:
        """Post what this kind of trouble has to say now; when to come again."""
        kind, now = timer.partition("/")[2], self.clock.now()
        notice = await self.book.read(kind)
        telling = notice.told.telling
        if telling is None:
            line = next_line(notice, now)
            if line is None or isinstance(line, datetime):
                return line
            telling = Telling(
                attempt="",
                channel="",
                words=line.words,
                count=line.count,
                since=line.since,
                over=line.over,
            )
        if not await self._tell(Page(self.book, self.clock, notice), telling):
            _log.error("nobody could be told", kind=kind, headline=telling.words.headline)
            return now + AFTER_REFUSAL
        return now  # to see whether something came meanwhile

    async def _tell(self, page: Page, telling: Telling) -> bool:
        """Post in the first place that takes it, unless it stands; whether somebody was told."""
        if await self._stands(page, telling):
            return True
        line = Line(
            words=telling.words,
            count=telling.count,
            total=page.notice.told.total + telling.count,
            since=telling.since,
            over=telling.over,
        )
        message = self.render(line)
        for place in dict.fromkeys(filter(None, self.places)):
            note = partial(page.note, telling.model_copy(update={"channel": place}))
            try:
                await self.once.post(place, message, note)
            except SlackRefused as error:
                _log.error("a notice was refused", kind=page.notice.kind, channel=place, error=str(error))
            else:
                return True
        return False

    async def _stands(self, page: Page, telling: Telling) -> bool:
        """Whether the attempt that was begun has arrived. Where nothing can be read, nothing could be posted."""
        try:
            return await self.once.find(telling.channel, telling.attempt, partial(page.note, telling)) is not None
        except SlackRefused:
            return False


async def tell_once(notices: Notices, notes: Notes, name: str, kind: str, words: Words) -> None:
    """Tell what has this name once within `words.every`, however often and by whomever it is found, though by then
    nobody may know of the notice any more."""
    if await notes.get(f"said:{name}") is None:
        await notices.tell(kind, words)
        await notes.set(f"said:{name}", "told", words.every)


def _timer(kind: str) -> str:
    return f"{NOTICE}/{kind}"
