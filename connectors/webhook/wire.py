"""What a sender may post. These models are also the published schema: docs/connectors/webhook.schema.json.

A field that is null counts as left out; fields that Hark does not know are ignored; numbers are taken for the ids that
they spell. Everything else that does not fit is an error that names the field.
"""

import json
import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from bot.domain.models import Kind

ERRORS_SHOWN: Final = 5
MAX_DEPTH: Final = 40
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
_HALF_CHARACTER: Final = re.compile(r"[\ud800-\udfff]")


class Action(StrEnum):
    """What became of it: the last word of an event's type."""

    CREATED = "created"
    EDITED = "edited"
    DELETED = "deleted"


def _dated(value: object) -> object:
    if isinstance(value, str) and _DATE.match(value):
        return value
    msg = "must be a time such as 2026-11-20T08:00:00Z"
    raise ValueError(msg)


Id = Annotated[str, Field(min_length=1, max_length=300)]
Short = Annotated[str, Field(max_length=200)]
Address = Annotated[str, Field(max_length=2048, pattern=r"^https?://[^\s<>\x00-\x1f\x7f]+$")]
When = Annotated[AwareDatetime, BeforeValidator(_dated)]


class Wire(BaseModel):
    """Base of what senders post: frozen, lenient about fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)


class Author(Wire):
    """The customer."""

    id: Id = Field(description="The customer's id on your network, always the same for the same person.")
    name: Short | None = Field(default=None, description="The name to show.")
    handle: Short | None = Field(default=None, description="The user name, without @.")
    url: Address | None = Field(default=None, description="The customer's profile page.")
    followers: int | None = Field(default=None, ge=0, description="How many people follow this customer.")


class Attachment(Wire):
    """Something that came with the words. Hark shows it as a link and never fetches it."""

    kind: Literal["image", "video", "audio", "file", "link", "quote"]
    url: Address | None = None
    description: str | None = Field(default=None, max_length=2000)


class Data(Wire):
    """One thing that a customer did."""

    kind: Kind | None = Field(default=None, description="What it is; default: the word before the last in `type`.")
    id: Id | None = Field(
        default=None,
        description="Its id, unique within this door; the same id again is the same thing and changes nothing. "
        "Default: the event's id. Needed for edited and deleted, which must name what they change.",
    )
    text: str | None = Field(
        default=None,
        description="The customer's words, plain text. Needed for comment, mention, message, post and match unless "
        "there are attachments, and for a review without a rating. For edited: the new wording.",
    )
    author: Author | None = Field(default=None, description="Who did it, if known.")
    url: Address | None = Field(default=None, description="Where people can see it.")
    conversation: Id | None = Field(
        default=None, description="The conversation it belongs to. One conversation is one card. Exact, if you know it."
    )
    post: Id | None = Field(
        default=None,
        description="The id of your own post under which it stands. Each customer there gets a separate conversation.",
    )
    in_reply_to: Id | None = Field(
        default=None,
        description="The id of what it answers, or of what a reaction or repost is about. Names the conversation when "
        "neither `conversation` nor `post` does.",
    )
    private: bool | None = Field(
        default=None,
        description="Whether only you and the customer can see it. Default: true for messages, else false.",
    )
    rating: int | None = Field(default=None, ge=0, le=5, description="Stars of a review.")
    language: str | None = Field(default=None, max_length=35, description="Language tag such as en or pt-BR.")
    attachments: tuple[Attachment, ...] | None = Field(default=None, max_length=20)
    stream: Short | None = Field(default=None, description="For kind match: the search that found it.")
    reply_url: Address | None = Field(
        default=None,
        description="Where Hark posts the answers of your staff. Without it staff cannot answer from Hark.",
    )
    reply_until: When | None = Field(default=None, description="After this instant answers are not possible any more.")
    version: Id | None = Field(
        default=None, description="Changes with each edit. Default: empty, and the event's id for edited."
    )
    by_us: bool | None = Field(default=None, description="True for the company's own words: Hark takes no notice.")


class OwnEvent(Wire):
    """One event, the body of an application/json request (the payload convention of Standard Webhooks)."""

    type: Id = Field(
        description="<kind>.<action>: kinds comment, mention, message, review, post, match, reaction, repost, follow; "
        "actions created, edited, deleted. Any other type is accepted, counted and not shown.",
        examples=["comment.created", "review.edited", "message.deleted"],
    )
    timestamp: When | None = Field(default=None, description="When it happened. Default: when Hark received it.")
    data: Data


class CloudEvent(Wire):
    """One event, the body of an application/cloudevents+json request."""

    specversion: Literal["1.0"]
    id: Id = Field(description="With `source`, unique for this event.")
    source: Id = Field(description="Who sends it.")
    type: Id = Field(
        description="Ends in <kind>.<action>; with `data.kind` only the action counts.",
        examples=["com.example.review.created"],
    )
    time: When | None = Field(default=None, description="When it happened. Default: when Hark received it.")
    datacontenttype: str | None = Field(default=None, description="JSON, or left out.")
    data: Data


class Typed(Wire):
    """As much of an event as must be there to know what it is about."""

    type: Id


class Attributes(Typed):
    """What a CloudEvent of an unknown type must have all the same."""

    specversion: Literal["1.0"]
    id: Id
    source: Id


def loads(body: bytes) -> Any:
    """The JSON value of a body; half characters become U+FFFD. Raises ValueError in words for the sender."""
    try:
        text = body.decode()
        value = json.loads(text, parse_constant=_no_constant)
        if "\\ud" in text.lower():  # an escape may spell half a character, which nothing after this can hold
            value = json.loads(_HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", json.dumps(value, ensure_ascii=False)))
    except UnicodeDecodeError as error:
        msg = "the body is not UTF-8"
        raise ValueError(msg) from error
    except RecursionError as error:
        msg = "the body is nested too deeply"
        raise ValueError(msg) from error
    except ValueError as error:
        msg = "the body is not JSON"
        raise ValueError(msg) from error
    brackets = text.count("{") + text.count("[")
    if brackets > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        msg = "the body is nested too deeply"
        raise ValueError(msg)
    return value


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, counted no further than one past the limit."""
    level, depth = [value], 0
    while depth <= MAX_DEPTH:
        inner = [each for each in level if isinstance(each, dict | list)]
        if not inner:
            break
        level = [each for one in inner for each in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth


def _no_constant(name: str) -> None:
    raise ValueError(name)


def explain(error: ValidationError) -> str:
    """Which fields are wrong and what was expected, without the values: they may be personal."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, one['loc'])) or 'the event'}: {_expected(one['type'], one['msg'])}" for one in found]
    more = len(lines) - ERRORS_SHOWN
    return "; ".join(lines[:ERRORS_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _expected(kind: str, message: str) -> str:
    words = {
        "missing": "is missing",
        "string_pattern_mismatch": "must be an address that starts with http:// or https://",
        "model_type": "must be an object",
        "timezone_aware": "must carry a time zone, such as Z",
    }
    return words.get(kind, message.removeprefix("Value error, "))


def schema_text() -> str:
    """docs/connectors/webhook.schema.json: one event in either form."""
    adapter: TypeAdapter[OwnEvent | CloudEvent] = TypeAdapter(OwnEvent | CloudEvent)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event for Hark's webhook",
        "description": "The body of an application/json request (OwnEvent) or an application/cloudevents+json request "
        "(CloudEvent; a batch is an array of them).",
    }
    return json.dumps(head | adapter.json_schema(), indent=2, ensure_ascii=False) + "\n"
