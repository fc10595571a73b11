"""Fields of a network's JSON that may be missing or of another form than its documents say.

`Object[Media]` and so on are parts of a model: what has another form reads as an empty one, None, or none.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator

from bot.domain.models import MOST

T = TypeVar("T")
_FORMS: Final = (dict, BaseModel)


def table(value: object) -> Mapping[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def each(value: object) -> Iterable[Any]:
    """A list, or a single value as a list of one; nothing for null."""
    if isinstance(value, list):
        return value
    return () if value is None else (value,)


def objects(value: object) -> list[Any]:
    """The objects of a list; none for anything else."""
    return [one for one in value if isinstance(one, _FORMS)] if isinstance(value, list | tuple) else []


def _object(value: object) -> object:
    return value if isinstance(value, _FORMS) else {}


def _maybe(value: object) -> object:
    return value if isinstance(value, _FORMS) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else None


Object = Annotated[T, BeforeValidator(_object)]
MaybeObject = Annotated[T | None, BeforeValidator(_maybe)]
Objects = Annotated[tuple[T, ...], BeforeValidator(objects)]
Dict = Object[dict[str, Any]]
Dicts = Objects[dict[str, Any]]
Text = Annotated[str, BeforeValidator(_text)]
Count = Annotated[int | None, BeforeValidator(_count)]
