"""Tokens that a network exchanges for new ones at each renewal: kept for all processes, renewed by one at a time.

Of two renewals at once one would lose, and a token that was exchanged but not kept is lost for good. So there is a lock
within the process, and between processes a turn named after the token that is about to be used up, which is somebody's
as long as they are heard of; and the new ones are kept before anything is done with them, also when nobody waits for
them any more.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import timedelta
from hashlib import blake2b
from secrets import token_hex
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from bot.domain.errors import StoreUnavailable, Transient
from bot.domain.ports import Clock, Notes
from connectors.base import ConnectorDeps
from connectors.clean import kept

TURN: Final = timedelta(seconds=8)
"""For so long after whoever renews was last heard of nobody else tries the same token. Should they be killed, the
account stands still no longer than that."""
HEARD_EVERY_S: Final = 2.0
PATIENCE_S: Final = 5.0
LOOK_AGAIN_S: Final = 0.1


class Tokens(BaseModel):
    """What an account is signed in with, as it is stored. `maker` says from which settings it came."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    access: str
    refresh: str
    maker: str


T = TypeVar("T", bound=Tokens)


def short(*parts: str) -> str:
    """A short name for texts that must not be seen, such as tokens."""
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


class Renewal(ABC, Generic[T]):
    """The tokens of one account, stored as `model` under a name for `ttl`; `first` is used up where there are none."""

    def __init__(
        self, deps: ConnectorDeps, name: str, model: type[T], ttl: timedelta, *, maker: str, first: str = ""
    ) -> None:
        self._notes: Notes = deps.notes
        self._clock: Clock = deps.clock
        self._name = name
        self._model = model
        self._ttl = ttl
        self._maker = maker
        self._first = first
        self._lock = asyncio.Lock()
        self._under_way: set[asyncio.Future[T]] = set()
        self._me = token_hex(8)
        self.known: T | None = None
        """The tokens as this process last saw them."""

    async def current(self) -> T:
        """Tokens that should be good still; renewed if not. Raises Transient or Permanent."""
        found = self.known or await self._stored()
        if found is None or not self._is_good(found):
            return await self.renewed(found)
        self.known = found
        return found

    async def renewed(self, stale: T | None) -> T:
        """Tokens other than `stale`, which was refused or is used up. Raises Transient or Permanent.

        Whoever stops waiting (a lease that is lost, say) does not stop the renewal: what was exchanged is kept.
        """
        renewal = asyncio.ensure_future(self._renewed(stale))
        self._under_way.add(renewal)
        renewal.add_done_callback(self._over)
        return await asyncio.shield(renewal)

    def _over(self, renewal: asyncio.Future[T]) -> None:
        self._under_way.discard(renewal)
        if not renewal.cancelled():
            renewal.exception()  # whoever asked was told, or went away: then a failure is no news to anybody

    async def _renewed(self, stale: T | None) -> T:
        async with self._lock:
            deadline, mine = self._clock.monotonic() + PATIENCE_S, ""
            while True:
                stored = await self._stored()
                if stored is not None and (stale is None or stored.access != stale.access):
                    self.known = stale = stored
                    if self._is_good(stored):
                        return stored
                # Named after what is used up: who has failed half-way goes on at once, others when it is not heard of.
                turn = f"{self._name}:renew:{short(self._maker, stale.refresh if stale else self._first)}"
                if turn == mine:
                    return await self._alone(turn, stale)
                if await self._notes.hold(turn, self._me, TURN):
                    mine = turn  # another may have had it since we looked: a used up token may cost the new one
                elif self._clock.monotonic() >= deadline:
                    msg = "another process is renewing the sign-in"
                    raise Transient(msg, retry_after=2.0)
                else:
                    await self._clock.sleep(LOOK_AGAIN_S)

    async def _alone(self, turn: str, stale: T | None) -> T:
        """Have tokens exchanged, and be heard of as long as that takes."""
        heard = asyncio.ensure_future(self._is_heard(turn))
        try:
            return await self._renew(stale)
        finally:
            heard.cancel()

    async def _is_heard(self, turn: str) -> None:
        while True:
            await self._clock.sleep(HEARD_EVERY_S)
            with suppress(StoreUnavailable):
                await self._notes.hold(turn, self._me, TURN)

    @abstractmethod
    async def _renew(self, stale: T | None) -> T:
        """Have tokens exchanged, and keep the new ones. Raises Transient or Permanent."""

    def _is_good(self, tokens: T) -> bool:
        """Whether tokens are worth using, as far as they say themselves."""
        del tokens
        return True

    async def _keep(self, fresh: T) -> T:
        """Keep new tokens, however long the store is away: the old ones cannot be exchanged a second time."""
        while True:
            try:
                await self._notes.set(self._name, fresh.model_dump_json(), self._ttl)
            except StoreUnavailable:
                await self._clock.sleep(LOOK_AGAIN_S)
            else:
                self.known = fresh
                return fresh

    async def _stored(self) -> T | None:
        found = kept(self._model, await self._notes.get(self._name))
        return found if found is not None and found.maker == self._maker else None
