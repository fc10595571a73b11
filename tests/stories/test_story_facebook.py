"""Facebook, end to end: signed deliveries through the bot's web route, real Redis, the local Slack, a fake Page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bot.clock import SystemClock
from bot.domain.ports import LINK
from bot.store.keys import POLLS, Keys, millis
from tests.support.facebook_server import FacebookServer, a_page, delivery, environment
from tests.support.graph_door import assert_handshake, assert_only_genuine, deliver
from tests.support.graph_server import Json
from tests.support.rig import ANA, Rig, a_rig
from tests.support.waiting import wait_until

CARLA: Json = {"id": "9001", "name": "Carla Diaz"}
PERSON: Json = {"id": "7001", "name": "Carla Diaz"}


@dataclass(frozen=True)
class Story:
    """A Page, and a bot that listens to it."""

    page: FacebookServer
    rig: Rig

    async def tell(self, *values: Json, door: str = "changes") -> None:
        """Deliver, as the network does."""
        at = int(self.rig.sandbox.clock.now().timestamp()) * (1 if door == "changes" else 1000)
        assert await deliver(self.rig, "facebook", delivery(*values, door=door, at=at)) == 200

    async def idle(self) -> None:
        """Wait until the sweeps have begun and the inbox is worked off."""
        await wait_until(lambda: bool(self.page.calls), "the sweeps have begun")
        await self.rig.idle()

    async def buried(self) -> list[str]:
        """The reasons in the dead letter."""
        return [each.error for each in await self.rig.service.store.dead.newest(100)]


@asynccontextmanager
async def a_story(redis_url: str, before: Json | None = None, **changes: str) -> AsyncIterator[Story]:
    """Everything running; `before` is a comment that stood there before the bot came."""
    async with a_page(SystemClock()) as page:
        if before is not None:
            page.comment(before["from"], before["message"])
        async with a_rig(redis_url, {**environment(page), **changes}) as rig:
            page.clock = rig.sandbox.clock
            yield Story(page, rig)


async def test_a_comment_becomes_a_card_and_the_answer_stands_below_it(redis_url: str) -> None:
    """Handshake, signed delivery, card, reply, read back; the edit, the echo and the removal find the same card."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        await assert_handshake(rig, "facebook")
        value = page.comment(CARLA, "My parcel never came, where is it?")
        await story.tell(value)
        await story.tell(value)
        card = await rig.card("My parcel never came")
        assert "Carla Diaz" in card.text
        await rig.answer(card.ts, "So sorry, we are searching")
        await rig.shows(card.ts, "read back")
        assert page.replies() == ["So sorry, we are searching ^AK"]
        reply = next(each for each in page.items.values() if each.message.startswith("So sorry"))
        assert reply.parent == value["comment_id"]
        await story.tell(page._value(reply, "comment", "add"))
        await story.tell(page.edit(value["comment_id"], "My parcel 88 never came, where is it?"))
        await rig.shows(card.ts, "My parcel 88 never came")
        await story.tell(page.remove(value["comment_id"]))
        await wait_until(lambda: "My parcel 88" not in rig.text_of(card.ts), "the words are gone from Slack")
        assert len(rig.cards()) == 1


async def test_private_reply_then_messenger_stay_one_case(redis_url: str) -> None:
    """Take private, the customer answers on Messenger, staff answer there; an unsent message leaves Slack."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        await story.tell(page.comment(CARLA, "You charged me twice, this is awful!"))
        card = await rig.card("charged me twice")
        await rig.press(ANA, card.ts, "hark:private:v1")
        assert (await rig.send(ANA, "May we have your order number?", signature="^AK")).ok
        await wait_until(lambda: page.sent_to("709001"), "the private reply stands")
        await rig.shows(card.ts, "read back")
        message = page.write({"id": "709001", "name": "Carla Diaz"}, "It is order 88")
        await story.tell(message, door="messaging")
        await rig.shows(card.ts, "It is order 88")
        assert len(rig.cards()) == 1
        await rig.press(ANA, card.ts, "hark:reply:v1")
        assert (await rig.send(ANA, "Thank you, the money is on its way")).ok
        await wait_until(lambda: len(page.sent_to("709001")) == 2, "the second message stands")
        assert page.sent_to("709001")[0].startswith("Thank you, the money")
        unsent = {**message, "message": {"mid": message["message"]["mid"], "is_deleted": True}}
        await story.tell(unsent, door="messaging")
        await wait_until(lambda: "It is order 88" not in rig.text_of(card.ts), "the unsent words leave the card")


async def test_the_public_thread_gets_its_closing_word_after_the_private_window(redis_url: str) -> None:
    """Messenger takes no more answers by then; the comment below which everybody waits still does."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        await story.tell(page.comment(CARLA, "You charged me twice, this is awful!"))
        card = await rig.card("charged me twice")
        await rig.press(ANA, card.ts, "hark:private:v1")
        assert (await rig.send(ANA, "May we have your order number?", signature="^AK")).ok
        await rig.shows(card.ts, "read back")
        await story.tell(page.write({"id": "709001", "name": "Carla Diaz"}, "It is order 88"), door="messaging")
        await rig.shows(card.ts, "It is order 88")
        rig.sandbox.clock.skip(timedelta(days=2).total_seconds())
        await rig.choose(ANA, card.ts, "close")
        assert (await rig.modal(ANA))["title"]["text"] == "Close + PUBLIC line"
        assert (await rig.send(ANA, reason="solved", loop="post", line="The money is back, Carla!")).ok
        await wait_until(lambda: "The money is back, Carla! ^AK" in page.replies(), "the closing word stands")
        await rig.shows(card.ts, "hark:reopen:v1")


async def test_messages_mentions_posts_and_likes_each_find_their_place(redis_url: str) -> None:
    """A card each but for the like; reads, unknown fields and other Pages are nothing; broken parts are kept."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        message = page.write(PERSON, "Hi, my app is broken")
        read = {"sender": PERSON, "recipient": {"id": "1100"}, "timestamp": 1, "read": {"watermark": 1}}
        await story.tell(message, read, door="messaging")
        like = {"item": "reaction", "verb": "add", "reaction_type": "like", "post_id": page.our_post, "from": CARLA}
        await story.tell(page.visitor_post(CARLA, "Where is my order?"), like, {"item": "comment", "verb": "add"})
        mention = {"item": "post", "verb": "add", "post_id": "9002_31", "message": "@Acme lost it again"}
        await deliver(story.rig, "facebook", delivery(mention, field_="mention"))
        await deliver(story.rig, "facebook", delivery({"leadgen_id": "1"}, field_="leadgen"))
        for words in ("my app is broken", "Where is my order?", "lost it again"):
            await rig.card(words)
        assert len(rig.cards()) == 3
        await story.idle()
        assert await story.buried() == ["a comment without its id or its post's"]
        assert [line.partition(LINK)[0] for line in await rig.digest()] == ["Carla Diaz liked (Facebook)"]


async def test_a_comment_that_the_webhook_missed_is_found_by_the_sweep(redis_url: str) -> None:
    """At the start and every few minutes; a late delivery of the same changes nothing."""
    async with a_story(redis_url, before={"from": CARLA, "message": "Nobody tells me anything"}) as story:
        card = await story.rig.card("Nobody tells me anything")
        assert "found late" in story.rig.text_of(card.ts)
        (item,) = (each for each in story.page.items.values() if each.message == "Nobody tells me anything")
        await story.tell(story.page._value(item, "comment", "add"))
        await story.idle()
        assert len(story.rig.cards()) == 1


async def test_deliveries_out_of_order_come_to_the_same_card(redis_url: str) -> None:
    """The edit before its `add`, everything twice; what was removed before its `add` came gets no card at all."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        first = page.comment(CARLA, "My parcel never came")
        edited = page.edit(first["comment_id"], "My parcel 88 never came")
        await story.tell(edited, edited)
        await story.tell(first, first)
        other = page.comment({"id": "9002", "name": "Ben Oduya"}, "Something rude")
        gone = page.remove(other["comment_id"])
        await story.tell(gone)
        await story.tell(other)
        card = await rig.card("My parcel 88 never came")
        await story.idle()
        rig.sandbox.clock.skip(700)
        await story.idle()
        assert "My parcel 88 never came" in rig.text_of(card.ts)
        assert len(rig.cards()) == 1


async def test_a_lost_answer_is_looked_for_and_never_sent_twice(redis_url: str) -> None:
    """The network did it and the answer was lost: the card says so, then that it stands."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        await story.tell(page.comment(CARLA, "My parcel never came"))
        card = await rig.card("My parcel never came")
        page.lose_answer(verb="POST", match="comments")
        await rig.answer(card.ts, "We are searching")
        await wait_until(page.replies, "the reply stands")

        def found_again() -> bool:
            rig.sandbox.clock.skip(10)
            return "read back" in rig.text_of(card.ts)

        await wait_until(found_again, "the reply is found again", within_s=20)
        assert page.replies() == ["We are searching ^AK"]


async def test_an_expired_token_turns_the_card_red_in_words(redis_url: str) -> None:
    """Nothing is lost: the text stays, with the reason."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        await story.tell(page.comment(CARLA, "My parcel never came"))
        card = await rig.card("My parcel never came")
        page.fail(190, subcode=463, verb="POST")
        await rig.answer(card.ts, "We are searching")
        await rig.shows(card.ts, "The access token has expired")
        assert page.replies() == []


async def test_a_closed_messenger_window_takes_the_button_away(redis_url: str) -> None:
    """After 24 hours the card offers no reply."""
    async with a_story(redis_url) as story:
        rig = story.rig
        await story.tell(story.page.write(PERSON, "Hi, my app is broken"), door="messaging")
        card = await rig.card("my app is broken")
        assert "hark:reply:v1" in rig.text_of(card.ts)
        rig.sandbox.clock.skip(24 * 3600 + 60)
        await wait_until(lambda: "hark:reply:v1" not in rig.text_of(card.ts), "no reply is offered", within_s=20)


async def test_nothing_but_a_genuine_delivery_is_stored(redis_url: str) -> None:
    """Forged, truncated, written anew, unsigned, too large: refused with the same words, and nothing is kept."""
    async with a_story(redis_url) as story:
        await story.idle()
        value = story.page.comment(CARLA, "forged")
        story.page.remove(value["comment_id"])  # else a sweep would find it, and rightly card it
        await assert_only_genuine(story.rig, "facebook", delivery(value))


async def test_who_writes_on_messenger_is_looked_up(redis_url: str) -> None:
    """A message carries an id only: carded at once, named a moment later, by one call however many messages came."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        await story.idle()
        before = page.write(CARLA, "Where is my parcel?"), page.write(CARLA, "Number QX77TT")
        page.talks[CARLA["id"]].messages.clear()  # else a sweep reads them, with the name
        await story.tell(*before, *before, door="messaging")
        card = await rig.card("QX77TT")
        await rig.shows(card.ts, CARLA["name"])
        assert [each.path for each in page.calls].count(CARLA["id"]) == 1
        later = page.write(CARLA, "Hello? Anybody?")
        page.talks[CARLA["id"]].messages.clear()
        await story.tell(later, door="messaging")
        await rig.shows(card.ts, "Anybody?")
        said = f"{CARLA['name']} wrote in private"
        await wait_until(lambda: said in rig.lines(), "the line says who", within_s=20)
        assert [each.path for each in page.calls].count(CARLA["id"]) == 1
        assert len(rig.cards()) == 1


async def test_a_profile_that_cannot_be_read_costs_no_card(redis_url: str) -> None:
    """Refused for good: carded without a name and asked for once; a token that ended is asked for again later."""
    async with a_story(redis_url) as story:
        rig, page = story.rig, story.page
        await story.idle()
        page.fail(100, subcode=2018218, match=f"^{CARLA['id']}$", times=9)
        page.fail(190, subcode=463, status=401, match="^9009$")
        for person in (CARLA, {"id": "9009", "name": "Dan Ode"}):
            entry = page.write(person, f"Where is my parcel, says {person['id']}?")
            page.talks[person["id"]].messages.clear()
            await story.tell(entry, door="messaging")
        first = await rig.card(f"says {CARLA['id']}?")
        second = await rig.card("says 9009?")
        queue, now = Keys(1).due(0, POLLS)[0], rig.sandbox.clock.now()

        async def put_off() -> bool:
            at = await rig.service.store.link.do("ZSCORE", queue, "facebook/main/lookup:person:9009")
            return at is not None and millis(now) + 200_000 < at < millis(now) + 400_000

        await wait_until(put_off, "it was asked for, and is to be asked for again", within_s=20)
        rig.sandbox.clock.skip(400)
        await rig.shows(second.ts, "Dan Ode")
        assert CARLA["name"] not in rig.text_of(first.ts)
        assert [each.path for each in page.calls].count(CARLA["id"]) == 1
