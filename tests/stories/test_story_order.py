"""Facebook's deliveries in any order, late and more than once: the same cases, none doubled, nothing deleted shown.

Real Redis and the real connector; two workers share the inbox. Slack is not needed for what is decided here.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import aiohttp
import pytest

from bot.domain.case import Case
from bot.domain.dead import TAKEN_BACK
from bot.domain.errors import StoreUnavailable
from bot.domain.models import CaseKey, Raw
from bot.services.intake import Intake
from bot.store.store import Store
from bot.telemetry import Metrics
from tests.support.facebook_server import PAGE, delivery
from tests.support.graph_server import Json
from tests.support.intake import EventfulCases, Happens, an_intake, drain, eventful_cases
from tests.support.networks import connector
from tests.support.stores import TestClock, a_store

ROUNDS = 25
POST = "1100_500"
CARLA: Json = {"id": "9001", "name": "Carla Diaz"}
BEN: Json = {"id": "9002", "name": "Ben Oduya"}
ACME: Json = {"id": PAGE, "name": "Acme Parcels"}


@dataclass(frozen=True)
class Desk:
    """Two workers on one inbox, the store behind them, and the first one's way to the cases."""

    store: Store
    cases: EventfulCases
    workers: Sequence[Intake]
    metrics: Metrics
    clock: TestClock

    async def put(self, *values: Json, at: int | None = None) -> None:
        """Store one delivery, of now or of that time."""
        now = self.clock.now()
        body = delivery(*values, at=int(now.timestamp()) if at is None else at)
        await self.store.inbox.put(
            Raw(network="facebook", account="main", source="webhook", body=body, received_at=now)
        )  # fmt: skip

    async def deliver(self, values: Sequence[Json], chance: Random) -> None:
        """Store these in deliveries of one to three updates, and let the workers take them in side by side."""
        rest = list(values)
        while rest:
            count = chance.randint(1, 3)
            some, rest = rest[:count], rest[count:]
            await self.put(*some)
        async with asyncio.TaskGroup() as group:
            for worker in self.workers[: chance.randint(1, len(self.workers))]:
                group.create_task(drain(worker))
        assert await self.store.inbox.depth() == 0
        assert await self.store.dead.newest(1) == []

    async def shown(self, post: str, author: Json) -> dict[str, str]:
        """What a person sees of a customer's conversation: the words that stand there, by id."""
        case = await self.case(post, author)
        if case is None:
            return {}
        ids = [item.id for item in case.items]
        assert sorted(ids) == sorted(set(ids)), "an item stands there twice"
        assert all(item.text == "" and item.earlier == () for item in case.items if item.deleted)
        live = {item.id: item.text for item in case.items if not item.deleted}
        assert (case.wait is not None) == bool(live), "somebody waits exactly while words are there"
        return live

    async def case(self, post: str, author: Json) -> Case | None:
        """A customer's conversation below a post."""
        key = CaseKey(network="facebook", account="main", conversation=f"{post}|{author['id']}")
        return await self.store.cases.load(key.id)

    async def is_hidden(self, id_: str, author: Json) -> bool:
        """Whether the case knows a comment below the one post as hidden."""
        case = await self.case(POST, author)
        assert case is not None
        item = case.item(id_)
        assert item is not None
        return item.hidden

    def counted(self, what: str) -> float:
        """How many events came to this."""
        return self.metrics.registry.get_sample_value(
            "hark_interactions_total", {"network": "facebook", "outcome": what}
        ) or 0.0  # fmt: skip


@asynccontextmanager
async def a_desk(redis_url: str) -> AsyncIterator[Desk]:
    """Two workers with a connector each."""
    clock, metrics, workers, stores = TestClock(), Metrics(), [], []
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for name in ("worker-1", "worker-2"):
            store = await stack.enter_async_context(a_store(redis_url, instance=name, clock=clock))
            connectors = {("facebook", "main"): connector("facebook", http, store.notes, clock)}
            cases = eventful_cases(store)
            stores.append((store, cases))
            workers.append(an_intake(store, connectors, cases=cases, clock=clock, metrics=metrics))
        store, cases = stores[0]
        yield Desk(store, cases, workers, metrics, clock)


def a_value(verb: str, id_: str, author: Json, message: str, at: int, *, post: str = POST, parent: str = "") -> Json:
    """One update of a comment; a removal comes without words."""
    value: Json = {"item": "comment", "verb": verb, "comment_id": id_, "post_id": post, "parent_id": parent or post}
    value |= {"from": author, "created_time": at}
    return value if verb == "remove" else value | {"message": message}


def a_history(post: str, at: int) -> list[Json]:
    """What happened below one post: Carla writes, changes it twice and answers; Ben writes, changes and removes it."""
    first, answer, rude, staff = (f"{post.partition('_')[2]}_{n}" for n in (1, 2, 3, 4))
    return [
        a_value("add", first, CARLA, "My parcel never came", at, post=post),
        a_value("edited", first, CARLA, "My parcel 88 never came", at + 10, post=post),
        a_value("edited", first, CARLA, "My parcel 89 never came", at + 20, post=post),
        a_value("add", rude, BEN, "Where is my awful order?", at + 30, post=post),
        a_value("edited", rude, BEN, "Where is my order?", at + 40, post=post),
        a_value("add", staff, ACME, "We are looking into it", at + 50, post=post, parent=first),
        a_value("add", answer, CARLA, "Still nothing, where is it?", at + 60, post=post, parent=first),
        a_value("remove", rude, BEN, "", at + 70, post=post),
    ]


def expected(post: str) -> dict[str, str]:
    """What stands there of Carla's in the end; of Ben's nothing does."""
    name = post.partition("_")[2]
    return {f"{name}_1": "My parcel 89 never came", f"{name}_2": "Still nothing, where is it?"}


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_and_any_repetition_come_to_the_same_cases(redis_url: str, seed: int) -> None:
    """Shuffled, doubled and tripled, in deliveries of any size, taken in by one worker or by two at once."""
    chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    async with a_desk(redis_url) as desk:
        start = int(desk.clock.now().timestamp()) - 3600
        for n in range(ROUNDS):
            post = f"1100_{1000 + n}"
            history = a_history(post, start)
            values = history + [chance.choice(history) for _ in range(chance.randint(0, 8))]
            chance.shuffle(values)
            cut = chance.randint(0, len(values))
            await desk.deliver(values[:cut], chance)
            desk.clock.advance(timedelta(minutes=chance.choice((0, 1, 90))))
            await desk.deliver([*values[cut:], chance.choice(history)], chance)
            assert await desk.shown(post, CARLA) == expected(post), values
            assert await desk.shown(post, BEN) == {}, values
            assert await desk.shown(post, ACME) == {}
        assert await desk.store.cases.count_open("facebook", "main") <= 2 * ROUNDS


async def test_every_order_of_words_edit_and_removal_leaves_nothing(redis_url: str) -> None:
    """All six orders by themselves: what was removed is shown in none of them."""
    chance = Random(0)  # noqa: S311 - to be repeated, not to be secret
    async with a_desk(redis_url) as desk:
        at = int(desk.clock.now().timestamp()) - 60
        for n, order in enumerate(itertools.permutations(("add", "edited", "remove"))):
            post = f"1100_{2000 + n}"
            for verb in order:
                await desk.deliver([a_value(verb, f"{2000 + n}_1", BEN, f"Rude ({verb})", at, post=post)], chance)
            assert await desk.shown(post, BEN) == {}, order


@pytest.mark.parametrize("order", list(itertools.permutations(("add", "hide", "unhide"))))
@pytest.mark.parametrize("last", ["hide", "unhide"])
async def test_a_comment_is_hidden_or_not_as_it_was_left_in_every_order(
    redis_url: str, order: Sequence[str], last: str
) -> None:
    """Facebook hides some by itself, at the moment they are written: no answer, and no hiding, is offered in vain."""
    async with a_desk(redis_url) as desk:
        at = int(desk.clock.now().timestamp())
        when = {"add": at - 60, last: at - 10, ({"hide", "unhide"} - {last}).pop(): at - 30}
        for verb in order:
            await desk.put(a_value(verb, "500_1", BEN, "You are all idiots", at - 60), at=when[verb])
            await drain(desk.workers[0])
        assert await desk.is_hidden("500_1", BEN) is (last == "hide")


async def test_two_workers_that_cross_each_other_hide_what_is_hidden(redis_url: str) -> None:
    """One takes the words in while the other finds no case to which the hiding belongs; and dies over it, once."""
    async with a_desk(redis_url) as desk:
        first, second = desk.workers
        at = int(desk.clock.now().timestamp()) - 60

        async def other() -> None:
            await desk.put(a_value("hide", "500_1", BEN, "You are all idiots", at))
            assert await second.step() == 1

        async def dies() -> None:
            raise StoreUnavailable("no answer")

        desk.cases.before_commit.extend((other, dies))
        add = a_value("add", "500_1", BEN, "You are all idiots", at)
        await desk.put(add)
        with pytest.raises(StoreUnavailable):
            await first.step()
        assert not await desk.is_hidden("500_1", BEN)
        await desk.put(add)
        assert await second.step() == 1
        assert await desk.is_hidden("500_1", BEN)


async def test_what_was_removed_before_it_was_told_gets_no_card(redis_url: str) -> None:
    """No case is opened, the event counts as deleted, and others in the conversation are not held back."""
    chance = Random(0)  # noqa: S311 - to be repeated, not to be secret
    async with a_desk(redis_url) as desk:
        at = int(desk.clock.now().timestamp()) - 60
        await desk.deliver([a_value("remove", "500_1", BEN, "", at)], chance)
        await desk.deliver([a_value("add", "500_1", BEN, "Something rude", at)], chance)
        assert await desk.store.cases.count_open("facebook", "main") == 0
        assert desk.counted("deleted") == 1
        await desk.deliver([a_value("add", "500_2", BEN, "Where is my order?", at)], chance)
        assert await desk.shown(POST, BEN) == {"500_2": "Where is my order?"}


async def test_a_removal_is_remembered_until_no_dead_letter_can_bring_it_back(redis_url: str) -> None:
    """Longer than any network delivers late; not for good."""
    chance = Random(0)  # noqa: S311 - to be repeated, not to be secret
    async with a_desk(redis_url) as desk:
        await desk.deliver([a_value("remove", "500_1", BEN, "", int(desk.clock.now().timestamp()))], chance)
        key = desk.store.cases.keys.gone(0, "facebook:main:500_1")
        left = timedelta(milliseconds=await desk.store.link.do("PTTL", key))
        assert TAKEN_BACK - timedelta(hours=1) < left <= TAKEN_BACK


@pytest.mark.parametrize("moment", ["before_commit", "before_removal"])
async def test_two_workers_that_cross_each_other_leave_no_deleted_words(redis_url: str, moment: str) -> None:
    """One takes the words in while the other takes the removal in, each too early to see what the other stored."""
    async with a_desk(redis_url) as desk:
        first, second = desk.workers
        at = int(desk.clock.now().timestamp()) - 60
        values = [a_value("add", "500_1", BEN, "Something rude", at), a_value("remove", "500_1", BEN, "", at + 1)]
        if moment == "before_removal":
            values.reverse()

        async def other() -> None:
            await desk.put(values[1])
            assert await second.step() == 1

        waiting: list[Happens] = getattr(desk.cases, moment)
        waiting.append(other)
        await desk.put(values[0])
        assert await first.step() == 1
        assert not waiting, "the workers crossed each other"
        assert await desk.shown(POST, BEN) == {}
