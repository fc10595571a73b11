"""Signing in: rarely, once for all processes, and never per request.

An expired access token is renewed with the refresh token. Signing in with the password is the last resort and rationed:
the hosted entrance has been seen to allow 100 a day.
"""

import base64
import json
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.domain.errors import Permanent, Transient
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.bluesky import wire
from connectors.bluesky.settings import BlueskySettings
from connectors.bluesky.xrpc import RENEWABLE, Call, Xrpc
from connectors.renewal import Renewal, Tokens, short

SESSION_TTL: Final = timedelta(days=60)
LOGIN_LIMITS: Final = ((timedelta(hours=1), 6), (timedelta(days=1), 60))
REFUSED_FOR: Final = timedelta(minutes=15)
"""A refused password is not tried again for so long, unless the settings change."""

NO_CHAT_SCOPE: Final = "com.atproto.appPass"
"""The scope of an app password made without access to direct messages; every other one is tried."""


class Session(Tokens):
    """A signed-in account; `server` is where calls go."""

    did: str
    handle: str
    server: str

    @property
    def chat_allowed(self) -> bool:
        """Whether direct messages are worth trying; read from the token, which is not ours to verify."""
        return _scope(self.access) != NO_CHAT_SCOPE


class Logins(BaseModel):
    """The sign-ins of the last day, and why the newest was refused."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    at: tuple[AwareDatetime, ...] = ()
    reason: str = ""
    text: str = ""


def _scope(token: str) -> str:
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError, RecursionError):
        return ""
    scope = claims.get("scope") if isinstance(claims, dict) else None
    return scope if isinstance(scope, str) else ""


def own_server(did_doc: dict[str, Any] | None) -> str | None:
    """The account's own server as its DID document names it; None unless it is a plain https address."""
    services = did_doc.get("service") if did_doc else None
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            address = str(service.get("serviceEndpoint", "")).rstrip("/")
            parts = urlsplit(address)
            return address if parts.scheme == "https" and parts.hostname else None
    return None


class Sessions(Renewal[Session]):
    """The one session of an account."""

    def __init__(self, settings: BlueskySettings, deps: ConnectorDeps, xrpc: Xrpc) -> None:
        self._settings = settings
        self._xrpc = xrpc
        self._password = settings.app_password.get_secret_value()
        maker = short(settings.service_url, settings.identifier, self._password)
        super().__init__(deps, f"session:bluesky:{deps.account}", Session, SESSION_TTL, maker=maker)

    async def _renew(self, stale: Session | None) -> Session:
        return await self._keep(await self._exchanged(stale))

    async def _exchanged(self, stale: Session | None) -> Session:
        if stale is not None:
            call = Call("com.atproto.server.refreshSession", verb="POST")
            try:
                body = await self._xrpc(stale.server, call, stale.refresh)
                return self._session_from(body, stale.server)
            except Permanent as error:
                if error.reason not in RENEWABLE and error.reason != "wrong_password":
                    raise
        return await self._sign_in()

    async def _sign_in(self) -> Session:
        name = f"{self._name}:logins:{self._maker}"
        text = await self._notes.get(name)
        logins = clean.kept(Logins, text) or Logins()
        self._check_ration(logins)
        call = Call(
            "com.atproto.server.createSession",
            verb="POST",
            body={"identifier": self._settings.identifier, "password": self._password},
        )
        now = self._clock.now()
        at = (*(one for one in logins.at if now - one < LOGIN_LIMITS[-1][0]), now)
        try:
            body = await self._xrpc(self._settings.service_url, call)
        except Permanent as error:
            noted = Logins(at=at, reason=error.reason, text=error.text)
            await self._notes.set(name, noted.model_dump_json(), LOGIN_LIMITS[-1][0])
            raise
        await self._notes.set(name, Logins(at=at).model_dump_json(), LOGIN_LIMITS[-1][0])
        return self._session_from(body, self._settings.service_url)

    def _check_ration(self, logins: Logins) -> None:
        now = self._clock.now()
        if logins.reason and now - logins.at[-1] < REFUSED_FOR:
            raise Permanent(logins.reason, logins.text)
        for window, most in LOGIN_LIMITS:
            recent = [one for one in logins.at if now - one < window]
            if len(recent) >= most:
                wait = (recent[-most] + window - now).total_seconds()
                msg = "too many sign-ins; waiting before the next"
                raise Transient(msg, retry_after=wait)

    def _session_from(self, body: bytes, server: str) -> Session:
        try:
            tokens = clean.read(wire.Tokens, body)
        except ValueError as error:
            msg = "the server's answer to signing in could not be read"
            raise Transient(msg) from error
        home = own_server(tokens.did_doc) if self._settings.follows_did_document else None
        return Session(
            access=tokens.access_jwt,
            refresh=tokens.refresh_jwt,
            did=tokens.did,
            handle=tokens.handle,
            server=home or server,
            maker=self._maker,
        )
