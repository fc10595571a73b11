"""Instagram, end to end: signed deliveries in by the real webhook route, answers out to the network's own form."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from tests.support.graph_door import assert_handshake, assert_only_genuine, deliver
from tests.support.graph_server import GraphError, running
from tests.support.instagram_server import OWN, InstagramServer, Said, environment
from tests.support.rig import ANA, Rig, a_rig
from tests.support.waiting import wait_until

CUSTOMER = "6602000000000001"


@dataclass(frozen=True)
class Scene:
    """The running bot and the network."""

    rig: Rig
    server: InstagramServer

    async def told(self, body: bytes) -> None:
        """A delivery that is taken."""
        assert await deliver(self.rig, "instagram", body) == 200


@asynccontextmanager
async def a_scene(redis_url: str, *, facebook_login: bool = False, **more: str) -> AsyncIterator[Scene]:
    """Everything up, the network's clock in step with the bot's."""
    async with running(InstagramServer(facebook_login=facebook_login)) as server:
        login = {"INSTAGRAM_LOGIN": "facebook"} if facebook_login else {}
        async with a_rig(redis_url, environment(server, **login, **more)) as rig:
            server.clock = rig.sandbox.clock
            yield Scene(rig, server)


async def test_a_comment_becomes_a_card_and_the_answer_stands_below_it(redis_url: str) -> None:
    """Delivered twice it is one card; the reply is read back; then the private half joins the same card."""
    async with a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        comment = server.comment("my parcel never came, where is it?")
        await scene.told(server.told_comment(comment))
        await scene.told(server.told_comment(comment))
        card = await rig.card("my parcel never came")
        assert "ana.r" in card.text
        await scene.rig.answer(card.ts, "So sorry, we are searching!")
        await rig.shows(card.ts, "read back")
        [answer] = [said for said in server.world.comments.values() if said.who == OWN]
        assert (answer.text, answer.parent) == ("So sorry, we are searching! ^AK", comment.id)
        await scene.told(server.told_comment(answer))  # the echo of our own words
        await rig.press(ANA, card.ts, "hark:private:v1")
        assert (await rig.send(ANA, "What is your order number?", line="We have written to you, Ana.")).ok
        await rig.shows(card.ts, "/direct/inbox/")  # the private reply stands, and the case knows its conversation
        assert [said.text for said in server.world.boxes["6602"]] == ["What is your order number? ^AK"]
        mine = server.write("It is QX77TT", "6602")
        await scene.told(server.told_message("6602", message={"mid": mine.id, "text": mine.text}))
        await rig.shows(card.ts, "QX77TT")
        assert len(rig.cards()) == 1


async def test_a_mention_gets_its_words_and_is_answered_where_it_stands(redis_url: str) -> None:
    """A delivery with ids only: the card fills within moments, and the answer goes to the mentions edge."""
    async with a_scene(redis_url, facebook_login=True) as scene:
        mention = scene.server.mention("@acme these shoes broke after one day, terrible")
        await scene.told(scene.server.told_mention(mention))
        card = await scene.rig.card("broke after one day")
        await scene.rig.shows(card.ts, "ana.r")
        assert len(scene.rig.cards()) == 1
        await scene.rig.answer(card.ts, "That must not happen: please write to us.")
        await wait_until(lambda: f"{OWN}/mentions" in [each.path for each in scene.server.written()], "the answer")
        [call] = [each for each in scene.server.written() if each.path == f"{OWN}/mentions"]
        assert (call.given("media_id"), call.given("comment_id")) == (mention.media, mention.id)


async def test_private_messages_and_story_mentions_are_one_private_card(redis_url: str) -> None:
    """A message, a story mention and an unsent message of one customer; likes of a message make no card."""
    async with a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        first = server.write("Where is my parcel?", CUSTOMER)
        await scene.told(server.told_message(CUSTOMER, message={"mid": first.id, "text": first.text}))
        card = await rig.card("Where is my parcel?")
        story = {"type": "story_mention", "payload": {"url": "https://cdn.example/story.jpg"}}
        await scene.told(server.told_message(CUSTOMER, message={"mid": "mid.story", "attachments": [story]}))
        await rig.shows(card.ts, "story that mentions the account")
        await scene.told(server.told_message(CUSTOMER, message={"mid": "mid.story", "is_deleted": True}))
        await rig.shows(card.ts, "Where is my parcel?")
        heart = {"mid": first.id, "action": "react", "emoji": "❤"}
        await scene.told(server.told_message(CUSTOMER, reaction=heart))
        await scene.rig.answer(card.ts, "On its way!")
        await rig.shows(card.ts, "read back")
        assert [said.text for said in server.world.boxes[CUSTOMER]] == [first.text, "On its way! ^AK"]
        assert len(rig.cards()) == 1


async def test_the_look_before_an_answer_finds_what_nothing_told_of(redis_url: str) -> None:
    """The comment was hidden meanwhile: the card says why nothing was sent, and keeps the words."""
    async with a_scene(redis_url) as scene:
        comment = scene.server.comment("my parcel never came, where is it?")
        await scene.told(scene.server.told_comment(comment))
        card = await scene.rig.card("my parcel never came")
        comment.hidden = True
        await scene.rig.answer(card.ts, "We are searching!")
        await scene.rig.shows(card.ts, "takes no answers below hidden comments")
        await scene.rig.shows(card.ts, "We are searching!")
        assert scene.server.written() == []


async def test_a_token_that_ended_is_named_and_the_words_go_out_afterwards(redis_url: str) -> None:
    """The card says what a person has to do; nothing is lost, and the same words go out once it is done."""
    async with a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        await scene.told(server.told_comment(server.comment("my parcel never came, where is it?")))
        card = await rig.card("my parcel never came")
        server.token_error = GraphError(190, "Session has expired", subcode=463, status=401)
        await scene.rig.answer(card.ts, "We are searching!")
        await rig.shows(card.ts, "The access token has expired")
        server.token_error = None
        rig.sandbox.clock.skip(3700)
        await rig.shows(card.ts, "read back")
        assert [said.text for said in server.world.comments.values() if said.who == OWN] == ["We are searching! ^AK"]


async def test_what_the_webhook_missed_is_found_by_the_sweep(redis_url: str) -> None:
    """Comments and messages without any delivery; edits and deletions show when the connector looks again."""
    async with a_scene(redis_url) as scene:
        scene.server.comment("nobody told you of this broken bag")
        scene.server.write("nor of this message", CUSTOMER)
        card = await scene.rig.card("broken bag")
        await scene.rig.shows(card.ts, "found late")
        await scene.rig.card("nor of this message")
        [comment] = scene.server.world.comments.values()
        comment.text = "the bag is whole again, sorry"
        await scene.rig.shows(card.ts, "whole again")
        del scene.server.world.comments[comment.id]
        await scene.rig.shows(card.ts, "Deleted by the customer")


async def test_forged_deliveries_are_refused_and_the_handshake_is_answered(redis_url: str) -> None:
    """Nothing is kept of what somebody else sends, and the challenge goes back to who knows the word."""
    async with a_scene(redis_url) as scene:
        body = scene.server.told_comment(scene.server.comment("forged words", media="17799"))
        await assert_only_genuine(scene.rig, "instagram", body)
        await assert_handshake(scene.rig, "instagram")


def asked_for(scene: Scene, path: str) -> int:
    """How often the network was asked for that object."""
    return sum(1 for each in scene.server.calls if (each.verb, each.path) == ("GET", path))


async def test_who_writes_is_looked_up_once_and_the_card_waits_for_nothing(redis_url: str) -> None:
    """Deliveries carry an id only. The look-up loses its answer, then fails: carded without a name, then with one."""
    async with a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.server
        server.people[CUSTOMER] = {"name": "Ana Rey", "username": "ana.r", "follower_count": 4321}
        server.lose_answer(match=f"^{CUSTOMER}$")
        server.fall_over(match=f"^{CUSTOMER}$")
        bodies = []
        for text in ("Where is my parcel?", "It is number QX77TT"):
            said = Said(server.new_id("mid."), text, CUSTOMER, "", server.now())
            server.world.boxes.setdefault(CUSTOMER, [])
            bodies.append(server.told_message(CUSTOMER, message={"mid": said.id, "text": said.text}))
        server.world.boxes[CUSTOMER].append(Said("mid.old", "hello", CUSTOMER, "", server.now() - timedelta(days=9)))
        for body in (*bodies, *bodies):
            await scene.told(body)
        card = await rig.card("QX77TT")
        assert "Ana Rey" not in rig.text_of(card.ts)
        rig.sandbox.clock.skip(20)
        await wait_until(lambda: asked_for(scene, CUSTOMER) >= 2, "it is asked for again", within_s=20)
        rig.sandbox.clock.skip(60)
        await rig.shows(card.ts, "Ana Rey")
        await rig.shows(card.ts, "4,321")
        assert len(rig.cards()) == 1
        calls = asked_for(scene, CUSTOMER)
        assert calls == 3
        again = server.told_message(CUSTOMER, message={"mid": "mid.third", "text": "Hello? Anybody?"})
        await scene.told(again)
        await rig.shows(card.ts, "Hello? Anybody?")
        await wait_until(lambda: "Ana Rey wrote in private" in rig.lines(), "the line says who", within_s=20)
        assert asked_for(scene, CUSTOMER) == calls


async def test_a_refused_look_up_is_not_repeated_and_costs_no_card(redis_url: str) -> None:
    """Somebody whose profile the app may not see: carded without a name, and asked for once."""
    async with a_scene(redis_url) as scene:
        scene.server.people[CUSTOMER] = {"name": "Ana Rey"}
        scene.server.fail(230, match=f"^{CUSTOMER}$", times=9)
        for n in range(3):
            await scene.told(scene.server.told_message(CUSTOMER, message={"mid": f"mid.{n}", "text": f"parcel {n}?"}))
            await wait_until(lambda: asked_for(scene, CUSTOMER) == 1, "it was asked for", within_s=20)
        card = await scene.rig.card("parcel 2?")
        scene.rig.sandbox.clock.skip(3600)
        await scene.told(scene.server.told_message(CUSTOMER, message={"mid": "mid.9", "text": "parcel 9?"}))
        await scene.rig.shows(card.ts, "parcel 9?")
        assert asked_for(scene, CUSTOMER) == 1
        await scene.rig.sandbox.slack.open_home(ANA)
        assert "not working" not in str(scene.rig.sandbox.slack.hub.views.homes.get(ANA))


async def test_the_words_of_a_mention_are_fetched_by_id_in_spite_of_trouble(redis_url: str) -> None:
    """The network stumbles at first: the card stands without words, and they come with the next try."""
    async with a_scene(redis_url, facebook_login=True) as scene:
        mention = scene.server.mention("@acme these shoes broke after one day")
        scene.server.fall_over(match=f"^{OWN}$", times=3)
        await scene.told(scene.server.told_mention(mention))
        await scene.told(scene.server.told_mention(mention))
        await scene.rig.card("without its words")
        scene.rig.sandbox.clock.skip(120)
        await scene.rig.card("broke after one day")
        assert len(scene.rig.cards()) == 1
