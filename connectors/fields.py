"""Kinds of settings that several networks have: a web address, a token, a list, secrets, how far back a start looks."""

from functools import partial
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

MAX_SECRETS: Final = 8


def listed(text: str) -> tuple[str, ...]:
    """The entries of a comma-separated list, each once, in order."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def web_address(value: str) -> str:
    """An address without the slash at its end; raises ValueError for anything but http and https."""
    value = value.strip().rstrip("/")
    found = urlsplit(value)
    if found.scheme not in {"http", "https"} or not found.hostname:
        msg = "must be an address that starts with https:// (or http:// for a server of your own)"
        raise ValueError(msg)
    return value


def one_word(value: SecretStr, *, kind: str = "word") -> SecretStr:
    """A token without the space around it; raises ValueError for anything that cannot go into a header."""
    token = value.get_secret_value().strip()
    if not token or not token.isascii() or any(letter.isspace() for letter in token):
        msg = f"must be one {kind} without spaces"
        raise ValueError(msg)
    return SecretStr(token)


def secrets(value: SecretStr) -> SecretStr:
    """One secret or several, separated by commas, while one takes another's place; raises ValueError for none."""
    if not 1 <= len(listed(value.get_secret_value())) <= MAX_SECRETS:
        msg = f"must hold 1 to {MAX_SECRETS} secrets"
        raise ValueError(msg)
    return value


WebAddress = Annotated[str, AfterValidator(web_address)]
Word = Annotated[SecretStr, AfterValidator(one_word)]
Token = Annotated[SecretStr, AfterValidator(partial(one_word, kind="token"))]
Secrets = Annotated[SecretStr, AfterValidator(secrets)]
HistoryHours = Annotated[
    int,
    Field(
        ge=0,
        le=168,
        description="On the very first start: how many hours of what was there already become cards.",
        examples=["24"],
    ),
]
