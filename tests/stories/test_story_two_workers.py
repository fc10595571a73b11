"""Two bots on one Redis, one Slack, one square: the work is shared, and nothing is done twice."""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import redis.asyncio

from bot import accounts
from bot.app import open_service
from bot.roles import Role, serve
from sandbox.demo import environment, open_sandbox
from sandbox.slack.model import Message
from tests.support.crashing import FileClock
from tests.support.rig import ANA, CALM, CARE, FAST, WITHIN_S, Scene
from tests.support.waiting import wait_until

BURST = 30
MIDDLE = 10
TARGETS = {"HARK_ACK_TARGET_MINUTES": "120", "HARK_ANSWER_TARGET_MINUTES": "120"}
TO_THE_WARNING_S = 91 * 60
"""Past the one instant at which both promises warn, past a full hour, and well before they break."""
NUMBER = re.compile(r"parcel number (\d+) ")


@dataclass(frozen=True)
class Worker:
    """One running bot: `stop` is what SIGTERM sets, `ended` follows once it has drained."""

    stop: asyncio.Event
    ended: asyncio.Event


@asynccontextmanager
async def a_worker(env: dict[str, str], clock: FileClock) -> AsyncIterator[Worker]:
    """A whole bot beside others."""
    settings, found = accounts.settings_of(env)
    worker = Worker(asyncio.Event(), asyncio.Event())
    up = asyncio.Event()

    async def ready(_port: int) -> None:
        up.set()

    async def run() -> None:
        async with open_service(settings, found, env, clock) as service:
            await serve(service, Role.ALL, worker.stop, ready)
        worker.ended.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(run())
        await up.wait()
        try:
            yield worker
        finally:
            worker.stop.set()


async def test_two_share_a_burst_and_one_may_leave(redis_url: str) -> None:
    """30 posts at once: each carded once, warned of once, told hourly once, though one of the two stops in between."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_sandbox(folder, 0, lambda _: None, CALM) as sandbox:
            sandbox.clock.skip(1)  # writes the file that the bots read
            clock = FileClock(folder / "clock.json")
            env = {**environment(sandbox, folder), **FAST, **TARGETS, "REDIS_URL": redis_url}
            env["HARK_STORMS"] = "false"  # each of them is to be seen and heard
            scene = Scene(sandbox)
            async with a_worker(env, clock) as first, a_worker(env, clock):
                await wait_until(lambda: len(sandbox.slack.hub.sockets.open) == 2, "both listen", within_s=WITHIN_S)
                for number in range(BURST):
                    scene.square.post("jamalreed", f"@acme.square.test where is my parcel number {number} now?")
                await scene.while_time_flies(lambda: len(scene.cards()) >= MIDDLE, "the first cards stand")
                first.stop.set()
                await wait_until(first.ended.is_set, "the first one has drained", within_s=WITHIN_S)
                assert len(scene.cards()) < BURST, "it was stopped in the middle"
                await scene.while_time_flies(lambda: len(scene.cards()) >= BURST, "the second one does the rest")
                async with a_worker(env, clock):
                    await be_warned(scene, redis_url)
            assert numbers(scene.cards()) == dict.fromkeys(range(BURST), 1)
            assert numbers(scene.direct(ANA)) == dict.fromkeys(range(BURST), 1)
            assert set(Counter(day_of(each) for each in hourly(scene)).values()) == {1}, "one message a day"
            assert not [call for call in sandbox.slack.calls if call.error]


def day_of(message: Message) -> int:
    """The day (of UTC) on which it was posted: late in the evening the story goes on past midnight."""
    return int(float(message.ts)) // 86_400


async def be_warned(scene: Scene, redis_url: str) -> None:
    """Nobody reacts; the first warning of every case falls due at once, and a full hour passes."""
    await quiet(scene, redis_url)
    scene.sandbox.clock.skip(TO_THE_WARNING_S)
    await scene.while_time_flies(lambda: len(scene.direct(ANA)) >= BURST, "Ana is warned of each")
    await scene.while_time_flies(lambda: hourly(scene), "the hourly message stands")
    await quiet(scene, redis_url)


async def quiet(scene: Scene, redis_url: str) -> None:
    """Wait until nothing is to be drawn or sent: a skip past every lease takes nothing out of anybody's hands."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:

        async def done() -> bool:
            return not any([await client.zcard("hark:{0}:due:" + name) for name in ("cards", "sends")])

        await scene.while_time_flies(done, "nothing is to be drawn or sent")


def numbers(messages: list[Message]) -> dict[int, int]:
    """How many messages there are about each parcel."""
    return dict(
        sorted(Counter(int(found[1]) for each in messages if (found := NUMBER.search(str(each.blocks)))).items())
    )


def hourly(scene: Scene) -> list[Message]:
    """What stands in the channel beside cards and threads."""
    cards = scene.cards()
    return [each for each in scene.sandbox.slack.messages(CARE) if not each.thread_ts and each not in cards]
