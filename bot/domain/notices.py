"""What Hark says about itself: one notice for each kind of trouble, told once and then only counted for a while.

A notice goes to the people who run Hark. Its kind is a short name such as `dead/facebook/no-account`; whatever happens
again under that name is counted and told together, six hours later at the earliest.
"""

import re
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import AwareDatetime

from bot.domain.models import Model

EVERY = timedelta(hours=6)
"""How long the same kind of trouble is only counted after it was told."""
KIND_LENGTH = 100


class Words(Model):
    """What is said: a sentence, one masked example, what a person can do, and how often it may be told at most."""

    headline: str
    example: str = ""
    mend: str = ""
    every: timedelta = EVERY


class Telling(Model):
    """A message on its way or posted: `over` marks the word that the trouble has ended."""

    attempt: str
    channel: str
    words: Words
    count: int = 0
    since: AwareDatetime
    over: bool = False


class Told(Model):
    """What was said before, the last time by `attempt`. `open`: the trouble was told and its end was not. `telling` is
    under way."""

    at: AwareDatetime | None = None
    total: int = 0
    open: bool = False
    last: Words | None = None
    telling: Telling | None = None
    attempt: str = ""

    @property
    def newest(self) -> str:
        """The attempt that was begun last."""
        return self.telling.attempt if self.telling else self.attempt


class Notice(Model):
    """One kind of trouble as it is stored: `untold` times since `since`; `over` is how its end would be told.
    `stored` is `told` as it was read."""

    kind: str
    untold: int = 0
    words: Words | None = None
    since: AwareDatetime | None = None
    over: Words | None = None
    told: Told = Told()
    stored: str = ""


class Line(Model):
    """What one message says, ready to be drawn. `total` counts all there ever were of this kind."""

    words: Words
    count: int
    total: int
    since: AwareDatetime
    over: bool = False


class NoticeBook(Protocol):
    """Notices in the store. Every method raises StoreUnavailable."""

    async def add(self, kind: str, words: Words, count: int, at: datetime) -> None:
        """Count the trouble; the words and the instant of the first one since the last telling are kept."""
        ...

    async def end(self, kind: str, words: Words) -> bool:
        """Note that the trouble is over; false when there is no such notice."""
        ...

    async def read(self, kind: str) -> Notice: ...
    async def save(self, kind: str, told: Told, before: str) -> str:
        """Keep what is about to be said, unless that has changed since it was read as `before`; what is stored now."""
        ...

    async def settle(self, kind: str, told: Told, count: int, before: str) -> str:
        """The telling stands: `count` of the trouble are told now, and so is the end if there was one, unless that has
        changed since it was read as `before`; what is stored now."""
        ...


def kind_of(*parts: str) -> str:
    """A kind's name from words of any origin: lower case, letters, digits and hyphens, never long."""
    clean = [re.sub(r"[^a-z0-9_.]+", "-", part.lower()).strip("-") or "-" for part in parts]
    return "/".join(clean)[:KIND_LENGTH]


def next_line(notice: Notice, now: datetime) -> Line | datetime | None:
    """What to say now; or when to look again; or None when there is nothing to say.

    The end of what was never told is not told either. Trouble that comes again too soon waits for its turn, and
    is dropped without a word when it has ended by then.
    """
    told = notice.told
    if notice.over is not None:
        return _line(notice, notice.over, over=True) if told.open else None
    if not notice.untold:
        return None
    pause = told.last.every if told.last else EVERY
    if told.at is not None and now < told.at + pause:
        return told.at + pause
    return _line(notice, notice.words or told.last or Words(headline=notice.kind), over=False)


def _line(notice: Notice, words: Words, *, over: bool) -> Line | None:
    since = notice.since or notice.told.at
    if since is None:
        return None
    total = notice.told.total + notice.untold
    return Line(words=words, count=notice.untold, total=total, since=since, over=over)


def after(told: Told, now: datetime) -> Told:
    """What is remembered once the telling stands. The end keeps the time of the telling, so that a thing that comes
    and goes does not become a stream of messages."""
    telling = told.telling
    if telling is None:
        return told
    at, last = (told.at, told.last) if telling.over else (now, telling.words)
    total, attempt = told.total + telling.count, telling.attempt
    return Told(at=at, total=total, open=not telling.over, last=last, attempt=attempt)
