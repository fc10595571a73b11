"""SIGTERM while a slow network is being called: what can be finished is finished, the rest is taken up by the next."""

import asyncio
import time
from datetime import timedelta

import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.domain.case import Case, SendState
from bot.domain.ports import Commit
from bot.store.store import Store
from tests.support.bot_process import a_sandbox, bot
from tests.support.cases import a_case, a_key, a_send
from tests.support.deliveries import ENV
from tests.support.stores import a_store
from tests.support.waiting import wait_until
from tests.support.webhook_rig import Receiver, a_receiver

REPLIES = 8
TERM_S = 25.0


async def queue_replies(store: Store, url: str) -> list[str]:
    """Replies that are due, each in a case of its own; the other system takes them at this address."""
    now = SystemClock().now()
    ids = []
    for n in range(REPLIES):
        ref = {"id": f"c{n}", "conversation": f"c{n}", "reply_url": url}
        key = a_key(f"c{n}", network="webhook", account="main")
        case = a_case(key=key, sends=(a_send(id=f"send-{n}", ref=ref, created_at=now, due_at=now),), wait=None)
        assert await store.cases.commit(Commit(None, case, now)) == "committed"
        ids.append(case.id)
    return ids


async def states(store: Store, ids: list[str]) -> list[SendState]:
    """Where each reply stands."""
    cases: list[Case | None] = [await store.cases.load(case_id) for case_id in ids]
    return [send.state for case in cases if case for send in case.sends]


def slow(receiver: Receiver, seconds: float) -> None:
    """Take everything, and answer late."""

    async def handle(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.json_response({"id": "their-1"})

    receiver.handler = handle


@pytest.mark.parametrize(("takes_s", "finished"), [(5.0, True), (60.0, False)])
async def test_sigterm_in_the_middle_of_calls(redis_url: str, takes_s: float, finished: bool) -> None:
    """Exit 0 within 25 s. A call of five seconds is finished and recorded; one that hangs is repeated under its id."""
    async with a_sandbox(redis_url) as (_, env), a_receiver() as receiver, a_store(redis_url) as store:
        slow(receiver, takes_s)
        ids = await queue_replies(store, receiver.url)
        calling = env | ENV | {"WEBHOOK_REPLY_HOSTS": receiver.url.removeprefix("http://").partition(":")[0]}
        async with bot(calling, "worker") as process:
            await wait_until(lambda: len(receiver.got) >= REPLIES, "all are being called", within_s=40)
            asked = time.monotonic()
            assert await process.stop() == 0, process.said
            assert time.monotonic() - asked < TERM_S
            assert "Traceback" not in process.said
        stand = set(await states(store, ids))
        assert stand <= ({SendState.SENT} if finished else {SendState.SENDING, SendState.UNKNOWN})
        if finished:
            assert await store.sends.depth() == 0
            return
        slow(receiver, 0)
        async with bot(calling, "worker") as process:
            await wait_until(lambda: all_sent(store, ids), "the next one has sent them", within_s=60)
            assert await process.stop() == 0, process.said
        assert {headers["webhook-id"] for headers, _ in receiver.got} == {f"send-{n}" for n in range(REPLIES)}


async def all_sent(store: Store, ids: list[str]) -> bool:
    """Whether every reply stands."""
    return await states(store, ids) == [SendState.SENT] * REPLIES


async def test_a_drained_worker_gives_its_leases_back(redis_url: str) -> None:
    """After an orderly end nothing waits for a lease to lapse: the next one has all of it at once."""
    async with a_sandbox(redis_url) as (_, env), a_store(redis_url) as store:
        async with bot(env, "worker") as process:
            await process.says('"event": "ready"')
            await wait_until(lambda: polled(store), "it polls", within_s=20)
            assert await process.stop() == 0, process.said
        for queue in (store.cards, store.sends, store.timers, store.polls):
            assert await store.link.do("ZCARD", queue.keys.leases(0, queue.name)) == 0
            assert await store.link.do("HLEN", queue.keys.due(0, queue.name)[1]) == 0
        now = SystemClock().now() + timedelta(minutes=1)
        assert await store.polls.take(now, 50, timedelta(seconds=6))


async def polled(store: Store) -> bool:
    """Whether a source has been asked."""
    return bool(await store.link.do("KEYS", "hark:*:cursor:*"))
