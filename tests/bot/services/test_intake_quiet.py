"""A like is told of once: on the card of its conversation or in the digest, however often and late it comes again."""

from collections.abc import Iterator

from bot.domain.models import Event, Kind, Raw
from bot.domain.text.privacy import AllowList
from bot.domain.text.triage import Triage
from bot.services.casework import Casework
from bot.services.hourly import HOUR_NAME
from bot.services.intake import Intake
from bot.services.lookups import Lookups
from bot.services.reader import Reader
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


async def taken_in(store: Store, *bodies: bytes) -> tuple[int, int]:
    """How many likes the case counts and the digest tells of, after these deliveries."""
    raw = a_raw()
    reader, clock = Reader(Triage.load(), AllowList()), TestClock()
    casework, doors = Casework(store.cases, clock), {(raw.network, raw.account): Square()}
    lookups = Lookups(store.notes, store.polls, clock)
    intake = Intake(store.inbox, store.notes, casework, doors, reader, a_policy(), clock, Metrics(), lookups)
    for body in bodies:
        await store.inbox.put(raw._replace(body=body))
        await intake.step()
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
