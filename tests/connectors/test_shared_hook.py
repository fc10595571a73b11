"""Several accounts in one app: its one address takes the deliveries of all, each for whom it concerns."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from bot import accounts
from bot.clock import SystemClock
from bot.domain.models import Interaction, Raw, UnknownEvent
from bot.domain.network import Connectors
from bot.store.store import Store
from bot.telemetry import Metrics
from bot.web import WebDeps, build
from tests.support import networks, x_server
from tests.support.facebook_server import PAGE
from tests.support.graph_server import APP_SECRET, signed
from tests.support.instagram_server import OWN
from tests.support.loopback import on_loopback
from tests.support.stores import a_store
from tests.support.whatsapp_server import NUMBER

SECOND_PAGE, SECOND_NUMBER, SECOND_PROFILE, NOBODYS = "2200", "106540350000002", "17841400000000009", "9900"
SECOND_X, X_APART = "1111111112", "the-secret-of-another-app-of-ours"
OTHER_APP = "0123456789abcdef0123456789abcdef"
ENV = {
    **networks.ENVIRONMENT["facebook"], **networks.ENVIRONMENT["instagram"], **networks.ENVIRONMENT["whatsapp"],
    **networks.ENVIRONMENT["threads"], **networks.ENVIRONMENT["x"],
    **{f"{name}__SUPPORT": value for name, value in networks.ENVIRONMENT["x"].items()}, "X_USER_ID__SUPPORT": SECOND_X,
    "THREADS_USER_ID__SUPPORT": SECOND_PROFILE, "THREADS_TOKEN__SUPPORT": "THTest",
    "FACEBOOK_PAGE_ID__SUPPORT": SECOND_PAGE, "FACEBOOK_PAGE_TOKEN__SUPPORT": "EAATest",
    "WHATSAPP_PHONE_NUMBER_ID__SUPPORT": SECOND_NUMBER, "WHATSAPP_TOKEN__SUPPORT": "EAATest",
}  # fmt: skip
APART = {"META_APP_SECRET__SUPPORT": OTHER_APP, "META_VERIFY_TOKEN__SUPPORT": "another-word"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """The door of a company with several accounts in one app."""

    url: str
    store: Store
    connectors: Connectors

    async def deliver(self, path: str, body: bytes, secret: str = "") -> None:
        """A delivery, signed by the app."""
        by_x = {"x-twitter-webhooks-signature": x_server.signature(body, secret or x_server.SECRET)}
        headers = by_x if path.startswith("/webhooks/x") else signed(body, secret or APP_SECRET)
        async with (
            aiohttp.ClientSession() as http,
            http.post(self.url + path, data=BytesIO(body), headers=headers) as answer,
        ):
            assert answer.status == 200

    async def stored(self) -> list[Raw]:
        """What stands in the inbox."""
        return [each.raw for each in await self.store.inbox.take(100, 0)]

    def read(self, raw: Raw) -> list[str]:
        """What its account makes of a delivery: the ids of what customers did, and what is only counted."""
        shown = []
        for event in self.connectors[raw.network, raw.account].parse(raw):
            assert isinstance(event, Interaction | UnknownEvent), event
            shown.append(event.id if isinstance(event, Interaction) else event.what)
        return shown


@asynccontextmanager
async def a_site(url: str, env: Mapping[str, str]) -> AsyncIterator[Site]:
    """The routes for the accounts of these settings."""

    async def ready() -> dict[str, bool]:
        return {}

    async def measure() -> None:
        """Nothing is asked for."""

    clock = SystemClock()
    async with a_store(url) as store, aiohttp.ClientSession() as http:
        connectors = accounts.connect(accounts.find(env), http, clock, store.notes, 5.0)
        async with on_loopback(build(WebDeps(store.inbox, connectors, clock, Metrics(), ready, measure))) as address:
            yield Site(address, store, connectors)


def page_entry(page: str, *ids: str) -> Json:
    """Comments on a Page."""
    values = [{"item": "comment", "verb": "add", "comment_id": each, "post_id": f"{page}_1", "message": "hi",
               "from": {"id": "77", "name": "Ana"}, "created_time": 1790000100} for each in ids]  # fmt: skip
    return {"id": page, "time": 1790000101, "changes": [{"field": "feed", "value": value} for value in values]}


def pages(*entries: Json) -> Json:
    """A delivery of Pages."""
    return {"object": "page", "entry": list(entries)}


def numbers(**ids: str) -> Json:
    """One entry of a WhatsApp Business Account: a message to each of these numbers."""
    changes = [
        {"field": "messages", "value": {
            "messaging_product": "whatsapp", "metadata": {"phone_number_id": number.removeprefix("n")},
            "contacts": [{"wa_id": "4915", "profile": {"name": "Ana"}}],
            "messages": [{"from": "4915", "id": id_, "timestamp": "1790000100", "type": "text",
                          "text": {"body": "hi"}}]}}
        for number, id_ in ids.items()
    ]  # fmt: skip
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340001", "changes": changes}]}


COMMENT = {"id": "i1", "text": "hi", "from": {"id": "77", "username": "ana"}, "media": {"id": "m1"}}
INSTAGRAM = {"object": "instagram", "entry": [{"id": OWN, "time": 1790000101, "field": "comments", "value": COMMENT}]}


@pytest.mark.parametrize(
    ("path", "delivery", "whose", "what"),
    [
        ("/webhooks/facebook", pages(page_entry(SECOND_PAGE, "c2")), ("facebook", "support"), "c2"),
        ("/webhooks/facebook/support", pages(page_entry(PAGE, "c1")), ("facebook", "main"), "c1"),
        ("/webhooks/facebook", INSTAGRAM, ("instagram", "main"), "i1"),
        ("/webhooks/whatsapp", numbers(**{f"n{SECOND_NUMBER}": "w2"}), ("whatsapp", "support"), "w2"),
    ],
)
async def test_a_delivery_reaches_the_account_that_it_concerns(
    redis_url: str, path: str, delivery: Json, whose: tuple[str, str], what: str
) -> None:
    """A second Page, an Instagram account, a second number: as it came, and nobody else counts it as unknown."""
    body = json.dumps(delivery, indent=1).encode()
    async with a_site(redis_url, ENV) as site:
        await site.deliver(path, body)
        [raw] = await site.stored()
        assert ((raw.network, raw.account), raw.source, raw.body) == (whose, "webhook", body)
        assert site.read(raw) == [what]


async def test_a_delivery_for_two_pages_reaches_both_once(redis_url: str) -> None:
    """Each gets its own part; what concerns nobody, or cannot be told, is counted where it arrived, as ever."""
    silent = {"id": SECOND_PAGE, "time": 1790000101, "changes": [{"field": "parking"}]}
    mixed = pages(
        page_entry(PAGE, "c1"), page_entry(SECOND_PAGE, "c2", "c3"), page_entry(NOBODYS, "c4"), silent,
        page_entry(SECOND_PAGE, "c5"),
    )  # fmt: skip
    async with a_site(redis_url, ENV) as site:
        await site.deliver("/webhooks/facebook", json.dumps(mixed).encode())
        found = {(raw.network, raw.account): site.read(raw) for raw in await site.stored()}
        assert found == {
            ("facebook", "main"): ["c1", "another_page", "parking:no_value"],
            ("facebook", "support"): ["c2", "c3", "c5"],
        }


async def test_one_entry_for_two_numbers_reaches_both_once(redis_url: str) -> None:
    """WhatsApp names the business in the entry, and the number only in each update."""
    both = numbers(**{f"n{NUMBER}": "w1", f"n{SECOND_NUMBER}": "w2", "n555555": "w3"})
    async with a_site(redis_url, ENV) as site:
        await site.deliver("/webhooks/whatsapp", json.dumps(both).encode())
        found = {raw.account: site.read(raw) for raw in await site.stored()}
        assert found == {"main": ["w1", "other_account"], "support": ["w2"]}


async def test_an_account_of_another_app_hears_nothing_of_this_one(redis_url: str) -> None:
    """Its own app did not sign that: the delivery stays where it arrived, and is counted there."""
    async with a_site(redis_url, ENV | APART) as site:
        await site.deliver("/webhooks/facebook", json.dumps(pages(page_entry(SECOND_PAGE, "c2"))).encode())
        [raw] = await site.stored()
        assert (raw.account, site.read(raw)) == ("main", ["another_page"])


async def test_while_secrets_change_only_the_app_that_signed_counts(redis_url: str) -> None:
    """The first account also accepts the other app's secret, but what its own signs is not genuine for the second."""
    both = APART | {"META_APP_SECRET": f"{APP_SECRET},{OTHER_APP}"}
    body = json.dumps(pages(page_entry(SECOND_PAGE, "c2"))).encode()
    async with a_site(redis_url, ENV | both) as site:
        await site.deliver("/webhooks/facebook", body)
        await site.deliver("/webhooks/facebook", body, OTHER_APP)
        assert [raw.account for raw in await site.stored()] == ["main", "support"]


@pytest.mark.parametrize("first", [{"field": "replies"}, {"field": "replies", "value": "odd"}, "odd"])
async def test_what_cannot_be_read_takes_nothing_along(redis_url: str, first: object) -> None:
    """The form of Threads, whose first value says nothing: the second says whose it is."""
    values = [first, {"field": "replies", "value": {"id": "p1"}}]
    told = {"target_id": SECOND_PROFILE, "time": 1790000100, "topic": "moderate", "values": values}
    body = json.dumps(told).encode()
    async with a_site(redis_url, ENV) as site:
        await site.deliver("/webhooks/threads", body)
        assert [(raw.account, raw.body) for raw in await site.stored()] == [("support", body)]


@pytest.mark.parametrize("body", [f"not json, yet {SECOND_PAGE}".encode(), f"[{SECOND_PAGE}]".encode(),
                                  f'{{"object": "page", "entry": [{SECOND_PAGE}]}}'.encode()])  # fmt: skip
async def test_what_cannot_be_read_stays_where_it_arrived(redis_url: str, body: bytes) -> None:
    """It is stored as it came, for the dead letter."""
    async with a_site(redis_url, ENV) as site:
        await site.deliver("/webhooks/facebook", body)
        assert [(raw.account, raw.body) for raw in await site.stored()] == [("main", body)]


# --- X ------------------------------------------------------------------------------------------------------------


def likes(*whose: str) -> Json:
    """A delivery of X: somebody liked a post of each of these accounts; without an id nobody is named."""
    data = [
        {"event_uuid": f"u{number}", "event_type": "like.create", "filter": {"user_id": id_} if id_ else {},
         "payload": {"liked_tweet_id": f"5{number}", "user_id": "77"}}
        for number, id_ in enumerate(whose)
    ]  # fmt: skip
    return {"data": data if len(data) > 1 else data[0]}


async def test_an_event_of_x_reaches_the_account_that_subscribed(redis_url: str) -> None:
    """As it came; and again when X delivers it again, with the same names for what happened."""
    body = json.dumps(likes(SECOND_X), indent=1).encode()
    async with a_site(redis_url, ENV) as site:
        await site.deliver("/webhooks/x", body)
        await site.deliver("/webhooks/x/support", body)
        found = await site.stored()
        assert [(raw.network, raw.account, raw.source, raw.body) for raw in found] == [
            ("x", "support", "webhook", body)
        ] * 2
        assert [site.read(raw) for raw in found] == [["like:50:77"]] * 2


async def test_a_delivery_of_x_for_two_accounts_reaches_both_once(redis_url: str) -> None:
    """What is nobody's, or cannot be told, is counted where it arrived, as ever."""
    mixed = likes(SECOND_X, x_server.US, NOBODYS, "", SECOND_X)
    async with a_site(redis_url, ENV) as site:
        await site.deliver("/webhooks/x", json.dumps(mixed).encode())
        found = {(raw.network, raw.account): site.read(raw) for raw in await site.stored()}
        assert found == {
            ("x", "main"): ["like:51:77", "other_account", "like:53:77"],
            ("x", "support"): ["like:50:77", "like:54:77"],
        }


async def test_an_account_in_another_app_of_x_hears_nothing_of_this_one(redis_url: str) -> None:
    """Also while the first takes both secrets: what the first app signed is not genuine for the second's account."""
    apart = {"X_CONSUMER_SECRET__SUPPORT": X_APART, "X_CONSUMER_SECRET": f"{x_server.SECRET},{X_APART}"}
    body = json.dumps(likes(SECOND_X)).encode()
    async with a_site(redis_url, ENV | apart) as site:
        await site.deliver("/webhooks/x", body)
        await site.deliver("/webhooks/x", body, X_APART)
        assert [(raw.account, site.read(raw)) for raw in await site.stored()] == [
            ("main", ["other_account"]), ("support", ["like:50:77"])
        ]  # fmt: skip


@pytest.mark.parametrize("body", [f"not json, yet {SECOND_X}".encode(), f"[{SECOND_X}]".encode(),
                                  f'{{"data": [{SECOND_X}]}}'.encode(), f'{{"data": null, "a": {SECOND_X}}}'.encode(),
                                  f'{{"data": {{"filter": [{SECOND_X}]}}}}'.encode()])  # fmt: skip
async def test_what_cannot_be_read_of_x_stays_where_it_arrived(redis_url: str, body: bytes) -> None:
    """It is stored as it came, for the dead letter."""
    async with a_site(redis_url, ENV) as site:
        await site.deliver("/webhooks/x", body)
        assert [(raw.account, raw.body) for raw in await site.stored()] == [("main", body)]
