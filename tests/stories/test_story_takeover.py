"""What a killed or paused worker held is in other hands within ten seconds, and what it writes later is refused."""

import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.store.store import Store
from sandbox.demo import Sandbox
from sandbox.slack.workspace import CARE
from tests.support.bot_process import a_sandbox
from tests.support.cases import a_raw
from tests.support.lives import LOST, a_life
from tests.support.stores import a_store
from tests.support.waiting import wait_until

TAKEOVER_S = 10.0
Holder = Callable[[Store], Awaitable[bytes | None]]


def of_queue(name: str) -> Holder:
    """Who holds something in a due queue: the token of the lease."""

    async def holder(store: Store) -> bytes | None:
        tokens: list[bytes] = await store.link.do("HVALS", store.cards.keys.due(0, name)[1])
        return tokens[0] if tokens else None

    return holder


async def of_inbox(store: Store) -> bytes | None:
    """Who works on the delivery."""
    script = "return redis.call('XPENDING', KEYS[1], 'intake', '-', '+', 1)"
    pending = await store.link.do("EVAL", script, 1, store.inbox.keys.inbox(0))
    return pending[0][1] if pending else None


async def put(store: Store, what: str) -> None:
    """Something to take that stands for nothing; polls are due by themselves."""
    queues = {"cards": store.cards, "sends": store.sends, "timers": store.timers}
    if what in queues:
        await queues[what].put(LOST, SystemClock().now())
    elif what == "inbox":
        await store.inbox.put(a_raw(network="bluesky", account="main"))


@pytest.mark.parametrize("what", ["cards", "sends", "timers", "polls", "inbox"])
async def test_what_a_killed_worker_held_is_taken_over_within_ten_seconds(
    redis_url: str, tmp_path: Path, what: str
) -> None:
    """Kill -9 right after the taking: another worker, which runs already, has it in less than ten seconds."""
    holder = of_inbox if what == "inbox" else of_queue(what)
    async with a_sandbox(redis_url) as (_, env), a_store(redis_url) as store:
        async with a_life(env, tmp_path / "first.log", what) as first:
            await put(store, what)
            assert await first.ends() == -signal.SIGKILL, first.said
        dead = await holder(store)
        assert dead
        died = float(first.fired.read_text())
        async with a_life(env, tmp_path / "second.log") as second:
            await second.says('"event": "ready"')
            await wait_until(lambda: changed(holder, store, dead), "another has it", within_s=TAKEOVER_S)
        assert time.monotonic() - died < TAKEOVER_S + 5  # the second one's start took some of it


async def changed(holder: Holder, store: Store, dead: bytes) -> bool:
    """Whether the dead one holds it no more."""
    return await holder(store) != dead


async def test_a_paused_poller_writes_nothing_over_its_successor(redis_url: str, tmp_path: Path) -> None:
    """SIGSTOP between reading a page and storing it; another polls on; after SIGCONT the late page is stored nowhere.

    The server refuses it, or its worker, which sees how late it is, does not send it any more; what was on its way to
    the server when the worker was stopped may count as unanswered first. Each post has one card, and the cursor is the
    successor's.
    """
    async with (
        a_sandbox(redis_url) as (sandbox, env),
        a_store(redis_url) as store,
        a_life(env, tmp_path / "first.log", "page read", signal.SIGSTOP) as first,
    ):
        await first.says('"event": "ready"')
        sandbox.square.post("jamalreed", "@acme.square.test where is my parcel number 1?")
        await wait_until(first.fired.exists, "the first one is stopped", within_s=TAKEOVER_S * 2)
        async with a_life(env, tmp_path / "second.log") as second:
            await cards(sandbox, ["number 1"])
            sandbox.square.post("jamalreed", "@acme.square.test where is my parcel number 2?")
            await cards(sandbox, ["number 1", "number 2"])
            second.signal(signal.SIGTERM)
            assert await second.ends() == 0, second.said
        cursors = await all_cursors(store)
        first.signal(signal.SIGCONT)
        await first.says("polled by another worker by now", "lease lost, step stopped", "step failed, comes again")
        assert await all_cursors(store) == cursors
        sandbox.square.post("jamalreed", "@acme.square.test where is my parcel number 3?")
        await cards(sandbox, ["number 1", "number 2", "number 3"])
        first.signal(signal.SIGTERM)
        assert await first.ends() == 0, first.said


async def all_cursors(store: Store) -> dict[bytes, bytes]:
    """Where polling of every source stands."""
    keys = await store.link.do("KEYS", "hark:*:cursor:*")
    return {key: await store.link.do("GET", key) for key in keys}


async def cards(sandbox: Sandbox, words: list[str]) -> None:
    """Wait until exactly one card with each of these words stands."""
    slack = sandbox.slack

    def stand() -> bool:
        texts = [
            str(each.blocks) for each in slack.messages(CARE) if not each.thread_ts and "hark:" in str(each.blocks)
        ]
        return len(texts) == len(words) and all(any(word in text for text in texts) for word in words)

    await wait_until(stand, f"cards with {words}", within_s=30)
