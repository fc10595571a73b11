"""The account's access token: two hours long, renewed with a refresh token that X exchanges at each use."""

from datetime import timedelta
from typing import Final

from pydantic import AwareDatetime

from bot.domain.errors import Permanent, Transient
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.renewal import Renewal, Tokens, short
from connectors.x import wire
from connectors.x.calls import BAD_REQUEST, FORBIDDEN, SIGNED_OUT, Call, Caller
from connectors.x.settings import XSettings

KEPT: Final = timedelta(days=180)
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


class Pair(Tokens):
    """The tokens of an account."""

    expires_at: AwareDatetime


class Pairs(Renewal[Pair]):
    """The one pair of tokens of an account."""

    def __init__(self, settings: XSettings, deps: ConnectorDeps, caller: Caller) -> None:
        first = settings.refresh_token.get_secret_value()
        maker = short(settings.api_url, settings.client_id, first)
        super().__init__(deps, f"session:x:{deps.account}", Pair, KEPT, maker=maker, first=first)
        self._client_id = settings.client_id
        self._call = caller

    def _is_good(self, tokens: Pair) -> bool:
        return self._clock.now() < tokens.expires_at - EARLY

    async def _renew(self, stale: Pair | None) -> Pair:
        refresh = stale.refresh if stale else self._first
        refused = f"{self._name}:refused:{short(self._maker, refresh)}"
        if await self._notes.get(refused):
            raise Permanent(TOKEN_LOST, _LOST_TEXT)
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": self._client_id}
        try:
            answer = await self._call(Call("POST", "/2/oauth2/token", form=form))
        except Permanent as error:
            stored = await self._stored()
            if stored is not None and stored.refresh != refresh:  # somebody else was quicker
                self.known = stored
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
        return await self._keep(
            Pair(
                access=tokens.access_token,
                refresh=tokens.refresh_token or refresh,
                expires_at=self._clock.now() + life,
                maker=self._maker,
            )
        )
