"""One event that breaks its reader takes nothing along: the others are taken in, and it can be replayed."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from bot.domain.models import Event, Interaction, Malformed, Raw
from bot.telemetry import Metrics
from tests.support.cases import a_key, a_raw, an_interaction
from tests.support.intake import Told, an_intake, takes_in, told
from tests.support.stores import a_store

HALF = "\ud800"
"""Half a character: nothing that is stored as UTF-8 can hold it."""


def sloppy(raw: Raw) -> Iterator[Event]:
    """Customers; half a character came through in what answering some of them needs."""
    for name in raw.body.decode().split():
        yield interaction(name, {"reply_url": HALF} if name.startswith("broken") else {})


def interaction(name: str, ref: dict[str, str]) -> Interaction:
    """A customer's post in a conversation of its own."""
    return an_interaction(f"post {name}", id=name, key=a_key(name), ref=ref)


@pytest.mark.parametrize("words", [b"one broken three", b"one broken broken-too three"])
async def test_a_broken_event_leaves_the_others_alone(redis_url: str, words: bytes) -> None:
    """The others become cases, the delivery is in the dead letter, once, and the inbox is empty."""
    async with a_store(redis_url) as store:
        raw = a_raw(words)
        await store.inbox.put(raw)
        await an_intake(store, told(sloppy)).step()
        kept = {name: await store.cases.load(a_key(name).id) for name in ("one", "broken", "broken-too", "three")}
        assert [name for name, case in kept.items() if case] == ["one", "three"]
        assert [letter.raw for letter in await store.dead.newest(10)] == [raw]
        assert await store.inbox.depth() == 0


@pytest.mark.parametrize("defect", [TypeError("no list"), RecursionError("too deep"), KeyError("id"), AssertionError()])
async def test_a_reader_that_fails_in_any_way_takes_no_other_delivery_along(redis_url: str, defect: Exception) -> None:
    """Nor the worker, which would take the same delivery at its next start. It is counted beside the others."""
    metrics = Metrics()

    def fails_at_two(raw: Raw) -> Iterator[Event]:
        if raw.body == b"two":
            raise defect
        yield interaction(raw.body.decode(), {})

    async with a_store(redis_url) as store:
        await takes_in(an_intake(store, told(fails_at_two), metrics=metrics), store, "one", "two", "three")
        assert [name for name in ("one", "two", "three") if await store.cases.load(a_key(name).id)] == ["one", "three"]
        assert [letter.raw.body for letter in await store.dead.newest(10)] == [b"two"]
        assert await store.inbox.depth() == 0
    assert [metrics.received.labels("square", word)._value.get() for word in ("new", "malformed")] == [2, 1]


async def test_of_a_delivery_only_the_part_that_cannot_be_read_is_a_dead_letter(redis_url: str) -> None:
    """As it came, with half a character in it; the rest is a case already and need not come again."""
    part = f'{{"text": "{HALF}"}}'
    async with a_store(redis_url) as store:
        worker = an_intake(store, told(lambda _raw: [interaction("one", {}), Malformed(part=part, error="no id")]))
        await takes_in(worker, store, "one and a part")
        (letter,) = await store.dead.newest(10)
        assert await store.cases.load(a_key("one").id)
    assert (letter.raw.body, letter.error) == (part.encode("utf-8", "surrogatepass"), "no id")


class Charged(Told):
    """An account that pays for what is delivered."""

    async def received(self, raw: Raw) -> None:
        """Note it."""
        self.paid = [*getattr(self, "paid", ()), raw.body]


async def test_a_network_that_charges_for_deliveries_hears_of_each_that_was_read(redis_url: str) -> None:
    """What it counts stands in the budget that the team sees."""
    raw, account = a_raw(), Charged(sloppy)
    async with a_store(redis_url) as store:
        await takes_in(an_intake(store, {(raw.network, raw.account): account}), store, "one", "three")
    assert account.paid == [b"one", b"three"]


def forgetful(raw: Raw) -> Iterator[Event]:
    """A reader with a defect: it says nothing of the conversation, and takes a number for an id."""
    yield Interaction.model_validate({"id": 7, "text": raw.body.decode(), "author": {"id": 8, "name": "Carla"}})


async def test_a_dead_letters_error_tells_nothing_of_what_was_said(redis_url: str) -> None:
    """It is logged, listed and shown in Slack: the fields that are wrong, without what stands in them."""
    async with a_store(redis_url) as store:
        await store.inbox.put(a_raw(b"My bag is lost"))
        with capture_logs() as lines:
            await an_intake(store, told(forgetful)).step()
        (letter,) = await store.dead.newest(10)
    said = letter.error + str([line.get("error") for line in lines])
    assert "author.id" in said
    assert "bag" not in said
    assert "Carla" not in said
