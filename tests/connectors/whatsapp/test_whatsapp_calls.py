"""WhatsApp over real HTTP: answers in its own form, windows, limits, troubles, and what `check` says."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.case import Purpose, Send
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Interaction, SendReport
from bot.domain.network import Accepted, Challenge, Refusal
from connectors.base import ConnectorDeps
from connectors.whatsapp.connector import WhatsAppConnector
from connectors.whatsapp.settings import WhatsAppSettings
from tests.support.cases import NOON, a_send
from tests.support.graph_server import a_delivery, a_handshake, at_noon
from tests.support.stores import TestClock
from tests.support.whatsapp_server import (
    ACCOUNT,
    ANA,
    BO,
    NUMBER,
    Person,
    WhatsAppServer,
    connect,
    delivery,
    environment,
    failure,
)

TEXT = "On its way, sorry! ^AK"


@dataclass
class Rig:
    """A number and the network."""

    server: WhatsAppServer
    clock: TestClock
    deps: ConnectorDeps
    connector: WhatsAppConnector

    def events(self, body: bytes) -> list[Any]:
        """What a delivery says, through the door."""
        verdict = self.connector.verify(a_delivery(body))
        assert isinstance(verdict, Accepted)
        raw = verdict.raws[0]._replace(received_at=self.clock.now())
        return list(self.connector.parse(raw))

    def wrote(self, who: Person = ANA, words: str = "where is it?") -> Interaction:
        """A customer writes, and Hark hears."""
        [event] = self.events(delivery(self.server.says(who, words)))
        assert isinstance(event, Interaction)
        return event

    def answer_to(self, event: Interaction, **changes: Any) -> Send:
        """An answer to a message, now."""
        at = self.clock.now()
        fields = {"ref": event.ref, "to": event.id, "private": True, "text": TEXT, "created_at": at, "due_at": at}
        return a_send(**{**fields, **changes})


@asynccontextmanager
async def a_rig(redis_url: str, **more: str) -> AsyncIterator[Rig]:
    """A connector with a store, a clock at noon and a server."""
    server = WhatsAppServer()
    async with at_noon(server, redis_url) as (clock, deps):
        yield Rig(server, clock, deps, connect(server, deps, **more))


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """One number."""
    async with a_rig(redis_url) as ready:
        yield ready


async def test_an_answer_in_the_networks_own_form(rig: Rig) -> None:
    """To the phone number, as text without a preview, with the mark and the proof of the app secret."""
    event = rig.wrote()
    sent = await rig.connector.send(rig.answer_to(event))
    [call] = [each for each in rig.server.calls if each.verb == "POST"]
    assert call.body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": ANA.phone,
        "type": "text",
        "text": {"body": TEXT, "preview_url": False},
        "biz_opaque_callback_data": f"hark1|send-1|dm|{ANA.user}",
    }
    assert len(call.params["appsecret_proof"]) == 64
    assert rig.server.world.sent[0].id == sent.id


async def test_a_customer_without_a_number_is_answered_by_id(rig: Rig) -> None:
    """Somebody who goes by a username is named by the business-scoped id, as `recipient`."""
    await rig.connector.send(rig.answer_to(rig.wrote(BO)))
    [call] = [each for each in rig.server.calls if each.verb == "POST"]
    assert "to" not in call.body
    assert call.body["recipient"] == BO.user


async def test_nothing_is_marked_as_read(rig: Rig) -> None:
    """Hearing and answering make one call: the answer. Blue ticks are the customer's business."""
    await rig.connector.send(rig.answer_to(rig.wrote()))
    assert [each.path for each in rig.server.calls] == [f"{NUMBER}/messages"]
    assert rig.connector.sources() == {}


async def test_a_lost_answer_is_unknown_until_its_delivery_is_reported(rig: Rig) -> None:
    """The message stands, the answer broke: nothing is repeated, and the status names our send and its case."""
    event = rig.wrote()
    rig.server.lose_answer(verb="POST")
    with pytest.raises(Unknown):
        await rig.connector.send(rig.answer_to(event))
    [stands] = rig.server.world.sent
    [report] = rig.events(delivery(rig.server.status(stands, "delivered")))
    assert isinstance(report, SendReport)
    assert (report.send, report.key, report.ok) == ("send-1", event.key, True)
    assert not rig.connector.capabilities.read_back


async def test_a_late_failure_names_the_send_and_the_reason(rig: Rig) -> None:
    """Most errors come after a 200."""
    event = rig.wrote(BO)
    await rig.connector.send(rig.answer_to(event))
    late = rig.server.status(rig.server.world.sent[0], "failed", failure(131026, "Message undeliverable"))
    [report] = rig.events(delivery(late))
    assert isinstance(report, SendReport)
    assert (report.send, report.key, report.ok) == ("send-1", event.key, False)
    assert "does not deliver to this person" in report.reason


async def test_a_closed_window_is_said_in_words(rig: Rig) -> None:
    """To the second by Hark's own clock, and by the network's word with what staff can do instead."""
    event = rig.wrote()
    assert event.reply_until == NOON + timedelta(hours=24)
    rig.clock.advance(timedelta(hours=24, seconds=1))
    with pytest.raises(Permanent, match="templates") as caught:
        await rig.connector.send(rig.answer_to(event))
    assert caught.value.reason == "window_closed"
    rig.wrote()
    await rig.connector.send(rig.answer_to(event))


async def test_the_pair_limit_makes_one_customer_wait(rig: Rig) -> None:
    """Six seconds at first, longer with each refusal up to ten minutes, and nobody else waits."""
    ana, bo = rig.wrote(), rig.wrote(BO)
    rig.server.pair_limit = True
    await rig.connector.send(rig.answer_to(ana))
    for attempt, wait in ((1, 6.0), (2, 16.0), (3, 64.0), (8, 600.0), (1_000, 600.0)):
        with pytest.raises(Transient, match="same customer") as caught:
            await rig.connector.send(rig.answer_to(ana, id="send-2", attempt=attempt))
        assert (caught.value.retry_after, caught.value.shared) == (wait, False)
    await rig.connector.send(rig.answer_to(bo, id="send-3"))
    rig.clock.advance(timedelta(seconds=6))
    await rig.connector.send(rig.answer_to(ana, id="send-2"))
    assert len(rig.server.world.sent) == 3


async def test_a_message_has_4096_characters(rig: Rig) -> None:
    """The rule that the form checks is the one that the network has."""
    rule = rig.connector.capabilities.private_message
    assert rule is not None
    assert (rule.limit, rule.unit) == (4096, "characters")
    event = rig.wrote()
    await rig.connector.send(rig.answer_to(event, text="ä" * 4096))
    with pytest.raises(Permanent):
        await rig.connector.send(rig.answer_to(event, text="ä" * 4097, id="send-2"))


async def test_what_whatsapp_cannot_do_is_refused_without_a_call(rig: Rig) -> None:
    """No public words, no reactions, nobody to write to."""
    event = rig.wrote()
    for send in (
        rig.answer_to(event, private=False),
        rig.answer_to(event, purpose=Purpose.LIKE),
        rig.answer_to(event, ref={}),
    ):
        with pytest.raises(Permanent):
            await rig.connector.send(send)
    assert rig.server.calls == []
    assert rig.connector.capabilities.public_reply is None


@pytest.mark.parametrize("messages", [[], [{}], [{"id": ""}], [{"id": None}], None])
async def test_an_answer_without_an_id_is_unknown(rig: Rig, messages: object) -> None:
    """Whether the message stands cannot be told from it."""
    rig.server.edge("POST", f"{NUMBER}/messages", lambda _: {"messages": messages})
    with pytest.raises(Unknown, match="did not name it"):
        await rig.connector.send(rig.answer_to(rig.wrote()))


@pytest.mark.parametrize(
    ("trouble", "error", "words"),
    [
        (lambda server: server.fail(130429, status=429), Transient, "slow down"),
        (lambda server: server.fail(131048), Transient, "slow down"),
        (lambda server: server.fail(80007), Transient, "slow down"),
        (lambda server: server.fail(131000, status=500), Unknown, "passing trouble"),
        (lambda server: server.fail(131016, status=500), Unknown, "passing trouble"),
        (lambda server: server.fall_over(503), Unknown, "passing trouble"),
        (lambda server: server.fail(190, subcode=463, status=401), Permanent, "expired"),
        (lambda server: server.fail(0, status=401), Permanent, "not valid any more"),
        (lambda server: server.fail(10, status=403), Permanent, "lacks a permission"),
        (lambda server: server.fail(200, status=403), Permanent, "lacks a permission"),
        (lambda server: server.fail(131026), Permanent, "does not deliver to this person"),
        (lambda server: server.fail(100, subcode=33), Permanent, "does not know this number"),
        (lambda server: server.fail(131057, status=500), Transient, "working on this account"),
        (lambda server: server.fail(131005, status=403), Permanent, "lacks a permission"),
        (lambda server: server.fail(131031, status=403), Permanent, "locked.*131031"),
        (lambda server: server.fail(131042, error_data={"details": "Pay first."}), Permanent, "131042.*Pay first"),
        (lambda server: server.fail(368, status=403), Transient, "policies"),
    ],
)
async def test_troubles_of_an_answer(
    rig: Rig, trouble: Callable[[WhatsAppServer], None], error: type[Exception], words: str
) -> None:
    """Each refusal is what it is, in words; the message is not there, and nothing is tried twice."""
    event = rig.wrote()
    trouble(rig.server)
    with pytest.raises(error, match=words):
        await rig.connector.send(rig.answer_to(event))
    assert rig.server.texts() == []
    assert len(rig.server.calls) == 1


async def test_staff_are_served_when_the_limit_is_nearly_used_up(rig: Rig) -> None:
    """The usage headers hold back everything but what staff do: each answer reaches the network, once, in order."""
    event, graph = rig.wrote(), rig.connector._api.graph
    rig.server.use_up(99, kind="whatsapp")
    for n in range(1, 4):
        await rig.connector.send(rig.answer_to(event, id=f"send-{n}", text=f"answer {n}"))
    assert rig.server.texts() == ["answer 1", "answer 2", "answer 3"]
    assert [(each.verb, each.path) for each in rig.server.calls] == [("POST", f"{NUMBER}/messages")] * 3
    assert graph.pace.percent == 99
    with pytest.raises(Transient, match="only answers of staff"):
        await graph.get(NUMBER, tries=1)
    assert len(rig.server.calls) == 3


async def test_only_genuine_requests_come_in(rig: Rig) -> None:
    """The handshake by the verify token, a delivery by its signature over the bytes as they came."""
    body = delivery(rig.server.says(ANA, "hi"))
    assert rig.connector.verify(a_handshake()) == Challenge(body="1158201444")
    assert isinstance(rig.connector.verify(a_handshake(token="guess")), Refusal)
    forged = (
        a_delivery(body, secret="another-secret-altogether"),
        a_delivery(body, x_hub_signature_256=""),
        a_delivery(body, x_hub_signature_256=a_delivery(body[:-1]).headers["x-hub-signature-256"]),
    )
    assert {rig.connector.verify(each) for each in forged} == {Refusal(403, "not genuine")}


async def test_check_says_what_is_wrong_and_the_mend(rig: Rig) -> None:
    """All well; a state in which nothing can be sent; missing rights; no subscription; an ending or dead token."""
    assert rig.connector.title == f"number {NUMBER}"
    health = await rig.connector.check()
    assert (health.ok, health.summary) == (True, "webhook subscribed, messages answered for 24 hours")
    rig.server.state = {"status": "CONNECTED", "quality_rating": "RED"}
    assert "quality red" in (await rig.connector.check()).summary
    rig.server.state = {"status": "BANNED"}
    health = await rig.connector.check()
    assert (health.ok, "banned" in health.summary, "WhatsApp Manager" in health.mend) == (False, True, True)
    rig.server.state = {"status": "PENDING"}
    health = await rig.connector.check()
    assert (health.ok, f"POST /{NUMBER}/register" in health.mend) == (False, True)
    rig.server.state = {}
    rig.server.token_data = {"is_valid": True, "scopes": ["whatsapp_business_messaging"]}
    assert "lacks whatsapp_business_management" in (await rig.connector.check()).summary
    rig.server.token_data = {"is_valid": False}
    assert "WHATSAPP_TOKEN" in (await rig.connector.check()).mend
    rig.server.token_data = {"is_valid": True, "expires_at": int((NOON + timedelta(days=3)).timestamp())}
    assert "3 days" in (await rig.connector.check()).summary
    rig.server.apps = []
    health = await rig.connector.check()
    assert (health.ok, f"/{ACCOUNT}/subscribed_apps" in health.mend) == (False, True)
    rig.server.fail(190, subcode=460, status=401)
    health = await rig.connector.check()
    assert (health.ok, "password" in health.summary, "WHATSAPP_TOKEN" in health.mend) == (False, True, True)
    rig.server.fail(10, status=403)
    assert "full control" in (await rig.connector.check()).mend
    rig.server.fail(100, subcode=33)
    assert "WHATSAPP_PHONE_NUMBER_ID" in (await rig.connector.check()).mend
    rig.server.fall_over(times=5)
    assert "goes on by itself" in (await rig.connector.check()).mend


async def test_the_subscription_is_checked_only_with_the_accounts_id(redis_url: str) -> None:
    """Without it the summary says so; a token that may not ask is no error either."""
    async with a_rig(redis_url, WHATSAPP_BUSINESS_ACCOUNT_ID="") as rig:
        health = await rig.connector.check()
        assert health.ok
        assert "subscription not checked" in health.summary
    async with a_rig(redis_url) as rig:
        rig.server.fail(200, match="subscribed_apps")
        assert "subscription not checked" in (await rig.connector.check()).summary


@pytest.mark.parametrize(
    "wrong",
    [
        {"WHATSAPP_PHONE_NUMBER_ID": "+49 30 555"},
        {"WHATSAPP_TOKEN": "two words"},
        {"WHATSAPP_TOKEN": " "},
        {"WHATSAPP_BUSINESS_ACCOUNT_ID": "acme"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, str]) -> None:
    """The phone number in place of its id, a token that is none."""
    server = WhatsAppServer()
    server.url = "https://graph.example"
    with pytest.raises(ValidationError):
        WhatsAppSettings.model_validate(environment(server, **wrong))
