"""A thousand updates in one signed delivery: the good ones are handled, the broken ones kept, and a replay mends.

Through the bot's own route, with real Redis and the service's own intake. Cards are not drawn here: Slack takes one a
second, so that they would follow for a quarter of an hour.
"""

import asyncio
import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from bot import accounts
from bot.app import Service, open_service
from bot.clock import SystemClock
from bot.domain.case import Case
from bot.domain.models import CaseKey
from bot.domain.network import UNKNOWN_FOR
from bot.domain.ports import Clock
from bot.roles import Role
from bot.services.intake import Intake
from bot.services.worker import QueueWorker
from bot.web import MAX_BODY
from tests.support.bot_process import a_sandbox, run_bot, serving
from tests.support.facebook_server import PAGE, a_page, environment
from tests.support.graph_server import Json, signed
from tests.support.stores import let_lie

GOOD: Final = 990
POST: Final = f"{PAGE}_122100000000001"
SECONDS: Final = 20
"""How long the intake of the whole batch may take on a busy machine."""


def a_comment(n: int, words: str = "") -> Json:
    """One customer's comment with everything that the network sends along."""
    return {
        "item": "comment",
        "verb": "add",
        "comment_id": f"122100000000001_{n:015d}",
        "post_id": POST,
        "parent_id": POST,
        "from": {"id": f"24{n:015d}", "name": f"Customer {n}"},
        "message": words or f"Where is my order {n}? I have been waiting for it since Monday.",
        "created_time": 1772625480 + n,
        "post": {
            "status_type": "added_photos",
            "is_published": True,
            "updated_time": "2026-03-04T11:58:00+0000",
            "permalink_url": "https://www.facebook.com/permalink.php?story_fbid=pfbid0abcdefghijklmnopqrstuvwxyz0123456789",
            "promotion_status": "inactive",
            "id": POST,
        },
    }


def without(name: str) -> Json:
    """A comment that lacks something."""
    return {key: value for key, value in a_comment(5000).items() if key != name}


BROKEN: Final[tuple[tuple[object, str], ...]] = (
    (17, "an update must be an object"),
    ("feed", "an update must be an object"),
    ([["feed"]], "an update must be an object"),
    ({"field": "feed", "value": "words"}, "the value of an update must be an object"),
    ({"field": "feed", "value": [1, 2]}, "the value of an update must be an object"),
    ({"field": "feed", "value": without("comment_id")}, "a comment without its id or its post's"),
    ({"field": "feed", "value": without("post_id")}, "a comment without its id or its post's"),
    ({"field": "feed", "value": {"item": "post", "verb": "add", "message": "Hello"}}, "a post without an id"),
    ({"field": "mention", "value": {"item": "post", "verb": "add"}}, "a mention without an id"),
    ({"field": "ratings", "value": {"item": "rating", "verb": "add"}}, "a recommendation without an id"),
)
"""Ten updates that cannot be used, each with the reason that the dead letter gives."""


def a_batch() -> bytes:
    """A thousand updates; the broken ones stand among the good ones, the first and the last included."""
    updates: list[object] = [{"field": "feed", "value": a_comment(n)} for n in range(GOOD)]
    for n, (broken, _) in enumerate(BROKEN):
        updates.insert(n * 111, broken)
    assert len(updates) == 1000
    return delivery_of(updates)


def delivery_of(updates: list[object]) -> bytes:
    """The body of one delivery, in the network's spelling: letters beyond ASCII escaped."""
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1772625480, "changes": updates}]}).encode()


async def post(port: int, body: bytes) -> int:
    """Deliver as the network does; the status."""
    url = f"http://127.0.0.1:{port}/webhooks/facebook"
    async with aiohttp.ClientSession() as http, http.post(url, data=io.BytesIO(body), headers=signed(body)) as answer:
        return answer.status


async def taking_in(service: Service) -> Intake:
    """A worker's intake."""
    queue, act, lease = service.store.cards, service.drawing.act, service.tempo.lease
    return await service.intake(QueueWorker("cards", queue, act, service.clock, service.metrics, lease))


async def step(service: Service) -> None:
    """One turn of a worker at the inbox."""
    await (await taking_in(service)).step(100)


async def work_off(service: Service) -> None:
    """What a worker does with the inbox, until it is empty."""
    intake = await taking_in(service)
    while await service.store.inbox.depth():
        await intake.step(100)


@asynccontextmanager
async def a_worker(env: Mapping[str, str], clock: Clock) -> AsyncIterator[Service]:
    """A process of its own, as far as settings, connections and connectors go."""
    settings, found = accounts.settings_of(env)
    async with open_service(settings, found, env, clock) as service:
        yield service


async def cases(service: Service) -> list[Case]:
    """The cases of all good comments."""
    key = CaseKey(network="facebook", account="main", conversation=POST)
    names = [key.model_copy(update={"conversation": f"{POST}|24{n:015d}"}).id for n in range(GOOD)]
    found = await asyncio.gather(*(service.store.cases.load(name) for name in names))
    return [case for case in found if case is not None]


async def reasons(service: Service) -> Counter[str]:
    """Why the dead letters are dead."""
    return Counter(letter.error for letter in await service.store.dead.newest(100))


def counted(service: Service, name: str, **labels: str) -> float:
    """The value of a counter."""
    return service.metrics.registry.get_sample_value(name, {"network": "facebook", **labels}) or 0.0


async def assert_all_taken_in(service: Service) -> list[Case]:
    """Each customer's words stand in one case, each broken update in the dead letter, and nothing is left over."""
    found = await cases(service)
    assert len(found) == GOOD
    assert all(len(case.items) == 1 and case.item_count == 1 and case.is_open for case in found)
    assert {case.items[0].text for case in found} == {str(a_comment(n)["message"]) for n in range(GOOD)}
    assert await service.store.cases.count_open("facebook", "main") == GOOD
    assert await reasons(service) == Counter(reason for _, reason in BROKEN)
    return found


async def test_of_a_thousand_updates_each_broken_one_is_kept_and_all_others_are_handled(redis_url: str) -> None:
    """One answer; 990 cases; ten dead letters with their reasons; sent and replayed once more, nothing changes."""
    body = a_batch()
    async with a_page(SystemClock()) as page, a_sandbox(redis_url) as (sandbox, env):
        settings = {**env, **environment(page)}
        async with serving(settings, Role.WEB, sandbox.clock) as (service, port):
            began = service.clock.monotonic()
            assert await post(port, body) == 200
            answered = service.clock.monotonic() - began
            await work_off(service)
            took = service.clock.monotonic() - began
            assert counted(service, "hark_webhooks_total", status="200") == 1
            assert counted(service, "hark_interactions_total", outcome="new") == GOOD
            assert counted(service, "hark_interactions_total", outcome="malformed") == len(BROKEN)
            before = await assert_all_taken_in(service)
            assert answered < 2, "the network is answered before anything is read"
            assert took < SECONDS
            assert await service.store.inbox.replay() == len(BROKEN)
            await work_off(service)
            assert await reasons(service) == Counter(reason for _, reason in BROKEN)
            assert await post(port, delivery_of([{"field": "feed", "value": a_comment(n)} for n in range(GOOD)])) == 200
            await work_off(service)
            assert counted(service, "hark_interactions_total", outcome="known") == GOOD
            assert [case.items for case in await assert_all_taken_in(service)] == [case.items for case in before]


async def test_what_no_worker_could_read_is_replayed_after_the_settings_are_mended(redis_url: str) -> None:
    """A worker without the account leaves the whole batch to others, and after ten minutes buries it; with the account,
    `replay` brings all of it, and only once."""
    body = a_batch()
    async with a_page(SystemClock()) as page, a_sandbox(redis_url) as (sandbox, without_account):
        env = {**without_account, **environment(page)}
        async with serving(env, Role.WEB, sandbox.clock) as (web, port):
            assert await post(port, body) == 200
            async with a_worker(without_account, sandbox.clock) as worker:
                await step(worker)
                assert await reasons(web) == Counter()
                await let_lie(worker.store, UNKNOWN_FOR)
                await work_off(worker)
            assert await web.store.cases.count_open("facebook", "main") == 0
            assert await reasons(web) == Counter({"no account 'main' of 'facebook' is set up": 1})
            code, said = await run_bot(env, "dead")
            assert code == 0
            assert f"facebook/main/webhook  {len(body)} bytes  no account 'main' of 'facebook' is set up" in said
            assert "Where is my order" not in said
            assert await run_bot(env, "replay") == (0, "1 put back into the inbox\n")
            async with a_worker(env, sandbox.clock) as worker:
                await work_off(worker)
                before = await assert_all_taken_in(worker)
                one = (await worker.store.dead.newest(1))[0].id
                assert await run_bot(env, "replay", one) == (0, "1 put back into the inbox\n")
                await work_off(worker)
                assert [case.items for case in await assert_all_taken_in(worker)] == [case.items for case in before]


async def test_the_largest_batch_that_the_network_sends_is_taken(redis_url: str) -> None:
    """A thousand long comments in letters that JSON writes in six bytes; beyond the limit nothing is stored."""
    words = "\u0939\u0948 " * 100
    body = delivery_of([{"field": "feed", "value": a_comment(n, words)} for n in range(1000)])
    assert 3_000_000 > len(body) > 1_500_000
    largest = delivery_of([{"field": "feed", "value": a_comment(0, "x" * 3_000_000)}])
    async with a_page(SystemClock()) as page, a_sandbox(redis_url) as (sandbox, env):
        settings = {**env, **environment(page)}
        async with serving(settings, Role.WEB, sandbox.clock) as (service, port):
            assert await post(port, body) == 200
            assert await post(port, largest) == 200
            assert await post(port, b" " * (MAX_BODY + 1)) == 413
            assert await service.store.inbox.depth() == 2
