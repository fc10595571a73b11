"""The way back: what Hark posts to a reply_url when staff answer, and what each answer to that means."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from yarl import URL

from bot.domain.case import Send
from bot.domain.errors import NetworkError, Permanent, Transient
from bot.domain.models import Sent
from connectors.exchange import number
from connectors.guard import Answer
from connectors.webhook.wire import loads

EVENT_TYPE: Final = "reply.created"
LONGEST_PAUSE_S: Final = 3600.0
LONGEST_ID: Final = 300
LONGEST_URL: Final = 2048
SAID: Final = 200

ALREADY_THERE: Final = 409
TRY_AGAIN: Final = frozenset({408, 425, 429})
REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("signature_refused", "The other system did not accept Hark's signature: both must know the same secret."),
    403: ("forbidden", "The other system does not allow this."),
    404: ("gone", "The other system does not know this conversation any more."),
    410: ("gone", "The other system takes no more answers here."),
    413: ("too_long", "The text is too long for the other system."),
}
"""Answers that are final: a stable word for code, a sentence for a person."""


def payload(send: Send) -> bytes:
    """The body of the callback, in the payload convention of Standard Webhooks; the same each time it is tried."""
    value = {
        "type": EVENT_TYPE,
        "timestamp": send.created_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "data": {
            "id": send.id,
            "in_reply_to": send.ref.get("id", send.to),
            "conversation": send.ref.get("conversation", ""),
            "text": send.text,
            "private": send.private,
            "author": {"name": send.by.name},
        },
    }
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def host(url: str) -> str:
    """The host of an address, with its port where that is not the usual one; empty where the address is none."""
    try:
        return URL(url).host_port_subcomponent or ""
    except ValueError:
        return ""


def outcome(answer: Answer, send: Send, now: datetime) -> Sent:
    """What the answer proves; raises Transient or Permanent.

    409 says that this webhook-id was taken before: the answer stands.
    """
    if 200 <= answer.status < 300 or answer.status == ALREADY_THERE:
        return _sent(_said(answer), send)
    raise classify(answer, now)


def classify(answer: Answer, now: datetime) -> NetworkError:
    """What a refusal means. The sender's system is asked to act once per webhook-id, so 5xx may be tried again."""
    status = answer.status
    if status in TRY_AGAIN or status >= 500:
        return Transient(f"the other system asks to try again later ({status})", retry_after=_pause(answer, now))
    if 300 <= status < 400:
        return Permanent("redirected", f"The reply address leads elsewhere ({status}); Hark does not follow.")
    reason, text = REFUSALS.get(status, ("refused", f"The other system refused this ({status})."))
    detail = _detail(answer)
    return Permanent(reason, f"{text} It says: {detail}" if detail else text)


def _said(answer: Answer) -> dict[str, Any]:
    """The answer's JSON object; empty for anything else."""
    try:
        value = loads(answer.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _sent(said: Mapping[str, Any], send: Send) -> Sent:
    return Sent(
        id=_id(said.get("id")) or send.id, url=_url(said.get("url")), conversation=_id(said.get("conversation"))
    )


def _id(value: object) -> str:
    """An id as text; empty for what cannot be one."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if len(text) <= LONGEST_ID else ""


def _url(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_URL or any(letter.isspace() for letter in value):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in {"http", "https"} and parts.netloc else ""


def _detail(answer: Answer) -> str:
    """What the other system says about its refusal, short and on one line."""
    said = _said(answer)
    found = (said.get(name) for name in ("message", "detail", "error"))
    text = next((one for one in found if isinstance(one, str)), "")
    return " ".join(text.split())[:SAID]


def _pause(answer: Answer, now: datetime) -> float | None:
    """The pause that Retry-After asks for, in seconds (number or date), at most an hour; None when it names none."""
    text = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), "").strip()
    if not text:
        return None
    if (seconds := number(text)) is not None:
        return min(seconds, LONGEST_PAUSE_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return min(max((until - now).total_seconds(), 0.0), LONGEST_PAUSE_S)
