"""One-time lines to the team's channel: said once for each name, however many workers find the reason."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.domain.errors import SlackError
from bot.domain.ports import Clock, Notes, Rendered, SlackPort

TOLD: Final = "told"
KEPT: Final = timedelta(days=62)
AGAIN_AFTER: Final = timedelta(seconds=60)
"""Longer than a call of Slack takes: until then nobody else tries the same line."""


class Notices:
    """Writes such lines."""

    def __init__(
        self, notes: Notes, slack: SlackPort, render: Callable[[str], Rendered], channel: str, clock: Clock
    ) -> None:
        self._notes = notes
        self._slack = slack
        self._render = render
        self._channel = channel
        self._clock = clock
        self._log = structlog.get_logger("hark.notices")

    async def tell(self, name: str, text: str) -> None:
        """Say this once. When Slack cannot take it now, the next call for the same name tries again."""
        note = f"notice:{name}"
        begun = await self._notes.get(note)
        if begun == TOLD or not await self._notes.first_time(note, AGAIN_AFTER):
            return
        try:
            await self._say(note, text, begun)
        except SlackError as error:
            self._log.warning("not told yet, comes again", name=name, error=str(error))

    async def _say(self, note: str, text: str, begun: str | None) -> None:
        """Post, unless an earlier try that nobody saw the end of did."""
        stands = begun and await self._slack.find_attempt(self._channel, note, None, datetime.fromisoformat(begun))
        if not stands:
            await self._notes.set(note, begun or self._clock.now().isoformat(), KEPT)
            rendered = self._render(text)
            await self._slack.post(self._channel, rendered.text, rendered.blocks, attempt=note)
        await self._notes.set(note, TOLD, KEPT)
