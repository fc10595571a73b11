"""Deliveries of Meta's webhooks: the handshake, the signature, and one delivery taken apart.

After "Webhooks, Getting Started" and "Create a webhook endpoint". The signature is made over the bytes as they are
sent; the delivery has no time of its own, so an old one that comes again is known by the ids in it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.domain.models import Malformed, UnknownEvent
from bot.domain.network import Challenge, Refusal
from connectors.graph.values import identifier, moment, text
from connectors.lenient import each, table
from connectors.shared_hook import NOT_GENUINE

SIGNATURE: Final = "x-hub-signature-256"

_CHALLENGE: Final = re.compile(r"[\x21-\x7e]{1,256}")
_NAME: Final = re.compile(r"[a-z0-9_]{1,40}")

CHANGES: Final = "changes"
MESSAGING: Final = "messaging"
STANDBY: Final = "standby"
DOORS: Final = (CHANGES, MESSAGING, STANDBY)


# --- the door ---------------------------------------------------------------------------------------------------


def handshake(query: Mapping[str, str], token: str) -> Challenge | Refusal:
    """Answer the challenge of somebody who knows our verify token."""
    given = query.get("hub.verify_token", "").encode("utf-8", "replace")
    known = hmac.compare_digest(given, token.encode())
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not known or not _CHALLENGE.fullmatch(challenge):
        return NOT_GENUINE
    return Challenge(body=challenge)


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]) -> bool:
    """Whether one of the app secrets signed exactly these bytes; never raises. Header names are lower case."""
    given = headers.get(SIGNATURE, "").encode("utf-8", "replace")
    return sum([hmac.compare_digest(b"sha256=" + sign(secret, body).encode(), given) for secret in secrets]) > 0


def sign(secret: bytes, body: bytes) -> str:
    """The signature of a body, as 64 hexadecimal digits."""
    return hmac.digest(secret, body, hashlib.sha256).hex()


# --- what came in -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One update out of a delivery.

    `door` is where it stood: "changes" (also without that list, directly in the entry, and in the form of Threads),
    "messaging" or "standby". `field` is the subscribed field; for the other two doors it is the door's name.
    """

    object: str
    owner: str
    door: str
    field: str
    value: Mapping[str, Any]
    at: datetime | None
    whole: Mapping[str, Any]

    def malformed(self, error: str) -> Malformed:
        """This update for the dead letter, in a form that can be read again by itself."""
        entry: dict[str, Any] = {"id": self.owner, "time": int(self.at.timestamp()) if self.at else None}
        entry[self.door] = [dict(self.whole)]
        return Malformed(part=_part({"object": self.object, "entry": [entry]}), error=error)


Found = Change | UnknownEvent | Malformed


def changes(body: bytes) -> Iterator[Found]:
    """Take one delivery apart, each update by itself. Never raises: what cannot be read becomes Malformed."""
    try:
        delivery = json.loads(body)
    except (ValueError, RecursionError) as error:
        yield Malformed(part=body.decode("utf-8", "replace"), error=f"not JSON ({type(error).__name__})")
        return
    if not isinstance(delivery, dict):
        yield Malformed(part=_part(delivery), error="a delivery must be an object")
        return
    yield from _delivery(delivery)


def _delivery(delivery: Mapping[str, Any]) -> Iterator[Found]:
    name = text(delivery.get("object"))
    if "entry" in delivery:
        for entry in each(delivery["entry"]):
            yield from _entry(name, entry)
    elif "values" in delivery:
        owner, at = identifier(delivery.get("target_id")), moment(delivery.get("time"))
        for value in each(delivery["values"]):
            yield _change(name or text(delivery.get("topic")), owner, at, value)
    else:
        yield Malformed(part=_part(delivery), error="a delivery must have a list of entries")


def _entry(name: str, entry: object) -> Iterator[Found]:
    if not isinstance(entry, dict):
        yield Malformed(part=_part({"object": name, "entry": [entry]}), error="an entry must be an object")
        return
    owner, at = identifier(entry.get("id")), moment(entry.get("time"))
    doors = [door for door in DOORS if door in entry]
    if "field" in entry:  # Instagram Login sends a single update without the list
        yield _change(name, owner, at, entry)
    elif not doors:
        yield Malformed(part=_part({"object": name, "entry": [entry]}), error="an entry without updates")
    for door in doors:
        for one in each(entry[door]):
            yield _change(name, owner, at, one) if door == CHANGES else _message(name, owner, at, door, one)


def _change(name: str, owner: str, at: datetime | None, change: object) -> Found:
    if not isinstance(change, dict):
        part = {"object": name, "entry": [{"id": owner, CHANGES: [change]}]}
        return Malformed(part=_part(part), error="an update must be an object")
    kind, value = text(change.get("field")), change.get("value")
    if value is None:
        return unknown(kind or "no_field", "no_value")
    kept = {"field": change.get("field"), "value": value}
    found = Change(name, owner, CHANGES, kind, value if isinstance(value, dict) else {}, at, kept)
    return found if isinstance(value, dict) else found.malformed("the value of an update must be an object")


def _message(name: str, owner: str, at: datetime | None, door: str, message: object) -> Found:
    if not isinstance(message, dict):
        part = {"object": name, "entry": [{"id": owner, door: [message]}]}
        return Malformed(part=_part(part), error="a message must be an object")
    return Change(name, owner, door, door, message, moment(message.get("timestamp")) or at, message)


# --- one address for several accounts ---------------------------------------------------------------------------


def alone(entry: object) -> Iterator[object]:
    """Every update of an entry as an entry of its own."""
    doors = [door for door in DOORS if door in table(entry)]
    if not isinstance(entry, dict) or not doors or "field" in entry:
        yield entry
        return
    around = {name: value for name, value in entry.items() if name not in DOORS}
    yield from ({**around, door: [one]} for door in doors for one in each(entry[door]))


def told(update: Mapping[str, Any]) -> list[Change]:
    """What a delivery of a single update says, if it can be read."""
    return [one for one in _delivery(update) if isinstance(one, Change)]


def strange(message: Mapping[str, Any]) -> str:
    """What a private event is that nothing reads: the first of its names that is not about transport."""
    return next((name for name in message if name not in {"sender", "recipient", "timestamp"}), "empty")


def unknown(*words: str) -> UnknownEvent:
    """An event to be counted: words that the network chose become a short name, so that the counter stays small."""
    return UnknownEvent(what=":".join(word if _NAME.fullmatch(word) else "other" for word in words if word) or "other")


def _part(value: object) -> str:
    try:
        return json.dumps(value)
    except (ValueError, RecursionError) as error:
        return f"not shown ({type(error).__name__})"
