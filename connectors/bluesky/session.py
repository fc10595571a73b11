"""Signing in: rarely, once for all processes, and never per request.

The session lives in the shared notes. An expired access token is renewed with the refresh token, which the server
exchanges for a new one: of two renewals at once one would lose. So one renewal at a time: a lock within the process,
and between processes a note named after the refresh token that is about to be used up. Signing in with the password
is the last resort and rationed: the hosted entrance has been seen to allow 100 a day.
"""

import asyncio
import base64
import json
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from bot.domain.errors import Permanent, Transient
from bot.domain.ports import Clock, Notes
from connectors import clean
from connectors.base import ConnectorDeps
from connectors.bluesky import wire
from connectors.bluesky.settings import BlueskySettings
from connectors.bluesky.xrpc import RENEWABLE, Call, Xrpc

SESSION_TTL: Final = timedelta(days=60)
LOCK_TTL: Final = timedelta(seconds=20)
PATIENCE_S: Final = 5.0
LOOK_AGAIN_S: Final = 0.1
LOGIN_LIMITS: Final = ((timedelta(hours=1), 6), (timedelta(days=1), 60))
REFUSED_FOR: Final = timedelta(minutes=15)
"""A refused password is not tried again for so long, unless the settings change."""

NO_CHAT_SCOPE: Final = "com.atproto.appPass"
"""The scope of an app password made without access to direct messages; every other one is tried."""


class Session(BaseModel):
    """A signed-in account. `maker` says from which settings it came; `server` is where calls go."""

    model_config = ConfigDict(frozen=True)

    access: str
    refresh: str
    did: str
    handle: str
    server: str
    maker: str

    @property
    def chat_allowed(self) -> bool:
        """Whether direct messages are worth trying; read from the token, which is not ours to verify."""
        return _scope(self.access) != NO_CHAT_SCOPE


class Logins(BaseModel):
    """The sign-ins of the last day, and why the newest was refused."""

    model_config = ConfigDict(frozen=True)

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


def _short(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def own_server(did_doc: dict[str, Any] | None) -> str | None:
    """The account's own server as its DID document names it; None unless it is a plain https address."""
    services = did_doc.get("service") if did_doc else None
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            address = str(service.get("serviceEndpoint", "")).rstrip("/")
            parts = urlsplit(address)
            return address if parts.scheme == "https" and parts.hostname else None
    return None


class Sessions:
    """The one session of an account."""

    def __init__(self, settings: BlueskySettings, deps: ConnectorDeps, xrpc: Xrpc) -> None:
        self._settings = settings
        self._xrpc = xrpc
        self._notes: Notes = deps.notes
        self._clock: Clock = deps.clock
        self._name = f"session:bluesky:{deps.account}"
        self._password = settings.app_password.get_secret_value()
        self._maker = _short(settings.service_url, settings.identifier, self._password)
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._held = ""

    @property
    def known(self) -> Session | None:
        """The session as this process last saw it; no I/O."""
        return self._session

    async def current(self) -> Session:
        """A session that was valid when last seen; signs in if there is none. Raises Transient or Permanent."""
        if self._session is not None:
            return self._session
        stored = await self._stored()
        if stored is None:
            return await self._replace(None)
        self._session = stored
        return stored

    async def renewed(self, stale: Session) -> Session:
        """A session other than `stale`, whose access token was refused. Raises Transient or Permanent."""
        return await self._replace(stale)

    async def _stored(self) -> Session | None:
        text = await self._notes.get(self._name)
        try:
            session = Session.model_validate_json(text) if text else None
        except ValidationError:
            return None
        return session if session is not None and session.maker == self._maker else None

    async def _replace(self, stale: Session | None) -> Session:
        async with self._lock:
            deadline = self._clock.monotonic() + PATIENCE_S
            while True:
                stored = await self._stored()
                if stored is not None and (stale is None or stored.access != stale.access):
                    self._session = stored
                    return stored
                if await self._may_renew(stale):
                    break
                if self._clock.monotonic() >= deadline:
                    msg = "another process is renewing the session"
                    raise Transient(msg, retry_after=2.0)
                await self._clock.sleep(LOOK_AGAIN_S)
            self._session = fresh = await self._renew(stale)
            await self._notes.set(self._name, fresh.model_dump_json(), SESSION_TTL)
            return fresh

    async def _may_renew(self, stale: Session | None) -> bool:
        """Whether this process holds the lock; one that failed half-way keeps it and may go on."""
        name = f"{self._name}:renew:{_short(self._maker, stale.refresh if stale else '')}"
        if self._held == name or await self._notes.first_time(name, LOCK_TTL):
            self._held = name
            return True
        return False

    async def _renew(self, stale: Session | None) -> Session:
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
        logins = Logins.model_validate_json(text) if text else Logins()
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
