"""The webhook's door: X's own check, and signatures over the raw bytes."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from bot.domain.network import Accepted, Challenge, Refusal, WebhookRequest
from connectors.x.connector import MAX_BODY, XConnector
from tests.support.cases import NOON
from tests.support.x_rig import XRig, fixture
from tests.support.x_server import SECRET, signature

TOKEN = "MjAyNi0wMy0wNFQxMjowMDowMA=="
BODY = fixture("mention__plain")


def a_request(method: str = "POST", body: bytes = BODY, **headers: str) -> WebhookRequest:
    """A request as the web server hands it on, signed unless the test says otherwise."""
    given = {"x-twitter-webhooks-signature": signature(body)} | {k.replace("_", "-"): v for k, v in headers.items()}
    return WebhookRequest(method=method, headers=given, query={}, body=body, received_at=NOON)


def a_crc(token: str) -> WebhookRequest:
    """X's check."""
    return WebhookRequest(method="GET", headers={}, query={"crc_token": token}, body=b"", received_at=NOON)


def test_the_check_is_answered_with_the_first_secret(rig: XRig) -> None:
    """Base64 of HMAC-SHA256 in a JSON object."""
    verdict = rig.connector(X_CONSUMER_SECRET=f"{SECRET},older").verify(a_crc(TOKEN))
    assert isinstance(verdict, Challenge)
    assert verdict.content_type == "application/json"
    mac = base64.b64encode(hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).digest()).decode()
    assert json.loads(verdict.body) == {"response_token": f"sha256={mac}"}


@pytest.mark.parametrize(
    "token",
    ["", "short", "x" * 15, "x" * 129, '{"data":{"event_type":"dm.received"}}', "a b" * 10, TOKEN + "\n", "é" * 20],
)
def test_nothing_but_a_well_formed_token_is_signed(connector: XConnector, token: str) -> None:
    """Whoever could have a body signed here could forge deliveries."""
    verdict = connector.verify(a_crc(token))
    assert isinstance(verdict, Refusal)
    assert "sha256" not in verdict.reason


def test_a_signed_delivery_is_stored_byte_for_byte(connector: XConnector) -> None:
    """What is parsed later is exactly what came."""
    verdict = connector.verify(a_request())
    assert isinstance(verdict, Accepted)
    assert [raw.body for raw in verdict.raws] == [BODY]
    assert verdict.status == 200


def test_an_older_secret_still_opens_the_door(rig: XRig) -> None:
    """While the secret is being changed both are good."""
    connector = rig.connector(X_CONSUMER_SECRET=f"newer-secret, {SECRET}")
    assert isinstance(connector.verify(a_request()), Accepted)


def digest(secret: str = SECRET) -> bytes:
    """The bare signature of the body."""
    return hmac.new(secret.encode(), BODY, hashlib.sha256).digest()


FORGED: list[dict[str, Any]] = [
    {"x_twitter_webhooks_signature": ""},
    {"x_twitter_webhooks_signature": signature(BODY, "wrong")},
    {"x_twitter_webhooks_signature": signature(BODY).removeprefix("sha256=")},
    {"x_twitter_webhooks_signature": "sha256=" + digest().hex()},
    {"x_twitter_webhooks_signature": signature(BODY).upper()},
    {"x_twitter_webhooks_signature": signature(BODY)[:-1]},
    {"x_twitter_webhooks_signature": "sha256=é\udce9"},
    {"body": BODY[:-1], "x_twitter_webhooks_signature": signature(BODY)},
    {"body": json.dumps(json.loads(BODY)).encode(), "x_twitter_webhooks_signature": signature(BODY)},
    {"body": BODY + b" ", "x_twitter_webhooks_signature": signature(BODY)},
]


@pytest.mark.parametrize("changes", FORGED)
def test_forged_cut_and_rewritten_deliveries_are_refused_alike(connector: XConnector, changes: dict[str, Any]) -> None:
    """One answer for all of them, which tells nothing."""
    assert connector.verify(a_request(**changes)) == Refusal(403, "not genuine")


def test_too_large_bodies_and_other_methods_are_refused(connector: XConnector) -> None:
    """At the limit it is taken, one past it is not."""
    limit = b"x" * MAX_BODY
    assert isinstance(connector.verify(a_request(body=limit)), Accepted)
    refused = connector.verify(a_request(body=limit + b"x"))
    assert isinstance(refused, Refusal)
    assert refused.status == 413
    other = connector.verify(a_request("PUT"))
    assert isinstance(other, Refusal)
    assert other.status == 405
