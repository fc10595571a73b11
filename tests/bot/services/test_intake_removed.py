"""Words that the customer took back are not shown, whatever goes wrong while they are taken in."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from bot.domain.errors import StoreUnavailable
from bot.domain.models import Deleted, Event, Raw
from bot.domain.ports import Notes
from bot.domain.text.privacy import AllowList
from bot.domain.text.triage import Triage
from bot.services.casework import Casework
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
    """A connector whose deliveries bring words, or take them back."""

    def __init__(self) -> None:
        """Nothing of the real one is used."""

    def parse(self, raw: Raw) -> Iterator[Event]:
        """One event."""
        words = an_interaction(id="post-1")
        yield Deleted(id=words.id, key=words.key, at=NOON) if raw.body == b"gone" else words


@dataclass(frozen=True, slots=True)
class Scripted(RedisNotes):
    """The real notes; each look for a removal is followed by the next of these."""

    then: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def get_many(self, names: Sequence[str]) -> list[str | None]:
        """Look, then let happen what is to happen."""
        values = await RedisNotes.get_many(self, names)
        if any(name.startswith("gone:") for name in names) and self.then:
            await self.then.pop(0)()
        return values


def a_worker(store: Store, notes: Notes | None = None) -> Intake:
    """A process that takes in."""
    raw = a_raw()
    clock, notes = TestClock(), notes or store.notes
    casework, doors = Casework(store.cases, clock), {(raw.network, raw.account): Square()}
    reader, lookups = Reader(Triage.load(), AllowList()), Lookups(store.notes, store.polls, clock)
    return Intake(store.inbox, notes, casework, doors, reader, a_policy(), clock, Metrics(), lookups)


async def takes_in(worker: Intake, store: Store, body: bytes) -> None:
    """A delivery comes."""
    await store.inbox.put(a_raw()._replace(body=body))
    await worker.step()


async def test_a_worker_that_dies_before_the_second_look_is_followed_by_one_who_removes(redis_url: str) -> None:
    """The removal came to another worker in between and found no case; the words come again with their delivery."""
    async with a_store(redis_url) as store:
        other, ours = a_worker(store), store.notes

        async def removed() -> None:
            await takes_in(other, store, b"gone")

        async def dies() -> None:
            raise StoreUnavailable("no answer")

        notes = Scripted(ours.link, ours.keys, ours.scripts, ours.clock)
        notes.then.extend((removed, dies))
        with pytest.raises(StoreUnavailable):
            await takes_in(a_worker(store, notes), store, b"words")
        case = await store.cases.load(a_key().id)
        assert case is not None
        assert not case.items[0].deleted
        await takes_in(other, store, b"words")
        case = await store.cases.load(a_key().id)
        assert case is not None
        assert case.items[0].deleted
        assert "parcel" not in case.model_dump_json()
