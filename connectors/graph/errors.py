"""What each refusal of the Graph API means.

The HTTP status is mostly 400, so code and subcode decide. After "Handling Errors", Messenger's "Common Error Codes" and
WhatsApp's "Error Codes".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.domain.errors import NetworkError, Permanent, Transient, Unknown
from connectors.graph import values
from connectors.lenient import table

SAID: Final = 200
THROTTLED_S: Final = 300.0
POLICY_S: Final = 3600.0
_DEEPEST_NUMBER: Final = 12


class Fate(StrEnum):
    """What a refusal means for whoever asked. The value is the `reason` of a Permanent."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    PERMISSION = "permission"
    DEPRECATED = "deprecated"
    WINDOW = "window_closed"
    RECIPIENT = "recipient"
    RESTRICTED = "restricted"
    GONE = "gone"
    DUPLICATE = "duplicate"
    TEMPLATE = "template"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as the Graph API describes it. `trace` is what its support asks for."""

    status: int
    code: int | None = None
    subcode: int | None = None
    message: str = ""
    is_transient: bool = False
    title: str = ""
    advice: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; `subcode` None stands for every subcode that no other row names."""

    fate: Fate
    codes: tuple[int, ...]
    subcode: int | None
    text: str


_PASSING = "the network has a passing trouble"
_SLOW_DOWN = "the network asks to slow down"
_WINDOW = "The network's reply window is closed: this person has to write first."
_TOKEN = "The access token is not valid any more"  # noqa: S105 - words for staff
_MEND_TOKEN = "somebody who administers the account has to make a new one"  # noqa: S105 - words for staff

ROWS: Final = (
    Row(Fate.TRANSIENT, (1, 2, 131000, 131016), None, _PASSING),
    Row(Fate.THROTTLED, (4, 17, 32, 341, 613, *range(80000, 80010), 80014, 130429, 131048, 131056), None, _SLOW_DOWN),
    Row(Fate.THROTTLED, (131057,), None, "the network is working on this account"),
    Row(Fate.THROTTLED, (368,), None, "the network has blocked the account for a while because of its policies"),
    Row(Fate.TOKEN, (190,), 458, f"{_TOKEN} because the app was removed from the account: {_MEND_TOKEN}."),
    Row(Fate.TOKEN, (190,), 459, f"{_TOKEN}: its owner has to sign in on the network's own site first."),
    Row(Fate.TOKEN, (190,), 460, f"{_TOKEN} because its owner's password was changed: {_MEND_TOKEN}."),
    Row(Fate.TOKEN, (190,), 463, f"The access token has expired: {_MEND_TOKEN}."),
    Row(Fate.TOKEN, (190,), 464, f"{_TOKEN}: its owner's account is not confirmed."),
    Row(Fate.TOKEN, (190,), 467, f"{_TOKEN}: {_MEND_TOKEN}."),
    Row(Fate.TOKEN, (0, 102, 190), None, f"{_TOKEN}: {_MEND_TOKEN}."),
    Row(Fate.WINDOW, (10,), 2018278, _WINDOW),
    Row(Fate.WINDOW, (10,), 2534022, _WINDOW),
    Row(Fate.WINDOW, (131047,), None, _WINDOW),
    Row(Fate.RESTRICTED, (10,), 1893063, "The network does not let this account send messages for now."),
    Row(Fate.RESTRICTED, (131031,), None, "The network has locked this account."),
    Row(Fate.PERMISSION, (3, 10, 283, *range(200, 300), 131005), None, "The app lacks a permission for this."),
    Row(Fate.DEPRECATED, (12,), None, "The network does not offer this any more."),
    Row(Fate.RECIPIENT, (200,), 1545041, "This person cannot be reached by message now."),
    Row(Fate.RECIPIENT, (100,), 2018001, "The network does not know this person."),
    Row(Fate.RECIPIENT, (551,), None, "This person cannot be reached by message now."),
    Row(Fate.RECIPIENT, (131026,), None, "This person cannot receive the message."),
    Row(Fate.RECIPIENT, (130472, 131049), None, "The network chose not to deliver this message to this person."),
    Row(Fate.RECIPIENT, (131050,), None, "This person does not want such messages from the account."),
    Row(Fate.TEMPLATE, (132000,), None, "The template has other blanks than were filled in. Choose it again."),
    Row(Fate.TEMPLATE, (132001,), None, "The template is not there (any more) in this language. Choose another one."),
    Row(Fate.TEMPLATE, (132005,), None, "With its blanks filled in, the template is too long. Use fewer words."),
    Row(Fate.TEMPLATE, (132007,), None, "What was filled in breaks a rule for templates. Fill the blanks otherwise."),
    Row(
        Fate.TEMPLATE, (132012,), None, "A blank was filled in a way that the template does not take. Choose it again."
    ),
    Row(
        Fate.TEMPLATE, (132015,), None, "The template is paused because customers did not like it. Choose another one."
    ),
    Row(Fate.TEMPLATE, (132016,), None, "The template is disabled for good: it was paused too often. Make a new one."),
    Row(Fate.GONE, (100,), 33, "It is not there any more, or the account may not see it."),
    Row(Fate.DUPLICATE, (506,), None, "The network says that the same words were posted just before."),
    Row(Fate.DUPLICATE, (10900,), None, "A private reply was sent already; the network allows only one."),
)
"""The table, by code and subcode; exact rows are found before those for every subcode. 10900 is unconfirmed."""

BY_CODE: Final[Mapping[tuple[int, int | None], Row]] = {(code, row.subcode): row for row in ROWS for code in row.codes}

NOT_FOUND: Final = Row(Fate.REFUSED, (), None, "The network refused this")
_TROUBLE: Final = Row(Fate.TRANSIENT, (), None, _PASSING)
_SLOW: Final = Row(Fate.THROTTLED, (), None, _SLOW_DOWN)
_PROOF: Final = Row(
    Fate.TOKEN, (), None, "The app secret and the access token do not belong together: META_APP_SECRET must begin with "
    "the secret of the app that made the token."
)  # fmt: skip


def read(status: int, body: bytes) -> Fault:
    """The error in an answer; never raises, and a body of another form leaves only the status."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Fault(status)
    error = value.get("error") if isinstance(value, dict) else None
    return fault(status, error) if isinstance(error, dict) else Fault(status)


def fault(status: int, error: Mapping[str, Any]) -> Fault:
    """One error object; WhatsApp's late reports carry the same fields, with `title` and `error_data`."""
    details = table(error.get("error_data")).get("details")
    return Fault(
        status=status,
        code=_number(error.get("code")),
        subcode=_number(error.get("error_subcode")),
        message=values.text(error.get("message")),
        is_transient=error.get("is_transient") is True,
        title=values.text(error.get("error_user_title")) or values.text(error.get("title")),
        advice=values.text(error.get("error_user_msg")) or values.text(details),
        trace=values.text(error.get("fbtrace_id"))[:80],
    )


def row(fault: Fault) -> Row:
    """The row of the table for an error."""
    if fault.code is not None:
        known = BY_CODE.get((fault.code, fault.subcode)) or BY_CODE.get((fault.code, None))
        if known is not None and known.fate is Fate.THROTTLED:
            return known
        if "appsecret_proof" in fault.message:
            return _PROOF
        if known is not None and not fault.is_transient:
            return known
    if fault.is_transient or fault.status in {408, 425} or fault.status >= 500:
        return _TROUBLE
    return _SLOW if fault.status == 429 else NOT_FOUND


def classify(
    fault: Fault, *, writing: bool = False, pause_s: float | None = None, words: Mapping[Fate, str] | None = None
) -> NetworkError:
    """What an error means: Transient, Permanent, or Unknown for a write in which the network itself stumbled.

    `pause_s` is how long the network asks to wait; `words` are a product's own sentences for staff, by fate.
    """
    found = row(fault)
    text = (words or {}).get(found.fate, found.text)
    if found.fate is Fate.THROTTLED:
        return Transient(f"{text} ({_name(fault)})", retry_after=_pause(found, pause_s))
    if found.fate is Fate.TRANSIENT:
        text = f"{text} ({_name(fault)})"
        return Unknown(text) if writing else Transient(text)
    if found is NOT_FOUND or found.fate is Fate.RESTRICTED:
        said = " ".join((fault.advice or fault.message or fault.title).split())[:SAID]
        text = f"{text.removesuffix('.')} ({_name(fault)})" + (f": {said}" if said else ".")
    return Permanent(found.fate.value, text)


def _pause(found: Row, pause_s: float | None) -> float:
    shortest = POLICY_S if 368 in found.codes else THROTTLED_S
    return shortest if pause_s is None else pause_s


def _name(fault: Fault) -> str:
    """How an error is called in the network's own documents: "10/2018278", or the status without a code."""
    if fault.code is None:
        return f"HTTP {fault.status}"
    return f"error {fault.code}" + (f"/{fault.subcode}" if fault.subcode is not None else "")


def _number(value: object) -> int | None:
    """A code, which comes as a number or as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= _DEEPEST_NUMBER and value.isascii() and value.isdigit():
        return int(value)
    return None
