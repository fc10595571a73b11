"""The table of the Graph API's errors: one case for each row, and what has no row."""

import json

import pytest

from bot.domain.errors import NetworkError, Permanent, Transient, Unknown
from connectors.graph import errors
from connectors.graph.errors import ROWS, Fate, Row, classify, read, row


def answer(code: int, subcode: int | None = None, **more: object) -> bytes:
    """An error body as the network writes it."""
    error = {"message": f"(#{code}) invented", "type": "OAuthException", "code": code, "fbtrace_id": "Ax9", **more}
    return json.dumps({"error": error | ({} if subcode is None else {"error_subcode": subcode})}).encode()


def judged(body: bytes, status: int = 400, *, writing: bool = False) -> NetworkError:
    """What the classifier makes of an answer."""
    return classify(read(status, body), writing=writing)


@pytest.mark.parametrize("each", ROWS, ids=lambda each: f"{each.fate}-{each.codes[0]}-{each.subcode}")
def test_every_row_is_found_by_every_code_it_names(each: Row) -> None:
    """Code and subcode lead to their own row, whatever the HTTP status says."""
    for code in each.codes:
        for status in (400, 401, 403, 500):
            assert row(read(status, answer(code, each.subcode))) is each


@pytest.mark.parametrize(
    ("code", "fate"), [("190", Fate.TOKEN), ("²", None), ("9" * 5000, None), (True, None), ("", None)]
)
def test_a_code_may_come_as_text_and_what_is_no_code_is_none(code: object, fate: Fate | None) -> None:
    """Whatever stands there: an answer that cannot be read must not raise."""
    body = json.dumps({"error": {"message": "x", "code": code}}).encode()
    assert row(read(400, body)).fate is (fate or row(read(400, b"{}")).fate)


@pytest.mark.parametrize(
    ("code", "subcode", "fate"),
    [
        (1, None, Fate.TRANSIENT), (2, None, Fate.TRANSIENT), (131000, None, Fate.TRANSIENT),
        (131016, None, Fate.TRANSIENT), (2, 99, Fate.TRANSIENT),
        (4, None, Fate.THROTTLED), (17, 2446079, Fate.THROTTLED), (32, None, Fate.THROTTLED),
        (613, 1996, Fate.THROTTLED), (341, None, Fate.THROTTLED), (80001, 2494055, Fate.THROTTLED),
        (80002, None, Fate.THROTTLED), (80006, None, Fate.THROTTLED), (80007, None, Fate.THROTTLED),
        (80008, None, Fate.THROTTLED), (130429, None, Fate.THROTTLED), (131048, None, Fate.THROTTLED),
        (131056, None, Fate.THROTTLED), (131057, None, Fate.THROTTLED), (368, None, Fate.THROTTLED),
        (190, 458, Fate.TOKEN), (190, 459, Fate.TOKEN), (190, 460, Fate.TOKEN), (190, 463, Fate.TOKEN),
        (190, 464, Fate.TOKEN), (190, 467, Fate.TOKEN), (190, None, Fate.TOKEN), (190, 1, Fate.TOKEN),
        (102, None, Fate.TOKEN), (0, None, Fate.TOKEN),
        (10, None, Fate.PERMISSION), (10, 7, Fate.PERMISSION), (200, None, Fate.PERMISSION),
        (299, None, Fate.PERMISSION), (3, None, Fate.PERMISSION), (283, None, Fate.PERMISSION),
        (131005, None, Fate.PERMISSION), (131031, None, Fate.RESTRICTED),
        (12, None, Fate.DEPRECATED),
        (10, 2018278, Fate.WINDOW), (10, 2534022, Fate.WINDOW), (131047, None, Fate.WINDOW),
        (551, None, Fate.RECIPIENT), (100, 2018001, Fate.RECIPIENT), (200, 1545041, Fate.RECIPIENT),
        (131026, None, Fate.RECIPIENT), (130472, None, Fate.RECIPIENT), (131049, None, Fate.RECIPIENT),
        (131050, None, Fate.RECIPIENT), (10, 1893063, Fate.RESTRICTED), (100, 33, Fate.GONE),
        (506, None, Fate.DUPLICATE), (10900, None, Fate.DUPLICATE),
        (100, None, Fate.REFUSED), (300, None, Fate.REFUSED), (999999, None, Fate.REFUSED),
    ],
)  # fmt: skip
def test_what_the_documents_say_of_each_code(code: int, subcode: int | None, fate: Fate) -> None:
    """The documented codes stand here a second time, so that a slip in the table shows."""
    assert row(read(400, answer(code, subcode))).fate is fate


def test_a_passing_trouble_leaves_a_write_in_doubt() -> None:
    """A read may be tried again; a write may have been carried out before the network stumbled."""
    troubles = ((answer(2), 500), (b"<html>", 502), (b"", 503), (b"", 408), (b"", 425))
    said_to_pass = ((answer(100, is_transient=True), 400), (answer(100, 33, is_transient=True), 400))
    for body, status in troubles + said_to_pass:
        assert isinstance(judged(body, status), Transient)
        assert isinstance(judged(body, status, writing=True), Unknown)


def test_a_throttled_write_was_not_carried_out() -> None:
    """It may go out later, after the pause that the network names, else after five minutes; policy: an hour."""
    error = judged(answer(32), writing=True)
    assert isinstance(error, Transient)
    assert error.retry_after == 300
    told = classify(read(400, answer(80001)), pause_s=720)
    assert isinstance(told, Transient)
    assert told.retry_after == 720
    blocked = judged(answer(368))
    assert isinstance(blocked, Transient)
    assert blocked.retry_after == 3600
    assert isinstance(judged(b"slow down", 429, writing=True), Transient)


def test_a_final_refusal_names_its_reason_and_speaks_to_people() -> None:
    """Staff read a sentence; an error without a row shows the network's own words and its number."""
    expired = judged(answer(190, 463))
    assert isinstance(expired, Permanent)
    assert (expired.reason, "has expired" in expired.text) == ("token", True)
    other = judged(answer(100, error_user_msg="The text\n is too long."))
    assert isinstance(other, Permanent)
    assert other.text == "The network refused this (error 100): The text is too long."
    long = judged(answer(100, message="x" * 5000))
    assert len(str(long)) < 300


def test_a_product_may_use_words_of_its_own() -> None:
    """What a closed window means differs between products."""
    error = classify(read(400, answer(10, 2018278)), words={Fate.WINDOW: "Ask them to write first."})
    assert isinstance(error, Permanent)
    assert (error.reason, error.text) == ("window_closed", "Ask them to write first.")


def test_a_wrong_proof_is_a_matter_of_the_token() -> None:
    """The network gives the general code 100 for a proof made with another app's secret."""
    error = judged(answer(100, message="Invalid appsecret_proof provided in the API argument"))
    assert isinstance(error, Permanent)
    assert error.reason == "token"
    assert "META_APP_SECRET" in error.text


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"error":"no"}', b'{"error":{"code":"x"}}', b'{"error":{"code":true}}', b"\xff",
     b"[" * 100_000, b'{"error":{"code":1e400,"message":7,"error_data":[]}}'],
)  # fmt: skip
def test_a_body_of_another_form_is_judged_by_its_status(body: bytes) -> None:
    """Nothing raises; 4xx is final, 5xx passes, 429 slows down."""
    assert isinstance(judged(body, 400), Permanent)
    assert isinstance(judged(body, 502), Transient)
    assert isinstance(judged(body, 429), Transient)


def test_numbers_may_come_as_text_and_late_reports_carry_details() -> None:
    """WhatsApp reports errors later, with a title and the details in error_data."""
    late = errors.fault(200, {"code": "131047", "title": "Re-engagement", "error_data": {"details": "24 hours"}})
    assert (late.code, late.title, late.advice) == (131047, "Re-engagement", "24 hours")
    assert row(late).fate is Fate.WINDOW
