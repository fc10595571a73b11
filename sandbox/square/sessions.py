"""Sign-in: passwords, access tokens and refresh tokens.

Access tokens live 2 hours and are not looked up anywhere: they hold until they expire. Refresh tokens live 90 days and
are kept. Using one gives a new pair; the used one keeps working for two more hours and gives a successor with the same
id, as on the reference server. Tokens are JWTs signed with HMAC-SHA-256.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.square.errors import auth_missing, expired_token, invalid_token
from sandbox.square.model import Person, RefreshToken
from sandbox.square.world import World

ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=90)
REFRESH_SCOPE = "com.atproto.refresh"
SERVICE_DID = "did:web:localhost"
_ACCESS_TYPE, _REFRESH_TYPE = "at+jwt", "refresh+jwt"


@dataclass(frozen=True, slots=True)
class TokenRules:
    """How long tokens hold. `grace` is how long a used refresh token still gives its successor (zero: not at all)."""

    access_life: timedelta = ACCESS_LIFE
    refresh_life: timedelta = REFRESH_LIFE
    grace: timedelta = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and with what rights."""

    did: str
    scope: str


def check_password(person: Person, password: str) -> str | None:
    """The scope that a password opens; None when it opens nothing. All passwords are compared, in constant time."""
    given = password.encode()
    matches = [scope for known, scope in person.logins.items() if hmac.compare_digest(known.encode(), given)]
    return matches[0] if matches else None


def open_session(world: World, did: str, scope: str, rules: TokenRules) -> dict[str, str]:
    """Give out a new pair of tokens."""
    return _pair(world, did, scope, secrets.token_urlsafe(32), rules)


def rotate(world: World, token_id: str, rules: TokenRules) -> dict[str, str]:
    """Give out the successor pair of a refresh token; raises XrpcError ExpiredToken for a revoked one."""
    now = world.clock.now()
    world.refresh_tokens = {key: kept for key, kept in world.refresh_tokens.items() if kept.expires_at > now}
    token = world.refresh_tokens.get(token_id)
    if token is None:
        raise expired_token("Token has been revoked")
    token.expires_at = min(token.expires_at, now + rules.grace)
    token.next_id = token.next_id or secrets.token_urlsafe(32)
    return _pair(world, token.did, token.scope, token.next_id, rules)


def access_caller(world: World, token: str) -> Caller:
    """Check an access token; raises XrpcError InvalidToken or ExpiredToken."""
    claims = _verify(world, token, _ACCESS_TYPE)
    if claims["round"] != world.token_round:
        raise expired_token("Token has expired")
    if claims["sub"] not in world.people:
        raise invalid_token("Malformed token")
    return Caller(claims["sub"], claims["scope"])


def refresh_id(world: World, token: str, *, even_expired: bool = False) -> str:
    """Check a refresh token and answer its id; raises XrpcError InvalidToken or ExpiredToken."""
    return str(_verify(world, token, _REFRESH_TYPE, even_expired=even_expired)["jti"])


def bearer(header: str | None) -> str:
    """The token of an Authorization header; raises XrpcError AuthMissing or InvalidToken."""
    if not header:
        raise auth_missing()
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer":
        raise invalid_token("Unexpected authorization type")
    return token.strip()


def _pair(world: World, did: str, scope: str, token_id: str, rules: TokenRules) -> dict[str, str]:
    now = world.clock.now()
    expires_at = now + rules.refresh_life
    world.refresh_tokens.setdefault(token_id, RefreshToken(token_id, did, scope, expires_at))
    world.changed()
    access = {"scope": scope, "sub": did, "round": world.token_round} | _times(now, now + rules.access_life)
    refresh = {"scope": REFRESH_SCOPE, "sub": did, "jti": token_id} | _times(now, expires_at)
    return {
        "accessJwt": _sign(world, access, _ACCESS_TYPE),
        "refreshJwt": _sign(world, refresh, _REFRESH_TYPE),
    }


def _times(issued_at: datetime, expires_at: datetime) -> dict[str, Any]:
    return {"aud": SERVICE_DID, "iat": int(issued_at.timestamp()), "exp": int(expires_at.timestamp())}


def _sign(world: World, claims: dict[str, Any], kind: str) -> str:
    head = _encode(json.dumps({"typ": kind, "alg": "HS256"}).encode())
    body = _encode(json.dumps(claims).encode())
    return f"{head}.{body}.{_encode(_seal(world, f'{head}.{body}'))}"


def _verify(world: World, token: str, kind: str, *, even_expired: bool = False) -> dict[str, Any]:
    signed, _, seal = token.rpartition(".")
    if not signed or not hmac.compare_digest(_encode(_seal(world, signed)).encode(), seal.encode()):
        raise invalid_token("Token could not be verified")
    head, claims = (json.loads(_decode(part)) for part in signed.split("."))
    if datetime.fromtimestamp(claims["exp"], UTC) <= world.clock.now() and not even_expired:
        raise expired_token("Token has expired")
    if head["typ"] != kind:
        raise invalid_token("Invalid token type")
    return dict(claims)


def _seal(world: World, signed: str) -> bytes:
    return hmac.digest(world.signing_key.encode(), signed.encode(), hashlib.sha256)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
