"""Hiding a comment on Instagram: in its own form, read back, each refusal in words."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.case import Purpose
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Interaction
from tests.connectors.instagram.test_instagram_calls import Rig, a_rig


@pytest.fixture
async def rig(redis_url: str) -> AsyncIterator[Rig]:
    """An account with Instagram Login."""
    async with a_rig(redis_url) as ready:
        yield ready


def wishes(rig: Rig) -> list[tuple[str, str]]:
    """What was asked of which comment."""
    return [(each.path, each.given("hide")) for each in rig.server.written()]


async def test_a_comment_is_hidden_and_shown_again(rig: Rig) -> None:
    """`hide` of the comment itself, read back both times."""
    said, event = rig.comment()
    hide = rig.send_to(event, text="", purpose=Purpose.HIDE)
    show = rig.send_to(event, text="", purpose=Purpose.UNHIDE)
    assert event.hideable
    assert await rig.connector.read_back(hide) is None
    sent = await rig.connector.send(hide)
    assert (said.hidden, sent.id) == (True, f"hide:{said.id}")
    assert await rig.connector.read_back(hide) == sent
    assert await rig.connector.read_back(show) is None
    await rig.connector.send(show)
    assert not said.hidden
    assert await rig.connector.read_back(show) is not None
    assert wishes(rig) == [(said.id, "true"), (said.id, "false")]


async def test_an_answer_lost_after_the_act_and_one_that_never_arrived(rig: Rig) -> None:
    """In doubt; the first is found hidden, the second certainly is not."""
    for arrived in (True, False):
        said, event = rig.comment()
        send = rig.send_to(event, text="", purpose=Purpose.HIDE)
        if arrived:
            rig.server.lose_answer(verb="POST")
        else:
            rig.server.fall_over(verb="POST")
        with pytest.raises(Unknown):
            await rig.connector.send(send)
        assert said.hidden is arrived
        assert (await rig.connector.read_back(send) is not None) is arrived


async def test_a_comment_that_is_gone(rig: Rig) -> None:
    """Told for good; of one in doubt, the next try learns it."""
    said, event = rig.comment()
    del rig.server.world.comments[said.id]
    send = rig.send_to(event, text="", purpose=Purpose.HIDE)
    with pytest.raises(Permanent, match="not on Instagram any more") as caught:
        await rig.connector.send(send)
    assert caught.value.reason == "gone"
    assert await rig.connector.read_back(send) is None


@pytest.mark.parametrize(
    ("code", "subcode", "reason", "words"),
    [(190, 463, "token", "expired"), (10, None, "permission", "permission"), (100, None, "refused", "refused this")],
)
async def test_refusals_are_final_and_say_why(
    rig: Rig, code: int, subcode: int | None, reason: str, words: str
) -> None:
    """The error table of all writes."""
    said, event = rig.comment()
    rig.server.fail(code, subcode=subcode, verb="POST")
    with pytest.raises(Permanent, match=words) as caught:
        await rig.connector.send(rig.send_to(event, text="", purpose=Purpose.HIDE))
    assert caught.value.reason == reason
    assert not said.hidden


async def test_throttled_is_done_later(rig: Rig) -> None:
    """Nothing was done."""
    said, event = rig.comment()
    rig.server.fail(80002, verb="POST")
    with pytest.raises(Transient):
        await rig.connector.send(rig.send_to(event, text="", purpose=Purpose.HIDE))
    assert not said.hidden


async def test_only_comments_below_our_own_posts_can_be_hidden(rig: Rig) -> None:
    """Messages are not offered, and refused without a call."""
    message = rig.message()
    assert not message.hideable
    with pytest.raises(Permanent, match="below posts of its own"):
        await rig.connector.send(rig.send_to(message, text="", purpose=Purpose.HIDE))
    assert wishes(rig) == []


async def test_live_comments_are_not_offered(rig: Rig) -> None:
    """Below a live video only Instagram's own app can do anything."""
    said, _ = rig.comment()
    value = {"id": said.id, "text": said.text, "from": {"id": said.who, "username": said.name}}
    live = rig.parsed(rig.server.told("live_comments", value))
    assert not live.hideable


async def test_the_sweep_tells_of_hidden_comments(rig: Rig) -> None:
    """What was hidden on Instagram itself before Hark read it."""
    said = rig.server.comment("rude")
    said.hidden = True
    page = await rig.connector.poll("comments", None)
    found = [each for _, raw in page.items for each in rig.connector.parse(raw)]
    assert [each.hidden for each in found if isinstance(each, Interaction)] == [True]


async def test_an_answer_that_does_not_say_proves_nothing(rig: Rig) -> None:
    """Neither that it is hidden nor that it is shown."""
    said, event = rig.comment()
    rig.server.edge("GET", said.id, lambda _: {"id": said.id, "text": said.text})
    for purpose in (Purpose.HIDE, Purpose.UNHIDE):
        assert await rig.connector.read_back(rig.send_to(event, text="", purpose=purpose)) is None


async def test_a_look_that_is_refused_is_no_look(rig: Rig) -> None:
    """With a token that has run out nothing is known of the comment; staff are told the reason."""
    _, event = rig.comment()
    rig.server.fail(190, subcode=463, verb="GET")
    with pytest.raises(Permanent) as caught:
        await rig.connector.read_back(rig.send_to(event, text="", purpose=Purpose.HIDE))
    assert caught.value.reason == "token"
