"""Kill -9 at named points of the whole story: nothing is lost, nothing is doubled, nothing is left lying about."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis.asyncio

from bot.domain.case import Case, PostKind, SendState
from bot.services.canary import CANARY
from bot.services.dead_watch import DEAD
from bot.services.hourly import HOURLY
from bot.services.misplaced import MISPLACED
from bot.services.outage import OUTAGE
from sandbox.demo import environment, open_sandbox
from sandbox.slack.model import Message
from tests.support.crashing import POINTS, Mortal
from tests.support.rig import ANA, BRAND, CALM, CARE, FAST, Scene
from tests.support.stores import a_store
from tests.support.waiting import wait_until

COMPLAINT = "@acme.square.test my bag is lost since yesterday and nobody answers the phone"
FOLLOW_UP = "@acme.square.test thanks, but where exactly is it now?"
REPLY = "So sorry, we are searching."
IN_PRIVATE = "Hi Jamal, what is your booking code?"
PUBLIC_LINE = "We have written to you, Jamal."
CLOSING = "All sorted in private, thank you Jamal!"
UNDO_S = 20
TO_THE_WARNING_S = 91 * 60
PATIENCE_S = 4.0
WITHIN_S = 40.0
OUTSIDE = "modal closed, send not yet due"
"""The one death that no method of a port marks: killed from outside, with all calls done."""


@dataclass(frozen=True)
class Stage(Scene):
    """The scene with a bot that may die at any moment, and people who look and try again."""

    bot: Mortal

    async def until(self, goal: Callable[[], object], what: str, act: Callable[[], Awaitable[object]]) -> None:
        """Do what people do: act, look, and act again when nothing came of it."""
        deadline = asyncio.get_running_loop().time() + WITHIN_S
        while not goal():
            assert asyncio.get_running_loop().time() < deadline, f"{what}\n{self.bot.said[-8000:]}"
            await act()
            try:
                await wait_until(goal, what, within_s=PATIENCE_S)
            except AssertionError:
                continue

    async def look(self, goal: Callable[[], object], what: str) -> None:
        """Only look."""
        assert not self.bot.endings, self.bot.said[-8000:]
        try:
            await wait_until(goal, what, within_s=WITHIN_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.bot.said[-8000:]}") from None

    async def fill_in(self, opens: Callable[[], Awaitable[object]], **fields: str) -> None:
        """Open a modal, fill it in and press Send, again and again until it closes for good."""
        sent = False

        async def act() -> None:
            nonlocal sent
            views = self.sandbox.slack.views
            if not views(ANA):
                await opens()
                await self._perhaps(lambda: views(ANA))
            if views(ANA):
                outcome = await self.send(ANA, **fields)
                assert not outcome.errors, outcome
                sent = outcome.ok and not views(ANA)

        await self.until(lambda: sent, f"the modal with {fields} is sent", act)

    async def _perhaps(self, goal: Callable[[], object]) -> None:
        try:
            await wait_until(goal, "something may come of it", within_s=PATIENCE_S)
        except AssertionError:
            return


@asynccontextmanager
async def a_stage(redis_url: str, point: str) -> AsyncIterator[Stage]:
    """The sandbox in this process, the bot in one of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_sandbox(folder, 0, lambda _: None, CALM) as sandbox:
            sandbox.clock.skip(1)
            env = {
                **environment(sandbox, folder),
                **FAST,
                "REDIS_URL": redis_url,
                "HARK_UNDO_SECONDS": str(UNDO_S),
                "HARK_CLAIM_MINUTES": "1000",
                "HARK_LOG_LEVEL": "info",
            }
            with Mortal(sandbox, env, folder, point if point in POINTS else "").running() as bot:
                yield Stage(sandbox, bot)


@pytest.mark.parametrize("point", [*POINTS, OUTSIDE])
async def test_the_story_survives_a_kill(redis_url: str, point: str) -> None:
    """Wherever the process dies: one card, each line once, each send once, the right state, nothing orphaned."""
    async with a_stage(redis_url, point) as stage:
        ts = await complain_and_claim(stage)
        await reply(stage, ts, kill=point == OUTSIDE)
        await write_again_and_be_warned(stage, ts)
        await go_private_and_close(stage, ts)
        await settle(stage, redis_url)
        assert stage.bot.deaths == 1, stage.bot.said[-8000:]
        check_slack(stage)
        check_square(stage)
        await check_store(redis_url)


async def complain_and_claim(stage: Stage) -> str:
    """A customer complains, a card comes up, Ana takes it."""
    slack = stage.sandbox.slack
    stage.square.post("jamalreed", COMPLAINT)
    await stage.look(stage.cards, "the card stands")
    ts = stage.cards()[0].ts
    await stage.look(lambda: slack.hub.sockets.open, "the bot listens")

    async def claim() -> None:
        if "hark:claim:v1" in stage.text_of(ts):
            await stage.press(ANA, ts, "hark:claim:v1")

    await stage.until(lambda: "hark:release:v1" in stage.text_of(ts), "Ana has it", claim)
    return ts


async def reply(stage: Stage, ts: str, *, kill: bool) -> None:
    """Ana answers; the answer stands and is read back."""
    await stage.fill_in(lambda: stage.press(ANA, ts, "hark:reply:v1"), text=REPLY, signature="^AK")
    if kill:
        stage.bot.kill()
        await stage.look(lambda: stage.bot.deaths, "the kill was noticed")
    stage.sandbox.clock.skip(UNDO_S)
    await stage.look(stage.brand_posts, "the answer stands on the square")
    await stage.look(lambda: "read back" in stage.text_of(ts), "the answer was read back")


async def write_again_and_be_warned(stage: Stage, ts: str) -> None:
    """The customer answers; card and thread follow; nobody reacts until the warning comes."""
    ours = next(
        r
        for r in stage.square.world.of_kind("app.bsky.feed.post", stage.square.who(BRAND).did)
        if REPLY in str(r.value)
    )
    stage.square.post("jamalreed", FOLLOW_UP, reply_to=ours.uri)
    await stage.look(lambda: "where exactly" in stage.text_of(ts), "the card follows")
    await stage.look(lambda: any("where exactly" in line for line in stage.lines()), "the thread follows")
    stage.sandbox.clock.skip(TO_THE_WARNING_S)
    await stage.look(lambda: stage.direct(ANA), "Ana is warned in a direct message")
    await stage.look(lambda: hourly(stage), "the hourly message stands")


async def go_private_and_close(stage: Stage, ts: str) -> None:
    """A private message, the public line that says so, the closing word."""
    await stage.fill_in(lambda: stage.press(ANA, ts, "hark:private:v1"), text=IN_PRIVATE, line=PUBLIC_LINE)
    stage.sandbox.clock.skip(UNDO_S)
    await stage.look(lambda: len(stage.brand_posts()) == 2, "the public line stands")
    await stage.fill_in(lambda: stage.choose(ANA, ts, "close"), reason="solved", loop="post", line=CLOSING)
    stage.sandbox.clock.skip(UNDO_S)
    await stage.look(lambda: len(stage.brand_posts()) == 3, "the closing word stands")
    await stage.look(lambda: "hark:reopen:v1" in stage.text_of(ts), "the card is closed")


async def settle(stage: Stage, redis_url: str) -> None:
    """Wait until nothing but the regular rounds is due, and end the bot in order."""
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:

        async def quiet() -> bool:
            busy = [await client.zcard("hark:{0}:due:" + name) for name in ("cards", "sends")]
            busy.append(await client.xlen("hark:{0}:inbox"))
            # What the dead process held is taken over when its leases end.
            busy.append(await client.hlen("hark:{0}:due:polls:held"))
            timers = await client.zrange("hark:{0}:due:timers", 0, -1)
            return not any(busy) and set(timers) <= {HOURLY, DEAD, CANARY, OUTAGE, MISPLACED}

        await wait_until(quiet, "nothing is due any more", within_s=WITHIN_S)
        stage.bot.end()
        await stage.look(lambda: stage.bot.endings, "the bot stops when asked")
        assert stage.bot.endings == [0], stage.bot.said[-8000:]
        for name in ("cards", "sends", "timers", "polls"):
            for kind in ("held", "again"):
                assert await client.hgetall(f"hark:{{0}}:due:{name}:{kind}") == {}, (name, kind)
        assert await client.xpending("hark:{0}:inbox", "intake") | {"consumers": []} == {
            "pending": 0,
            "min": None,
            "max": None,
            "consumers": [],
        }
        assert not await client.exists("hark:{0}:dead")


def check_slack(stage: Stage) -> None:
    """Each thing once: the card, the line of the second post, the warning, the hourly message."""
    everything = [
        (conversation, message.thread_ts, message.text)
        for conversation in (CARE, stage.sandbox.slack.direct(ANA))
        for message in stage.sandbox.slack.messages(conversation)
    ]
    assert max(Counter(everything).values()) == 1, everything
    assert len(stage.cards()) == 1
    others = [message.text for message in hourly(stage)]
    assert len([line for line in stage.lines() if "where exactly" in line and line not in others]) == 1
    assert len(stage.direct(ANA)) == 1
    assert len(others) == 1, others


def hourly(stage: Stage) -> list[Message]:
    """What stands in the channel beside cards and threads."""
    cards = stage.cards()
    return [each for each in stage.sandbox.slack.messages(CARE) if not each.thread_ts and each not in cards]


def check_square(stage: Stage) -> None:
    """What the company wrote, each text once."""
    assert stage.brand_posts() == [f"{REPLY} ^AK", f"{PUBLIC_LINE} ^AK", f"{CLOSING} ^AK"]
    world, brand = stage.square.world, stage.square.who(BRAND).did
    said = [m.text for convo in world.convos.values() for m in convo.messages if m.sender == brand]
    assert said.count(f"{IN_PRIVATE} ^AK") == 1, said


async def check_store(redis_url: str) -> None:
    """The case as it should be in the end."""
    async with a_store(redis_url) as store:
        async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
            (key,) = [key async for key in client.scan_iter("hark:{0}:case:*")]
        case = await store.cases.load(key.rpartition(":")[2])
        assert case is not None
        assert await store.cases.count_open(case.key.network, case.key.account) == 0
    assert_settled(case)


def assert_settled(case: Case) -> None:
    """Closed, everything sent and read back, everything placed."""
    assert not case.is_open
    assert case.item_count == 2
    assert (case.wait, case.claim, case.writing, case.loop_open) == (None, None, None, False)
    assert [(send.state, send.read_back, send.attempt >= 1) for send in case.sends] == [
        (SendState.SENT, True, True)
    ] * 4
    assert all(post.ts and post.drawn and not post.error for post in case.posts)
    assert [post.kind for post in case.posts].count(PostKind.CARD) == 1
    assert case.cycle.n == 1
    assert None not in (case.cycle.claimed_at, case.cycle.answered_at, case.cycle.private_at, case.cycle.closed_at)
