"""What the models of Meta's JSON have in common: lenient values, and a name for a wording.

Ids come as text or as numbers, times as seconds, milliseconds or ISO 8601, lists sometimes as {"data": [...]}.
"""

import json
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from connectors.graph.values import identifier, moment, text
from connectors.lenient import objects, table

OUR_NAME: Final = "username"
"""The header of a stored reading that says how the account is called."""


class Wire(BaseModel):
    """Base of wire models: frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    @classmethod
    def read(cls, value: object) -> Self:
        """Read an object; anything else reads as an empty one."""
        return cls.model_validate(table(value))

    @classmethod
    def stored(cls, body: bytes) -> Self:
        """What Hark read and stored; raises ValueError. Unlike pydantic's own reader it takes half characters."""
        return cls.model_validate(json.loads(body))


def _listed(value: object) -> list[Any]:
    """The objects of a list, or of the `data` of a page of the Graph API."""
    return objects(value.get("data") if isinstance(value, dict) else value)


def _true(value: object) -> bool:
    return value is True or value == "true"


T = TypeVar("T")
Objects = Annotated[tuple[T, ...], BeforeValidator(_listed)]
Id = Annotated[str, BeforeValidator(identifier)]
Text = Annotated[str, BeforeValidator(text)]
Ref = dict[str, Text]
"""An interaction as Hark names it when it looks again."""
When = Annotated[datetime | None, BeforeValidator(moment)]
Yes = Annotated[bool, BeforeValidator(_true)]
"""True only for true: anything else is false."""


def dump(value: object) -> bytes:
    """JSON of anything that came from JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def version_of(words: str) -> str:
    """A short name for a wording, the same from the webhook and from a read: the words themselves tell of an edit."""
    return blake2b(words.encode("utf-8", "replace"), digest_size=6).hexdigest()
