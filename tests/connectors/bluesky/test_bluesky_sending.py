"""Sending: what staff say stands on the square once, and every refusal has words for a person."""

from datetime import timedelta

import pytest

from bot.domain.case import Purpose
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Interaction, Kind
from sandbox.square.seed import BRAND_MAIN_LOGIN
from tests.support.bluesky_rig import NO_CHAT_PASSWORD, Rig, interactions, read_all

POST, LIKE = "app.bsky.feed.post", "app.bsky.feed.like"


async def _mention(rig: Rig, name: str = "anahorvat", text: str = "@acme where is my suitcase?") -> Interaction:
    rig.square.post(name, text)
    connector = rig.connector()
    return interactions(connector, await read_all(connector, "notifications"))[0]


def _our_posts(rig: Rig) -> list[dict[str, object]]:
    ours = rig.square.brand.did
    return [record.value for record in rig.square.world.of_kind(POST, ours) if "reply" in record.value]


async def test_a_reply_stands_under_the_post(rig: Rig) -> None:
    """A reply hangs below the customer's post, and its address leads to it."""
    mention = await _mention(rig)
    sent = await rig.connector().send(rig.send(mention))
    record = rig.square.world.records[sent.id]
    assert record.value["reply"]["parent"] == {"uri": mention.id, "cid": mention.version}
    assert sent.url == f"https://bsky.app/profile/acme.square.test/post/{record.rkey}"


async def test_the_same_send_twice_is_one_post(rig: Rig) -> None:
    """Repeating a send, from another process and later, changes nothing."""
    send = rig.send(await _mention(rig))
    first = await rig.connector().send(send)
    rig.clock.advance(timedelta(minutes=3))
    assert await rig.connector().send(send) == first
    assert len(_our_posts(rig)) == 1


async def test_an_answer_that_was_lost_is_one_post(rig: Rig) -> None:
    """The server takes the post and the line breaks before its answer: the repetition finds the same post."""
    send = rig.send(await _mention(rig))
    rig.square.set_fault("drop_after", "com.atproto.repo.putRecord")
    sent = await rig.connector().send(send)
    assert sent.id in rig.square.world.records
    assert len(_our_posts(rig)) == 1


async def test_a_fate_that_stays_unknown_is_said_and_can_be_read_back(rig: Rig) -> None:
    """When every answer is lost the send is unknown, and reading back finds what stands."""
    send = rig.send(await _mention(rig))
    connector = rig.connector()
    assert await connector.read_back(send) is None
    rig.square.set_fault("drop_after", "com.atproto.repo.putRecord", times=9)
    with pytest.raises(Unknown):
        await connector.send(send)
    rig.square.set_fault(None)
    found = await rig.connector().read_back(send)
    assert found is not None
    assert found == await connector.send(send)
    assert len(_our_posts(rig)) == 1


async def test_two_sends_are_two_posts(rig: Rig) -> None:
    """Other sends have other record keys, also in the same millisecond."""
    mention = await _mention(rig)
    connector = rig.connector()
    ids = {(await connector.send(rig.send(mention, id=f"send-{n}"))).id for n in range(5)}
    assert len(ids) == len(_our_posts(rig)) == 5


async def test_a_reply_names_the_version_that_stands_now(rig: Rig) -> None:
    """A customer who edits before our reply gets it under the new version, not under one that is gone."""
    mention = await _mention(rig)
    edited = rig.square.edit(mention.id, "@acme where are my two suitcases?")
    sent = await rig.connector().send(rig.send(mention))
    assert rig.square.world.records[sent.id].value["reply"]["parent"]["cid"] == edited.cid != mention.version


async def test_a_reply_deep_in_a_thread_keeps_its_root(rig: Rig) -> None:
    """An answer to an answer hangs in the same thread."""
    ours = rig.square.post("acme", "New routes!")
    rig.square.post("anahorvat", "Why not Split?", reply_to=ours.uri)
    connector = rig.connector()
    [comment] = interactions(connector, await read_all(connector, "notifications"))
    sent = await connector.send(rig.send(comment))
    reply = rig.square.world.records[sent.id].value["reply"]
    assert (reply["root"]["uri"], reply["parent"]["uri"]) == (ours.uri, comment.id)


async def test_a_thread_whose_root_has_no_address_begins_at_the_post(rig: Rig) -> None:
    """Somebody's program wrote an answer to nothing: ours hangs below it, and names no empty address."""
    mention = await _mention(rig)
    rig.square.world.records[mention.id].value["reply"] = {"root": {"uri": "", "cid": ""}, "parent": {"uri": ""}}
    sent = await rig.connector().send(rig.send(mention))
    reply = rig.square.world.records[sent.id].value["reply"]
    assert reply["root"] == reply["parent"] == {"uri": mention.id, "cid": mention.version}


async def test_a_reply_to_a_deleted_post_is_refused(rig: Rig) -> None:
    """A reply below nothing is not posted; staff learn why."""
    mention = await _mention(rig)
    rig.square.delete(mention.id)
    with pytest.raises(Permanent, match="not there any more") as caught:
        await rig.connector().send(rig.send(mention))
    assert caught.value.reason == "gone"
    assert _our_posts(rig) == []


async def test_a_public_reply_needs_something_public(rig: Rig) -> None:
    """A follow or a direct message has no post that could be answered."""
    mention = await _mention(rig)
    with pytest.raises(Permanent, match="nothing public"):
        await rig.connector().send(rig.send(mention, ref={"did": mention.ref["did"]}))


async def test_links_and_handles_in_a_reply_are_live(rig: Rig) -> None:
    """Handles that exist become mentions, others stay text; links become links."""
    mention = await _mention(rig)
    text = "😀 @anahorvat.square.test @nobody.square.test see https://acme.example/help."
    sent = await rig.connector().send(rig.send(mention, text=text))
    features = [facet["features"][0] for facet in rig.square.world.records[sent.id].value["facets"]]
    assert [one.get("did") or one.get("uri") for one in features] == [mention.ref["did"], "https://acme.example/help"]


@pytest.mark.parametrize(("letters", "stands"), [(300, True), (301, False)])
async def test_the_length_rule_is_the_networks(rig: Rig, letters: int, stands: bool) -> None:
    """300 graphemes pass, one more is refused with a reason that staff understand."""
    mention = await _mention(rig)
    send = rig.send(mention, text="e\u0301" * letters)
    if stands:
        await rig.connector().send(send)
        assert len(_our_posts(rig)) == 1
    else:
        with pytest.raises(Permanent, match="too long"):
            await rig.connector().send(send)


async def test_a_rate_limit_names_its_pause(rig: Rig) -> None:
    """A 429 is transient, with the seconds until the limit is lifted; nothing was posted."""
    mention = await _mention(rig)
    connector = rig.connector()
    await connector.check()
    rig.square.set_fault("ratelimited", "com.atproto.repo.putRecord", times=9)
    with pytest.raises(Transient) as caught:
        await connector.send(rig.send(mention))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1
    assert _our_posts(rig) == []


# --- private ------------------------------------------------------------------------------------------------------


async def test_a_private_message_reaches_a_customer_who_allows_it(rig: Rig) -> None:
    """Taking a mention private opens the conversation and sends once."""
    mention = await _mention(rig, "jamalreed")
    connector = rig.connector()
    send = rig.send(mention, "Your booking number, please?", private=True)
    sent = await connector.send(send)
    [convo] = rig.square.world.convos.values()
    assert [message.text for message in convo.messages] == ["Your booking number, please?"]
    assert sent.conversation == f"chat:{mention.ref['did']}"
    assert await rig.connector().read_back(send) == sent


async def test_a_conversation_that_there_is_is_used_again(rig: Rig) -> None:
    """No other is asked for; so who wrote first is answered though they take no messages from strangers."""
    rig.square.message("meitanaka", "acme", "My card was charged twice")
    mention = await _mention(rig, "meitanaka")
    await rig.connector().send(rig.send(mention, "Your booking number, please?", private=True))
    [convo] = rig.square.world.convos.values()
    assert [message.text for message in convo.messages][1:] == ["Your booking number, please?"]
    assert rig.square.calls_of("chat.bsky.convo.getConvoForMembers") == []


async def test_a_customers_message_is_answered_in_its_conversation(rig: Rig) -> None:
    """A direct message arrives as private, and the answer goes back the same way."""
    rig.square.message("meitanaka", "acme", "My card was charged twice")
    connector = rig.connector()
    [message] = interactions(connector, await read_all(connector, "chat"))
    assert (message.kind, message.private) == (Kind.MESSAGE, True)
    assert message.key.conversation == f"chat:{rig.square.who('meitanaka').did}"
    await connector.send(rig.send(message, "We will look.", private=True))
    echo = interactions(connector, await read_all(connector, "chat"))
    assert [(one.text, one.by_us) for one in echo] == [("My card was charged twice", False), ("We will look.", True)]


async def test_the_chat_is_read_on_from_its_cursor(rig: Rig) -> None:
    """Each message comes once; a quiet poll brings nothing."""
    connector = rig.connector()
    rig.square.message("meitanaka", "acme", "one")
    first = await read_all(connector, "chat")
    rig.square.message("meitanaka", "acme", "two")
    second = await read_all(connector, "chat", first.cursor)
    third = await read_all(connector, "chat", second.cursor)
    assert [one.text for one in interactions(connector, second)] == ["two"]
    assert (third.items, third.cursor) == ((), second.cursor)


@pytest.mark.parametrize("name", ["meitanaka", "rosadiaz"])
async def test_a_customer_who_takes_no_messages_is_told_to_staff(rig: Rig, name: str) -> None:
    """Where the customer's settings forbid it the send fails for good, with what to do instead."""
    mention = await _mention(rig, name)
    with pytest.raises(Permanent, match="write to you first") as caught:
        await rig.connector().send(rig.send(mention, private=True))
    assert caught.value.reason == "messages_off"


async def test_a_private_message_is_never_repeated_blindly(rig: Rig) -> None:
    """A lost answer makes the send unknown after one call; reading back finds the one message."""
    mention = await _mention(rig, "jamalreed")
    connector = rig.connector()
    send = rig.send(mention, "Hello", private=True)
    rig.square.set_fault("drop_after", "chat.bsky.convo.sendMessage", times=9)
    with pytest.raises(Unknown):
        await connector.send(send)
    assert len(rig.square.calls_of("chat.bsky.convo.sendMessage")) == 1
    rig.square.set_fault(None)
    assert await connector.read_back(send) is not None
    [convo] = rig.square.world.convos.values()
    assert len(convo.messages) == 1


async def test_an_older_message_with_the_same_words_is_not_mistaken(rig: Rig) -> None:
    """Reading back looks only at what was sent since the send was made, and only at our own words."""
    rig.square.message("jamalreed", "acme", "Hello")
    rig.square.message("acme", "jamalreed", "Hello")
    mention = await _mention(rig, "jamalreed")
    rig.clock.advance(timedelta(minutes=10))
    send = rig.send(mention, "Hello", private=True)
    rig.square.message("jamalreed", "acme", "Hello")
    assert await rig.connector().read_back(send) is None


async def test_the_same_message_twice_is_two_sends(rig: Rig) -> None:
    """That the first stands proves nothing of the second. Two lost ones are two as well."""
    mention, connector = await _mention(rig, "jamalreed"), rig.connector()
    sends = [rig.send(mention, "Hello", private=True, id=f"send-{number}") for number in range(3)]
    first = await connector.send(sends[0])
    assert await connector.read_back(sends[1]) is None
    rig.square.set_fault("drop_after", "chat.bsky.convo.sendMessage")
    with pytest.raises(Unknown):
        await connector.send(sends[1])
    for _ in range(2):
        found = await connector.read_back(sends[1])
        assert found is not None
        assert found.id != first.id
    assert await connector.read_back(sends[2]) is None


async def test_a_network_whose_clock_is_behind_is_believed(rig: Rig) -> None:
    """By a minute: the message seems older than the send, and stands all the same."""
    mention, at = await _mention(rig, "jamalreed"), rig.clock.now() + timedelta(minutes=1)
    send = rig.send(mention, "Hello", private=True, created_at=at)
    await rig.connector().send(send)
    assert await rig.connector().read_back(send) is not None


async def test_a_look_that_ends_too_soon_proves_nothing(rig: Rig) -> None:
    """More has been said since than one look takes: were the message sent again, it might stand twice."""
    mention = await _mention(rig, "jamalreed")
    send = rig.send(mention, "Hello", private=True)
    await rig.connector().send(send)
    for _ in range(500):
        rig.square.message("jamalreed", "acme", "And?")
    with pytest.raises(Unknown, match="look there"):
        await rig.connector().read_back(send)
    rig.clock.advance(timedelta(hours=1))
    assert await rig.connector().read_back(rig.send(mention, "Hello", private=True)) is None


async def test_without_the_right_the_chat_stays_shut(rig: Rig) -> None:
    """An app password without direct messages: polling rests, sending says why, check names the mend."""
    mention = await _mention(rig, "jamalreed")
    connector = rig.connector(app_password=NO_CHAT_PASSWORD)
    page = await connector.poll("chat", None)
    assert (page.items, page.wait_s) == ((), 3600.0)
    assert rig.square.calls_of("chat.bsky.convo.getLog") == []
    with pytest.raises(Permanent, match="does not allow direct messages"):
        await connector.send(rig.send(mention, private=True))
    health = await connector.check()
    assert health.ok
    assert "app password" in health.mend


async def test_check_tells_what_works(rig: Rig) -> None:
    """With everything in order, check says who is signed in and that messages work."""
    health = await rig.connector(app_password=BRAND_MAIN_LOGIN, search="suitcase").check()
    assert health.ok
    assert health.summary == "signed in, direct messages allowed"


async def test_a_server_without_chat_is_no_failure(rig: Rig) -> None:
    """Where the chat service does not answer and never has, polling waits quietly and check says so."""
    connector = rig.connector()
    await connector.check()
    for method in ("chat.bsky.convo.getLog", "chat.bsky.convo.listConvos"):
        rig.square.set_fault("http_500", method, times=3)
    page = await connector.poll("chat", None)
    assert (page.items, page.cursor, page.wait_s) == ((), None, 60.0)
    health = await connector.check()
    assert health.ok
    assert "out of reach" in health.summary


async def test_a_chat_that_worked_before_and_fails_is_a_failure(rig: Rig) -> None:
    """Once the chat has been read, its failures are transient errors that are seen."""
    connector = rig.connector()
    reading = await read_all(connector, "chat")
    rig.square.set_fault("http_500", "chat.bsky.convo.getLog", times=3)
    with pytest.raises(Transient):
        await connector.poll("chat", reading.cursor)


async def test_a_private_message_needs_somebody(rig: Rig) -> None:
    """A ref that names nobody is refused in words, without a call."""
    mention = await _mention(rig)
    with pytest.raises(Permanent, match="nobody here"):
        await rig.connector().send(rig.send(mention, ref={}, private=True))


async def test_a_like_whose_answer_was_lost_is_found_and_stands_once(rig: Rig) -> None:
    """It is looked for among our likes, not among our posts."""
    send = rig.send(await _mention(rig), purpose=Purpose.LIKE, text="")
    assert await rig.connector().read_back(send) is None
    rig.square.set_fault("drop_after", "com.atproto.repo.putRecord", times=9)
    with pytest.raises(Unknown):
        await rig.connector().send(send)
    rig.square.set_fault(None)
    found = await rig.connector().read_back(send)
    assert found == await rig.connector().send(send)
    assert len(list(rig.square.world.of_kind(LIKE, rig.square.brand.did))) == 1
