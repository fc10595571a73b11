"""Says when a stream went silent that usually is not, and when it is back. `bot.domain.canary` does the reckoning."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.calendar import Calendar
from bot.domain.canary import Arrival, Stream, first_heard, hear, rings, usual_gap, watch
from bot.domain.errors import HarkError
from bot.domain.models import Health
from bot.domain.network import ConnectorPort, Connectors, Titles
from bot.domain.notices import Words, kind_of
from bot.domain.ports import Clock
from bot.services.notices import Notices

CANARY = "canary"
EVERY = timedelta(minutes=5)
STREAMS = 300
CHECK_S = 15.0
SEARCH = "search:"
SETTLED = timedelta(hours=1)
"""An account that was heard first a shorter time ago may be one that an older process does not know yet."""


class Rhythms(Protocol):
    """What was heard, and what is known of each stream."""

    async def waiting(self) -> dict[str, list[Arrival]]: ...
    async def learned(self, arrivals: Mapping[str, Sequence[Arrival]]) -> None: ...
    async def rhythms(self) -> dict[str, Stream]: ...
    async def keep(self, streams: Mapping[str, Stream], gone: Sequence[str] = ()) -> None: ...


@dataclass(frozen=True, slots=True)
class Canary:
    """Listens for silence every five minutes, by whichever worker holds the chore."""

    book: Rhythms
    notices: Notices
    connectors: Connectors
    titles: Titles
    calendar: Calendar
    clock: Clock

    async def act(self, _timer: str) -> datetime | None:
        """Learn from what came, tell of what did not; when to listen again."""
        now = self.clock.now()
        arrivals = await self.book.waiting()
        known = await self.book.rhythms()
        gone = [name for name in known if not self._is_open(name)]
        await self._tell_lost([name for name in gone if now - known[name].since > SETTLED])
        streams = {name: stream for name, stream in known.items() if name not in gone}
        for name in arrivals:
            if name not in streams and len(streams) < STREAMS and self._is_open(name):
                streams[name] = first_heard(now)
        for name, stream in streams.items():
            streams[name] = await self._listen(name, stream, arrivals.get(name, []), now)
        await self.book.keep(streams, gone)
        await self.book.learned(arrivals)
        return now + EVERY

    async def _tell_lost(self, gone: Sequence[str]) -> None:
        """Tell of the accounts of these streams that the settings do not name: perhaps nobody meant that."""
        for network, account in {tuple(name.split("/")[:2]) for name in gone if self._connector(name) is None}:
            title = f"{self.titles[network]} ({account})"
            words = Words(
                headline=f"Nothing comes in from {title} any more: the settings do not name this account",
                mend="If that was not meant, set its variables again. Its open cases stay, and can be closed.",
            )
            await self.notices.tell(kind_of("lost", network, account), words)

    async def health(self) -> list[Health]:
        """The streams that are silent, for `check` and App Home."""
        return [
            Health(ok=False, summary=f"quiet: {self._silence(name, stream)}", mend="see the notice in Slack")
            for name, stream in (await self.book.rhythms()).items()
            if stream.rung is not None and self._is_open(name)
        ]

    async def _listen(self, name: str, stream: Stream, came: Sequence[Arrival], now: datetime) -> Stream:
        """One stream. Told before it is kept: a crash in between tells (and is counted) again rather than never."""
        stream = hear(watch(stream, now, self.calendar), came, self.calendar)
        if stream.rung is not None and stream.back and stream.back_at is not None:
            words = Words(headline=f"{self._title(name)} is back: {stream.back} new since {self._at(stream.back_at)}")
            await self.notices.over(kind_of("quiet", name), words)
            return stream.model_copy(update={"rung": None, "back": 0, "back_at": None})
        if not rings(stream, now, self.calendar):
            return stream
        asked = await self._check(name)
        words = Words(headline=self._silence(name, stream), mend=f"The account's own check says: {asked}")
        await self.notices.tell(kind_of("quiet", name), words, at=stream.quiet_from)
        return stream.model_copy(update={"rung": now})

    def _silence(self, name: str, stream: Stream) -> str:
        """ "the last mention on Facebook came 9 h ago; at this time of week 9 of 10 gaps are under 50 min"."""
        last = stream.last or stream.quiet_from
        ago = _span(self.clock.now() - last)
        usual = _span(usual_gap(stream, self.calendar))
        swept = f" A sweep found {stream.missed} that did not come this way." if stream.missed else ""
        away = " Hark itself was away for a part of it." if stream.quiet_from > last else ""
        return (
            f"The last sign of life from {self._title(name)} came {ago} ago, at {self._at(last)}; "
            f"at this time of the week 9 of 10 gaps are under {usual}.{away}{swept}"
        )

    async def _check(self, name: str) -> str:
        connector = self._connector(name)
        if connector is None:
            return "the account is not set up any more"
        try:
            async with asyncio.timeout(CHECK_S):
                health = await connector.check()
        except HarkError as error:
            return f"{error}. Run `python -m bot check`"
        except TimeoutError:
            return "no answer. Run `python -m bot check`"
        question = (
            " Is the webhook subscribed?" if name.endswith("/webhook") else " Is the search or login still right?"
        )
        return f"{health.summary}.{question}" if health.ok else f"{health.summary}. {health.mend}"

    def _is_open(self, name: str) -> bool:
        """Whether the settings still name the account, and the search, if the door is one."""
        connector, door = self._connector(name), name.split("/", 2)[2]
        if connector is None:
            return False
        return not door.startswith(SEARCH) or door.removeprefix(SEARCH) in connector.searches()

    def _connector(self, name: str) -> ConnectorPort | None:
        network, account, _door = name.split("/", 2)
        return self.connectors.get((network, account))

    def _title(self, name: str) -> str:
        network, account, door = name.split("/", 2)
        connector = self._connector(name)
        return f"{self.titles[network]} ({connector.title if connector else account}, {door})"

    def _at(self, at: datetime) -> str:
        local = self.calendar.local(at)
        same_day = local.date() == self.calendar.local(self.clock.now()).date()
        return f"{local:%H:%M}" if same_day else f"{local:%A %H:%M}"


def _span(span: timedelta) -> str:
    """A length of time in words: minutes below two hours, then hours, then days."""
    minutes = max(1, round(span / timedelta(minutes=1)))
    if minutes < 120:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
