"""A like is told of once: on the card of its conversation or in the digest, however often and late it comes again."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.case import Status
from bot.domain.decisions import changed
from bot.domain.models import Event, Kind, Raw
from bot.domain.ports import Notes
from bot.domain.text.privacy import AllowList
from bot.domain.text.triage import Triage
from bot.services.casework import Casework
from bot.services.hourly import HOUR_NAME
from bot.services.intake import Intake
from bot.services.lookups import Lookups
from bot.services.reader import Reader
from bot.store.notes import RedisNotes
from bot.store.store import Store
from bot.telemetry import Metrics
from connectors.webhook.connector import WebhookConnector
from tests.support.cases import NOON, a_key, a_raw, an_interaction
from tests.support.policies import a_policy
from tests.support.stores import TestClock, a_store


class Square(WebhookConnector):
    """A connector whose deliveries name what happened: words, or a like of them."""

    def __init__(self) -> None:
        """Nothing of the real one is used."""

    def parse(self, raw: Raw) -> Iterator[Event]:
        """One event."""
        if raw.body == b"like":
            yield an_interaction("", id="like-1", kind=Kind.REACTION)
        else:
            yield an_interaction(id="post-1")


def a_worker(store: Store, notes: Notes | None = None) -> Intake:
    """A process that takes in."""
    raw = a_raw()
    reader, clock = Reader(Triage.load(), AllowList()), TestClock()
    casework, doors = Casework(store.cases, clock), {(raw.network, raw.account): Square()}
    lookups = Lookups(store.notes, store.polls, clock)
    return Intake(store.inbox, notes or store.notes, casework, doors, reader, a_policy(), clock, Metrics(), lookups)


async def takes_in(worker: Intake, store: Store, *bodies: bytes) -> None:
    """These deliveries come, one after the other."""
    for body in bodies:
        await store.inbox.put(a_raw()._replace(body=body))
        await worker.step()


async def taken_in(store: Store, *bodies: bytes) -> tuple[int, int]:
    """How many likes the case counts and the digest tells of, after these deliveries."""
    await takes_in(a_worker(store), store, *bodies)
    case = await store.cases.load(a_key().id)
    digest = await store.notes.digest(NOON.strftime(HOUR_NAME))
    return (case.likes if case else 0), len(digest)


async def test_a_like_before_its_conversation_stays_in_the_digest(redis_url: str) -> None:
    """It comes again once the conversation has a case: it is not counted there as well."""
    async with a_store(redis_url) as store:
        assert await taken_in(store, b"like", b"words", b"like") == (0, 1)


async def test_a_like_of_a_known_conversation_is_counted_on_its_case(redis_url: str) -> None:
    """It comes twice, and counts once."""
    async with a_store(redis_url) as store:
        assert await taken_in(store, b"words", b"like", b"like") == (1, 0)


@dataclass(frozen=True, slots=True)
class Interrupted(RedisNotes):
    """The real notes; something happens right before all workers agree on where a like is counted."""

    before: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def agree(self, name: str, value: str, ttl: timedelta) -> str:
        """Be interrupted, then agree."""
        while self.before:
            await self.before.pop()()
        return await RedisNotes.agree(self, name, value, ttl)


async def test_a_like_that_two_workers_take_in_as_its_case_is_opened_counts_once(redis_url: str) -> None:
    """One of them found no case, the other one did a moment later: they agree on one place."""
    async with a_store(redis_url) as store:
        other = a_worker(store)
        ours = store.notes
        notes = Interrupted(ours.link, ours.keys, ours.scripts, ours.clock)
        notes.before.append(lambda: takes_in(other, store, b"words", b"like"))
        await takes_in(a_worker(store, notes), store, b"like")
        assert await taken_in(store) == (1, 0)


async def test_a_like_that_comes_again_after_its_case_was_closed_is_not_told_of_again(redis_url: str) -> None:
    """It was counted on the case while that was open."""
    async with a_store(redis_url) as store:
        await taken_in(store, b"words", b"like")
        await Casework(store.cases, TestClock()).apply(a_key().id, lambda case: changed(case, status=Status.CLOSED))
        assert await taken_in(store, b"like") == (1, 0)


async def test_a_like_of_a_closed_conversation_goes_to_the_digest(redis_url: str) -> None:
    """Nobody looks at its card any more; opened again, it does not count the same like."""
    async with a_store(redis_url) as store:
        await taken_in(store, b"words")
        casework = Casework(store.cases, TestClock())
        await casework.apply(a_key().id, lambda case: changed(case, status=Status.CLOSED))
        assert await taken_in(store, b"like") == (0, 1)
        await casework.apply(a_key().id, lambda case: changed(case, status=Status.OPEN))
        assert await taken_in(store, b"like") == (0, 1)
