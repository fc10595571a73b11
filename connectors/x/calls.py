"""One call of X's API, and the table that says what each refusal means.

A refusal is problem JSON {"title", "detail", "type", "status"} or the older {"errors": [{"code", "message"}]}. Rate
limits name their end as unix seconds in x-rate-limit-reset (a quarter of an hour) or x-...-24hour-reset (a day).
After docs.x.com, "Response codes and errors" and "Rate limits".
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
from connectors.x import wire

LONGEST_PAUSE_S: Final = 24 * 3600.0
USUAL_PAUSE_S: Final = 60.0
AFTER_RESET_S: Final = 1.0
LONGEST_DETAIL: Final = 200

SIGNED_OUT: Final = "signed_out"
DUPLICATE: Final = "duplicate"
GONE: Final = "gone"
BAD_REQUEST: Final = "bad_request"
FORBIDDEN: Final = "forbidden"

_NOT_SUMMONED: Final = (
    "not_summoned",
    "X lets an app reply only where the author has named or quoted the account. Answer this one on X itself.",
)
_GONE: Final = (GONE, "The post is not there any more.")
_SUSPENDED: Final = ("account_suspended", "X has suspended the account. Sign in on X and see what it says.")
_LOCKED: Final = ("account_locked", "X has locked the account for now. Sign in on X and unlock it.")
_NO_MESSAGES: Final = (
    "messages_off",
    "This person takes no direct messages from the account. Ask them to write first, or offer another way.",
)
_CAPPED: Final = (
    "usage_capped",
    "X takes no more calls: the credit, the spending limit or the monthly cap of the app is used up. "
    "Add credit or raise the limit in X's developer console.",
)
_SCOPE: Final = (
    "missing_scope",
    "The app may not do this. Give it the right to read, write and send direct messages, then sign the account in "
    "again and set X_REFRESH_TOKEN.",
)
_DUPLICATE: Final = (DUPLICATE, "X says that the account has posted these very words before. Change them a little.")
_AUTOMATED: Final = ("looks_automated", "X held this back because it looks automated. Change the words, or wait.")
_BLOCKED: Final = ("blocked", "This person has blocked the account.")

_PHRASES: Final = (
    ("duplicate content", _DUPLICATE),
    ("not been mentioned or otherwise engaged", _NOT_SUMMONED),
    ("reply to this conversation is not allowed", _NOT_SUMMONED),
    ("quoting this post is not allowed", _NOT_SUMMONED),
    ("restricted who can reply", ("replies_limited", "The author has limited who may reply to this post.")),
    ("has been deleted", _GONE),
    ("deleted or not visible", _GONE),
    ("suspended", _SUSPENDED),
    ("temporarily locked", _LOCKED),
    ("looks like it might be automated", _AUTOMATED),
    ("cannot send messages to this user", _NO_MESSAGES),
    ("not following you", _NO_MESSAGES),
    ("does not allow direct messages", _NO_MESSAGES),
    ("have permission to dm", _NO_MESSAGES),
    ("you have been blocked", _BLOCKED),
    ("blocked from", _BLOCKED),
    ("oauth1 app permissions", _SCOPE),
    ("missing required scope", _SCOPE),
    ("insufficient scope", _SCOPE),
    ("your client app is not configured", _SCOPE),
    ("credits", _CAPPED),
)
"""What a refusal's words decide where its status says too little; compared in lower case, the first that fits."""

_CODES: Final[Mapping[str, tuple[str, str]]] = {
    "34": _GONE,
    "64": _SUSPENDED,
    "136": _BLOCKED,
    "144": _GONE,
    "150": _NO_MESSAGES,
    "186": ("too_long", "The text is too long for X."),
    "187": _DUPLICATE,
    "226": _AUTOMATED,
    "261": _SCOPE,
    "326": _LOCKED,
    "349": _NO_MESSAGES,
    "385": _GONE,
    "433": ("replies_limited", "The author has limited who may reply to this post."),
}
"""Codes of the older form."""

_BY_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    401: (SIGNED_OUT, "X does not accept the token."),
    402: _CAPPED,
    404: _GONE,
    413: ("too_long", "The text is too long for X."),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a refusal says: its words, the last part of its type, its older code."""

    detail: str = ""
    kind: str = ""
    code: str = ""


def said(body: bytes) -> Said:
    """Read a refusal of either form; empty for a body of another form."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Said()
    if not isinstance(answer, dict):
        return Said()
    errors = answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    texts = [text for text in (first.get("message"), answer.get("detail")) if isinstance(text, str) and text]
    title = answer.get("title")
    detail = " ".join(texts) or (title if isinstance(title, str) else "")
    kind = next((one for one in (answer.get("type"), first.get("type")) if isinstance(one, str)), "")
    return Said(" ".join(detail.split()), kind.rpartition("/")[2], wire.as_text(first.get("code")))


def classify(
    status: int, body: bytes, headers: Mapping[str, str], now: datetime, *, writing: bool = False
) -> NetworkError:
    """What a refusal means: Transient, Permanent, or Unknown for a write that a failing server may have carried out."""
    found = said(body)
    if found.kind == "usage-capped":
        return Permanent(*_CAPPED)
    if status == 429 or found.code == "88":
        return Transient("X asks to slow down (rate limit)", retry_after=pause(headers, now))
    if status >= 500 or status == 408:
        text = f"X failed ({status})"
        return Unknown(text) if writing else Transient(text)
    if status == 409:
        return Transient(
            f"X is busy with the same thing ({found.detail[:LONGEST_DETAIL] or status})", USUAL_PAUSE_S, shared=False
        )
    if 300 <= status < 400:
        return Permanent("redirected", f"X_API_URL leads elsewhere ({status}); Hark does not follow.")
    return Permanent(*_final(status, found))


def _final(status: int, found: Said) -> tuple[str, str]:
    """The final answers, told apart by code, then words, then type, then status."""
    lowered = "" if status == 401 else found.detail.lower()
    by_kind = _GONE if found.kind == "resource-not-found" else None
    by_words = next((meaning for phrase, meaning in _PHRASES if phrase in lowered), None)
    meaning = _CODES.get(found.code) or by_words or by_kind or _BY_STATUS.get(status)
    if meaning is not None:
        return meaning
    if status == 403:
        return FORBIDDEN, _worded("X does not allow this.", found)
    return BAD_REQUEST, _worded(f"X refused this ({status}).", found)


def _worded(text: str, found: Said) -> str:
    """A sentence with X's own words behind it, cut."""
    return f"{text} It says: {found.detail[:LONGEST_DETAIL]}" if found.detail else text


def pause(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds until every limit that is used up starts anew, at least one and at most a day."""
    lower = {name.lower(): value for name, value in headers.items()}
    ends = [
        reset
        for window in ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
        if lower.get(f"{window}-remaining", "0").strip() == "0" and (reset := number(lower.get(f"{window}-reset")))
    ]
    if not ends:
        after = number(lower.get("retry-after"))
        return USUAL_PAUSE_S if after is None else min(max(after, 1.0), LONGEST_PAUSE_S)
    return min(max(max(ends) - now.timestamp(), 0.0) + AFTER_RESET_S, LONGEST_PAUSE_S)


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `body` goes as JSON, `form` as a form; `writes` means that repeating it could act twice."""

    verb: Literal["GET", "POST", "PUT"]
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    writes: bool = False


class Caller:
    """Makes calls. Holds nothing but what it was given."""

    def __init__(self, base_url: str, http: aiohttp.ClientSession, clock: Clock) -> None:
        self._base_url = base_url
        self._http = http
        self._clock = clock

    async def __call__(self, call: Call, token: str = "") -> bytes:
        """Make one call and return the answer's body; raises Transient, Permanent or Unknown."""
        status, headers, body = await exchange(
            self._http,
            call.verb,
            f"{self._base_url}{call.path}",
            token=token,
            params=call.params,
            form=call.form,
            json=call.body,
            writes=call.writes,
            who="X",
            link="the connection to X",
        )
        if 200 <= status < 300:
            return body
        raise classify(status, body, headers, self._clock.now(), writing=call.writes)
