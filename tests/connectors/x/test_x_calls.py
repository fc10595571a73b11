"""What each refusal of X means, row by row, and how long to wait."""

import json
from datetime import timedelta

import pytest

from bot.domain.errors import Permanent, Transient, Unknown
from connectors.x.calls import classify, pause
from tests.support.cases import NOON
from tests.support.x_rig import fixture

SECOND = int(NOON.timestamp())


def refusal(name: str) -> tuple[int, bytes]:
    """Status and body of an error fixture."""
    value = json.loads(fixture(f"error__{name}"))
    return value["status"], json.dumps(value["body"]).encode()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("401_token", "signed_out"),
        ("402_credits", "usage_capped"),
        ("403_duplicate", "duplicate"),
        ("403_duplicate_old", "duplicate"),
        ("403_not_summoned", "not_summoned"),
        ("403_replies_limited", "replies_limited"),
        ("403_messages_off", "messages_off"),
        ("403_suspended", "account_suspended"),
        ("403_scope", "missing_scope"),
        ("403_other", "forbidden"),
        ("403_blocked", "blocked"),
        ("403_locked", "account_locked"),
        ("400_target_deleted", "gone"),
        ("400_bad_query", "bad_request"),
        ("404_not_found", "gone"),
        ("429_usage_cap", "usage_capped"),
    ],
)
def test_final_answers_are_told_apart(name: str, reason: str) -> None:
    """Each with a sentence that a person can act on."""
    status, body = refusal(name)
    error = classify(status, body, {}, NOON, writing=True)
    assert isinstance(error, Permanent)
    assert error.reason == reason
    assert error.text.endswith((".", ")", "'"))


def test_other_refusals_keep_xs_own_words() -> None:
    """What is not in the table is shown as X says it."""
    status, body = refusal("403_other")
    assert "Enterprise only" in str(classify(status, body, {}, NOON))


def test_a_rate_limit_names_its_end_and_a_cap_does_not_wait() -> None:
    """Waiting a quarter of an hour helps against the one, never against the other."""
    status, body = refusal("429_rate")
    error = classify(status, body, {"x-rate-limit-reset": str(SECOND + 120)}, NOON)
    assert isinstance(error, Transient)
    assert error.retry_after == 121.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60.0),
        ({"Retry-After": "7"}, 7.0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(SECOND + 10)}, 11.0),
        ({"x-rate-limit-remaining": "5", "x-rate-limit-reset": str(SECOND + 10)}, 60.0),
        ({"x-rate-limit-reset": str(SECOND - 50)}, 1.0),
        ({"x-rate-limit-reset": "soon"}, 60.0),
        ({"x-rate-limit-reset": str(SECOND + 10**7)}, timedelta(days=1).total_seconds()),
        (
            {
                "x-rate-limit-remaining": "50",
                "x-rate-limit-reset": str(SECOND + 10),
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": str(SECOND + 5000),
            },
            5001.0,
        ),
    ],
)
def test_the_pause_is_that_of_the_limit_that_is_used_up(headers: dict[str, str], seconds: float) -> None:
    """The quarter-hour's and the day's, whichever says so; never past a day."""
    assert pause(headers, NOON) == seconds


def test_a_failing_server_leaves_a_writes_fate_open() -> None:
    """A read is simply tried again."""
    status, body = refusal("503_overload")
    assert isinstance(classify(status, body, {}, NOON, writing=True), Unknown)
    assert isinstance(classify(status, body, {}, NOON), Transient)
    assert isinstance(classify(*refusal("409_replay_running"), {}, NOON), Transient)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors":7}', b'{"errors":[7]}', b"[" * 99_999, b"\xff"])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 500])
def test_bodies_of_another_form_are_classified_by_status(status: int, body: bytes) -> None:
    """A proxy's page is no reason to fall over."""
    assert isinstance(classify(status, body, {}, NOON), Permanent | Transient)
