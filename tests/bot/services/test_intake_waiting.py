"""How long intake waits at an inbox into which nothing comes."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from bot.domain.models import Event, Raw
from bot.domain.ports import Stored
from bot.services.intake import LONGEST_WAIT_MS, WAIT_MS
from bot.store.inbox import RedisInbox
from tests.support.cases import a_raw, an_interaction
from tests.support.intake import an_intake, told
from tests.support.stores import a_store
from tests.support.waiting import wait_until


@dataclass(slots=True)
class Hasty(RedisInbox):
    """The inbox, which notes how long it was to wait and does not."""

    waits: list[int] = field(default_factory=list)

    async def take(self, limit: int, wait_ms: int, accounts: Collection[tuple[str, str]] | None = None) -> list[Stored]:
        """Take what is there."""
        self.waits.append(wait_ms)
        await asyncio.sleep(0.01)
        return await RedisInbox.take(self, limit, 0, accounts)


def nothing(_raw: Raw) -> Iterator[Event]:
    """Nothing is read here."""
    return iter(())


async def test_an_idle_intake_waits_longer_and_longer(redis_url: str) -> None:
    """An idle worker costs little; the first delivery that comes makes it as quick as before."""
    async with a_store(redis_url) as store:
        ours, stop = store.inbox, asyncio.Event()
        inbox = Hasty(ours.link, ours.keys, ours.scripts, ours.clock, ours.instance, ours.turns, ours.takeover)
        intake = an_intake(store, told(nothing), inbox=inbox)
        async with asyncio.TaskGroup() as group:
            group.create_task(intake.run(stop))
            await wait_until(lambda: LONGEST_WAIT_MS in inbox.waits, "it waits for as long as it ever does")
            assert inbox.waits[0] == WAIT_MS
            assert inbox.waits == sorted(inbox.waits)
            inbox.waits.clear()
            await inbox.put(a_raw(b"{}"))
            await wait_until(lambda: WAIT_MS in inbox.waits, "it is quick again")
            await wait_until(lambda: is_empty(inbox), "what was worked off has left")
            await inbox.put(a_raw(b"{}"))
            stop.set()
        assert await inbox.depth() in (0, 1)
        assert (await inbox.link.do("XPENDING", inbox.keys.inbox(0), "intake"))["pending"] == 0


@dataclass(slots=True)
class Lingering(RedisInbox):
    """The inbox, which nothing leaves for the time being."""

    goes: asyncio.Event = field(default_factory=asyncio.Event)

    async def done(self, stored: Sequence[Stored]) -> None:
        """Wait."""
        await self.goes.wait()
        await RedisInbox.done(self, stored)


async def test_new_words_do_not_wait_for_the_old_ones_to_leave(redis_url: str) -> None:
    """What was worked off leaves beside the next taking."""
    async with a_store(redis_url) as store:
        ours, stop, heard = store.inbox, asyncio.Event(), list[bytes]()
        inbox = Lingering(ours.link, ours.keys, ours.scripts, ours.clock, ours.instance, ours.turns, ours.takeover)
        words = told(lambda _raw: [an_interaction()])
        intake = an_intake(store, words, inbox=inbox, heard=lambda raw, *_: heard.append(raw.body))
        async with asyncio.TaskGroup() as group:
            group.create_task(intake.run(stop))
            for body in (b"old", b"new"):
                await inbox.put(a_raw(body))
                await wait_until(lambda: heard[-1:] == [body], "it is taken in")  # noqa: B023 - waited for at once
            stop.set()
            inbox.goes.set()
        assert await inbox.depth() == 0


async def is_empty(inbox: RedisInbox) -> bool:
    """Whether nothing is left in the inbox."""
    return await inbox.depth() == 0
