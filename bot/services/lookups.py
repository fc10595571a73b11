"""Asking a network for what its deliveries leave out: the words of a mention, the name of whoever wrote.

A card never waits for it. What is wanted becomes due in the queue of the polls under its own name, so that wanting it
twice is asking once, and wanting it again brings no try forward; what is found comes back through the inbox like any
delivery and is drawn into the card. An answer is remembered, a refusal too, so that the next message of the same person
costs no call.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import ValidationError

from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Author, CaseKey
from bot.domain.network import UNKNOWN_FOR, ConnectorPort
from bot.domain.ports import Clock, DueQueue, Inbox, Notes
from bot.services.gate import Gate

PREFIX: Final = "lookup:"
ASKED: Final = "asked"
REFUSED: Final = "refused"
ASKED_KEPT: Final = timedelta(hours=1)
REFUSED_KEPT: Final = timedelta(days=1)
NAME_KEPT: Final = timedelta(days=30)
FIRST_WAIT_S: Final = 15.0
LONGEST_WAIT_S: Final = 3600.0
AFTER_TOKEN_S: Final = 300.0
LEFT_S: Final = 10.0
MOST_TRIES: Final = 12
"""With waits that double to an hour this is most of a day; then it counts as refused, until somebody writes again."""
ACCOUNT_TROUBLE: Final = frozenset({"token", "token_lost", "signed_out"})
"""Refusals that say nothing of what was asked for: it is asked for again once the account works."""


def person(id_: str) -> str:
    """What is wanted when somebody's name is."""
    return f"person:{id_}"


@dataclass(frozen=True, slots=True)
class Lookups:
    """What is wanted, what was found."""

    notes: Notes
    polls: DueQueue
    inbox: Inbox
    gate: Gate
    clock: Clock

    async def want(self, key: CaseKey, what: str) -> Author | None:
        """Have it asked for soon, unless it was lately; the person, if that is what it is and known already."""
        known = await self.notes.get(_note(key.network, key.account, what))
        if known is None:
            await self.polls.begin(f"{key.network}/{key.account}/{PREFIX}{what}", self.clock.now())
            return None
        try:
            return Author.model_validate_json(known)
        except ValidationError:
            return None  # asked a moment ago, or refused

    async def keep(self, key: CaseKey, author: Author) -> None:
        """Remember how somebody is called."""
        name = _note(key.network, key.account, person(author.id))
        await self.notes.set(name, author.model_dump_json(), NAME_KEPT)

    async def drop(self, key: CaseKey, author: Author) -> None:
        """Remember nothing of them."""
        await self.notes.set(_note(key.network, key.account, person(author.id)), "", timedelta(0))

    async def ask(self, connector: ConnectorPort, what: str) -> float | None:
        """Ask the network, and put what it says into the inbox; seconds until another try, None when it is settled.

        A pause that the network asks for is told to the gate. Raises StoreUnavailable: then the lease ends, and it is
        asked again.
        """
        note = _note(connector.network, connector.account, what)
        if await self.notes.get(note) is not None:
            return None
        try:
            found = await connector.look_up(what)
            await self.inbox.put_page(found, f"{connector.network}/{connector.account}/{PREFIX}{what}", None)
        except NetworkError as error:
            if isinstance(error, Transient) and error.retry_after is not None and error.shared:
                await self.gate.pause(connector, error.retry_after)
            return await self._failed(note, error)
        await self.notes.set(note, ASKED, ASKED_KEPT)
        return None

    async def leave(self, network: str, account: str, what: str) -> float | None:
        """Leave it to a process that knows the account; seconds until another look, None when it was left too long."""
        looks = await self.notes.count(f"{_note(network, account, what)}:left", 1, UNKNOWN_FOR)
        return LEFT_S if looks * LEFT_S <= UNKNOWN_FOR.total_seconds() else None

    async def _failed(self, note: str, error: NetworkError) -> float | None:
        if isinstance(error, Permanent) and error.reason in ACCOUNT_TROUBLE:
            return AFTER_TOKEN_S
        tries = await self.notes.count(f"{note}:tries", 1, REFUSED_KEPT)
        if isinstance(error, Permanent) or tries >= MOST_TRIES:
            await self.notes.set(note, REFUSED, REFUSED_KEPT)
            return None
        wait = min(FIRST_WAIT_S * 2.0 ** (tries - 1), LONGEST_WAIT_S)
        told = error.retry_after if isinstance(error, Transient) else None
        return wait if told is None else max(told, 1.0)


def _note(network: str, account: str, what: str) -> str:
    return f"{PREFIX}{network}/{account}/{what}"
