"""Answers to the network: replies, likes, private messages, windows, refusals, and what was lost on the way."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.case import Purpose, Send
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Interaction
from connectors.facebook.connector import FacebookConnector
from connectors.graph.errors import Fate, row
from connectors.graph.errors import read as read_error
from tests.support.cases import ANA as STAFF
from tests.support.cases import NOON, a_send
from tests.support.facebook_server import Rig, delivery
from tests.support.graph_server import Json, a_delivery

ANA: Json = {"id": "9001", "name": "Ana Rey"}
PERSON: Json = {"id": "7001", "name": "Ana Rey"}


def read(connector: FacebookConnector, body: bytes) -> Interaction:
    """What a delivery says, through the door."""
    verdict = connector.verify(a_delivery(body))
    (raw,) = verdict.raws  # type: ignore[union-attr]
    (found,) = connector.parse(raw)
    assert isinstance(found, Interaction)
    return found


def to(found: Interaction, text: str = "We are on it ^AK", **changes: object) -> Send:
    """An answer to an interaction."""
    fields = {"ref": found.ref, "to": found.id, "by": STAFF, "text": text, "private": found.private}
    return a_send(**(fields | {"created_at": NOON, "purpose": Purpose.REPLY} | changes))


def commented(rig: Rig, connector: FacebookConnector, **more: str) -> Interaction:
    """A customer comments and the webhook tells."""
    return read(connector, delivery(rig.server.comment(ANA, "My parcel never came", **more)))


def written(rig: Rig, connector: FacebookConnector) -> Interaction:
    """A customer writes in private and the webhook tells."""
    at = int(rig.clock.now().timestamp())
    return read(connector, delivery(rig.server.write(PERSON, "Where is it?"), door="messaging", at=at))


async def test_a_reply_stands_below_the_comment_and_is_read_back(rig: Rig) -> None:
    """In the network's own form, found again by its words."""
    connector = rig.connector()
    send = to(commented(rig, connector))
    sent = await connector.send(send)
    reply = rig.server.items[sent.id]
    assert (reply.message, reply.author["id"], reply.parent) == ("We are on it ^AK", "1100", send.to)
    assert sent.url.startswith(f"https://www.facebook.com/{rig.server.our_post}?comment_id=")
    found = await connector.read_back(send)
    assert found is not None
    assert found.id == sent.id
    assert await connector.read_back(send.model_copy(update={"text": "Something else"})) is None


async def test_a_reply_to_a_reply_is_found_in_its_thread(rig: Rig) -> None:
    """The network hangs it below the top comment, and there it is looked for."""
    connector = rig.connector()
    top = commented(rig, connector)
    send = to(commented(rig, connector, parent=top.id))
    sent = await connector.send(send)
    assert rig.server.items[sent.id].parent == top.id
    assert (await connector.read_back(send)) is not None


async def test_a_visitors_post_is_answered_below_it(rig: Rig) -> None:
    """As a comment."""
    connector = rig.connector()
    send = to(read(connector, delivery(rig.server.visitor_post(ANA, "Where is my order?"))))
    sent = await connector.send(send)
    assert rig.server.items[sent.id].post == send.to
    assert (await connector.read_back(send)) is not None


async def test_a_lost_answer_is_in_doubt_and_found_again(rig: Rig) -> None:
    """The reply stands once: after the broken connection it is looked for, not repeated."""
    connector = rig.connector()
    send = to(commented(rig, connector))
    rig.server.lose_answer(verb="POST", match="comments")
    with pytest.raises(Unknown):
        await connector.send(send)
    assert await connector.read_back(send) is not None
    assert rig.server.replies() == ["We are on it ^AK"]


async def test_a_write_that_never_arrived_is_certainly_not_there(rig: Rig) -> None:
    """A gateway failed before the act."""
    connector = rig.connector()
    send = to(commented(rig, connector))
    rig.server.fall_over(verb="POST")
    with pytest.raises(Unknown):
        await connector.send(send)
    assert await connector.read_back(send) is None
    assert rig.server.replies() == []


async def test_an_older_reply_in_the_same_words_is_not_taken_for_this_one(rig: Rig) -> None:
    """What stood there before the send was made does not count."""
    connector = rig.connector()
    found = commented(rig, connector)
    await connector.send(to(found))
    rig.clock.advance(timedelta(hours=1))
    assert await connector.read_back(to(found, created_at=rig.clock.now())) is None


async def test_the_same_words_to_another_customer_are_another_send(rig: Rig) -> None:
    """Else the second customer gets nothing, and what the first one writes in private joins the second one's case."""
    connector = rig.connector()
    other = read(connector, delivery(rig.server.comment({"id": "9002", "name": "Ben Ode"}, "Nor did mine")))
    first, second = (
        to(found, "Your order number?", id=f"send-{found.id}", private=True, purpose=Purpose.PRIVATE)
        for found in (commented(rig, connector), other)
    )
    await connector.send(first)
    rig.server.fall_over(match="messages")
    with pytest.raises(Unknown):
        await connector.send(second)
    assert await connector.read_back(second) is None
    assert (await connector.send(second)).conversation == "private|709002"
    for send in (first, second):
        assert await rig.connector().read_back(send) is not None


async def test_the_same_words_twice_are_two_sends(rig: Rig) -> None:
    """In public and in private: that the first stands proves nothing of the second. Two lost ones are two as well."""
    connector = rig.connector()
    for found in (commented(rig, connector), written(rig, connector)):
        sends = [to(found, id=f"send-{number}-{found.id}") for number in range(3)]
        await connector.send(sends[0])
        assert await connector.read_back(sends[1]) is None
        rig.server.lose_answer(verb="POST")
        with pytest.raises(Unknown):
            await connector.send(sends[1])
        for _ in range(2):
            assert await connector.read_back(sends[1]) is not None
        assert await connector.read_back(sends[2]) is None


async def test_a_reply_to_somebody_below_a_post_is_none_to_the_post(rig: Rig) -> None:
    """A colleague answered another customer there in the same words, on Facebook itself."""
    connector = rig.connector()
    found = read(connector, delivery(rig.server.visitor_post(ANA, "Where is my order?")))
    other = commented(rig, connector, post=found.id)
    rig.server.comment(rig.server.page_author, to(found).text, post=found.id, parent=other.id)
    assert await connector.read_back(to(found)) is None


async def test_a_network_whose_clock_is_behind_is_believed(rig: Rig) -> None:
    """By a minute: what was sent seems older than the send, and stands all the same."""
    connector = rig.connector()
    for found in (commented(rig, connector), written(rig, connector)):
        send = to(found, created_at=rig.clock.now() + timedelta(minutes=1))
        await connector.send(send)
        assert await connector.read_back(send) is not None


async def test_a_look_that_ends_too_soon_proves_nothing(rig: Rig) -> None:
    """More has been said since than one look takes: were the reply or the message sent again, it might stand twice."""
    connector = rig.connector()
    top = commented(rig, connector)
    private = to(top, "Your order number?", private=True, purpose=Purpose.PRIVATE)
    answer = to(written(rig, connector))
    for send in (to(top), private, answer):
        await connector.send(send)
    rig.clock.advance(timedelta(seconds=1))
    for number in range(501):
        rig.server.comment(ANA, f"me too {number}", parent=top.id)
    for number in range(41):
        rig.server.write({"id": f"8{number}", "name": "Ben Ode"}, "Hello")
    for send in (to(top), private):
        with pytest.raises(Unknown, match="look there"):
            await connector.read_back(send)
    for _ in range(20):
        rig.server.write(PERSON, "And?")
    with pytest.raises(Unknown, match="look there"):
        await connector.read_back(answer)


async def test_a_private_reply_may_stand_in_a_talk_that_is_too_long(rig: Rig) -> None:
    """Whoever commented may be the one with whom much was said meanwhile; what others said tells nothing of that."""
    connector = rig.connector()
    send = to(commented(rig, connector), private=True, purpose=Purpose.PRIVATE)
    rig.server.write({"id": "80", "name": "Ben Ode"}, "Hello")
    rig.clock.advance(timedelta(seconds=1))
    for _ in range(20):
        rig.server.write(PERSON, "And?")
    with pytest.raises(Unknown, match="look there"):
        await connector.read_back(send)


async def test_a_talk_that_reaches_back_far_enough_proves_what_is_not_there(rig: Rig) -> None:
    """However long the conversation was before."""
    connector = rig.connector()
    found = [written(rig, connector) for _ in range(30)][-1]
    rig.clock.advance(timedelta(hours=1))
    assert await connector.read_back(to(found, created_at=rig.clock.now())) is None


async def test_a_like_is_given_and_seen(rig: Rig) -> None:
    """Liking twice changes nothing."""
    connector = rig.connector()
    send = to(commented(rig, connector), "", purpose=Purpose.LIKE)
    assert await connector.read_back(send) is None
    for _ in range(2):
        await connector.send(send)
    assert rig.server.items[send.to].liked
    assert await connector.read_back(send) is not None


async def test_a_like_that_the_network_does_not_confirm_is_in_doubt(rig: Rig) -> None:
    """It is looked for then, and given again if it is not there."""
    connector = rig.connector()
    rig.server.edge("POST", "{id}/likes", lambda _: {"success": False})
    send = to(commented(rig, connector), "", purpose=Purpose.LIKE)
    with pytest.raises(Unknown):
        await connector.send(send)
    assert await connector.read_back(send) is None


async def test_a_private_reply_goes_out_once_and_names_the_conversation(rig: Rig) -> None:
    """What the customer answers there joins the case; the network refuses a second one."""
    connector = rig.connector()
    found = commented(rig, connector)
    send = to(found, "May we have your order number?", private=True, purpose=Purpose.PRIVATE)
    sent = await connector.send(send)
    assert sent.conversation == "private|709001"
    assert rig.server.sent_to("709001") == ["May we have your order number?"]
    assert rig.server.calls[-1].body["recipient"] == {"comment_id": found.id}
    assert (await connector.read_back(send)) == sent
    answer = rig.server.write({"id": "709001", "name": "Ana Rey"}, "It is 88")
    assert read(connector, delivery(answer, door="messaging")).key.conversation == sent.conversation
    with pytest.raises(Permanent, match="allows only one") as caught:
        await connector.send(send)
    assert caught.value.reason == "duplicate"


async def test_a_private_reply_whose_answer_was_lost_is_found_by_its_words(rig: Rig) -> None:
    """Its conversation is new and its person not known: the latest conversations are looked through."""
    connector = rig.connector()
    send = to(commented(rig, connector), "Your order number?", private=True, purpose=Purpose.PRIVATE)
    assert await connector.read_back(send) is None
    rig.server.lose_answer(match="messages")
    with pytest.raises(Unknown):
        await connector.send(send)
    found = await connector.read_back(send)
    assert found is not None
    assert found.conversation == "private|709001"


async def test_a_private_reply_to_a_post_names_the_post(rig: Rig) -> None:
    """Another recipient than for a comment."""
    connector = rig.connector()
    found = read(connector, delivery(rig.server.visitor_post(ANA, "Where is my order?")))
    await connector.send(to(found, private=True, purpose=Purpose.PRIVATE))
    assert rig.server.calls[-1].body["recipient"] == {"post_id": found.id}


async def test_a_message_is_answered_within_24_hours(rig: Rig) -> None:
    """As a response to that person; a second later the window is closed without a call."""
    connector = rig.connector()
    send = to(written(rig, connector))
    rig.clock.advance(timedelta(hours=24, seconds=-1))
    await connector.send(send)
    assert rig.server.calls[-1].body["messaging_type"] == "RESPONSE"
    assert rig.server.sent_to("7001") == ["We are on it ^AK"]
    assert await connector.read_back(send) is not None
    rig.clock.advance(timedelta(seconds=1))
    count = len(rig.server.calls)
    with pytest.raises(Permanent, match="24 hours are over"):
        await connector.send(send)
    assert len(rig.server.calls) == count


async def test_human_agent_gives_seven_days_to_what_people_write(rig: Rig) -> None:
    """With the tag; never for an acknowledgement that nobody typed."""
    connector = rig.connector(FACEBOOK_HUMAN_AGENT="true")
    send = to(written(rig, connector))
    rig.clock.advance(timedelta(hours=25))
    await connector.send(send)
    assert rig.server.tags_sent == ["HUMAN_AGENT"]
    with pytest.raises(Permanent, match="24 hours are over"):
        await connector.send(send.model_copy(update={"purpose": Purpose.ACKNOWLEDGE}))
    rig.clock.advance(timedelta(days=6))
    with pytest.raises(Permanent) as caught:
        await connector.send(send)
    assert caught.value.reason == "window_closed"


async def test_a_window_that_the_network_holds_closed_is_told_in_words(rig: Rig) -> None:
    """Human Agent is set here but was not granted there."""
    connector = rig.connector(FACEBOOK_HUMAN_AGENT="true")
    rig.server.human_agent = False
    send = to(written(rig, connector))
    rig.clock.advance(timedelta(hours=25))
    with pytest.raises(Permanent, match="has to write first") as caught:
        await connector.send(send)
    assert caught.value.reason == "window_closed"


async def test_a_comment_that_is_gone_cannot_be_answered(rig: Rig) -> None:
    """The words say what to do."""
    connector = rig.connector()
    send = to(commented(rig, connector))
    rig.server.remove(send.to)
    with pytest.raises(Permanent, match="not there any more") as caught:
        await connector.send(send)
    assert caught.value.reason == "gone"


@pytest.mark.parametrize(
    ("code", "subcode", "reason", "words"),
    [(190, 463, "token", "expired"), (190, 460, "token", "password"), (200, None, "permission", "bot check"),
     (10, 1893063, "restricted", "for now"), (551, None, "recipient", "cannot be reached"),
     (506, None, "duplicate", "same words")],
)  # fmt: skip
async def test_refusals_are_final_and_say_why(
    rig: Rig, code: int, subcode: int | None, reason: str, words: str
) -> None:
    """Nothing is tried again by itself."""
    connector = rig.connector()
    send = to(commented(rig, connector))
    rig.server.fail(code, subcode=subcode, verb="POST")
    with pytest.raises(Permanent, match=words) as caught:
        await connector.send(send)
    assert caught.value.reason == reason
    assert rig.server.replies() == []


@pytest.mark.parametrize(
    ("name", "fate"),
    [("token_expired", Fate.TOKEN), ("permission_missing", Fate.PERMISSION), ("window_closed", Fate.WINDOW),
     ("gone", Fate.GONE), ("throttled", Fate.THROTTLED), ("private_reply_again", Fate.DUPLICATE),
     ("temporary", Fate.TRANSIENT)],
)  # fmt: skip
def test_each_error_of_the_documents_has_its_row(name: str, fate: Fate) -> None:
    """Whole bodies, as the documents show them."""
    body = (Path(__file__).parent / "fixtures" / f"error__{name}.json").read_bytes()
    assert row(read_error(400, body)).fate is fate


async def test_throttled_goes_out_later(rig: Rig) -> None:
    """After the time that the network names; nothing was done."""
    connector = rig.connector()
    send = to(commented(rig, connector))
    rig.server.use_up(100, regain_min=7)
    rig.server.fail(80001, verb="POST")
    with pytest.raises(Transient) as caught:
        await connector.send(send)
    assert caught.value.retry_after == 420
    await connector.send(send)
    assert rig.server.replies() == ["We are on it ^AK"]


async def test_without_a_target_nothing_is_called(rig: Rig) -> None:
    """A reference of another form."""
    connector = rig.connector()
    with pytest.raises(Permanent, match="nothing public"):
        await connector.send(a_send(ref={}, private=False))
    with pytest.raises(Permanent, match="nothing public"):
        await connector.send(a_send(ref={}, private=True, purpose=Purpose.PRIVATE))
    assert rig.server.calls == []
