"""One call of the AT Protocol's HTTP dialect, and the table that says what each refusal means.

Errors arrive as {"error": NAME, "message": TEXT}. An expired token is a 400, not a 401. Rate limits name the end of
the pause as unix seconds in RateLimit-Reset; there is no Retry-After.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import aiohttp

from bot.domain.errors import NetworkError, Permanent, Transient, Unknown
from bot.domain.ports import Clock
from connectors.exchange import exchange, number

LONGEST_PAUSE_S: Final = 3600.0
CHAT_PROXY: Final = "did:web:api.bsky.chat#bsky_chat"

RENEWABLE: Final = frozenset({"expired_token", "invalid_token", "signed_out"})
"""Reasons after which a new access token may help."""

NO_SUCH_METHOD: Final = "no_such_method"

Params = Mapping[str, str | int | list[str]]

_DM_HINT: Final = "Ask the customer to write to you first, or offer another way to reach you."

ERRORS: Final[Mapping[str, tuple[str, str]]] = {
    "ExpiredToken": ("expired_token", "The session has expired."),
    "InvalidToken": ("invalid_token", "The session is not valid any more."),
    "AuthMissing": ("signed_out", "The server asks to sign in."),
    "AuthenticationRequired": ("wrong_password", "The handle or the app password is wrong, or has been revoked."),
    "AccountTakedown": ("account_suspended", "The account has been taken down by its server."),
    "AccountSuspended": ("account_suspended", "The account is suspended."),
    "AccountDeactivated": ("account_suspended", "The account is deactivated."),
    "AuthFactorTokenRequired": (
        "second_factor",
        "The account asks for a code by e-mail: sign in with an app password, not with the main password.",
    ),
    "InvalidSwap": ("conflict", "The record was changed by someone else meanwhile."),
    "NotFound": ("gone", "The post is not there any more."),
    "RecordNotFound": ("gone", "The post is not there any more."),
    "BadQueryString": ("bad_query", "The search cannot be understood."),
    "BlockedActor": ("blocked", "This person has blocked the account, or the account has blocked them."),
    "BlockedByActor": ("blocked", "This person has blocked the account."),
    "BlockedSubject": ("blocked", "This person has blocked the account, or the account has blocked them."),
    "MessagesDisabled": ("messages_off", f"This person takes no direct messages. {_DM_HINT}"),
    "NotFollowedBySender": (
        "messages_off",
        f"This person takes direct messages only from accounts that they follow. {_DM_HINT}",
    ),
    "RecipientNotFound": ("gone", "This person's account is not there any more."),
    "ConvoLocked": ("convo_locked", f"This conversation is locked. {_DM_HINT}"),
    "InvalidConvo": ("gone", "This conversation is not there any more."),
    "MethodNotImplemented": (NO_SUCH_METHOD, "This server does not offer this."),
    "XRPCNotSupported": (NO_SUCH_METHOD, "This server does not offer this."),
}
"""The protocol's error names: a stable word for code, a sentence for a person."""

_PHRASES: Final = (
    ("bad token method", "dm_not_allowed", "The app password does not allow direct messages."),
    ("bad token scope", "dm_not_allowed", "The app password does not allow direct messages."),
    ("could not locate record", "gone", "The post is not there any more."),
    ("unable to resolve handle", "no_such_handle", "There is no account of that name."),
    ("grapheme too big", "too_long", "The text is too long for the network."),
    ("string too big", "too_long", "The text is too long for the network."),
    ("could not resolve proxy did", NO_SUCH_METHOD, "This server does not offer this."),
)
"""What the error's text decides where its name says too little; compared in lower case."""

_BY_STATUS: Final = {
    401: ("wrong_password", "The handle or the app password is wrong, or has been revoked."),
    403: ("forbidden", "The server does not allow this."),
    404: (NO_SUCH_METHOD, "This server does not offer this."),
    413: ("too_long", "The text is too long for the network."),
    501: (NO_SUCH_METHOD, "This server does not offer this."),
}


def classify(
    status: int, body: bytes, headers: Mapping[str, str], now: datetime, *, writing: bool = False
) -> NetworkError:
    """What a refusal means: Transient, Permanent, or Unknown for a write that a failing server may have carried out."""
    name, message = _said(body)
    if status == 429 or name == "RateLimitExceeded":
        return Transient(f"rate limited ({status})", retry_after=_pause(headers, now))
    lowered = message.lower()
    for phrase, reason, text in _PHRASES:
        if phrase in lowered:
            return Permanent(reason, text)
    if name in ERRORS:
        return Permanent(*ERRORS[name])
    if status in _BY_STATUS:
        return Permanent(*_BY_STATUS[status])
    if status == 408 or status >= 500:
        text = f"the server failed ({status} {name})".rstrip(" )") + ")"
        return Unknown(text) if writing else Transient(text, retry_after=_retry_after(headers))
    return Permanent("refused", f"The server refused this ({status} {name}): {message[:200]}".rstrip(": "))


def _said(body: bytes) -> tuple[str, str]:
    """The name and the text of an error; empty for a body of another form."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    name, message = answer.get("error"), answer.get("message")
    return name if isinstance(name, str) else "", message if isinstance(message, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    seconds = number(headers.get("Retry-After"))
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_PAUSE_S)


def _pause(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the limit is lifted, at least one and at most an hour; None when the answer does not say."""
    reset = number(headers.get("RateLimit-Reset"))
    if reset is None:
        return _retry_after(headers)
    return min(max(reset - now.timestamp(), 1.0), LONGEST_PAUSE_S)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: a query is a GET with parameters, a procedure a POST with a body (None: no body at all)."""

    name: str
    verb: Literal["GET", "POST"] = "GET"
    params: Params = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    chat: bool = False
    writes: bool = False


class Xrpc:
    """Makes calls. Holds nothing but what it was given."""

    def __init__(self, http: aiohttp.ClientSession, clock: Clock) -> None:
        self._http = http
        self._clock = clock

    async def __call__(self, server: str, call: Call, token: str | None = None) -> bytes:
        """Make one call and return the answer's body; raises Transient, Permanent or Unknown."""
        status, headers, body = await exchange(
            self._http,
            call.verb,
            f"{server}/xrpc/{call.name}",
            token=token,
            headers={"atproto-proxy": CHAT_PROXY} if call.chat else None,
            params=_query(call.params),
            json=call.body,
            writes=call.writes,
            who="the server",
        )
        if status == 200:
            return body
        raise classify(status, body, headers, self._clock.now(), writing=call.writes)


def _query(params: Params) -> list[tuple[str, str]]:
    """Parameters as pairs; a list repeats its name, as the protocol wants it."""
    return [
        (name, str(one)) for name, value in params.items() for one in (value if isinstance(value, list) else [value])
    ]
