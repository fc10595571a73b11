"""Hiding a comment on Instagram, Threads and X, end to end: asked, approved by somebody else, done in its own form."""

from bot.domain.case import Case
from tests.stories import test_story_instagram as instagram
from tests.stories import test_story_threads as threads
from tests.stories import test_story_x as x
from tests.support.rig import ANA, BEN, CHLOE, Rig
from tests.support.waiting import wait_until
from tests.support.x_server import ANA as CUSTOMER
from tests.support.x_server import LOST, US, mention_event

RUDE = "you are all idiots"
APPROVE, UNHIDE = "hark:hide-approve:v1", "hark:unhide:v1"


async def ask(rig: Rig, ts: str, reason: str = "abuse") -> None:
    """Ana asks, and may not approve it herself."""
    await rig.choose(ANA, ts, "hide")
    assert (await rig.send(ANA, reason=reason)).ok
    await rig.shows(ts, APPROVE)
    await rig.press(ANA, ts, APPROVE)
    await wait_until(lambda: any("Somebody else" in each.text for each in rig.whispers()), "Ana is told")


async def waiting(rig: Rig) -> list[Case]:
    """The cases in which a customer waits."""
    return await rig.service.store.cases.waiting(10)


async def test_instagram(redis_url: str) -> None:
    """`hide` of the comment; below it Instagram takes no answers, so none is offered until it is shown again."""
    async with instagram.a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        comment = server.comment(RUDE)
        await scene.told(server.told_comment(comment))
        card = (await rig.card(RUDE)).ts
        await rig.choose(ANA, card, "hide")
        assert "answer first" in str(await rig.modal(ANA))
        await rig.sandbox.slack.close(ANA, (await rig.modal(ANA))["id"])
        await ask(rig, card)
        assert server.written() == []
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "Hidden on Instagram")
        assert [(each.path, each.given("hide")) for each in server.written()] == [(comment.id, "true")]
        shown = rig.text_of(card)
        assert "cannot be answered in public while it is hidden" in shown
        assert "hark:reply:v1" not in shown
        assert "hark:private:v1" in shown
        assert len(await waiting(rig)) == 1
        await rig.press(CHLOE, card, UNHIDE)
        await rig.shows(card, "hark:reply:v1")
        assert not comment.hidden
        await scene.told(server.told_comment(server.comment("my parcel never came, awful!", name="bo.k", who="6603")))
        criticism = (await rig.card("never came, awful")).ts
        assert '"verb":"hide"' not in rig.text_of(criticism)


async def test_threads(redis_url: str) -> None:
    """`manage_reply` of the reply; a deeper reply and criticism are not offered."""
    async with threads.a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        post = server.reply(RUDE)
        await scene.told(server.told(post))
        card = (await rig.card(RUDE)).ts
        await ask(rig, card)
        assert not post.hidden
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "Hidden on Threads")
        calls = [(each.path, each.given("hide")) for each in server.calls if each.verb == "POST"]
        assert calls == [(f"{post.id}/manage_reply", "true")]
        assert len(await waiting(rig)) == 1
        await scene.told(server.told(server.reply("so are you all, idiots!", name="bo", parent=post.id)))
        await scene.told(server.told(server.reply("my order never came, awful", name="cy")))
        for words in ("so are you all", "my order never came"):
            assert '"verb":"hide"' not in rig.text_of((await rig.card(words)).ts)
        await rig.press(CHLOE, card, UNHIDE)
        await wait_until(lambda: not post.hidden, "it is shown again")


async def test_x(redis_url: str) -> None:
    """PUT hidden of a reply below a post of ours; after a lost answer done once more; mentions are not offered."""
    async with x.a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.x
        ours = server.post(US, "Our new shoes are here")
        reply = server.post(CUSTOMER, f"@acme {RUDE}", reply_to=ours["id"])
        mention = server.post(CUSTOMER, "@acme what idiots you are")
        await scene.deliver(mention_event(reply, "post.reply.create"), mention_event(mention))
        card = (await rig.card(RUDE)).ts
        assert '"verb":"hide"' not in rig.text_of((await rig.card("what idiots")).ts)
        await ask(rig, card)
        puts = [call for call in server.calls if call[0] == "PUT"]
        assert puts == []
        server.faults[f"PUT /2/tweets/{reply['id']}/hidden"] = [LOST, LOST]
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "not known whether it worked")

        def done_again() -> bool:
            rig.sandbox.clock.skip(20)
            return "Hidden on X" in rig.text_of(card)

        await wait_until(done_again, "it was done once more", within_s=20)
        assert server.hidden == {reply["id"]}
        puts = [call for call in server.calls if call[0] == "PUT"]
        wish = ("PUT", f"/2/tweets/{reply['id']}/hidden", {"hidden": True})
        assert all(call == wish for call in puts)
        assert puts
        assert len(await waiting(rig)) == 2
        await rig.press(CHLOE, card, UNHIDE)
        await wait_until(lambda: not server.hidden, "it is shown again")
