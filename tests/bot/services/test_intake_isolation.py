"""One event that breaks its reader takes nothing along: the others are taken in, and it can be replayed."""

from collections.abc import Iterator

from structlog.testing import capture_logs

from bot.domain.models import Event, Interaction, Raw
from tests.support.cases import a_key, a_raw, an_interaction
from tests.support.intake import an_intake, told
from tests.support.stores import a_store

HALF = "\ud800"
"""Half a character: nothing that is stored as UTF-8 can hold it."""


def sloppy(raw: Raw) -> Iterator[Event]:
    """Three customers; half a character came through in what answering the second one needs."""
    for name in raw.body.decode().split():
        yield interaction(name, {"reply_url": HALF} if name == "two" else {})


def interaction(name: str, ref: dict[str, str]) -> Interaction:
    """A customer's post in a conversation of its own."""
    return an_interaction(f"post {name}", id=name, key=a_key(name), ref=ref)


async def test_one_broken_event_leaves_the_others_alone(redis_url: str) -> None:
    """Two of three become cases, the delivery is in the dead letter, and the inbox is empty."""
    async with a_store(redis_url) as store:
        raw = a_raw(b"one two three")
        await store.inbox.put(raw)
        await an_intake(store, told(sloppy)).step()
        kept = {name: await store.cases.load(a_key(name).id) for name in ("one", "two", "three")}
        assert [name for name, case in kept.items() if case] == ["one", "three"]
        assert [letter.raw for letter in await store.dead.newest(10)] == [raw]
        assert await store.inbox.depth() == 0


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
