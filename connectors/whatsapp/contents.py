"""What one message says and holds, by its type. Files are described, not linked: only the token can read them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from bot.domain.models import Attachment
from connectors.graph.values import text
from connectors.lenient import table
from connectors.whatsapp import wire

NO_CARD: Final = frozenset({"system", "request_welcome", "ephemeral"})
"""News about a customer, without words of theirs."""

TOKEN: Final = "flow_token"  # noqa: S105 - the name of a field that the customer does not see

MAP: Final = "https://www.openstreetmap.org/?mlat={lat:.6f}&mlon={lon:.6f}#map=16/{lat:.6f}/{lon:.6f}"
NOT_PASSED_ON: Final = "something that WhatsApp does not pass on (such as a poll, or an edit)"
FILES: Final[Mapping[str, tuple[Literal["image", "video", "audio", "file"], str]]] = MappingProxyType(
    {
        "image": ("image", "picture"),
        "sticker": ("image", "sticker"),
        "video": ("video", "video"),
        "audio": ("audio", "sound"),
        "voice": ("audio", "voice message"),
        "document": ("file", "document"),
    }
)


@dataclass(frozen=True, slots=True)
class Contents:
    """The words and what came with them."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()


def contents(message: wire.Message, part: Mapping[str, Any]) -> Contents:
    """Read a message; `part` is what stands under the name of its type. Raises ValueError for a broken part."""
    read = _READERS.get(message.type)
    if message.type in FILES:
        found = _file(message.type, wire.Media.model_validate(part))
    elif read is not None:
        found = read(message)
    else:
        kind = (
            NOT_PASSED_ON if message.type in {"unsupported", "unknown", ""} else f"a message of the type {message.type}"
        )
        found = Contents(attachments=(Attachment(kind="file", description=kind[:120]),))
    if message.referral is None:
        return found
    came = Attachment(kind="link", url=message.referral.source_url, description=f"came by: {message.referral.headline}")
    return Contents(found.text, (*found.attachments, came))


def _file(type_: str, media: wire.Media) -> Contents:
    kind, word = FILES["voice" if media.voice else type_]
    said = [word, f"“{media.filename}”" if media.filename else "", f"({media.mime_type})" if media.mime_type else ""]
    return Contents(media.caption, (Attachment(kind=kind, description=" ".join(filter(None, said))),))


def _text(message: wire.Message) -> Contents:
    return Contents(message.text.body)


def _button(message: wire.Message) -> Contents:
    return Contents(message.button.text)


def _interactive(message: wire.Message) -> Contents:
    chosen = message.interactive
    found = chosen.button_reply or chosen.list_reply
    if found is not None:
        return Contents("\n".join(filter(None, (found.title, found.description))))
    if chosen.nfm_reply is not None:
        return _form(chosen.nfm_reply)
    return Contents(attachments=(Attachment(kind="file", description="an answer to a choice"),))


def _form(form: wire.Choice) -> Contents:
    """A form as it was filled in, a line for each field; an address has its fields one level deeper."""
    try:
        given = table(json.loads(form.response_json))
    except (ValueError, RecursionError):
        given = {}
    groups = (value if isinstance(value, dict) else {name: value} for name, value in given.items() if name != TOKEN)
    fields = ((name, _answer(value)) for group in groups for name, value in group.items())
    lines = "\n".join(text(f"{name}: {answer}") for name, answer in fields if answer)
    kind = Attachment(kind="file", description=f"a form that was filled in: {form.name}")
    return Contents(lines or form.body, (kind,))


def _answer(value: object) -> str:
    """What stands in a field; of several choices all, and of what is no word (a file) only that it is there."""
    return ", ".join(filter(None, map(_word, value if isinstance(value, list) else [value])))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else "…" if value is not None else ""


def _location(message: wire.Message) -> Contents:
    place = message.location
    if place is None:
        return Contents(attachments=(Attachment(kind="link", description="a place"),))
    if not (-90 <= place.latitude <= 90 and -180 <= place.longitude <= 180):
        msg = "a place must lie on the earth"
        raise ValueError(msg)
    said = ", ".join(filter(None, (place.name, place.address))) or f"{place.latitude:.5f}, {place.longitude:.5f}"
    url = MAP.format(lat=place.latitude, lon=place.longitude)
    return Contents(attachments=(Attachment(kind="link", url=url, description=f"place: {said}"),))


def _contacts(message: wire.Message) -> Contents:
    cards = [
        Attachment(
            kind="file",
            description="contact card: " + ", ".join(
                filter(None, (card.name.formatted_name, *(one.phone for one in card.phones)))
            ),
        )
        for card in message.contacts
    ]  # fmt: skip
    return Contents(attachments=tuple(cards))


def _order(message: wire.Message) -> Contents:
    lines = [
        Attachment(
            kind="file",
            description=f"order: {one.quantity or '?'} × {one.product_retailer_id}"
            + (f" at {one.item_price} {one.currency}" if one.item_price else ""),
        )
        for one in message.order.product_items
    ]
    return Contents(message.order.text, tuple(lines))


_READERS: Final[Mapping[str, Callable[[wire.Message], Contents]]] = MappingProxyType(
    {
        "text": _text,
        "button": _button,
        "interactive": _interactive,
        "location": _location,
        "contacts": _contacts,
        "order": _order,
    }
)
