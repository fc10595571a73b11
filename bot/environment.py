"""Reading settings models from environment variables, with one message for everything that is wrong.

A field's `alias` is its variable. `BLUESKY_IDENTIFIER__SUPPORT` is `BLUESKY_IDENTIFIER` of the account "support";
without a suffix the account is "main".
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from bot.domain.errors import SettingsError

MAIN = "main"
SEPARATOR = "__"

M = TypeVar("M", bound=BaseModel)


def read(model: type[M], env: Mapping[str, str], account: str = MAIN, shared: Collection[str] = ()) -> M:
    """The model filled from `env`; raises SettingsError that names every wrong variable, why, and an example.

    Of the `shared` variables an account may do without its own: then the one without a suffix counts.
    """
    suffix = "" if account == MAIN else SEPARATOR + account.upper()
    found = {name: env.get(name + suffix) or (env.get(name) if name in shared else None) for name in variables(model)}
    values = {name: value.strip() for name, value in found.items() if value and value.strip()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # The cause is cut off on purpose: pydantic's error carries the values, secrets among them.
        raise SettingsError(problems(model, error, suffix)) from None


def variables(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The environment variables of a settings model with their fields."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def accounts(required: tuple[str, ...], env: Mapping[str, str]) -> list[str]:
    """The accounts of one network in the environment: every suffix under which a required variable has a value."""
    found: dict[str, None] = {}
    for name, value in env.items():
        base, _, suffix = name.partition(SEPARATOR)
        if base in required and value.strip():
            found[suffix.lower() or MAIN] = None
    return sorted(found, key=lambda account: (account != MAIN, account))


def problems(model: type[BaseModel], error: ValidationError, suffix: str = "") -> str:
    """One paragraph for each wrong variable: its name, what was wrong, an example that works."""
    known = variables(model)
    lines = []
    for each in error.errors(include_url=False, include_input=False):
        name = str(each["loc"][0]) if each["loc"] else ""
        field = known.get(name)
        lines.append(f"{name + suffix} {_wrong(each['type'], each['msg'])}." if name else _words(each["msg"]))
        if field is not None and field.description:
            lines.append(f"  It is {field.description[0].lower()}{field.description[1:].rstrip('.')}.")
        if field is not None and field.examples:
            lines.append(f"  Example: {name + suffix}={field.examples[0]}")
    return "\n".join(lines)


def _wrong(kind: str, message: str) -> str:
    """What is wrong, in words for the person who sets the variable."""
    if kind == "missing":
        return "is missing"
    return "is wrong: " + ("it does not look like the example" if "pattern" in kind else _words(message))


def _words(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "it should be").rstrip(".")
