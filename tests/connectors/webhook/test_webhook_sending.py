"""Answers: signed, posted once for each send, and every reply of the other system has its meaning."""

import asyncio
import json
from datetime import timedelta

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Sent
from connectors.guard import REASON, Answer
from connectors.webhook.callback import classify
from connectors.webhook.connector import NO_REPLY_URL
from tests.support.cases import NOON
from tests.support.stores import TestClock
from tests.support.webhook_rig import OTHER_SECRET, SECRET, Receiver, Rig, answer_of

HERE = "127.0.0.1"


def says(receiver: Receiver, status: int, body: object = None, **headers: str) -> None:
    """Let the receiver give this answer."""

    async def handle(_request: web.Request) -> web.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers={n.replace("_", "-"): v for n, v in headers.items()})

    receiver.handler = handle


async def test_the_library_takes_what_we_send(real_time_rig: Rig, receiver: Receiver) -> None:
    """Signed with the first secret, in the payload convention of the specification."""
    connector = real_time_rig.connector(f"{SECRET},{OTHER_SECRET}", reply_hosts=HERE)
    sent = await connector.send(answer_of(f"{receiver.url}/reply?x=1", text="Grüße 👋 ^AK"))
    ((headers, body),) = receiver.got
    value = Webhook(SECRET).verify(body, headers)
    assert value["type"] == "reply.created"
    assert value["timestamp"].endswith("Z")
    assert value["data"] == {
        "id": "send-1",
        "in_reply_to": "c-1",
        "conversation": "post-7|u-1",
        "text": "Grüße 👋 ^AK",
        "private": False,
        "author": {"name": "Ana"},
    }
    assert (headers["webhook-id"], headers["content-type"]) == ("send-1", "application/json")
    assert sent == Sent(id="their-1")


async def test_a_private_answer_says_so(rig: Rig, receiver: Receiver) -> None:
    """The other system decides how it speaks in private; it can name the conversation in which the customer answers."""
    says(receiver, 201, {"id": 7, "url": "https://crm.example/m/7", "conversation": "thread-9"})
    sent = await rig.connector(reply_hosts=HERE).send(answer_of(receiver.url, private=True))
    assert json.loads(receiver.got[0][1])["data"]["private"] is True
    assert sent == Sent(id="7", url="https://crm.example/m/7", conversation="thread-9")


async def test_a_repetition_carries_the_same_id_and_the_same_body(rig: Rig, receiver: Receiver) -> None:
    """Both are the send's: the other system can tell a repetition, whatever the time. Only the signature is fresh."""
    connector = rig.connector(reply_hosts=HERE)
    await connector.send(answer_of(receiver.url))
    assert isinstance(rig.clock, TestClock)
    rig.clock.advance(timedelta(minutes=10))
    says(receiver, 409)
    assert await connector.send(answer_of(receiver.url)) == Sent(id="send-1")
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {"send-1"}
    assert len({body for _, body in receiver.got}) == 1
    assert len({headers["webhook-signature"] for headers, _ in receiver.got}) == 2


@pytest.mark.parametrize(
    "body",
    [
        "",
        "thanks",
        "[1]",
        '{"id": null, "url": "javascript:alert(1)"}',
        '{"id": true, "url": 3, "conversation": {}}',
        '{"id": "' + "x" * 301 + '", "url": "https://[/"}',
    ],
)
async def test_any_2xx_is_enough(rig: Rig, receiver: Receiver, body: str) -> None:
    """What cannot be used of the answer is left out; it is no reason to send again."""
    says(receiver, 202, body)
    assert await rig.connector(reply_hosts=HERE).send(answer_of(receiver.url)) == Sent(id="send-1")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, "redirected"),
        (302, "redirected"),
        (307, "redirected"),
        (400, "refused"),
        (401, "signature_refused"),
        (403, "forbidden"),
        (404, "gone"),
        (410, "gone"),
        (413, "too_long"),
        (418, "refused"),
        (422, "refused"),
    ],
)
async def test_final_refusals(rig: Rig, receiver: Receiver, status: int, reason: str) -> None:
    """Trying again cannot help; a redirect is not followed."""
    says(receiver, status, {"message": "No such\n thread"}, Location=f"{receiver.url}/elsewhere")
    with pytest.raises(Permanent) as caught:
        await rig.connector(reply_hosts=HERE).send(answer_of(receiver.url))
    assert caught.value.reason == reason
    assert ("It says: No such thread" in caught.value.text) is (status >= 400)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_passing_refusals(rig: Rig, receiver: Receiver, status: int) -> None:
    """They are tried again, after the pause that the other system names."""
    says(receiver, status, Retry_After="17")
    with pytest.raises(Transient) as caught:
        await rig.connector(reply_hosts=HERE).send(answer_of(receiver.url))
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", None),
        ("3601", 3600.0),
        ("9" * 400, 3600.0),
        ("Wed, 04 Mar 2026 12:00:30 GMT", 30.0),
        ("Wed, 04 Mar 2026 11:00:00 GMT", None),
        ("Wed, 04 Mar 99999999999999999999 12:00:30 GMT", None),
        ("Wed, 04 Mar 2026 12:00:30 +99999999999999999999", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_in_all_its_forms(text: str, seconds: float | None) -> None:
    """Seconds or a date, at most an hour; anything else counts as not said."""
    error = classify(Answer(503, {"Retry-After": text}, b""), NOON)
    assert isinstance(error, Transient)
    assert error.retry_after == seconds


async def test_an_answer_that_was_lost_is_unknown(rig: Rig, receiver: Receiver) -> None:
    """The other system acted and the line broke: it must not be taken for a failure."""

    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    receiver.handler = drop
    connector = rig.connector(reply_hosts=HERE)
    with pytest.raises(Unknown):
        await connector.send(answer_of(receiver.url))
    assert len(receiver.got) == 1
    assert connector.capabilities.idempotent_send


async def test_a_server_that_is_away_is_tried_again(rig: Rig, unused_tcp_port: int) -> None:
    """Nothing was sent."""
    with pytest.raises(Transient):
        await rig.connector(reply_hosts=HERE).send(answer_of(f"http://127.0.0.1:{unused_tcp_port}/"))


async def test_without_a_reply_url_there_is_no_way_back(rig: Rig) -> None:
    """Staff are told what to do instead."""
    with pytest.raises(Permanent, match="Open it there") as caught:
        await rig.connector().send(answer_of(""))
    assert caught.value.reason == NO_REPLY_URL


@pytest.mark.parametrize("hosts", ["", "crm.example.com"])
async def test_an_address_inside_is_not_called(rig: Rig, receiver: Receiver, hosts: str) -> None:
    """Neither by default nor when other hosts are listed."""
    for url in (receiver.url, receiver.url.replace("http:", "https:"), "https://[::1]/", "https://localhost/"):
        with pytest.raises(Permanent) as caught:
            await rig.connector(reply_hosts=hosts).send(answer_of(url))
        assert caught.value.reason == REASON
    assert receiver.got == []


async def test_answers_at_the_same_time_do_not_disturb_each_other(rig: Rig, receiver: Receiver) -> None:
    """Each has its own connection."""
    connector = rig.connector(reply_hosts=HERE)
    async with asyncio.TaskGroup() as group:
        for n in range(20):
            group.create_task(connector.send(answer_of(receiver.url, id=f"send-{n}")))
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {f"send-{n}" for n in range(20)}


async def test_the_clock_of_the_signature_is_ours(rig: Rig, receiver: Receiver) -> None:
    """Its timestamp is the moment of sending, that of the body the moment of writing."""
    await rig.connector(reply_hosts=HERE).send(answer_of(receiver.url, created_at=NOON - timedelta(hours=1)))
    ((headers, body),) = receiver.got
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert json.loads(body)["timestamp"] == "2026-03-04T11:00:00Z"
