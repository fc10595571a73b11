"""Whether an account's network takes our words now: one small record per account, shared by all processes. An account
that writes to several hosts has one for each.

After a few calls in a row without an answer the account's sends pause, longer each time; when a pause is over, one
send goes ahead and shows how things stand. A sign-in that the network does not accept pauses them for an hour, or
until `check` passes. Nothing is lost meanwhile: what waits goes out by itself, and its card says what it waits for.
"""

from datetime import datetime, timedelta, tzinfo

from pydantic import AwareDatetime

from bot.domain.models import Model

FAILURES = 3
"""In a row; a single lost connection says nothing about a network."""
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=5)
SIGN_IN_PAUSE = timedelta(hours=1)
SIGN_IN = frozenset(
    {
        "token",
        "token_lost",
        "expired_token",
        "invalid_token",
        "signed_out",
        "wrong_password",
        "second_factor",
        "account_suspended",
        "signature_refused",
    }
)
"""Reasons of a Permanent that are about the account, not about one send: the next send would meet the same."""


class Circuit(Model):
    """`since` is when the first of the failures in a row was, `until` the end of the pause; none: nothing is wrong."""

    failures: int = 0
    pauses: int = 0
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    why: str = ""
    sign_in: bool = False


WELL = Circuit()


def unanswered(circuit: Circuit, why: str, now: datetime) -> Circuit:
    """The network did not answer once more: the third time in a row, and each time from then on, begins a pause."""
    if circuit.until is not None and now < circuit.until:
        return circuit  # a call that was under way when the pause began
    failures, since = circuit.failures + 1, circuit.since or now
    if failures < FAILURES:
        return Circuit(failures=failures, since=since, why=why)
    pause = min(FIRST_PAUSE * 2 ** min(circuit.pauses, 10), LONGEST_PAUSE)
    return Circuit(failures=failures, pauses=circuit.pauses + 1, since=since, until=now + pause, why=why)


def shut_out(circuit: Circuit, why: str, now: datetime) -> Circuit:
    """The network does not accept the account's sign-in."""
    since = circuit.since if circuit.sign_in and circuit.since else now
    return Circuit(since=since, until=now + SIGN_IN_PAUSE, why=why, sign_in=True)


def words(circuit: Circuit, network: str, zone: tzinfo) -> str:
    """What people are told, in the desk's own time: "Facebook does not answer since 14:02"."""
    since = f" since {circuit.since.astimezone(zone):%H:%M}" if circuit.since else ""
    if circuit.sign_in:
        return f"{network} does not accept the account's sign-in{since}: {circuit.why}"
    return f"{network} does not answer{since}"
