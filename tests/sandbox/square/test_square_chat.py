"""Private talks: who may write to whom, and how messages are read."""

from collections.abc import AsyncIterator

import pytest

from sandbox.square.people import ActRefused
from sandbox.square.seed import BRAND_APP_LOGIN, BRAND_MAIN_LOGIN
from tests.support.square_sandbox import CHAT, Client, Reply, SquareClock, running_square

Square = tuple[Client, SquareClock]


@pytest.fixture
async def square() -> AsyncIterator[Square]:
    """The brand, signed in for private messages, and the clock."""
    async with running_square() as (client, clock):
        yield await client.brand(), clock


async def _open(client: Client, name: str) -> Reply:
    return await client.chat("getConvoForMembers", {"members": client.square.who(name).did})


async def _send(client: Client, convo_id: str, text: str) -> Reply:
    return await client.chat("sendMessage", body={"convoId": convo_id, "message": {"text": text}})


async def test_chat_needs_the_right_session_and_header(square: Square) -> None:
    """A plain app password may not chat; the main password may; the proxy header must name the chat service."""
    brand, _ = square
    nobody = Client(brand.square, brand.http)
    assert (await nobody.chat("listConvos")).error == (401, "AuthMissing")
    plain = await (await nobody.brand(BRAND_APP_LOGIN)).chat("listConvos")
    assert plain.error == (400, "InvalidToken")
    assert plain.data["message"] == "Bad token method"
    assert (await (await nobody.brand(BRAND_MAIN_LOGIN)).chat("listConvos")).status == 200
    method = "chat.bsky.convo.listConvos"
    assert (await brand.get(method)).error == (404, "XRPCNotSupported")
    for wrong in ("x", "did:web:elsewhere.test#bsky_chat"):
        headers = dict(CHAT) | {"atproto-proxy": wrong}
        assert (await brand.call("GET", method, headers=headers)).error == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("allowed", "followed", "error"),
    [
        ("all", False, None),
        ("all", True, None),
        ("following", True, None),
        ("following", False, "NotFollowedBySender"),
        ("none", True, "MessagesDisabled"),
        ("none", False, "MessagesDisabled"),
        (None, True, None),
        (None, False, "NotFollowedBySender"),
    ],
)
async def test_the_recipient_decides_who_may_begin(
    square: Square, allowed: str | None, followed: bool, error: str | None
) -> None:
    """all, following (the default) and none, each with and without the recipient's follow."""
    brand, _ = square
    sandbox = brand.square
    if allowed is not None:
        sandbox.allow_messages("meitanaka", allowed)
    if followed:
        sandbox.follow("meitanaka", "acme")
    availability = await brand.chat("getConvoAvailability", {"members": sandbox.who("meitanaka").did})
    answer = await _open(brand, "meitanaka")
    assert availability.data["canChat"] is (error is None)
    if error is None:
        assert answer.status == 200
        assert (await _send(brand, answer.data["convo"]["id"], "hello")).status == 200
    else:
        assert answer.error == (400, error)


async def test_a_talk_in_which_something_was_said_stays_open(square: Square) -> None:
    """Once messages were exchanged, the recipient's later choice does not close the talk; an empty talk it does."""
    brand, _ = square
    empty = (await _open(brand, "anahorvat")).data["convo"]["id"]
    used = (await _open(brand, "tombecker")).data["convo"]["id"]
    await _send(brand, used, "hello Tom")
    for name in ("anahorvat", "tombecker"):
        brand.square.allow_messages(name, "none")
    assert (await _send(brand, used, "still here")).status == 200
    assert (await _open(brand, "tombecker")).data["convo"]["id"] == used
    assert (await _send(brand, empty, "hello Ana")).error == (400, "MessagesDisabled")
    assert (await _open(brand, "anahorvat")).error == (400, "MessagesDisabled")


async def test_blocks_close_the_door(square: Square) -> None:
    """A block by the recipient and a block of the recipient have their own errors."""
    brand, _ = square
    sandbox, world = brand.square, brand.square.world
    ana, acme = sandbox.who("anahorvat").did, sandbox.brand.did
    value = {"$type": "app.bsky.graph.block", "createdAt": "2026-11-20T10:00:00Z"}
    block = world.put(ana, "app.bsky.graph.block", world.tid(), value | {"subject": acme})
    assert (await _open(brand, "anahorvat")).error == (400, "BlockedActor")
    world.remove(block.uri)
    world.put(acme, "app.bsky.graph.block", world.tid(), value | {"subject": ana})
    assert (await _open(brand, "anahorvat")).error == (400, "BlockedSubject")


async def test_wrong_members(square: Square) -> None:
    """Nobody, oneself alone, two others, an unknown account and a broken DID are refused."""
    brand, _ = square
    sandbox = brand.square
    two = [("members", sandbox.who(name).did) for name in ("anahorvat", "tombecker")]
    for query in ([], [("members", sandbox.brand.did)], two, [("members", "zz")]):
        assert (await brand.chat("getConvoForMembers", query)).error == (400, "InvalidRequest")
    unknown = await brand.chat("getConvoForMembers", {"members": "did:plc:unknown"})
    assert unknown.error == (400, "RecipientNotFound")


async def test_messages_are_sent_once_and_read(square: Square) -> None:
    """The sent message comes back as a view; asking for the talk again gives the same one; pages are newest first."""
    brand, clock = square
    convo = (await _open(brand, "anahorvat")).data["convo"]
    assert (await _open(brand, "anahorvat")).data["convo"]["id"] == convo["id"]
    texts = ["one", "two", "three"]
    for text in texts:
        clock.skip(seconds=1)
        sent = (await _send(brand, convo["id"], text)).data
        assert sent["sender"] == {"did": brand.square.brand.did}
        assert sent["text"] == text
    first = (await brand.chat("getMessages", {"convoId": convo["id"], "limit": "2"})).data
    query = {"convoId": convo["id"], "limit": "2", "cursor": first["cursor"]}
    second = (await brand.chat("getMessages", query)).data
    assert [item["text"] for item in first["messages"] + second["messages"]] == texts[::-1]
    assert "cursor" not in second


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("x" * 1000, 200),
        ("x" * 1001, 400),
        ("\U0001f468\u200d\U0001f469" * 909, 200),
        ("\U0001f468\u200d\U0001f469" * 910, 400),
    ],
)
async def test_limits_of_a_message(square: Square, text: str, status: int) -> None:
    """1000 graphemes and 10,000 bytes are the most."""
    brand, _ = square
    convo_id = (await _open(brand, "anahorvat")).data["convo"]["id"]
    assert (await _send(brand, convo_id, text)).status == status


async def test_facets_of_messages_are_checked(square: Square) -> None:
    """A message keeps its facets; a facet outside the text is refused."""
    brand, _ = square
    convo_id = (await _open(brand, "anahorvat")).data["convo"]["id"]
    link = {"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com"}
    facets = [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [link]}]
    good = {"convoId": convo_id, "message": {"text": "here", "facets": facets}}
    assert (await brand.chat("sendMessage", body=good)).data["facets"] == facets
    bad = {"convoId": convo_id, "message": {"text": "her", "facets": facets}}
    assert (await brand.chat("sendMessage", body=bad)).error == (400, "InvalidRequest")


async def test_talks_of_others_are_closed(square: Square) -> None:
    """A talk that is not one's own, or is unknown, is 400 InvalidConvo for every method."""
    brand, _ = square
    sandbox = brand.square
    sandbox.follow("anahorvat", "tombecker")
    sandbox.message("tombecker", "anahorvat", "private")
    others = next(iter(sandbox.world.convos))
    for convo_id in (others, "nothing"):
        assert (await _send(brand, convo_id, "hm")).error == (400, "InvalidConvo")
        assert (await brand.chat("getMessages", {"convoId": convo_id})).error == (400, "InvalidConvo")
    assert (await brand.chat("listConvos")).data == {"convos": []}
    assert (await brand.chat("getLog")).data["logs"] == []


async def test_the_log_tells_everything_once(square: Square) -> None:
    """The log holds beginnings and messages of both sides in order; its cursor gives only what is new."""
    brand, clock = square
    brand.square.message("anahorvat", "acme", "my order number is 12")
    first = (await brand.chat("getLog")).data
    kinds = [event["$type"].partition("#")[2] for event in first["logs"]]
    assert kinds == ["logBeginConvo", "logCreateMessage"]
    event = first["logs"][-1]
    assert event["message"]["text"] == "my order number is 12"
    assert event["message"]["$type"] == "chat.bsky.convo.defs#messageView"
    assert event["relatedProfiles"][0]["handle"] == "anahorvat.square.test"
    assert (await brand.chat("getLog", {"cursor": first["cursor"]})).data == {"cursor": first["cursor"], "logs": []}
    clock.skip(seconds=1)
    await _send(brand, event["convoId"], "thank you")
    later = (await brand.chat("getLog", {"cursor": first["cursor"]})).data
    kinds = [event["$type"].partition("#")[2] for event in later["logs"]]
    assert kinds == ["logAcceptConvo", "logCreateMessage"]
    assert later["cursor"] > first["cursor"]


async def test_requests_are_accepted_by_answering(square: Square) -> None:
    """A stranger's talk is a request until it is answered."""
    brand, clock = square
    for name in ("jamalreed", "meitanaka"):
        clock.skip(seconds=1)
        brand.square.message(name, "acme", f"hello from {name}")
    requests = (await brand.chat("listConvos", {"status": "request"})).data["convos"]
    assert [convo["unreadCount"] for convo in requests] == [1, 1]
    assert requests[0]["lastMessage"]["text"] == "hello from meitanaka"
    await _send(brand, requests[1]["id"], "hello")
    (waiting,) = (await brand.chat("listConvos", {"status": "request"})).data["convos"]
    assert waiting["id"] == requests[0]["id"]
    (accepted,) = (await brand.chat("listConvos", {"status": "accepted"})).data["convos"]
    assert (accepted["id"], accepted["unreadCount"]) == (requests[1]["id"], 0)
    page = (await brand.chat("listConvos", {"limit": "1"})).data
    rest = (await brand.chat("listConvos", {"limit": "1", "cursor": page["cursor"]})).data
    assert page["convos"][0]["id"] != rest["convos"][0]["id"]


async def test_people_meet_the_same_rules(square: Square) -> None:
    """A person who may not write privately is told so in words; long, empty and self-written messages too."""
    brand, _ = square
    sandbox = brand.square
    with pytest.raises(ActRefused, match="Rosa Díaz cannot be written to: recipient has disabled"):
        sandbox.message("acme", "rosadiaz", "hello")
    with pytest.raises(ActRefused, match="The message has 1001 characters; 1000 is the most"):
        sandbox.message("anahorvat", "acme", "x" * 1001)
    with pytest.raises(ActRefused, match="The message is empty"):
        sandbox.message("anahorvat", "acme", " ")
    with pytest.raises(ActRefused, match="cannot write to yourself"):
        sandbox.message("anahorvat", "anahorvat", "hello")
