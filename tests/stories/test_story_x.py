"""X, end to end: signed deliveries through the bot's own webhook route, cards in Slack, answers in X's own form."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations

import aiohttp

from bot.clock import SystemClock
from connectors.x.spending import KEPT
from tests.support.rig import ANA as STAFF
from tests.support.rig import CARE, Rig, a_rig
from tests.support.waiting import wait_until
from tests.support.x_server import (
    ANA,
    BEN,
    LOST,
    US,
    Json,
    XServer,
    an_x_server,
    environment,
    mention_event,
    message_event,
)

COMPLAINT = "@acme my parcel is lost since Monday and nobody answers"


class SkippingClock(SystemClock):
    """The bot's own time, once there is a bot."""

    rig: Rig | None = None

    def now(self) -> datetime:
        """The sandbox's present."""
        return self.rig.sandbox.clock.now() if self.rig else super().now()


@dataclass(frozen=True)
class Scene:
    """A running Hark with an account on X."""

    rig: Rig
    x: XServer

    @property
    def hook(self) -> str:
        """Where X delivers."""
        return f"http://127.0.0.1:{self.rig.port}/webhooks/x"

    async def deliver(self, *events: Json | bytes) -> None:
        """X delivers, and gets its 200 each time."""
        for event in events:
            assert await self.x.deliver(self.hook, event) == 200

    def answers(self) -> list[str]:
        """What the account replied in public."""
        return [str(post["text"]) for post in self.x.ours()]


@asynccontextmanager
async def a_scene(redis_url: str, **settings: str) -> AsyncIterator[Scene]:
    """The rig of all stories, with X beside the square."""
    clock = SkippingClock()
    async with an_x_server(clock) as server, a_rig(redis_url, environment(server, **settings)) as rig:
        clock.rig = rig
        yield Scene(rig, server)


async def test_a_mention_becomes_a_card_and_the_reply_stands_on_x(redis_url: str) -> None:
    """Pushed twice, as a mention and as a reply, and polled as well: one card; answered in X's own form."""
    async with a_scene(redis_url) as scene:
        assert await scene.x.check(scene.hook)
        post = scene.x.post(ANA, COMPLAINT)
        await scene.deliver(mention_event(post), mention_event(post, "post.reply.create"), mention_event(post))
        card = await scene.rig.card("my parcel is lost")
        assert "Ana Rey" in card.text
        await scene.rig.answer(card.ts, "So sorry, we are searching")
        await scene.rig.shows(card.ts, "read back")
        (ours,) = scene.x.ours()
        assert ours["text"] == "@anarey So sorry, we are searching ^AK"
        assert ours["referenced_tweets"] == [{"type": "replied_to", "id": post["id"]}]
        follow_up = scene.x.post(ANA, "@acme thank you, still waiting though", reply_to=ours["id"])
        await scene.deliver(mention_event(follow_up, "post.reply.create"), mention_event(ours, "post.create"))
        await scene.rig.shows(card.ts, "still waiting though")
        assert len(scene.rig.cards()) == 1


async def test_a_lost_answer_is_found_again_and_nothing_is_doubled(redis_url: str) -> None:
    """The reply was taken, the connection broke: unknown, then found as soon as somebody asks, and shown as sent."""
    async with a_scene(redis_url) as scene:
        await scene.deliver(mention_event(scene.x.post(ANA, COMPLAINT)))
        card = await scene.rig.card("my parcel is lost")
        scene.x.faults["POST /2/tweets"] = [LOST]
        await scene.rig.answer(card.ts, "We are on it")
        await wait_until(scene.answers, "the reply stands on X")
        await scene.rig.shows(card.ts, "not known whether it arrived")
        await scene.rig.press(STAFF, card.ts, "hark:check-send:v1")
        await wait_until(lambda: "looking for it now" in str(scene.rig.whispers()), "whoever pressed is told")
        await scene.rig.shows(card.ts, "read back")
        assert scene.answers() == ["@anarey We are on it ^AK"]


async def test_a_conversation_goes_private_and_comes_back_to_the_same_card(redis_url: str) -> None:
    """A direct message, a public line, the customer's answer by webhook: one card."""
    async with a_scene(redis_url) as scene:
        await scene.deliver(mention_event(scene.x.post(ANA, COMPLAINT)))
        card = await scene.rig.card("my parcel is lost")
        await scene.rig.press(STAFF, card.ts, "hark:private:v1")
        await scene.rig.send(STAFF, "Hi Ana, your order number?", signature="^AK", line="We have written to you, Ana.")
        await scene.rig.shows(card.ts, "public thread")
        await wait_until(lambda: scene.answers() == ["@anarey We have written to you, Ana. ^AK"], "the line stands")
        assert [each["text"] for each in scene.x.messages] == ["Hi Ana, your order number? ^AK"]
        await scene.deliver(message_event(scene.x.message(ANA, US, "It is QX77TT")))
        await scene.rig.shows(card.ts, "QX77TT")
        assert len(scene.rig.cards()) == 1


async def test_a_bare_match_offers_the_way_to_x_and_no_reply(redis_url: str) -> None:
    """X would refuse the reply, so it is not offered."""
    async with a_scene(redis_url, X_SEARCH="acme shoes") as scene:
        scene.x.post(BEN, "My acme shoes fell apart, what a scandal!")
        card = await scene.rig.card("fell apart")
        shown = scene.rig.text_of(card.ts)
        assert "hark:claim:v1" in shown
        assert "hark:reply:v1" not in shown
        assert "hark:private:v1" not in shown
        assert "https://x.com/benode/status/" in shown


async def test_edits_deletions_and_likes(redis_url: str) -> None:
    """An edit is a new id and the same card; late first wordings change nothing; a deletion is found by looking."""
    async with a_scene(redis_url) as scene:
        post = scene.x.post(ANA, COMPLAINT)
        await scene.deliver(mention_event(dict(post)))
        card = await scene.rig.card("my parcel is lost")
        first = mention_event({**post, "edit_history_tweet_ids": [post["id"]]})
        edit = scene.x.edit(post["id"], "@acme my parcel is only late, sorry")
        like = {"id": "1f", "liked_tweet_id": "42", "liked_tweet_author_id": US, "timestamp_ms": 1772625590000}
        await scene.deliver(mention_event(edit), first, mention_event(like | {"author_id": BEN}, "like.create"))
        await scene.rig.shows(card.ts, "only late, sorry")
        assert len(scene.rig.cards()) == 1
        for each in edit["edit_history_tweet_ids"]:
            del scene.x.posts[each]
        await wait_until(scene.rig.digest, "the like is noted")
        scene.rig.sandbox.clock.skip(3700)
        await scene.rig.shows(card.ts, "Deleted by the customer")
        await wait_until(
            lambda: any("liked" in f"{each.text}{each.blocks}" for each in scene.rig.sandbox.slack.messages(CARE)),
            "the like stands in the hourly message",
            within_s=20,
        )


async def test_any_order_and_repetition_give_the_same_cards(redis_url: str) -> None:
    """First wording, the same by another event, an edit: in every order, each twice."""
    async with a_scene(redis_url) as scene:
        for n, order in enumerate(permutations(range(3))):
            post = scene.x.post(ANA, f"@acme parcel {n} is lost")
            first = {**post, "edit_history_tweet_ids": [post["id"]]}
            events = (
                mention_event(first),
                mention_event(first, "post.reply.create"),
                mention_event(scene.x.edit(post["id"], f"@acme parcel {n} is late")),
            )
            await scene.deliver(*(events[each] for each in (*order, *order)))
        await wait_until(lambda: len(scene.rig.cards()) == 6, "six cards stand")
        for n in range(6):
            await scene.rig.card(f"parcel {n} is late")
        await wait_until(lambda: "is lost" not in "".join(card.text for card in scene.rig.cards()), "no old words")
        assert len(scene.rig.cards()) == 6


async def test_forged_deliveries_are_refused_and_leave_nothing(redis_url: str) -> None:
    """One answer to all, nothing stored, no signature for an attacker."""
    async with a_scene(redis_url) as scene:
        forged = mention_event({**scene.x.post(ANA, COMPLAINT), "text": "forged words"})
        scene.x.posts.clear()
        assert await scene.x.deliver(scene.hook, forged, secret="guessed") == 403
        assert await scene.x.deliver(scene.hook, forged, **{"x-twitter-webhooks-signature": ""}) == 403
        async with (
            aiohttp.ClientSession() as http,
            http.get(scene.hook, params={"crc_token": '{"data":{"event_type":"dm.received"}}'}) as answer,
        ):
            assert answer.status == 400
            assert "sha256" not in await answer.text()
        assert await scene.rig.service.store.inbox.depth() == 0
        assert not scene.rig.cards()


async def test_a_used_up_budget_stands_in_app_home(redis_url: str) -> None:
    """Polling stops and says so, while what is pushed still arrives."""
    async with a_scene(redis_url, X_MONTHLY_BUDGET_USD="0.10") as scene:
        await scene.deliver(mention_event(scene.x.post(ANA, COMPLAINT)))
        await scene.rig.card("my parcel is lost")
        homes = scene.rig.sandbox.slack.hub.views.homes

        async def said() -> bool:
            await scene.rig.sandbox.slack.open_home(STAFF)
            return "is used up" in str(homes.get(STAFF))

        await wait_until(said, "App Home says that the budget is used up", within_s=20)
        assert not [call for call in scene.x.calls if call[1].endswith("/mentions")]


async def home(scene: Scene) -> str:
    """What App Home says now."""
    await scene.rig.sandbox.slack.open_home(STAFF)
    return str(scene.rig.sandbox.slack.hub.views.homes.get(STAFF))


def told(scene: Scene, words: str) -> list[str]:
    """The lines to the whole team that have these words."""
    return [message.text for message in scene.rig.sandbox.slack.messages(CARE) if words in message.text]


async def test_the_team_is_told_before_the_money_is_spent(redis_url: str) -> None:
    """The sum in App Home, one line when polling is slowed, one when the budget is used up; answers go out."""
    async with a_scene(redis_url, X_MONTHLY_BUDGET_USD="10") as scene:
        if scene.rig.sandbox.clock.now().day > 26:  # in a month's last days no spending is ahead of the calendar
            scene.rig.sandbox.clock.skip(timedelta(days=6).total_seconds())
        await scene.deliver(mention_event(scene.x.post(ANA, COMPLAINT)))
        card = await scene.rig.card("my parcel is lost")

        async def shows(words: str) -> None:
            async def there() -> bool:
                return words in await home(scene)

            await wait_until(there, f"App Home says {words!r}", within_s=20)

        await shows("of $10.00 spent in")
        await shows("X @acme")
        assert told(scene, "📣") == []

        month = scene.rig.sandbox.clock.now()
        notes = scene.rig.service.store.notes
        await notes.count(f"spend:x:main:{month:%Y-%m}:events", 9_500_000, KEPT)
        await wait_until(lambda: told(scene, "ahead of the calendar"), "the team is told of slowing", within_s=20)
        await shows("instead of")
        await notes.count(f"spend:x:main:{month:%Y-%m}:events", 500_000, KEPT)
        await wait_until(lambda: told(scene, "is used up"), "the team is told of the end", within_s=20)
        assert scene.rig.service.connectors["x", "main"].title == "@acme"
        await shows("is used up")
        await scene.rig.answer(card.ts, "So sorry, we are searching")
        await scene.rig.shows(card.ts, "read back")
        await shows("is used up")
        assert len(told(scene, "ahead of the calendar")) == 1
        assert len(told(scene, "is used up")) == 1


async def test_a_search_that_is_quicker_than_the_webhook_takes_nothing_away(redis_url: str) -> None:
    """It finds what quotes us and cannot tell. Then X delivers it: it can be answered, and the customer waits."""
    async with a_scene(redis_url, X_SEARCH="winter boots") as scene:
        ours = scene.x.post(US, "Our winter boots are here")
        quote = {"type": "quoted", "id": ours["id"]}
        post = scene.x.post(ANA, "My cousin has the winter boots in green.", referenced_tweets=[quote])
        card = await scene.rig.card("My cousin has")
        shown = scene.rig.text_of(card.ts)
        assert "Search match" in shown
        assert "no answer is due" in shown
        assert "hark:reply:v1" not in shown
        await scene.deliver(mention_event(post, "post.quote.create"))
        await scene.rig.shows(card.ts, "hark:reply:v1")
        shown = scene.rig.text_of(card.ts)
        assert "Mention" in shown
        assert "first word due" in shown
        assert "matched" not in shown
        await scene.rig.answer(card.ts, "We will replace them")
        await scene.rig.shows(card.ts, "read back")
        assert len(scene.rig.cards()) == 1
