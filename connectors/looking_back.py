"""Looking for a send among what an account has said: what a look must not take for it, and what not for proof."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from bot.domain.case import Send
from bot.domain.errors import StoreUnavailable
from connectors.base import ConnectorDeps

TOO_MUCH: Final = "more has been said there since than Hark looks through: please look there"
"""A look that ends before it reaches back to the send proves nothing: were it tried again, it might stand twice."""

KEPT: Final = timedelta(days=4)
"""A send of unknown fate is looked for during two days, and one that somebody retries goes on for another."""


class Whose:
    """Which send each of an account's own words belong to: the same ones may stand there for several customers."""

    def __init__(self, network: str, deps: ConnectorDeps) -> None:
        self._name = f"sent:{network}:{deps.account}"
        self._notes = deps.notes

    async def is_of(self, id_: str, send: Send) -> bool:
        """Whether what stands under that id is this send's; if it was nobody's, it is from now on."""
        return await self._notes.agree(f"{self._name}:{id_}", send.id, KEPT) == send.id

    async def note(self, id_: str, send: Send) -> None:
        """The network has named what it took; without the store that is not lost, only not told apart."""
        with suppress(StoreUnavailable):
            await self.is_of(id_, send)
