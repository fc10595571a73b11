"""Every account knows itself by the author that its network names: what it writes to another of ours is an echo."""

import aiohttp
import pytest

from bot import accounts
from bot.domain.models import Author
from tests.support import facebook_server, instagram_server, x_server
from tests.support.networks import ENVIRONMENT
from tests.support.stores import TestClock, a_store

ENV = {name: value for variables in ENVIRONMENT.values() for name, value in variables.items()}
ENV["BLUESKY_IDENTIFIER"] = "Acme.example"


@pytest.mark.parametrize(
    ("network", "author", "expected"),
    [
        ("bluesky", Author(id="did:plc:a", handle="acme.example"), True),
        ("bluesky", Author(id="did:plc:b", handle="acme.example.com"), False),
        ("facebook", Author(id=facebook_server.PAGE, name="Acme"), True),
        ("facebook", Author(id="111", name="acme"), False),
        ("instagram", Author(id=instagram_server.OWN), True),
        ("instagram", Author(id="99", handle="acme"), True),
        ("instagram", Author(id="99", handle="acme_fan"), False),
        ("threads", Author(id="acme", handle="acme"), True),
        ("threads", Author(id="ana.r", handle="ana.r"), False),
        ("x", Author(id=x_server.US, handle="acme"), True),
        ("x", Author(id="112", handle="acme"), False),
    ],
)
async def test_an_account_knows_itself(redis_url: str, network: str, author: Author, expected: bool) -> None:
    """By its id, else by the name that the network gives it."""
    async with a_store(redis_url) as store, aiohttp.ClientSession() as http:
        found = accounts.connect(accounts.find(ENV), http, TestClock(), store.notes, 5.0)
        account = found[network, "main"]
        await account.learn_name("acme")
        assert account.is_author(author) is expected
