"""What goes wrong with an account has one face on every network: words on the card, words in App Home, and it goes on.

Each trouble begins, somebody answers, the card and App Home say what it is and what to do, the trouble ends, and the
same words go out: by Retry where a person had to mend something, by themselves where waiting was enough.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from tests.stories import (
    test_story_facebook,
    test_story_instagram,
    test_story_threads,
    test_story_whatsapp,
    test_story_x,
)
from tests.support import whatsapp_server
from tests.support.graph_server import GraphError, GraphServer
from tests.support.rig import ANA, Rig
from tests.support.waiting import wait_until
from tests.support.x_server import ANA as ON_X
from tests.support.x_server import mention_event

pytestmark = pytest.mark.timeout(240)

PERSON = {"id": "7001", "name": "Carla Diaz"}
ON_INSTAGRAM = "6602000000000001"
WORDS = "my parcel is lost"


@dataclass(frozen=True)
class Stage:
    """A network of Meta with one customer who waits; `hear` lets the customer write (again)."""

    rig: Rig
    server: GraphServer
    hear: Callable[[], Awaitable[None]]
    wrote: Callable[[], list[str]]
    too_many: int
    closed: tuple[int, int | None, str] | None = None
    polls: bool = True


@asynccontextmanager
async def facebook(redis_url: str) -> AsyncIterator[Stage]:
    """A comment on the Page."""
    async with test_story_facebook.a_story(redis_url) as story:

        async def hear() -> None:
            await story.tell(story.page.comment(test_story_facebook.CARLA, WORDS))

        yield Stage(story.rig, story.page, hear, story.page.replies, 80001)


@asynccontextmanager
async def messenger(redis_url: str) -> AsyncIterator[Stage]:
    """A message to the Page."""
    async with test_story_facebook.a_story(redis_url) as story:

        async def hear() -> None:
            await story.tell(story.page.write(PERSON, WORDS), door="messaging")

        yield Stage(
            story.rig, story.page, hear, lambda: story.page.sent_to("7001"), 80006, (10, 2018278, "has to write first")
        )


@asynccontextmanager
async def instagram(redis_url: str) -> AsyncIterator[Stage]:
    """A direct message."""
    async with test_story_instagram.a_scene(redis_url) as scene:
        box = scene.server.world.boxes

        async def hear() -> None:
            said = scene.server.write(WORDS, ON_INSTAGRAM)
            await scene.told(scene.server.told_message(ON_INSTAGRAM, message={"mid": said.id, "text": said.text}))

        def wrote() -> list[str]:
            return [said.text for said in box.get(ON_INSTAGRAM, []) if said.text != WORDS]

        yield Stage(scene.rig, scene.server, hear, wrote, 80002, (10, 2534022, "has to write first"))


@asynccontextmanager
async def threads(redis_url: str) -> AsyncIterator[Stage]:
    """A reply to a post."""
    async with test_story_threads.a_scene(redis_url) as scene:

        async def hear() -> None:
            await scene.told(scene.server.told(scene.server.reply(WORDS)))

        yield Stage(scene.rig, scene.server, hear, lambda: [post.text for post in scene.server.ours()], 4)


@asynccontextmanager
async def whatsapp(redis_url: str) -> AsyncIterator[Stage]:
    """A message to the number."""
    async with test_story_whatsapp.a_story(redis_url) as story:

        async def hear() -> None:
            await story.tell(story.server.says(whatsapp_server.ANA, WORDS))

        yield Stage(
            story.rig,
            story.server,
            hear,
            story.server.texts,
            130429,
            (131047, None, "only approved templates"),
            polls=False,
        )


async def home_says(rig: Rig, words: str, *, there: bool = True, each_skips: int = 0) -> None:
    """Wait until App Home says these words, or does not any more; so many seconds pass before each opening."""

    homes, looks = rig.sandbox.slack.hub.views.homes, count()

    async def said() -> bool:
        if next(looks) % 40 == 0:  # not at every look: each opening draws the whole of it
            if each_skips:
                rig.sandbox.clock.skip(each_skips)
            await rig.sandbox.slack.open_home(ANA)
        return (words in str(homes.get(ANA))) is there

    await wait_until(said, f"App Home {'says' if there else 'no longer says'} {words!r}", within_s=40)


async def went_out(wrote: Callable[[], list[Any]], text: str) -> None:
    """Wait until these words stand on the network, once."""
    await wait_until(lambda: any(text in each for each in wrote()), f"{text!r} went out", within_s=20)
    assert sum(text in each for each in wrote()) == 1


async def mended(
    stage: Stage, ts: str, error: GraphError, text: str, words: str, then: Callable[[], Awaitable[Any]]
) -> None:
    """A token or a right that is gone: said in words; once it is mended and `then` is done the same words go out."""
    stage.server.token_error = error
    await stage.rig.answer(ts, text)
    await stage.rig.shows(ts, words)
    await home_says(stage.rig, words)
    await home_says(stage.rig, "not working")
    assert not any(text in each for each in stage.wrote())
    stage.server.token_error = None
    await then()
    await went_out(stage.wrote, text)
    stage.rig.sandbox.clock.skip(600)
    await home_says(stage.rig, "not working", there=False)


STAGES: dict[str, Callable[[str], AbstractAsyncContextManager[Stage]]] = {
    "facebook": facebook,
    "messenger": messenger,
    "instagram": instagram,
    "threads": threads,
    "whatsapp": whatsapp,
}


@pytest.mark.parametrize("name", STAGES)
async def test_troubles_of_a_network_of_meta(redis_url: str, name: str) -> None:
    """Token, permission, limit by header, limit by code, window: each said, none lost, each goes on."""
    async with STAGES[name](redis_url) as stage:
        rig, server = stage.rig, stage.server
        await stage.hear()
        card = await rig.card(WORDS)
        expired = GraphError(190, "Session has expired", subcode=463, status=401)

        async def an_hour() -> None:
            rig.sandbox.clock.skip(3700)

        async def retry() -> None:
            await rig.press(ANA, card.ts, "hark:retry:v1")

        await mended(stage, card.ts, expired, "answer one", "The access token has expired", an_hour)
        refused = GraphError(200, "(#200)", status=403)
        await mended(stage, card.ts, refused, "answer two", "permission", retry)

        server.use_up(95)
        await rig.answer(card.ts, "answer three")
        await went_out(stage.wrote, "answer three")
        if stage.polls:
            rig.sandbox.clock.skip(3700)
            await home_says(rig, "limit is nearly used up")
        server.usage = {}
        # An answer that was on its way may still have told of the limit after the hour had passed.
        await home_says(rig, "not working", there=False, each_skips=3700)

        server.token_error = GraphError(stage.too_many, "too many calls")
        await rig.answer(card.ts, "answer four")
        await rig.shows(card.ts, "asks to slow down")
        await home_says(rig, "asks to slow down")
        server.token_error = None
        rig.sandbox.clock.skip(3700)
        await went_out(stage.wrote, "answer four")
        rig.sandbox.clock.skip(3700)
        await home_says(rig, "not working", there=False)

        if stage.closed:
            code, subcode, words = stage.closed
            server.fail(code, subcode=subcode, match="/messages$", verb="POST")
            await rig.answer(card.ts, "answer five")
            await rig.shows(card.ts, words)
            await stage.hear()
            await rig.press(ANA, card.ts, "hark:retry:v1")
            await went_out(stage.wrote, "answer five")
        assert len(rig.cards()) == 1


async def test_troubles_of_x(redis_url: str) -> None:
    """A lost sign-in, a missing right, used-up credit: mended by hand. A rate limit: waited for."""
    async with test_story_x.a_scene(redis_url) as scene:
        rig, server = scene.rig, scene.x
        await scene.deliver(mention_event(server.post(ON_X, f"@acme {WORDS}")))
        card = await rig.card(WORDS)
        await home_says(rig, "X @acme")
        capped = {"type": "https://api.twitter.com/2/problems/usage-capped", "detail": "Usage cap exceeded"}
        rights = {"title": "Forbidden", "detail": "Your client app is not configured with oauth1 app permissions"}
        for status, body, words in ((403, rights, "may not do this"), (429, capped, "takes no more calls")):
            server.faults["POST /2/tweets"] = [(status, body, {})]
            await rig.answer(card.ts, f"answer {status}")
            await rig.shows(card.ts, words)
            await home_says(rig, words)
            await rig.press(ANA, card.ts, "hark:retry:v1")
            await went_out(scene.answers, f"answer {status}")
            await home_says(rig, words, there=False)

        until = str(int(rig.sandbox.clock.now().timestamp()) + 900)
        server.faults["POST /2/tweets"] = [(429, {}, {"x-rate-limit-remaining": "0", "x-rate-limit-reset": until})]
        await rig.answer(card.ts, "answer two")
        await rig.shows(card.ts, "asks to slow down")
        await home_says(rig, "asks to slow down")
        rig.sandbox.clock.skip(1000)
        await went_out(scene.answers, "answer two")
        await home_says(rig, "not working", there=False)

        # Last, because a refused sign-in is not tried again for a quarter of an hour of real time.
        server.refresh, server.access = "somebody-else-used-it", "revoked"
        await rig.answer(card.ts, "answer one")
        await rig.shows(card.ts, "signed in again")
        await home_says(rig, "signed in again")
        await home_says(rig, "not working")
        assert "answer one" in rig.text_of(card.ts)
        assert len(rig.cards()) == 1
