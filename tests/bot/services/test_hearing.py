"""What a network sends that Hark does not know is counted and told once; what came through which door is kept."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.domain.canary import Arrival
from bot.domain.drift import fields_of
from bot.domain.errors import StoreUnavailable
from bot.domain.models import Event, Interaction, Malformed, Raw, UnknownEvent
from bot.domain.network import Titles
from bot.services.hearing import LOOK_EVERY, WHATS, Hearing
from bot.store.heard import RedisHeard
from bot.telemetry import Metrics
from tests.support.cases import NOON, a_key, a_raw, an_interaction
from tests.support.intake import an_intake, told
from tests.support.notices import Desk, a_notice_desk
from tests.support.waiting import wait_until

BODY = b'{"type": "poll.created", "text": "where is my parcel, says Carla Rossi"}'


@dataclass(frozen=True)
class Ear:
    """The notes of one process, and where they go."""

    desk: Desk
    hearing: Hearing
    metrics: Metrics

    async def said(self) -> list[str]:
        """Everything that was told after the notes were brought to the store."""
        await self.hearing.flush()
        for key in sorted(await self.desk.store.link.do("KEYS", "hark:{0}:notice:*")):
            await self.desk.due(key.decode().removeprefix("hark:{0}:notice:"))
        return [f"{each.text} {each.blocks}" for each in self.desk.said()]

    def drift(self, kind: str) -> float:
        """The counter."""
        return float(self.metrics.drift.labels("square", kind)._value.get())

    async def sample(self, body: bytes, times: int = 1) -> None:
        """So many deliveries looked at."""
        for _ in range(times):
            self.desk.clock.advance(LOOK_EVERY)
            raw = a_raw(body, received_at=self.desk.clock.now())
            self.hearing.heard(raw, an_interaction(), "new")
            await self.hearing.flush()


@pytest.fixture
async def ear(redis_url: str) -> AsyncIterator[Ear]:
    """A hearing on a real store and the local Slack."""
    async with a_notice_desk(redis_url) as desk:
        metrics = Metrics()
        yield Ear(desk, Hearing(desk.store.heard, desk.notices, Titles(square="Square"), desk.clock, metrics), metrics)


async def test_an_unknown_event_is_counted_and_told_once_with_its_shape(ear: Ear) -> None:
    """A thousand of them are one line; no word of a customer is in it."""
    for _ in range(1000):
        ear.hearing.heard(a_raw(BODY), UnknownEvent(what="poll.created"), "unknown")
    (said,) = await ear.said()
    assert "Square sent something that Hark does not know: poll.created" in said
    assert "1,000 times" in said
    assert '"type": "poll.created"' in said
    assert "parcel" not in said
    assert "Carla" not in said
    assert ear.drift("unknown_event") == 1000


@pytest.mark.parametrize(
    "what",
    [
        "before_start",
        "reaction:unreact",
        "messaging:read",
        "other_account",
        "system:user_changed_number",
        "request_welcome",
    ],
)
async def test_what_is_left_out_on_purpose_is_counted_only(ear: Ear, what: str) -> None:
    """Every network sends such events all day."""
    ear.hearing.heard(a_raw(BODY), UnknownEvent(what=what), "unknown")
    assert await ear.said() == []
    assert ear.drift("unknown_event") == 1


async def test_a_flood_of_names_is_bounded(ear: Ear) -> None:
    """A network that invents a name for each event does not fill the channel."""
    for n in range(200):
        ear.hearing.heard(a_raw(BODY), UnknownEvent(what=f"event_{n}"), "unknown")
    said = await ear.said()
    assert len(said) == WHATS + 1
    assert any("many others" in each for each in said)


async def test_malformed_parts_are_counted_and_left_to_the_dead_letters(ear: Ear) -> None:
    """They are told from there, once."""
    ear.hearing.heard(a_raw(BODY), Malformed(part="{}", error="no id"), "malformed")
    assert await ear.said() == []
    assert ear.drift("malformed") == 1


async def test_a_new_field_is_told_after_a_week_of_learning(ear: Ear) -> None:
    """What was there while learning is known; what comes later, and again and again, is news; values are not shown."""
    await ear.sample(b'{"id": "1", "from": {"name": "Carla"}}', 200)
    ear.desk.clock.advance(timedelta(days=7))
    await ear.sample(b'{"id": "2", "from": {"name": "Carla"}, "poll": {"votes": 3}}', 4)
    assert await ear.said() == []
    await ear.sample(b'{"id": "3", "from": {"name": "Carla"}, "poll": {"votes": 4}}')
    (said,) = await ear.said()
    assert "Square sends fields that it did not send before: poll, poll.votes" in said
    assert "2 times" in said
    assert "Carla" not in said
    assert ear.drift("new_field") == 2
    await ear.sample(b'{"id": "3", "poll": {"votes": 4}}', 10)
    assert len(await ear.said()) == 1


async def test_a_field_that_came_seldom_while_learning_is_known(ear: Ear) -> None:
    """Four times in a week: the fifth time is no news."""
    await ear.sample(b'{"id": "1", "gift": true}', 4)
    await ear.sample(b'{"id": "1"}', 200)
    ear.desk.clock.advance(timedelta(days=7))
    await ear.sample(b'{"id": "1", "gift": true}', 5)
    assert await ear.said() == []


async def test_of_a_burst_one_delivery_is_looked_at(ear: Ear) -> None:
    """One customer's client that sends something odd thirty times in a second is not what a network sends."""
    await ear.sample(b'{"id": "1"}', 200)
    ear.desk.clock.advance(timedelta(days=7))
    raw = a_raw(b'{"id": "1", "odd": 2}', received_at=ear.desk.clock.now())
    for _ in range(30):
        ear.hearing.heard(raw, an_interaction(), "new")
    assert await ear.said() == []


async def test_nothing_is_new_while_learning(ear: Ear) -> None:
    """Two hundred deliveries within an hour are no week."""
    await ear.sample(b'{"id": "1"}', 60)
    await ear.sample(b'{"id": "1", "b": 2}', 60)
    assert await ear.said() == []


@pytest.mark.parametrize("body", [b"", b"not json", b"[" * 100_000, b'"text"', b"x" * 300_000])
def test_any_body_has_fields_or_none(body: bytes) -> None:
    """Whatever was stored."""
    assert fields_of(body) == []


def test_field_names_that_may_be_data_are_hidden() -> None:
    """An id or an address used as a key is none of our business."""
    assert fields_of(b'{"a": [{"b": 1}], "ana@example.com": 1, "17841400008460056": {"c": 1}}') == [
        "a",
        "a[].b",
        "(a name)",
        "(a name).c",
    ]


def two(_raw: Raw) -> Iterator[Event]:
    """The same two, whatever comes."""
    yield an_interaction(id="one", key=a_key("one"))
    yield UnknownEvent(what="poll.created")


async def test_intake_tells_what_it_heard(ear: Ear) -> None:
    """A new post is a sign of life of its door, once; a redelivery is none."""
    store, clock = ear.desk.store, ear.desk.clock
    intake = an_intake(store, told(two), clock=clock, metrics=ear.metrics, heard=ear.hearing.heard)
    for _ in range(2):
        await store.inbox.put(a_raw(BODY))
        await intake.step()
    await ear.hearing.flush()
    (arrival,) = (await store.heard.waiting())["square/hark.example/webhook"]
    assert (arrival.at, arrival.count, arrival.swept) == (NOON, 1, False)
    assert ear.drift("unknown_event") == 2


@dataclass(frozen=True, slots=True)
class Interrupted(RedisHeard):
    """The real book. For each of these it is away once, and that happens meanwhile."""

    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    async def add(self, arrivals: Mapping[str, Sequence[Arrival]]) -> None:
        """Count arrivals, unless it is away."""
        if self.meanwhile:
            self.meanwhile.pop()()
            raise StoreUnavailable("away")
        await RedisHeard.add(self, arrivals)


async def test_what_comes_while_redis_is_away_counts_beside_what_waited(ear: Ear) -> None:
    """Both came through the same door in the same minute."""
    store, desk = ear.desk.store, ear.desk
    book = Interrupted(store.heard.link, store.heard.keys)
    hearing = Hearing(book, desk.notices, Titles(), desk.clock, ear.metrics)
    book.meanwhile.append(lambda: hearing.heard(a_raw(), an_interaction(), "new"))
    hearing.heard(a_raw(), an_interaction(), "new")
    with pytest.raises(StoreUnavailable):
        await hearing.flush()
    await hearing.flush()
    assert [each.count for came in (await store.heard.waiting()).values() for each in came] == [2]


@pytest.mark.parametrize(("outcome", "lives"), [("new", True), ("folded", True), ("digest", True), ("known", False)])
async def test_whatever_is_new_is_a_sign_of_life_of_its_door(ear: Ear, outcome: str, lives: bool) -> None:
    """Also a like that is counted on a card, or told with the hourly message; a door without posts is not dead."""
    ear.hearing.heard(a_raw(), an_interaction(), outcome)
    await ear.hearing.flush()
    assert bool(await ear.desk.store.heard.waiting()) == lives


async def test_arrivals_of_one_minute_are_one_line(ear: Ear) -> None:
    """However many posts come, a day has 1,440 of them for each door."""
    for second in (1, 30, 59):
        ear.hearing.heard(a_raw(received_at=NOON + timedelta(seconds=second)), an_interaction(), "new")
        await ear.hearing.flush()
    (arrival,) = (await ear.desk.store.heard.waiting())["square/hark.example/webhook"]
    assert (arrival.at, arrival.count) == (NOON, 3)


async def test_what_was_heard_outlives_an_outage_and_an_orderly_end(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is away for a moment: the worker goes on, and brings what it heard then, and the rest as it ends."""
    store, desk, stop = ear.desk.store, ear.desk, asyncio.Event()
    book = Interrupted(store.heard.link, store.heard.keys)
    hearing = Hearing(book, desk.notices, Titles(), desk.clock, ear.metrics)
    book.meanwhile.append(lambda: None)
    monkeypatch.setattr("bot.services.hearing.FLUSH_S", 0.01)

    async def counted() -> int:
        return sum(each.count for came in (await store.heard.waiting()).values() for each in came)

    async with asyncio.TaskGroup() as group:
        group.create_task(hearing.run(stop))
        hearing.heard(a_raw(received_at=NOON + timedelta(seconds=1)), an_interaction(), "new")
        await wait_until(counted, "it was brought")
        monkeypatch.setattr("bot.services.hearing.FLUSH_S", 3600.0)
        await asyncio.sleep(0.05)
        hearing.heard(a_raw(received_at=NOON + timedelta(seconds=59)), an_interaction(), "new")
        stop.set()
    assert book.meanwhile == []
    (arrivals,) = (await store.heard.waiting()).values()
    assert [(each.at, each.count) for each in arrivals] == [(NOON, 2)]


async def test_memory_is_not_filled_while_the_server_is_away(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest minutes are dropped; those that are known go on counting."""
    monkeypatch.setattr("bot.services.hearing.PENDING", 2)
    for minute in (0, 1, 2, 0):
        ear.hearing.heard(a_raw(received_at=NOON + timedelta(minutes=minute)), an_interaction(), "new")
    await ear.hearing.flush()
    (arrivals,) = (await ear.desk.store.heard.waiting()).values()
    assert sorted((each.at, each.count) for each in arrivals) == [(NOON, 2), (NOON + timedelta(minutes=1), 1)]


async def test_what_a_sweep_found_counts_against_the_webhook(ear: Ear) -> None:
    """It shows what the usual door missed."""
    ear.hearing.heard(a_raw(BODY, source="sweep"), an_interaction(), "new")
    ear.hearing.heard(a_raw(BODY), an_interaction(), "known")
    assert isinstance(an_interaction(), Interaction)
    await ear.hearing.flush()
    (arrival,) = (await ear.desk.store.heard.waiting())["square/hark.example/webhook"]
    assert arrival.swept
