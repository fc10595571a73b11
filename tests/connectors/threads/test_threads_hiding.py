"""Hiding a reply on Threads: in its own form, read back, only what stands directly below a post of ours."""

import json
from typing import Any

import pytest

from bot.domain.case import Purpose
from bot.domain.errors import Permanent, Transient, Unknown
from bot.domain.models import Interaction
from tests.connectors.threads.test_threads_calls import send_to
from tests.support.graph_server import a_delivery
from tests.support.threads_server import Rig


def heard(rig: Rig, body: bytes) -> Interaction:
    """The interaction of a delivery."""
    verdict: Any = rig.connector.verify(a_delivery(body))
    [event] = rig.connector.parse(verdict.raws[0])
    assert isinstance(event, Interaction)
    return event


async def test_a_reply_is_hidden_and_shown_again(rig: Rig) -> None:
    """`manage_reply` of the reply, read back by `hide_status`."""
    post = rig.server.reply("you are idiots")
    hide = send_to(post, text="", purpose=Purpose.HIDE)
    show = send_to(post, text="", purpose=Purpose.UNHIDE)
    assert await rig.connector.read_back(hide) is None
    sent = await rig.connector.send(hide)
    assert (post.hidden, sent.id) == (True, f"hide:{post.id}")
    assert await rig.connector.read_back(hide) == sent
    await rig.connector.send(show)
    assert not post.hidden
    assert await rig.connector.read_back(show) is not None
    calls = [(each.path, each.given("hide")) for each in rig.server.calls if each.verb == "POST"]
    assert calls == [(f"{post.id}/manage_reply", "true"), (f"{post.id}/manage_reply", "false")]


async def test_a_hiding_that_threads_does_not_confirm_is_in_doubt(rig: Rig) -> None:
    """It is looked for then, not shown as done."""
    post = rig.server.reply("you are idiots")
    rig.server.edge("POST", "{id}/manage_reply", lambda _: {"success": False})
    with pytest.raises(Unknown):
        await rig.connector.send(send_to(post, text="", purpose=Purpose.HIDE))


async def test_only_first_replies_below_posts_of_ours_are_offered(rig: Rig) -> None:
    """By webhook and by sweep alike; deeper ones go with those above them, mentions stand elsewhere."""
    top = rig.server.reply("you are idiots")
    deep = rig.server.reply("yes you are", name="bo", parent=top.id)
    assert heard(rig, rig.server.told(top)).hideable
    assert not heard(rig, rig.server.told(deep)).hideable
    assert not heard(rig, rig.server.told(rig.server.mention("@acme idiots"), "mentions")).hideable
    page = await rig.connector.poll("replies", None)
    found = [each for _, raw in page.items for each in rig.connector.parse(raw)]
    assert {each.id: each.hideable for each in found if isinstance(each, Interaction)} == {top.id: True, deep.id: False}
    nobodys = json.loads(rig.server.told(top))
    del nobodys["values"]["value"]["root_post"]["owner_id"]
    assert not heard(rig, json.dumps(nobodys).encode()).hideable
    theirs = rig.server.mention("my own thread")
    below = rig.server.reply("idiots", name="bo", parent=theirs.id)
    assert not heard(rig, rig.server.told(below)).hideable


async def test_an_answer_lost_after_the_act_and_one_that_never_arrived(rig: Rig) -> None:
    """In doubt; the first is found hidden, the second certainly is not."""
    for arrived in (True, False):
        post = rig.server.reply("you are idiots")
        if arrived:
            rig.server.lose_answer(verb="POST")
        else:
            rig.server.fall_over(verb="POST")
        send = send_to(post, text="", purpose=Purpose.HIDE)
        with pytest.raises(Unknown):
            await rig.connector.send(send)
        assert (await rig.connector.read_back(send) is not None) is arrived is post.hidden


async def test_refusals_say_why(rig: Rig) -> None:
    """Gone, not ours, without permission, throttled."""
    post = rig.server.reply("you are idiots")
    for code, error, words in ((190, Permanent, "token"), (10, Permanent, "permission"), (4, Transient, "slow down")):
        rig.server.fail(code, verb="POST")
        with pytest.raises(error, match=words):
            await rig.connector.send(send_to(post, text="", purpose=Purpose.HIDE))
    del rig.server.posts[post.id]
    with pytest.raises(Permanent, match="not on Threads any more"):
        await rig.connector.send(send_to(post, text="", purpose=Purpose.HIDE))
    assert await rig.connector.read_back(send_to(post, text="", purpose=Purpose.HIDE)) is None


async def test_an_answer_that_does_not_say_proves_nothing(rig: Rig) -> None:
    """Neither that it is hidden nor that it is shown."""
    post = rig.server.reply("you are idiots")
    rig.server.edge("GET", post.id, lambda _: {"id": post.id})
    for purpose in (Purpose.HIDE, Purpose.UNHIDE):
        assert await rig.connector.read_back(send_to(post, text="", purpose=purpose)) is None


async def test_a_look_that_is_refused_is_no_look(rig: Rig) -> None:
    """With a token that has run out nothing is known of the reply; staff are told the reason."""
    post = rig.server.reply("you are idiots")
    rig.server.fail(190, verb="GET")
    with pytest.raises(Permanent, match="token"):
        await rig.connector.read_back(send_to(post, text="", purpose=Purpose.HIDE))
