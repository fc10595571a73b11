"""Sending against a server with X's rules: replies, messages, doubles, lost answers."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.case import Purpose
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Interaction
from connectors.x.connector import XConnector
from tests.support.cases import NOON
from tests.support.x_rig import XRig, a_raw, answer_to, fixture
from tests.support.x_server import ANA, LOST, US, mention_event, message_event

REPLY = "POST /2/tweets"
MESSAGE = f"POST /2/dm_conversations/with/{ANA}/messages"


def heard(connector: XConnector, event: dict[str, Any]) -> Interaction:
    """The interaction that an event becomes."""
    (found,) = connector.parse(a_raw(json.dumps(event).encode()))
    assert isinstance(found, Interaction)
    return found


def a_mention(rig: XRig, connector: XConnector) -> Interaction:
    """Ana names us."""
    return heard(connector, mention_event(rig.server.post(ANA, "@acme my parcel is lost")))


async def test_a_reply_hangs_below_the_customers_post(rig: XRig, connector: XConnector) -> None:
    """In X's own form, with the account's token, and it is paid for."""
    event = a_mention(rig, connector)
    sent = await connector.send(answer_to(event))
    (ours,) = rig.server.ours()
    assert (ours["id"], ours["referenced_tweets"]) == (sent.id, [{"type": "replied_to", "id": event.id}])
    assert sent.url == f"https://x.com/i/status/{sent.id}"
    assert await connector._ledger.spent() == 10_000 + 5_000
    found = await connector.read_back(answer_to(event))
    assert found is not None
    assert found.id == sent.id


async def test_the_reply_goes_to_the_newest_wording(rig: XRig, connector: XConnector) -> None:
    """The customer edited meanwhile: another id; and it is found again below that one."""
    event = a_mention(rig, connector)
    newest = rig.server.edit(event.id, "@acme my parcel is late")
    sent = await connector.send(answer_to(event))
    assert rig.server.posts[sent.id]["referenced_tweets"][0]["id"] == newest["id"]
    found = await connector.read_back(answer_to(event))
    assert found is not None
    assert found.id == sent.id


async def test_a_deleted_post_is_not_answered(rig: XRig, connector: XConnector) -> None:
    """Read again before the reply, because no event tells."""
    event = a_mention(rig, connector)
    del rig.server.posts[event.id]
    with pytest.raises(Permanent) as caught:
        await connector.send(answer_to(event))
    assert caught.value.reason == "gone"
    assert not rig.server.ours()


async def test_a_text_is_weighed_exactly(rig: XRig, connector: XConnector) -> None:
    """280 is taken, one more is not; nothing is asked of X for it."""
    event = a_mention(rig, connector)
    with pytest.raises(Permanent) as caught:
        await connector.send(answer_to(event, "あ" * 140 + "a"))
    assert caught.value.reason == "too_long"
    assert "281 of 280" in caught.value.text
    assert not rig.server.calls
    assert (await connector.send(answer_to(event, "あ" * 140))).id


async def test_what_follows_a_link_without_a_space_is_weighed_too(rig: XRig, connector: XConnector) -> None:
    """As Japanese and Chinese are written: X would refuse it, so it is not asked."""
    event = a_mention(rig, connector)
    with pytest.raises(Permanent) as caught:
        await connector.send(answer_to(event, "https://acme.example/help" + "を" * 129))
    assert "281 of 280" in caught.value.text
    assert not rig.server.calls


async def test_x_refuses_a_reply_to_somebody_who_did_not_call_on_us(rig: XRig, connector: XConnector) -> None:
    """If the card offered it all the same: a reason, and the way to X."""
    match = rig.server.post(ANA, "acme shoes fall apart")
    event = heard(connector, mention_event(match, kind="post.quote.create"))
    with pytest.raises(Permanent) as caught:
        await connector.send(answer_to(event))
    assert caught.value.reason == "not_summoned"


async def test_a_lost_answer_is_looked_for_and_found(rig: XRig, connector: XConnector) -> None:
    """The act was done, the connection broke: unknown, then found by its words, links and names notwithstanding."""
    event = a_mention(rig, connector)
    send = answer_to(event, "See https://acme.example/help & write to us ^AK")
    rig.server.faults[REPLY] = [LOST]
    with pytest.raises(Unknown):
        await connector.send(send)
    found = await connector.read_back(send)
    assert found is not None
    assert found.id == rig.server.ours()[0]["id"]


async def test_a_lost_answer_is_paid_for_and_a_slow_one_is_lost(rig: XRig, connector: XConnector) -> None:
    """It may stand: rather too much is counted than too little. X gives up waiting with a 408."""
    event = a_mention(rig, connector)
    for spent, fault in ((15_000, LOST), (30_000, (408, {}, {}))):
        rig.server.faults[REPLY] = [fault]
        with pytest.raises(Unknown):
            await connector.send(answer_to(event))
        assert await connector._ledger.spent() == spent


async def test_a_post_that_cannot_be_read_now_is_answered_all_the_same(rig: XRig, connector: XConnector) -> None:
    """That it is gone is not known: X says so when it is answered."""
    event = a_mention(rig, connector)
    rig.server.faults["GET /2/tweets"] = [(503, {}, {})] * 3
    sent = await connector.send(answer_to(event))
    assert [post["id"] for post in rig.server.ours()] == [sent.id]


async def test_a_duplicate_after_a_lost_answer_is_no_failure(rig: XRig, connector: XConnector) -> None:
    """X refuses the second try: because the first one stands."""
    event = a_mention(rig, connector)
    rig.server.faults[REPLY] = [LOST]
    with pytest.raises(Unknown):
        await connector.send(answer_to(event))
    sent = await connector.send(answer_to(event, attempt=2))
    assert [post["id"] for post in rig.server.ours()] == [sent.id]


async def test_a_duplicate_that_the_timeline_does_not_show_yet_stays_unknown(rig: XRig, connector: XConnector) -> None:
    """Also where it waited for long before its first try. On a first try, and at last, it is what X says it is."""
    event = a_mention(rig, connector)
    body = json.loads(fixture("error__403_duplicate"))["body"]
    rig.server.faults[REPLY] = [(403, body, {})] * 4
    rig.clock.advance(timedelta(hours=1))
    for attempt in (2, 6):
        with pytest.raises(Unknown):
            await connector.send(answer_to(event, attempt=attempt))
    for attempt in (1, 7):
        with pytest.raises(Permanent) as caught:
            await connector.send(answer_to(event, attempt=attempt))
        assert caught.value.reason == "duplicate"


async def test_the_same_message_twice_is_two_sends(rig: XRig, connector: XConnector) -> None:
    """That the first stands proves nothing of the second. Two lost ones are two as well."""
    event = heard(connector, message_event(rig.server.message(ANA, US, "4711")))
    sends = [answer_to(event, "Thank you", private=True, id=f"send-{number}") for number in range(3)]
    await connector.send(sends[0])
    assert await connector.read_back(sends[1]) is None
    rig.server.faults[MESSAGE] = [LOST]
    with pytest.raises(Unknown):
        await connector.send(sends[1])
    for _ in range(2):
        found = await connector.read_back(sends[1])
        assert found is not None
        assert found.id == f"dm:{rig.server.messages[-1]['id']}"
    assert await connector.read_back(sends[2]) is None


async def test_the_same_reply_below_another_post_of_theirs_is_another_send(rig: XRig, connector: XConnector) -> None:
    """It is looked for below all versions of a post, and X does not say which those are."""
    first, second = (answer_to(a_mention(rig, connector), id=f"send-{number}") for number in range(2))
    await connector.send(first)
    assert await connector.read_back(second) is None


async def test_a_network_whose_clock_is_behind_is_believed(rig: XRig, connector: XConnector) -> None:
    """By a minute: what was sent seems older than the send, and stands all the same."""
    private = heard(connector, message_event(rig.server.message(ANA, US, "4711")))
    for event in (a_mention(rig, connector), private):
        send = answer_to(event, private=event.private, created_at=NOON + timedelta(minutes=1))
        await connector.send(send)
        assert await connector.read_back(send) is not None


async def test_a_look_that_ends_too_soon_proves_nothing(rig: XRig, connector: XConnector) -> None:
    """More was said since than one look takes: were it sent again, it might stand twice."""
    public = a_mention(rig, connector)
    private = heard(connector, message_event(rig.server.message(ANA, US, "4711")))
    sends = answer_to(public), answer_to(private, "Thank you", private=True)
    for send in sends:
        await connector.send(send)
    for number in range(500):
        rig.server.post(US, f"to somebody else {number}")
    for _ in range(20):
        rig.server.message(ANA, US, "And?")
    for send in sends:
        with pytest.raises(Unknown, match="look there"):
            await connector.read_back(send)
    rig.clock.advance(timedelta(hours=1))
    for send in sends:
        assert await connector.read_back(send.model_copy(update={"created_at": rig.clock.now()})) is None


async def test_somebody_elses_same_words_are_not_ours(rig: XRig, connector: XConnector) -> None:
    """The same reply to another customer proves nothing about this one."""
    first, other = a_mention(rig, connector), a_mention(rig, connector)
    other = other.model_copy(update={"ref": {**other.ref, "author": "999"}})
    await connector.send(answer_to(first))
    assert await connector.read_back(answer_to(other)) is None


async def test_a_direct_message_joins_the_case_of_that_customer(rig: XRig, connector: XConnector) -> None:
    """To the author of a public post, or back to the writer of a message; the conversation is the one of the events."""
    public = a_mention(rig, connector)
    sent = await connector.send(answer_to(public, "Your order number?", private=True, purpose=Purpose.PRIVATE))
    private = heard(connector, message_event(rig.server.message(ANA, US, "4711")))
    assert sent.conversation == private.key.conversation
    await connector.send(answer_to(private, "Thank you", private=True))
    assert [each["text"] for each in rig.server.messages if each["sender_id"] == US] == [
        "Your order number?",
        "Thank you",
    ]


async def test_a_lost_message_is_looked_for_before_it_is_sent_again(rig: XRig, connector: XConnector) -> None:
    """Nothing at X stops a second one."""
    event = heard(connector, message_event(rig.server.message(ANA, US, "4711")))
    send = answer_to(event, "Thank you", private=True)
    assert await connector.read_back(send) is None
    rig.server.faults[MESSAGE] = [LOST]
    with pytest.raises(Unknown):
        await connector.send(send)
    found = await connector.read_back(send)
    assert found is not None
    assert found.id == f"dm:{rig.server.messages[-1]['id']}"


async def test_closed_messages_say_what_to_do_instead(rig: XRig, connector: XConnector) -> None:
    """The customer takes no messages from us."""
    rig.server.closed_to_messages.add(ANA)
    with pytest.raises(Permanent) as caught:
        await connector.send(answer_to(a_mention(rig, connector), private=True))
    assert caught.value.reason == "messages_off"
    assert "Ask them to write first" in caught.value.text


async def test_a_rate_limit_is_waited_out(rig: XRig, connector: XConnector) -> None:
    """Nothing was done; X named the end."""
    event = a_mention(rig, connector)
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(NOON.timestamp()) + 300)}
    rig.server.faults[REPLY] = [(429, json.loads(fixture("error__429_rate"))["body"], headers)]
    with pytest.raises(Transient) as caught:
        await connector.send(answer_to(event))
    assert caught.value.retry_after == 301


async def test_likes_and_sends_without_a_target_are_refused(connector: XConnector) -> None:
    """X removed likes from the tiers that anyone can have."""
    event = Interaction.model_validate_json(next(iter_parsed(connector)))
    wrong: list[dict[str, Any]] = [{"purpose": Purpose.LIKE}, {"ref": {}}, {"ref": {}, "private": True}]
    for changes in wrong:
        with pytest.raises(Permanent):
            await connector.send(answer_to(event, **changes))
    assert not connector.capabilities.like


def iter_parsed(connector: XConnector) -> Any:
    """The fixtures' plain mention as JSON."""
    return (each.model_dump_json() for each in connector.parse(a_raw(fixture("mention__plain"))))


async def test_a_link_costs_twenty_times_as_much(rig: XRig, connector: XConnector) -> None:
    """And is counted so."""
    await connector.send(answer_to(a_mention(rig, connector), "See https://acme.example/help"))
    assert await connector._ledger.spent() == 200_000 + 5_000
