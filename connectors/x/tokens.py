"""The account's access token: two hours long, renewed with a refresh token that X exchanges at each use.

Of two renewals at once one would lose, and a token that was exchanged but not kept is lost for good. So: one renewal
at a time (a lock within the process, and between processes a note named after the refresh token about to be used up),
and the new pair is stored before anything is done with it.
"""

import asyncio
from datetime import timedelta
from hashlib import blake2b
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from bot.domain.errors import Permanent, Transient
from bot.domain.ports import Clock, Notes
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.x import wire
from connectors.x.calls import BAD_REQUEST, FORBIDDEN, SIGNED_OUT, Call, Caller
from connectors.x.settings import XSettings

KEPT: Final = timedelta(days=180)
LOCK_TTL: Final = timedelta(seconds=30)
"""Longer than a call may take: until then nobody else tries the same refresh token."""
LOCK_MARGIN_S: Final = 21.0
"""A call that begins so long before the lock's end is over when it ends."""
PATIENCE_S: Final = 5.0
LOOK_AGAIN_S: Final = 0.1
USUAL_LIFE_S: Final = 7200
REFUSED_FOR: Final = timedelta(minutes=15)
"""A refused token is not tried again for so long."""
EARLY: Final = timedelta(minutes=2)
"""So long before its end an access token counts as used up."""

TOKEN_LOST: Final = "token_lost"  # noqa: S105 - a reason, not a token
_LOST_TEXT: Final = (
    "X does not accept the refresh token any more: the account must be signed in again and X_REFRESH_TOKEN set anew."
)
_REFUSED: Final = frozenset({BAD_REQUEST, FORBIDDEN, SIGNED_OUT})


class Pair(BaseModel):
    """The tokens as they are stored. `maker` says from which settings they came."""

    model_config = ConfigDict(frozen=True)

    access: str
    refresh: str
    expires_at: AwareDatetime
    maker: str


def _short(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


class Tokens:
    """The one pair of tokens of an account."""

    def __init__(self, settings: XSettings, deps: ConnectorDeps, caller: Caller) -> None:
        self._client_id = settings.client_id
        self._first = settings.refresh_token.get_secret_value()
        self._maker = _short(settings.api_url, settings.client_id, self._first)
        self._call = caller
        self._notes: Notes = deps.notes
        self._clock: Clock = deps.clock
        self._name = f"session:x:{deps.account}"
        self._lock = asyncio.Lock()
        self._pair: Pair | None = None
        self._held = ("", 0.0)

    async def current(self) -> str:
        """An access token that should be good still; renews it if not. Raises Transient or Permanent."""
        pair = self._pair or await self._stored()
        if pair is not None and self._clock.now() < pair.expires_at - EARLY:
            self._pair = pair
            return pair.access
        return (await self._replace(pair)).access

    async def renewed(self, stale: str) -> str:
        """An access token other than `stale`, which X refused. Raises Transient or Permanent."""
        pair = self._pair or await self._stored()
        if pair is not None and pair.access != stale:
            return pair.access
        return (await self._replace(pair)).access

    async def _stored(self) -> Pair | None:
        text = await self._notes.get(self._name)
        try:
            pair = Pair.model_validate_json(text) if text else None
        except ValidationError:
            return None
        return pair if pair is not None and pair.maker == self._maker else None

    async def _replace(self, stale: Pair | None) -> Pair:
        async with self._lock:
            deadline = self._clock.monotonic() + PATIENCE_S
            while True:
                stored = await self._stored()
                if stored is not None and (stale is None or stored.access != stale.access):
                    self._pair = stored
                    if self._clock.now() < stored.expires_at - EARLY:
                        return stored
                    stale = stored
                refresh = stale.refresh if stale else self._first
                if await self._may_renew(refresh):
                    return await self._renew(refresh)
                if self._clock.monotonic() >= deadline:
                    msg = "another process is renewing X's token"
                    raise Transient(msg, retry_after=2.0)
                await self._clock.sleep(LOOK_AGAIN_S)

    async def _may_renew(self, refresh: str) -> bool:
        """Whether this process holds the lock; one that failed half-way may go on while nobody else can have it."""
        name, now = f"{self._name}:renew:{_short(self._maker, refresh)}", self._clock.monotonic()
        held, until = self._held
        if held == name and now < until:
            return True
        if await self._notes.first_time(name, LOCK_TTL):
            self._held = (name, now + LOCK_TTL.total_seconds() - LOCK_MARGIN_S)
            return True
        return False

    async def _renew(self, refresh: str) -> Pair:
        refused = f"{self._name}:refused:{_short(self._maker, refresh)}"
        if await self._notes.get(refused):
            raise Permanent(TOKEN_LOST, _LOST_TEXT)
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": self._client_id}
        try:
            answer = await self._call(Call("POST", "/2/oauth2/token", form=form))
        except Permanent as error:
            stored = await self._stored()
            if stored is not None and stored.refresh != refresh:  # somebody else was quicker
                self._pair = stored
                return stored
            if error.reason in _REFUSED:
                await self._notes.set(refused, "1", REFUSED_FOR)
                raise Permanent(TOKEN_LOST, _LOST_TEXT) from error
            raise
        try:
            tokens = clean.read(wire.Tokens, answer)
        except ValueError as error:
            msg = "X's answer to the renewal could not be read"
            raise Transient(msg) from error
        life = timedelta(seconds=tokens.expires_in or USUAL_LIFE_S)
        pair = Pair(
            access=tokens.access_token,
            refresh=tokens.refresh_token or refresh,
            expires_at=self._clock.now() + life,
            maker=self._maker,
        )
        await self._notes.set(self._name, pair.model_dump_json(), KEPT)
        self._pair = pair
        return pair
