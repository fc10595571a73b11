"""From WhatsApp's deliveries to Hark's events. Pure: all it knows comes with the stored delivery.

One conversation is everything with one customer ("dm|customer"), named by the business-scoped user id, which every
customer has, and by the phone number only where an old delivery knows no such id. Everything is private.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from bot.domain.errors import NetworkError, Permanent
from bot.domain.models import Author, Deleted, Event, Interaction, Kind, Moved, Raw, SendReport
from connectors import clean
from connectors.graph.errors import Fate, classify, fault
from connectors.graph.values import identifier, text
from connectors.graph.webhooks import Change, changes, unknown
from connectors.lenient import each, table
from connectors.times import happened
from connectors.whatsapp import wire
from connectors.whatsapp.contents import NO_CARD, Contents, contents

NETWORK: Final = "whatsapp"
OBJECT: Final = "whatsapp_business_account"
WINDOW: Final = timedelta(hours=24)
MARK: Final = "hark1"
"""What the callback data of our own messages begins with; others may send from the same number."""

MOVED: Final = frozenset({"user_changed_number", "user_changed_user_id"})
"""News of a customer who goes on under other ids."""

_LISTS: Final = ("messages", "statuses", "errors")
_AROUND: Final = frozenset({"messaging_product", "metadata", "contacts", *_LISTS})

REACHED: Final = frozenset({"delivered", "read", "played"})
GOOD: Final = REACHED | {"sent"}
CLOSED: Final = (
    "WhatsApp's window of 24 hours is closed: until the customer writes again, only approved templates may be sent. "
    "Press Reply to choose one."
)
WORDS: Final[Mapping[Fate, str]] = MappingProxyType(
    {
        Fate.WINDOW: CLOSED,
        Fate.RECIPIENT: "WhatsApp does not deliver to this person: their app is too old, they blocked the number, or "
        "WhatsApp chose not to.",
        Fate.PERMISSION: "The app or the token lacks a permission for this: `python -m bot check` names it.",
        Fate.GONE: "WhatsApp does not know this number or person, or the token may not use the number.",
    }
)


def parse(raw: Raw, number: str) -> Iterator[Event]:
    """Read one stored delivery for the phone number with this id; never raises."""
    for found in changes(raw.body):
        if isinstance(found, Change):
            yield from _change(raw, number, found)
        else:
            yield found


def number_of(change: Change) -> str:
    """The id of the number that an update is about; empty where it names none."""
    return identifier(table(change.value.get("metadata")).get("phone_number_id"))


def callback(send: str, conversation: str) -> str:
    """What goes out with a message and comes back with each of its statuses, so that reading stays pure."""
    return f"{MARK}|{send}|{conversation}"


def reason(errors: tuple[dict[str, Any], ...]) -> str:
    """Why a message failed, in words for staff."""
    if not errors:
        return "WhatsApp did not deliver it and gave no reason."
    error: NetworkError = classify(fault(400, errors[0]), words=WORDS)
    return error.text if isinstance(error, Permanent) else f"WhatsApp did not deliver it: {error}."


def _change(raw: Raw, number: str, change: Change) -> Iterator[Event]:
    if change.object and change.object != OBJECT:
        yield unknown("object", change.object)
        return
    if change.field != "messages":
        yield unknown(change.field or "no_field")
        return
    value = change.value
    if number_of(change) not in (number, ""):
        yield unknown("other_account")
        return
    parts = {name: [*each(value.get(name))] for name in _LISTS}
    yield from (_one(raw, change, "messages", part) for part in parts["messages"])
    yield from (_one(raw, change, "statuses", part) for part in parts["statuses"])
    yield from (unknown("errors") for _ in parts["errors"])
    if not any(parts.values()):
        yield unknown("messages", next((name for name in value if name not in _AROUND), "empty"))


def _one(raw: Raw, change: Change, name: str, part: object) -> Event:
    """One message or status; what cannot be read goes to the dead letter by itself."""
    alone = {one: value for one, value in change.value.items() if one not in _LISTS}
    found = replace(change, whole={"field": change.field, "value": {**alone, name: [part]}})
    if not isinstance(part, dict):
        return found.malformed("a message or status must be an object")
    try:
        if name == "statuses":
            return _status(raw, change, wire.Status.model_validate(part))
        return _message(raw, change, wire.Message.model_validate(part), part)
    except ValueError as error:
        return found.malformed(clean.wrong(error))


# --- messages -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Customer:
    """Who wrote: at least one of the two ids is there."""

    phone: str
    user: str
    author: Author

    @property
    def conversation(self) -> str:
        return _private(self.user or self.phone)


def _message(raw: Raw, change: Change, message: wire.Message, part: Mapping[str, Any]) -> Event:
    if message.type in NO_CARD:
        return _news(raw, change, message)
    if message.group_id:
        return unknown("group_message")
    if not message.id:
        msg = "a message must have an id"
        raise ValueError(msg)
    customer = _customer(change, message)
    at = happened(raw.received_at, message.timestamp, change.at)
    if message.type == "reaction":
        return _reaction(raw, message, customer, at)
    if message.type == "revoke":
        return Deleted(id=_original(message.revoke), key=raw.key(customer.conversation), at=at)
    if message.type == "edit":
        # As an interaction with a version: one that is known becomes an edit, and one whose first words come later
        # is not set back by them.
        new = wire.Message.model_validate({**message.edit.message, "id": _original(message.edit)})
        found = contents(new, table(message.edit.message.get(new.type)))
        return _interaction(raw, customer, found, _original(message.edit), at, version=message.id)
    return _interaction(raw, customer, contents(message, table(part.get(message.type))), message.id, at)


def _news(raw: Raw, change: Change, message: wire.Message) -> Event:
    """News about a customer; one with another number has another user id by that."""
    system = message.system
    now = system.user_id or system.wa_id
    known = (system.previous_user_id, message.from_user_id, message.sender)
    was = next((one for one in known if one not in ("", system.user_id, system.wa_id)), "")
    if system.type not in MOVED or not was or not now:
        return unknown(message.type, system.type)
    return Moved(
        key=raw.key(_private(now)),
        before=raw.key(_private(was)),
        was=was,
        now=now,
        ref={"to": system.wa_id, "recipient": system.user_id},
        at=happened(raw.received_at, message.timestamp, change.at),
    )


def _private(customer: str) -> str:
    """The conversation with a customer of this id."""
    return f"dm|{customer}"


def _interaction(
    raw: Raw, customer: _Customer, found: Contents, id_: str, at: datetime, *, version: str = ""
) -> Interaction:
    conversation = customer.conversation
    ref = {"kind": "message", "id": id_, "to": customer.phone, "recipient": customer.user}
    return Interaction(
        id=id_,
        key=raw.key(conversation),
        kind=Kind.MESSAGE,
        author=customer.author,
        text=found.text,
        posted_at=at,
        version=version,
        worded_at=at if version else None,
        private=True,
        attachments=found.attachments,
        ref={**ref, "conversation": conversation},
        reply_until=at + WINDOW,
    )


def _reaction(raw: Raw, message: wire.Message, customer: _Customer, at: datetime) -> Event:
    reaction = message.reaction
    if not reaction.emoji:
        return unknown("reaction", "removed")
    return Interaction(
        id=message.id,
        key=raw.key(customer.conversation),
        kind=Kind.REACTION,
        author=customer.author,
        text=reaction.emoji,
        posted_at=at,
        private=True,
        about=reaction.message_id or None,
    )


def _original(changed: wire.Change) -> str:
    if not changed.original_message_id:
        msg = "an edit or a revocation must say of which message"
        raise ValueError(msg)
    return changed.original_message_id


def _customer(change: Change, message: wire.Message) -> _Customer:
    """The sender, with what the update's contacts say of them."""
    contacts = [wire.Contact.model_validate(one) for one in each(change.value.get("contacts")) if isinstance(one, dict)]
    known = [
        one
        for one in contacts
        if (message.sender and one.wa_id == message.sender)
        or (message.from_user_id and one.user_id == message.from_user_id)
    ]
    one = known[0] if known else wire.Contact()
    if not known and len(contacts) == 1 and len([*each(change.value.get("messages"))]) == 1:
        one = contacts[0]  # the number in `from` and in `wa_id` may be written differently
    phone, user = message.sender or one.wa_id, message.from_user_id or one.user_id
    if not phone and not user:
        msg = "a message must say who wrote it"
        raise ValueError(msg)
    handle = one.profile.username.removeprefix("@")
    return _Customer(phone, user, Author(id=user or phone, handle=handle, name=one.profile.name))


# --- statuses -----------------------------------------------------------------------------------------------------


def _status(raw: Raw, change: Change, status: wire.Status) -> Event:
    """What became of a message. "sent" is no arrival: "failed" may still come, or may have come before."""
    mark, _, rest = status.biz_opaque_callback_data.partition("|")
    send, _, conversation = rest.partition("|")
    ours = mark == MARK and send and conversation
    if status.status not in GOOD | {"failed"} or not ours:
        return unknown("status", text(status.status) or "empty", "" if ours else "not_ours")
    at = happened(raw.received_at, status.timestamp, change.at)
    ok, arrived = status.status in GOOD, status.status in REACHED
    why = "" if ok else reason(status.errors)
    return SendReport(send=send, key=raw.key(conversation), ok=ok, arrived=arrived, reason=why, at=at)
