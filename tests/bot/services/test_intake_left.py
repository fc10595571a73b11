"""An account is added while older processes still run: they leave its deliveries to the one that knows it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.models import Event, Interaction, Raw
from bot.domain.network import UNKNOWN_FOR
from bot.services.intake import BATCH, Intake
from bot.store.store import Store
from tests.support.cases import a_key, a_raw, an_interaction
from tests.support.intake import an_intake, told
from tests.support.stores import a_store, let_lie

SECOND = timedelta(seconds=1)
A_WHILE = 10 * SECOND


def post(raw: Raw) -> Iterator[Event]:
    """A customer's post, named by the body, in a conversation of its own."""
    yield interaction(raw.body.decode())


def interaction(name: str) -> Interaction:
    """The post."""
    return an_interaction(f"post {name}", id=name, key=a_key(name))


@dataclass(frozen=True)
class Deploy:
    """A worker from before the account of `a_raw` was set up, and one that knows it, each with its own connection."""

    older_store: Store
    older: Intake
    newer_store: Store
    newer: Intake

    async def comes(self, *names: str) -> None:
        """Deliveries of the new account."""
        for name in names:
            await self.older_store.inbox.put(a_raw(name.encode()))

    async def lies(self, span: timedelta) -> None:
        """So much time passes for what was taken; both workers look again."""
        await let_lie(self.older_store, span)

    async def cases(self, *names: str) -> list[str]:
        """Which of these became cases."""
        return [name for name in names if await self.older_store.cases.load(a_key(name).id)]

    async def buried(self) -> list[str]:
        """Why letters are dead."""
        return [letter.error for letter in await self.older_store.dead.newest(10)]


@asynccontextmanager
async def a_deploy(redis_url: str, shards: int = 1) -> AsyncIterator[Deploy]:
    """Both workers, which look for what others left at every turn."""
    async with AsyncExitStack() as stack:
        older, newer = [
            await stack.enter_async_context(a_store(redis_url, shards=shards, instance=name, takeover=SECOND))
            for name in ("older", "newer")
        ]
        for store in (older, newer):
            store.inbox.takeover = SECOND
        yield Deploy(older, an_intake(older, {}), newer, an_intake(newer, told(post)))


async def looks_again(worker: Intake, store: Store) -> int:
    """A turn of a worker that looks at what was left; how much it took."""
    store.inbox._next_takeover = 0.0
    return await worker.step()


@pytest.mark.parametrize("shards", [1, 3])
async def test_it_is_left_to_the_process_that_knows_the_account(redis_url: str, shards: int) -> None:
    """The older worker reads it once and no more; the newer one takes it over, and it becomes a case."""
    async with a_deploy(redis_url, shards) as deploy:
        await deploy.comes("one", "two")
        assert await deploy.older.step() == 2
        assert await looks_again(deploy.newer, deploy.newer_store) == 0, "it was taken just now"
        await deploy.lies(A_WHILE)
        assert await looks_again(deploy.older, deploy.older_store) == 0
        await deploy.older_store.inbox.renew()
        assert await looks_again(deploy.newer, deploy.newer_store) > 0
        while await looks_again(deploy.newer, deploy.newer_store):
            pass
        assert await deploy.cases("one", "two") == ["one", "two"]
        assert (await deploy.buried(), await deploy.older_store.inbox.depth()) == ([], 0)


async def test_what_nobody_knows_is_buried_after_ten_minutes(redis_url: str) -> None:
    """Nothing waits for ever: then it is a dead letter like any other, told and replayable."""
    async with a_deploy(redis_url) as deploy:
        await deploy.comes("one")
        await deploy.older.step()
        await deploy.lies(UNKNOWN_FOR - A_WHILE)
        assert await looks_again(deploy.older, deploy.older_store) == 0
        assert await deploy.buried() == []
        await deploy.lies(UNKNOWN_FOR)
        assert await looks_again(deploy.older, deploy.older_store) == 1
        assert await deploy.buried() == ["no account 'hark.example' of 'square' is set up"]
        assert await deploy.older_store.inbox.depth() == 0
        assert await deploy.older_store.inbox.replay() == 1
        await deploy.newer.step()
        assert await deploy.cases("one") == ["one"]


async def test_what_is_left_holds_nothing_else_up(redis_url: str) -> None:
    """In the same batch, what the worker knows is done; behind hundreds that it does not, a dead worker's is found."""
    async with a_deploy(redis_url) as deploy:
        dead = await deploy.newer_store.inbox.take(1, 0)
        assert dead == []
        for n in range(300):
            await deploy.newer_store.inbox.put(a_raw(b"%d" % n, account="unknown"))
        await deploy.comes("dead")
        assert len(await deploy.older_store.inbox.take(301, 0)) == 301
        await deploy.comes("fresh")
        await deploy.newer_store.inbox.put(a_raw(b"301", account="unknown"))
        await deploy.newer.step()
        assert await deploy.cases("fresh", "dead") == ["fresh"]
        assert await deploy.older_store.inbox.depth() == 302
        await deploy.lies(A_WHILE)
        deploy.newer_store.inbox._next_takeover = 0.0
        parts = range(301 // BATCH + 1)
        assert sum([await deploy.newer.step() for _ in parts]) == 1, "it need not wait between two parts"
        assert await deploy.cases("dead") == ["dead"]
        assert sum([await deploy.newer.step() for _ in parts]) == 0
        assert deploy.newer_store.inbox._next_takeover > 0, "what was looked through is not looked at all the time"
        assert await deploy.older_store.inbox.depth() == 301
        assert await deploy.buried() == []
