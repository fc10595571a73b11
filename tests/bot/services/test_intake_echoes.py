"""What the company itself says comes back from its networks: nobody waits for an answer to that."""

from collections.abc import Iterator

import pytest

from bot.domain.models import Author, Event, Raw
from tests.support.cases import CARLA, a_key, a_raw, an_interaction
from tests.support.intake import Told, an_intake, takes_in, told
from tests.support.stores import a_store

US = Author(id="us", name="Acme")


class Ours(Told):
    """An account that knows its own name; nothing is delivered to it here."""

    def __init__(self) -> None:
        """Nothing is read."""
        Told.__init__(self, lambda _raw: ())

    def is_author(self, author: Author) -> bool:
        """Whether that is this account."""
        return author.id == US.id


@pytest.mark.parametrize(("by_us", "cases"), [(True, 0), (False, 1)])
async def test_an_echo_is_no_case(redis_url: str, by_us: bool, cases: int) -> None:
    """The network tells us what we have sent."""
    async with a_store(redis_url) as store:
        await takes_in(an_intake(store, told(lambda _raw: [an_interaction(by_us=by_us)])), store, "{}")
        assert await store.cases.count_open("square", "hark.example") == cases


@pytest.mark.parametrize(
    ("network", "author", "cases"), [("square", US, 0), ("square", CARLA, 1), ("square", None, 1), ("circle", US, 1)]
)
async def test_another_account_of_the_company_is_no_customer(
    redis_url: str, network: str, author: Author | None, cases: int
) -> None:
    """On its network; on another one the same id is somebody else's."""
    raw = a_raw()

    def words(_raw: Raw) -> Iterator[Event]:
        yield an_interaction(author=author, key=a_key())

    async with a_store(redis_url) as store:
        accounts = {(raw.network, raw.account): Told(words), (network, "second"): Ours()}
        await takes_in(an_intake(store, accounts), store, "{}")
        assert await store.cases.count_open("square", "hark.example") == cases
