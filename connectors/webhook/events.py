"""The forms in which an event can come: Hark's own JSON, and CloudEvents 1.0 structured, batched and binary.

Whatever the form, an event ends as one Envelope, or as a Malformed that says what is wrong, or as an UnknownEvent.
The door (`verify`) and the worker (`parse`) read with the same function, so they cannot disagree.

After cloudevents.io, "HTTP Protocol Binding" and "JSON Event Format".
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from pydantic import ValidationError

from bot.domain.models import Kind, Malformed, UnknownEvent
from connectors.webhook import wire
from connectors.webhook.wire import Action, CloudEvent, Data, OwnEvent

JSON: Final = "application/json"
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
ATTRIBUTES: Final = ("specversion", "id", "source", "type", "time")
KEPT: Final = ("content-type", "webhook-id", *(f"ce-{name}" for name in ATTRIBUTES))
"""The headers that reading needs; no other is stored."""

MAX_BATCH: Final = 500
UNKNOWN_SHOWN: Final = 80

WORDED: Final = frozenset({Kind.COMMENT, Kind.MENTION, Kind.MESSAGE, Kind.POST, Kind.MATCH})
"""Kinds that are nothing without words or attachments."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event. `own_id` is the id that the sender knows, `id` the same made unique among sources.

    `about` is `in_reply_to`, made unique in the same way.
    """

    id: str
    own_id: str
    kind: Kind
    action: Action
    event_id: str
    at: datetime | None
    data: Data
    about: str | None


_ACTIONS: Final = frozenset(Action)
_KINDS: Final = frozenset(Kind)
_IS_JSON: Final = re.compile(r"application/json|text/json|application/[\w.+-]+\+json")

Found = Envelope | Malformed | UnknownEvent
Reader = Callable[[Mapping[str, str], bytes, Any], Iterator[Found]]


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that reading needs, in characters that can be stored."""
    return {
        name: headers[name].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        for name in KEPT
        if name in headers
    }


def is_known_form(headers: Mapping[str, str]) -> bool:
    """Whether the content type is one that can be read."""
    return _reader(headers) is not None


def read(headers: Mapping[str, str], body: bytes) -> Iterator[Found]:
    """Every event of a body; never raises."""
    reader = _reader(headers)
    if reader is None:
        yield Malformed(part=_text(body), error="the content type is not one that can be read")
        return
    try:
        value = wire.loads(body)
    except ValueError as error:
        yield Malformed(part=_text(body), error=str(error))
        return
    yield from reader(headers, body, value)


def _reader(headers: Mapping[str, str]) -> Reader | None:
    form = headers.get("content-type", "").partition(";")[0].strip().lower()
    if form == STRUCTURED:
        return _structured
    if form == BATCH:
        return _batch
    if _IS_JSON.fullmatch(form) and any(name.startswith("ce-") for name in headers):
        return _binary
    return _own if form == JSON else None


def _own(headers: Mapping[str, str], body: bytes, value: Any) -> Iterator[Found]:
    yield _one(partial(_from_own, value, headers.get("webhook-id", "")), _text(body))


def _structured(_headers: Mapping[str, str], body: bytes, value: Any) -> Iterator[Found]:
    yield _one(partial(_from_cloud, value), _text(body))


def _batch(_headers: Mapping[str, str], body: bytes, value: Any) -> Iterator[Found]:
    """A dead letter of one part comes back as the part alone, so that is read as well as a list."""
    if not isinstance(value, list | dict):
        yield Malformed(part=_text(body), error="a batch must be a list of events")
        return
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_BATCH:
        yield Malformed(part=_text(body), error=f"a batch must hold at most {MAX_BATCH} events")
        return
    for each in items:
        yield _one(partial(_from_cloud, each), json.dumps(each))


def _binary(headers: Mapping[str, str], body: bytes, value: Any) -> Iterator[Found]:
    given = {name: unquote(headers[f"ce-{name}"]) for name in ATTRIBUTES if f"ce-{name}" in headers}
    yield _one(partial(_from_cloud, given | {"data": value}), _text(body))


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _one(read_it: Callable[[], Found], part: str) -> Found:
    """One event, or what is wrong with it."""
    try:
        return read_it()
    except ValidationError as error:
        return Malformed(part=part, error=wire.explain(error))
    except ValueError as error:
        return Malformed(part=part, error=str(error))


def _from_own(value: Any, event_id: str) -> Found:
    head = wire.Typed.model_validate(value)
    known = _known(head.type, value)
    if known is None:
        return UnknownEvent(what=head.type[:UNKNOWN_SHOWN])
    event = OwnEvent.model_validate(value)
    kind, action = event.data.kind or known[0], known[1]
    _check_parts(kind, action, event.data)
    own_id = event.data.id or event_id
    if not own_id:
        msg = "data.id: is missing, and there is no webhook-id"
        raise ValueError(msg)
    return Envelope(own_id, own_id, kind, action, event_id, event.timestamp, event.data, event.data.in_reply_to)


def _from_cloud(value: Any) -> Found:
    """CloudEvents are unique by source and id; ids that the sender gives inside `data` are taken as they are."""
    head = wire.Attributes.model_validate(value)
    value = _with_data(value)
    known = _known(head.type, value)
    if known is None:
        return UnknownEvent(what=head.type[:UNKNOWN_SHOWN])
    event = CloudEvent.model_validate(value)
    kind, action = event.data.kind or known[0], known[1]
    _check_parts(kind, action, event.data)
    event_id = f"{event.source}#{event.id}"
    about = event.data.in_reply_to
    if event.data.id:
        return Envelope(event.data.id, event.data.id, kind, action, event_id, event.time, event.data, about)
    about = f"{event.source}#{about}" if about else None
    return Envelope(event_id, event.id, kind, action, event_id, event.time, event.data, about)


def _with_data(value: Any) -> Any:
    """The event with its data in the clear: it may come as base64, and must be JSON."""
    form = value.get("datacontenttype")
    if isinstance(form, str) and not _IS_JSON.fullmatch(form.partition(";")[0].strip().lower()):
        msg = "datacontenttype: must be JSON"
        raise ValueError(msg)
    coded = value.get("data_base64")
    if not isinstance(coded, str) or value.get("data") is not None:
        return value
    try:
        return value | {"data": wire.loads(base64.b64decode(coded, validate=True))}
    except ValueError as error:
        msg = "data_base64: must be JSON in base64"
        raise ValueError(msg) from error


def _known(type_: str, value: Any) -> tuple[Kind, Action] | None:
    """Kind and action of a type such as "com.example.review.created"; None for one that Hark does not know.

    A kind in the data has its say later: here it only makes up for the word in the type.
    """
    *_, kind, action = ("", *type_.lower().split("."))
    data = value.get("data")
    named = isinstance(data, dict) and data.get("kind") is not None
    if action not in _ACTIONS or not (named or kind in _KINDS):
        return None
    return Kind(kind) if kind in _KINDS else Kind.POST, Action(action)


def _check_parts(kind: Kind, action: Action, data: Data) -> None:
    """Raise ValueError when something is missing without which the event would say nothing."""
    if action is not Action.CREATED and not data.id:
        msg = f"data.id: is missing; it names what was {action}"
    elif action is Action.EDITED and data.text is None:
        msg = "data.text: is missing; it is the new wording"
    elif action is Action.CREATED and kind in WORDED and not data.text and not data.attachments:
        msg = f"data.text: is missing, and a {kind} without attachments says nothing without it"
    elif action is Action.CREATED and kind is Kind.REVIEW and not data.text and data.rating is None:
        msg = "data.text: is missing, and so is data.rating; a review needs one of them"
    else:
        return
    raise ValueError(msg)
