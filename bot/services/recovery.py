"""After an outage of Slack: one line in the main channel once the cards that waited are drawn."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.domain.attempts import new_attempt
from bot.domain.errors import SlackRefused
from bot.domain.ports import Clock, Notes, Rendered, SlackPort
from bot.services.outage import OPEN_NOTE, OUTAGE, RECORD_KEPT, Outage, Record, State

LOOK = timedelta(seconds=5)
NEAR = timedelta(seconds=60)
"""Cards due within this time count as waiting: Slack's budget sends each to a second of its own."""
PATIENCE = timedelta(minutes=1)
WORTH_TELLING = timedelta(minutes=2)
WORTH_TELLING_CARDS = 10


class CardQueue(Protocol):
    """The queue of cards, to be counted."""

    async def waiting(self, until: datetime) -> int: ...


class Recovery:
    """Follows an outage to its end, by whichever worker holds the chore."""

    def __init__(
        self,
        outage: Outage,
        cards: CardQueue,
        notes: Notes,
        slack: SlackPort,
        render: Callable[[int, timedelta], Rendered],
        channel: str,
        clock: Clock,
    ) -> None:
        self._outage = outage
        self._cards = cards
        self._notes = notes
        self._slack = slack
        self._render = render
        self._channel = channel
        self._clock = clock
        self._log = structlog.get_logger("hark.recovery")

    async def act(self, _timer: str) -> datetime | None:
        """Look how it stands; when to look again (None: it is over and told)."""
        now, text = self._clock.now(), await self._notes.get(OUTAGE)
        if not text:
            return None
        record = Record.model_validate_json(text)
        waiting = await self._cards.waiting(now + NEAR)
        if self._outage.state is not State.CLOSED or await self._notes.get(OPEN_NOTE):
            await self._save(record.model_copy(update={"waiting": max(record.waiting, waiting), "ended": None}))
            return now + LOOK
        if record.ended is None:
            record = record.model_copy(update={"waiting": max(record.waiting, waiting), "ended": now})
            await self._save(record)
        ended = record.ended or now
        if waiting and now < ended + PATIENCE + 2 * record.waiting * timedelta(seconds=1):
            return now + LOOK
        if ended - record.since >= WORTH_TELLING or record.waiting >= WORTH_TELLING_CARDS:
            await self._tell(record, ended)
        await self._notes.set(OUTAGE, "", RECORD_KEPT)
        return None

    async def _tell(self, record: Record, ended: datetime) -> None:
        """Post the line, unless an earlier attempt stands. A refusal is not argued with."""
        try:
            if record.attempt and await self._slack.find_attempt(self._channel, record.attempt):
                return
            attempt = new_attempt(self._clock.now())
            await self._save(record.model_copy(update={"attempt": attempt}))
            message = self._render(record.waiting, ended - record.since)
            await self._slack.post(self._channel, message.text, message.blocks, attempt=attempt)
        except SlackRefused as error:
            self._log.error("the end of an outage could not be told", error=str(error))

    async def _save(self, record: Record) -> None:
        await self._notes.set(OUTAGE, record.model_dump_json(), RECORD_KEPT)
