"""After an outage of Slack: one line in the main channel once the cards that waited are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.domain.errors import SlackRefused
from bot.domain.ports import Clock, Notes, Rendered
from bot.services.once import Once, Standing, read_slip
from bot.services.outage import OPEN_NOTE, OUTAGE, RECORD_KEPT, Outage, Record, State

LOOK = timedelta(seconds=5)
NEAR = timedelta(seconds=60)
"""Cards due within this time count as waiting: Slack's budget sends each to a second of its own."""
PATIENCE = timedelta(minutes=1)
WORTH_TELLING = timedelta(minutes=2)
WORTH_TELLING_CARDS = 10
_log = structlog.get_logger("hark.recovery")


class CardQueue(Protocol):
    """The queue of cards, to be counted."""

    async def waiting(self, until: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """Follows an outage to its end, by whichever worker holds the chore."""

    outage: Outage
    cards: CardQueue
    notes: Notes
    once: Once
    render: Callable[[int, timedelta], Rendered]
    channel: str
    clock: Clock

    async def act(self, _timer: str) -> datetime | None:
        """Look how it stands; when to look again (None: it is over and told)."""
        now = self.clock.now()
        slip = await read_slip(self.notes, OUTAGE, RECORD_KEPT)
        is_away = self.outage.state is not State.CLOSED or bool(await self.notes.get(OPEN_NOTE))
        if not slip.text and not is_away:
            return None
        # Slack may go away again while the end is told: that outage found the record of the one before.
        record = Record.model_validate_json(slip.text) if slip.text else Record(since=now)
        waiting = await self.cards.waiting(now + NEAR)
        if is_away:
            record = record.model_copy(update={"waiting": max(record.waiting, waiting), "ended": None})
            await slip.write(record.model_dump_json())
            return now + LOOK
        if record.ended is None:
            record = record.model_copy(update={"waiting": max(record.waiting, waiting), "ended": now})
            await slip.write(record.model_dump_json())
        ended = record.ended or now
        if waiting and now < ended + PATIENCE + 2 * record.waiting * timedelta(seconds=1):
            return now + LOOK
        if ended - record.since >= WORTH_TELLING or record.waiting >= WORTH_TELLING_CARDS:
            await self._tell(record, ended)
        await slip.write("")
        return None

    async def _tell(self, record: Record, ended: datetime) -> None:
        """Post the line, unless an earlier attempt stands. A refusal is not argued with."""
        slip = await read_slip(self.notes, f"{OUTAGE}:{record.since.isoformat()}", RECORD_KEPT)

        async def note(attempt: str, stands: Standing | None) -> str:
            return _attempt(await slip.write(f"{attempt} {stands.at.ts if stands else ''}"))

        message = self.render(record.waiting, ended - record.since)
        try:
            if not await self.once.find(self.channel, _attempt(slip.text), note):
                await self.once.post(self.channel, message, note)
        except SlackRefused as error:
            _log.error("the end of an outage could not be told", error=str(error))


def _attempt(noted: str) -> str:
    """The attempt of a line. What is noted of it says where it stands, too."""
    return noted.partition(" ")[0]
