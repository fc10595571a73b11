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
from tests.support.facebook_server import Desk, delivery
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


def commented(desk: Desk, connector: FacebookConnector, **more: str) -> Interaction:
    """A customer comments and the webhook tells."""
    return read(connector, delivery(desk.server.comment(ANA, "My parcel never came", **more)))


def written(desk: Desk, connector: FacebookConnector) -> Interaction:
    """A customer writes in private and the webhook tells."""
    at = int(desk.clock.now().timestamp())
    return read(connector, delivery(desk.server.write(PERSON, "Where is it?"), door="messaging", at=at))


async def test_a_reply_stands_below_the_comment_and_is_read_back(desk: Desk) -> None:
    """In the network's own form, found again by its words."""
    connector = desk.connector()
    send = to(commented(desk, connector))
    sent = await connector.send(send)
    reply = desk.server.items[sent.id]
    assert (reply.message, reply.author["id"], reply.parent) == ("We are on it ^AK", "1100", send.to)
    assert sent.url.startswith(f"https://www.facebook.com/{desk.server.our_post}?comment_id=")
    found = await connector.read_back(send)
    assert found is not None
    assert found.id == sent.id
    assert await connector.read_back(send.model_copy(update={"text": "Something else"})) is None


async def test_a_reply_to_a_reply_is_found_in_its_thread(desk: Desk) -> None:
    """The network hangs it below the top comment, and there it is looked for."""
    connector = desk.connector()
    top = commented(desk, connector)
    send = to(commented(desk, connector, parent=top.id))
    sent = await connector.send(send)
    assert desk.server.items[sent.id].parent == top.id
    assert (await connector.read_back(send)) is not None


async def test_a_visitors_post_is_answered_below_it(desk: Desk) -> None:
    """As a comment."""
    connector = desk.connector()
    send = to(read(connector, delivery(desk.server.visitor_post(ANA, "Where is my order?"))))
    sent = await connector.send(send)
    assert desk.server.items[sent.id].post == send.to
    assert (await connector.read_back(send)) is not None


async def test_a_lost_answer_is_in_doubt_and_found_again(desk: Desk) -> None:
    """The reply stands once: after the broken connection it is looked for, not repeated."""
    connector = desk.connector()
    send = to(commented(desk, connector))
    desk.server.lose_answer(verb="POST", match="comments")
    with pytest.raises(Unknown):
        await connector.send(send)
    assert await connector.read_back(send) is not None
    assert desk.server.replies() == ["We are on it ^AK"]


async def test_a_write_that_never_arrived_is_certainly_not_there(desk: Desk) -> None:
    """A gateway failed before the act."""
    connector = desk.connector()
    send = to(commented(desk, connector))
    desk.server.fall_over(verb="POST")
    with pytest.raises(Unknown):
        await connector.send(send)
    assert await connector.read_back(send) is None
    assert desk.server.replies() == []


async def test_an_older_reply_in_the_same_words_is_not_taken_for_this_one(desk: Desk) -> None:
    """What stood there before the send was made does not count."""
    connector = desk.connector()
    found = commented(desk, connector)
    await connector.send(to(found))
    desk.clock.advance(timedelta(hours=1))
    assert await connector.read_back(to(found, created_at=desk.clock.now())) is None


async def test_a_like_is_given_and_seen(desk: Desk) -> None:
    """Liking twice changes nothing."""
    connector = desk.connector()
    send = to(commented(desk, connector), "", purpose=Purpose.LIKE)
    assert await connector.read_back(send) is None
    for _ in range(2):
        await connector.send(send)
    assert desk.server.items[send.to].liked
    assert await connector.read_back(send) is not None


async def test_a_private_reply_goes_out_once_and_names_the_conversation(desk: Desk) -> None:
    """What the customer answers there joins the case; the network refuses a second one."""
    connector = desk.connector()
    found = commented(desk, connector)
    send = to(found, "May we have your order number?", private=True, purpose=Purpose.PRIVATE)
    sent = await connector.send(send)
    assert sent.conversation == "private|709001"
    assert desk.server.sent_to("709001") == ["May we have your order number?"]
    assert desk.server.calls[-1].body["recipient"] == {"comment_id": found.id}
    assert (await connector.read_back(send)) == sent
    answer = desk.server.write({"id": "709001", "name": "Ana Rey"}, "It is 88")
    assert read(connector, delivery(answer, door="messaging")).key.conversation == sent.conversation
    with pytest.raises(Permanent, match="allows only one") as caught:
        await connector.send(send)
    assert caught.value.reason == "duplicate"


async def test_a_private_reply_whose_answer_was_lost_is_found_by_its_words(desk: Desk) -> None:
    """Its conversation is new and its person not known: the latest conversations are looked through."""
    connector = desk.connector()
    send = to(commented(desk, connector), "Your order number?", private=True, purpose=Purpose.PRIVATE)
    assert await connector.read_back(send) is None
    desk.server.lose_answer(match="messages")
    with pytest.raises(Unknown):
        await connector.send(send)
    found = await connector.read_back(send)
    assert found is not None
    assert found.conversation == "private|709001"


async def test_a_private_reply_to_a_post_names_the_post(desk: Desk) -> None:
    """Another recipient than for a comment."""
    connector = desk.connector()
    found = read(connector, delivery(desk.server.visitor_post(ANA, "Where is my order?")))
    await connector.send(to(found, private=True, purpose=Purpose.PRIVATE))
    assert desk.server.calls[-1].body["recipient"] == {"post_id": found.id}


async def test_a_message_is_answered_within_24_hours(desk: Desk) -> None:
    """As a response to that person; a second later the window is closed without a call."""
    connector = desk.connector()
    send = to(written(desk, connector))
    desk.clock.advance(timedelta(hours=24, seconds=-1))
    await connector.send(send)
    assert desk.server.calls[-1].body["messaging_type"] == "RESPONSE"
    assert desk.server.sent_to("7001") == ["We are on it ^AK"]
    assert await connector.read_back(send) is not None
    desk.clock.advance(timedelta(seconds=1))
    count = len(desk.server.calls)
    with pytest.raises(Permanent, match="24 hours are over"):
        await connector.send(send)
    assert len(desk.server.calls) == count


async def test_human_agent_gives_seven_days_to_what_people_write(desk: Desk) -> None:
    """With the tag; never for an acknowledgement that nobody typed."""
    connector = desk.connector(FACEBOOK_HUMAN_AGENT="true")
    send = to(written(desk, connector))
    desk.clock.advance(timedelta(hours=25))
    await connector.send(send)
    assert desk.server.tags_sent == ["HUMAN_AGENT"]
    with pytest.raises(Permanent, match="24 hours are over"):
        await connector.send(send.model_copy(update={"purpose": Purpose.ACKNOWLEDGE}))
    desk.clock.advance(timedelta(days=6))
    with pytest.raises(Permanent) as caught:
        await connector.send(send)
    assert caught.value.reason == "window_closed"


async def test_a_window_that_the_network_holds_closed_is_told_in_words(desk: Desk) -> None:
    """Human Agent is set here but was not granted there."""
    connector = desk.connector(FACEBOOK_HUMAN_AGENT="true")
    desk.server.human_agent = False
    send = to(written(desk, connector))
    desk.clock.advance(timedelta(hours=25))
    with pytest.raises(Permanent, match="has to write first") as caught:
        await connector.send(send)
    assert caught.value.reason == "window_closed"


async def test_a_comment_that_is_gone_cannot_be_answered(desk: Desk) -> None:
    """The words say what to do."""
    connector = desk.connector()
    send = to(commented(desk, connector))
    desk.server.remove(send.to)
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
    desk: Desk, code: int, subcode: int | None, reason: str, words: str
) -> None:
    """Nothing is tried again by itself."""
    connector = desk.connector()
    send = to(commented(desk, connector))
    desk.server.fail(code, subcode=subcode, verb="POST")
    with pytest.raises(Permanent, match=words) as caught:
        await connector.send(send)
    assert caught.value.reason == reason
    assert desk.server.replies() == []


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


async def test_throttled_goes_out_later(desk: Desk) -> None:
    """After the time that the network names; nothing was done."""
    connector = desk.connector()
    send = to(commented(desk, connector))
    desk.server.use_up(100, regain_min=7)
    desk.server.fail(80001, verb="POST")
    with pytest.raises(Transient) as caught:
        await connector.send(send)
    assert caught.value.retry_after == 420
    await connector.send(send)
    assert desk.server.replies() == ["We are on it ^AK"]


async def test_without_a_target_nothing_is_called(desk: Desk) -> None:
    """A reference of another form."""
    connector = desk.connector()
    with pytest.raises(Permanent, match="nothing public"):
        await connector.send(a_send(ref={}, private=False))
    with pytest.raises(Permanent, match="nothing public"):
        await connector.send(a_send(ref={}, private=True, purpose=Purpose.PRIVATE))
    assert desk.server.calls == []
