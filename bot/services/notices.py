"""Tells the people who run Hark what is wrong with it, once for each kind of trouble and period.

A notice is durable before it is posted and is posted once: the attempt is stored before the call and looked for after
a crash. Where the channel for notices cannot be written to, the main channel is tried, then the people on call.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.attempts import new_attempt
from bot.domain.errors import SlackRefused
from bot.domain.notices import Line, NoticeBook, Telling, Told, Words, after, next_line
from bot.domain.ports import Clock, DueQueue, Rendered, SlackPort

NOTICE = "notice"
"""The first part of the timer's name; the kind follows."""
AFTER_REFUSAL = timedelta(hours=1)


class Notices:
    """Takes trouble in, and posts what is due."""

    def __init__(
        self,
        book: NoticeBook,
        timers: DueQueue,
        slack: SlackPort,
        render: Callable[[Line], Rendered],
        mask: Callable[[str], str],
        places: Sequence[str],
        clock: Clock,
    ) -> None:
        self._book = book
        self._timers = timers
        self._slack = slack
        self._render = render
        self._mask = mask
        self._places = tuple(dict.fromkeys(place for place in places if place))
        self._clock = clock
        self._log = structlog.get_logger("hark.notices")

    async def tell(self, kind: str, words: Words, count: int = 1, at: datetime | None = None) -> None:
        """Count trouble of this kind (since `at`, when it is the first) and have it told. Foreign words are masked."""
        now = self._clock.now()
        clean = Words(
            headline=self._mask(words.headline),
            example=self._mask(words.example),
            mend=self._mask(words.mend),
            every=words.every,
        )
        await self._book.add(kind, clean, count, at or now)
        await self._timers.put(_timer(kind), now)

    async def over(self, kind: str, words: Words) -> None:
        """The trouble has ended: told if the trouble itself was."""
        if await self._book.end(kind, Words(headline=self._mask(words.headline), mend=self._mask(words.mend))):
            await self._timers.put(_timer(kind), self._clock.now())

    async def act(self, timer: str) -> datetime | None:
        """Post what this kind of trouble has to say now; when to come again."""
        kind, now = timer.partition("/")[2], self._clock.now()
        notice = await self._book.read(kind)
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
        told = await self._post(kind, notice.told, telling)
        if told is None:
            return now + AFTER_REFUSAL
        newest = await self._book.read(kind)
        if newest.told.telling == told.telling:  # else another worker has found it while this one slept, and counted it
            await self._book.settle(kind, after(told, self._clock.now()), min(telling.count, newest.untold))
        return now  # to see whether something came meanwhile

    async def _post(self, kind: str, told: Told, telling: Telling) -> Told | None:
        """Post in the first place that takes it; None when none does."""
        if telling.attempt and await self._stands(telling):
            return told
        line = Line(
            words=telling.words,
            count=telling.count,
            total=told.total + telling.count,
            since=telling.since,
            over=telling.over,
        )
        message = self._render(line)
        for place in self._places:
            attempt = new_attempt(self._clock.now())
            update = {"attempt": attempt, "channel": place}
            told = told.model_copy(update={"telling": telling.model_copy(update=update)})
            await self._book.save(kind, told)
            try:
                await self._slack.post(place, message.text, message.blocks, attempt=attempt)
            except SlackRefused as error:
                self._log.error("a notice was refused", kind=kind, channel=place, error=str(error))
            else:
                return told
        self._log.error("nobody could be told", kind=kind, headline=telling.words.headline)
        return None

    async def _stands(self, telling: Telling) -> bool:
        """Whether the attempt that was begun has arrived. Where nothing can be read, nothing could be posted."""
        try:
            return await self._slack.find_attempt(telling.channel, telling.attempt) is not None
        except SlackRefused:
            return False


def _timer(kind: str) -> str:
    return f"{NOTICE}/{kind}"
