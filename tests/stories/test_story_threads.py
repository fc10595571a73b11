"""Threads, end to end: both shapes of delivery in by the real webhook route, replies out in two steps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.graph_door import assert_handshake, assert_only_genuine, deliver
from tests.support.graph_server import running
from tests.support.rig import ANA, Rig, a_rig
from tests.support.threads_server import ThreadsServer, environment


@dataclass(frozen=True)
class Scene:
    """The running bot and the network."""

    rig: Rig
    server: ThreadsServer

    async def told(self, body: bytes) -> None:
        """A delivery that is taken."""
        assert await deliver(self.rig, "threads", body) == 200


@asynccontextmanager
async def a_scene(redis_url: str) -> AsyncIterator[Scene]:
    """Everything up, the network's clock in step with the bot's."""
    async with running(ThreadsServer()) as server, a_rig(redis_url, environment(server)) as rig:
        server.clock = rig.sandbox.clock
        yield Scene(rig, server)


async def test_a_reply_becomes_a_card_and_the_answer_is_published_below_it(redis_url: str) -> None:
    """Told in both shapes it is one card; the answer is read back; its own echo makes nothing; a follow-up joins."""
    async with a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        post = server.reply("my order never came, where is it?")
        await scene.told(server.told(post))
        await scene.told(server.told(post, listed=True))
        card = await rig.card("my order never came")
        await scene.rig.answer(card.ts, "So sorry, we are searching!")
        await rig.shows(card.ts, "read back")
        [answer] = server.ours()
        assert (answer.text, answer.parent) == ("So sorry, we are searching! ^AK", post.id)
        await scene.told(server.told(answer))
        await scene.told(server.told(server.reply("any news?", parent=answer.id)))
        await rig.shows(card.ts, "any news?")
        assert len(rig.cards()) == 1
        assert "hark:private:v1" in rig.text_of(card.ts)  # by the company's own contact way: Threads has no messages
        await rig.press(ANA, card.ts, "hark:private:v1")
        assert "care@acme.example" in str(await rig.modal(ANA))


async def test_emoji_count_as_their_bytes_and_the_signature_with_them(redis_url: str) -> None:
    """As the network counts: at 500 the answer goes out, one more is refused in the form, before anything is sent."""
    async with a_scene(redis_url) as scene:
        await scene.told(scene.server.told(scene.server.reply("my order never came")))
        card = await scene.rig.card("my order never came")
        await scene.rig.press(ANA, card.ts, "hark:reply:v1")
        family = "👨\u200d👩\u200d👧"
        text = "a" * (500 - len(" ^AK") - 4 - 18) + "🙂" + family
        outcome = await scene.rig.send(ANA, f"a{text}", signature="^AK")
        assert "501 of 500" in str(outcome.errors)
        assert (await scene.rig.send(ANA, text, signature="^AK")).ok
        await scene.rig.shows(card.ts, "read back")
        assert scene.server.ours()[0].text == f"{text} ^AK"


async def test_an_answer_lost_between_the_steps_is_published_once(redis_url: str) -> None:
    """Both steps lose their answer: the second publish never happens, and the card ends as sent."""
    async with a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        await scene.told(server.told(server.mention("@Acme do you ship to Oslo?"), "mentions"))
        card = await rig.card("ship to Oslo")
        server.lose_answer(match="/threads$", verb="POST")
        server.lose_answer(match="threads_publish", verb="POST")
        await scene.rig.answer(card.ts, "We do!")
        await rig.shows(card.ts, "did not go out yet")
        rig.sandbox.clock.skip(30)
        await rig.shows(card.ts, "being checked on")
        assert [post.text for post in server.ours()] == ["We do! ^AK"]
        rig.sandbox.clock.skip(60)
        await rig.shows(card.ts, "read back")
        assert [post.text for post in server.ours()] == ["We do! ^AK"]


async def test_what_the_webhook_missed_is_found_by_the_sweep(redis_url: str) -> None:
    """Replies and mentions without any delivery; edits and deletions show when the connector looks again."""
    async with a_scene(redis_url) as scene:
        reply = scene.server.reply("nobody told you of this broken bag")
        scene.server.mention("@acme nor of this one?")
        card = await scene.rig.card("broken bag")
        await scene.rig.shows(card.ts, "found late")
        await scene.rig.card("nor of this one")
        reply.text = "the bag is whole again, sorry"
        await scene.rig.shows(card.ts, "whole again")
        del scene.server.posts[reply.id]
        await scene.rig.shows(card.ts, "Deleted by the customer")


async def test_forged_deliveries_are_refused_and_the_handshake_is_answered(redis_url: str) -> None:
    """Nothing is kept of what somebody else sends, and the challenge goes back to who knows the word."""
    async with a_scene(redis_url) as scene:
        body = scene.server.told(scene.server.mention("@acme forged words"), "mentions")
        scene.server.posts.popitem()
        await assert_only_genuine(scene.rig, "threads", body)
        await assert_handshake(scene.rig, "threads")
