"""What a look for a send proves on Instagram and what it does not; which private words it lets out, and how marked."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.domain.errors import Permanent, Unknown
from tests.connectors.instagram.test_instagram_calls import Rig, a_rig
from tests.support.cases import ANA
from tests.support.instagram_server import OWN


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """A professional account with Instagram Login."""
    async with a_rig(redis_url) as made:
        yield made


async def test_a_look_that_ends_too_soon_proves_nothing(rig: Rig) -> None:
    """More has been said since than one look takes: were it sent again, it might stand twice."""
    top, event = rig.comment()
    sends = (rig.send_to(event), rig.send_to(rig.message(), id="send-2", private=True))
    for _ in range(200):
        rig.server.comment("me too", parent=top.id)
    for send in sends:
        await rig.connector.send(send)
    for _ in range(20):
        rig.message("And?")
    for send in sends:
        with pytest.raises(Unknown, match="look there"):
            await rig.connector.read_back(send)


async def test_a_talk_that_reaches_back_far_enough_proves_what_is_not_there(rig: Rig) -> None:
    """However long the conversation was before."""
    event = [rig.message("And?") for _ in range(30)][-1]
    rig.clock.advance(timedelta(hours=1))
    assert await rig.connector.read_back(rig.send_to(event, private=True)) is None


async def test_the_same_words_twice_are_two_sends(rig: Rig) -> None:
    """In public and in private: that the first stands proves nothing of the second. Two lost ones are two as well."""
    for event, private in ((rig.comment()[1], False), (rig.message(), True)):
        sends = [rig.send_to(event, id=f"send-{number}-{private}", private=private) for number in range(3)]
        await rig.connector.send(sends[0])
        assert await rig.connector.read_back(sends[1]) is None
        rig.server.lose_answer(verb="POST")
        with pytest.raises(Unknown):
            await rig.connector.send(sends[1])
        for _ in range(2):
            assert await rig.connector.read_back(sends[1]) is not None
        assert await rig.connector.read_back(sends[2]) is None


async def test_a_network_whose_clock_is_behind_is_believed(rig: Rig) -> None:
    """By a minute: what was sent seems older than the send, and stands all the same."""
    for event, private in ((rig.comment()[1], False), (rig.message(), True)):
        at = rig.clock.now() + timedelta(minutes=1)
        send = rig.send_to(event, id=f"send-{private}", private=private, created_at=at)
        await rig.connector.send(send)
        assert await rig.connector.read_back(send) is not None


async def test_what_the_network_takes_without_naming_it_is_in_doubt(rig: Rig) -> None:
    """Whether it stands is looked up: an empty answer is no proof."""
    event, message = rig.comment()[1], rig.message()
    for edge in ("{id}/replies", f"{OWN}/messages"):
        rig.server.edge("POST", edge, lambda _: {})
    for send in (rig.send_to(event), rig.send_to(message, private=True), rig.send_to(event, private=True)):
        with pytest.raises(Unknown, match="did not name"):
            await rig.connector.send(send)
        assert await rig.connector.read_back(send) is None


async def test_a_private_reply_in_doubt_is_the_one_that_there_may_be(rig: Rig) -> None:
    """Its answer was lost: another send is refused before any call; the same one may be tried again."""
    said, event = rig.comment()
    rig.server.lose_answer(verb="POST")
    with pytest.raises(Unknown):
        await rig.connector.send(rig.send_to(event, private=True))
    with pytest.raises(Permanent) as caught:
        await rig.connector.send(rig.send_to(event, id="send-2", private=True))
    assert caught.value.reason == "only_once"
    assert len(rig.server.written()) == 1
    with pytest.raises(Permanent) as caught:
        await rig.connector.send(rig.send_to(event, private=True))
    assert caught.value.reason == "duplicate"
    assert [each.body["recipient"] for each in rig.server.written()] == [{"comment_id": said.id}] * 2


async def test_a_minute_before_the_window_closes_words_are_marked(redis_url: str) -> None:
    """The network may take them when it is closed; a minute earlier the plain way is open for certain."""
    async with a_rig(redis_url, INSTAGRAM_HUMAN_AGENT="yes") as rig:
        event = rig.message()
        rig.clock.advance(timedelta(hours=23, minutes=58, seconds=59))
        await rig.connector.send(rig.send_to(event, private=True))
        rig.clock.advance(timedelta(seconds=1))
        await rig.connector.send(rig.send_to(event, private=True, id="send-2"))
        assert rig.server.world.tags == ["", "HUMAN_AGENT"]


async def test_only_a_persons_words_are_marked_as_a_persons(redis_url: str) -> None:
    """Instagram forbids it for automatic ones: in time they go out plainly, afterwards they are refused."""
    nobody = ANA.model_copy(update={"id": ""})
    async with a_rig(redis_url, INSTAGRAM_HUMAN_AGENT="yes") as rig:
        event = rig.message()
        await rig.connector.send(rig.send_to(event, private=True, by=nobody))
        rig.clock.advance(timedelta(hours=25))
        with pytest.raises(Permanent) as caught:
            await rig.connector.send(rig.send_to(event, private=True, by=nobody, id="send-2"))
        assert caught.value.reason == "window_closed"
        assert rig.server.world.tags == [""]
